//! Rules on the parts of the ARNs of resources: service, Region, account, and the form of the rest.

use crate::Budget;
use crate::Usage;
use crate::catalogue;
use crate::diagnostic::Severity;
use crate::escalation::patterns_overlap;

use super::arn::{Arn, is_literal};
use super::finding::Finding;
use super::placeholder::find_placeholder;
use super::places;
use super::rule::{Rule, RuleSource};
use super::site::Site;
use super::wording::list_few;

pub(super) const RESOURCE_ARN: Rule = Rule::new(
    "resource-arn",
    Severity::Warning,
    "A resource whose ARN has no form that AWS documents",
    "AWS accepts the ARN, and it matches nothing: its service doesn't exist or is written in \
        capitals, it has an account or a Region where the service's ARNs have none or lacks one \
        that they have, or the service has no such resources.",
    "Write the ARN as AWS's Service Authorization Reference has it.",
)
.with_example(
    Usage::Managed,
    r#"{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:::relay-queue"}"#,
    r#"{"Effect": "Allow", "Action": "sqs:SendMessage",
 "Resource": "arn:aws:sqs:eu-west-1:123456789012:relay-queue"}"#,
)
.with_source(RuleSource::IamGuide("reference-arns"));

/// The services with objects of AWS's own, whose ARNs hold no account, or neither account nor
/// Region: public parameters and documents of Systems Manager, platforms of Elastic Beanstalk,
/// views of Resource Explorer that other services made.
const WITH_OBJECTS_OF_AWS: &[&str] = &["elasticbeanstalk", "resource-explorer-2", "ssm"];

/// The services whose resources are the paths of their API: the reference lists some of them.
const OF_PATHS: &[&str] = &["apigateway"];

/// Finds wrong parts of ARNs: one finding for each ARN.
pub(super) fn find_wrong_arns(site: &Site<'_>) -> Vec<Finding> {
    let budget = Budget::default();
    let mut findings = Vec::new();
    for (pointer, text) in site.resources() {
        let arn = Arn::parse(text);
        if arn.is_open_service() || find_placeholder(text).is_some() {
            continue;
        }
        let found = wrong_form(&arn, &budget).map(|(message, remedy)| {
            Finding::new(&RESOURCE_ARN, Severity::Warning, pointer.clone(), message, remedy)
        });
        findings.extend(found.or_else(|| places::find_in_arn(&arn, &pointer)));
    }
    findings
}

impl Arn<'_> {
    fn is_open_service(&self) -> bool {
        !self.text.starts_with("arn:") || !is_literal(self.service())
    }
}

/// Returns what is wrong with an ARN, and the remedy.
fn wrong_form(arn: &Arn<'_>, budget: &Budget) -> Option<(String, String)> {
    let service = arn.service();
    let lower = service.to_lowercase();
    let is_vendor = |name: &str| {
        !catalogue::arn_formats(name).is_empty()
            || catalogue::service(name).is_some()
            || catalogue::retired_service(name).is_some()
    };
    let rest = arn.text.splitn(4, ':').nth(3);
    let with_service = |name: &str| {
        format!(
            "arn:{}:{name}{}",
            arn.partition(),
            rest.map_or(String::new(), |it| format!(":{it}"))
        )
    };
    if service != lower && is_vendor(&lower) {
        let message = format!("the service of an ARN is written in lowercase: {lower}");
        return Some((message, format!("write {}", with_service(&lower))));
    }
    if !is_vendor(service) {
        let message = format!("AWS has no service `{service}`: the ARN matches nothing");
        let remedy = catalogue::nearest_service(&lower).map_or_else(
            || "look the ARN up in AWS's Service Authorization Reference".to_owned(),
            |near| format!("did you mean {}?", with_service(near)),
        );
        return Some((message, remedy));
    }
    let all = catalogue::arn_formats(service);
    let of_path = OF_PATHS.contains(&service) || is_path_of_action(arn.resource());
    if !arn.is_whole() || all.is_empty() || of_path {
        return None;
    }
    let formats: Vec<&str> = fitting(arn, all, budget);
    if budget.is_spent() {
        return None;
    }
    if formats.is_empty() {
        let all = nearest_first(arn, all);
        let message = format!("no resource of {service} has the form `{}`", arn.text);
        return Some((message, format!("the forms are {}", list_few(&all))));
    }
    wrong_place(arn, &formats)
}

/// Returns the formats, those first that are most like the ARN.
fn nearest_first(arn: &Arn<'_>, formats: &[&str]) -> Vec<String> {
    let kind = |rest: &str| rest.split(['/', ':']).next().unwrap_or_default().to_lowercase();
    let own = kind(arn.resource());
    let distance = |format: &String| {
        let format = Arn::parse(format);
        let is_other = |own: &str, other: &str| own.is_empty() != other.is_empty();
        let place =
            is_other(arn.region(), format.region()) || is_other(arn.account(), format.account());
        (place, strsim::damerau_levenshtein(&own, &kind(format.resource())))
    };
    let mut formats: Vec<String> = formats.iter().map(ToString::to_string).collect();
    formats.sort_by_key(distance);
    formats
}

/// Tells if this is the path of the API for actions on no one resource: `/workspaces`.
fn is_path_of_action(resource: &str) -> bool {
    resource.strip_prefix('/').is_some_and(|name| is_literal(name) && !name.contains('/'))
}

/// Returns the formats whose last part may be that of the ARN.
fn fitting<'f>(arn: &Arn<'_>, formats: &[&'f str], budget: &Budget) -> Vec<&'f str> {
    let whole = |rest: &str| format!("arn:*:*:*:*:{rest}");
    let own = whole(arn.resource());
    let fits = |format: &&&str| {
        let rest = format.splitn(6, ':').nth(5).unwrap_or("*");
        arn.may_have_s3_form(format) && patterns_overlap(&whole(rest), &own, budget)
    };
    formats.iter().filter(fits).copied().collect()
}

/// Returns what is wrong with the Region and the account: a service's ARNs have them or not.
fn wrong_place(arn: &Arn<'_>, formats: &[&str]) -> Option<(String, String)> {
    let parts = [
        (3, arn.region(), "Region", "a Region, such as eu-west-1"),
        (4, arn.account(), "account", "the account, such as 123456789012"),
    ];
    let service = arn.service();
    let field =
        |format: &&str, index| format.splitn(6, ':').nth(index).unwrap_or_default().to_owned();
    for (index, written, word, example) in parts {
        let none = formats.iter().all(|format| field(format, index).is_empty());
        if none && is_literal(written) {
            let mut parts: Vec<&str> = arn.text.splitn(6, ':').collect();
            parts[index] = "";
            let message = format!(
                "the ARNs of such resources of {service} have no {word}: it matches nothing"
            );
            return Some((message, format!("write {}", parts.join(":"))));
        }
        let always = formats.iter().all(|format| field(format, index).contains("${"));
        if always && written.is_empty() && !WITH_OBJECTS_OF_AWS.contains(&service) {
            let message = format!(
                "the ARNs of such resources of {service} have the {word}: it matches nothing"
            );
            return Some((message, format!("write {example}, or * for every one")));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the text of a format with letters in place of its variables.
    fn example(format: &str) -> String {
        let mut text = String::new();
        let mut rest = format;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after.split_once('}').unwrap();
            text.push_str(before);
            text.push_str(match name {
                "Partition" => "aws",
                "Region" => "eu-west-1",
                "Account" => "123456789012",
                _ => "relay",
            });
            rest = after;
        }
        text + rest
    }

    #[test]
    fn every_format_of_the_catalogue_is_right() {
        let mut count = 0;
        let services =
            catalogue::services().flat_map(|service| catalogue::actions_of(service.prefix));
        for format in services.flat_map(|action| &action.resources).map(|of| of.format) {
            let text = example(format);
            let arn = Arn::parse(&text);
            if format.starts_with("arn:") && !Arn::parse(format).is_open_service() {
                assert_eq!(wrong_form(&arn, &Budget::default()), None, "{format}");
                assert_eq!(places::find_in_arn(&arn, ""), None, "{format}");
                count += 1;
            }
        }
        assert!(count > 10_000, "{count}");
    }
}
