//! The rule on tags that a holder gives a resource to meet a condition on it.

use std::collections::BTreeSet;

use crate::catalogue::{self, AccessLevel, Action};
use crate::diagnostic::Severity;
use crate::escalation::patterns_overlap;
use crate::statement::{Effect, Statement};
use crate::{Budget, Usage};

use super::finding::{Finding, Home};
use super::rule::{Rule, RuleSource};
use super::site::Site;

pub(super) const SELF_GIVEN_TAG: Rule = Rule::new(
    "self-given-tag",
    Severity::Warning,
    "A condition on a tag that the same policy lets its holder give",
    "Whoever may tag a resource without a condition gives it the tag that another statement \
        demands, and that condition keeps nothing out.",
    "Demand the same aws:ResourceTag for the tagging action, or limit aws:TagKeys to other tags.",
)
.with_example(
    Usage::Managed,
    r#"[{"Effect": "Allow", "Action": "ec2:TerminateInstances",
 "Resource": "arn:aws:ec2:eu-west-1:123456789012:instance/*",
 "Condition": {"StringEquals": {"aws:ResourceTag/team": "relay"}}},
 {"Effect": "Allow", "Action": "ec2:CreateTags",
 "Resource": "arn:aws:ec2:eu-west-1:123456789012:instance/*"}]"#,
    r#"{"Effect": "Allow", "Action": ["ec2:TerminateInstances", "ec2:CreateTags"],
 "Resource": "arn:aws:ec2:eu-west-1:123456789012:instance/*",
 "Condition": {"StringEquals": {"aws:ResourceTag/team": "relay"}}}"#,
)
.with_source(RuleSource::IamGuide("access_tags"));

/// The verbs of actions that only take tags away.
const UNTAGGING: [&str; 3] = ["Untag", "Delete", "Remove"];

/// Finds statements without a condition that allow what gives the tag of another statement.
pub(super) fn find_self_given(sites: &[Site<'_>], home: &Home<'_>) -> Vec<Finding> {
    if !home.usage.is_identity() || !home.grants || sites.len() < 2 {
        return Vec::new();
    }
    let budget = Budget::default();
    let mut findings = Vec::new();
    for giving in sites {
        if giving.statement.effect == Effect::Deny || !giving.statement.conditions.is_empty() {
            continue;
        }
        let undone = sites.iter().find_map(|site| {
            let key = demanded_tag(site)?;
            let action = tagging_action(giving, site, &budget)?;
            Some((site, key, action))
        });
        let Some((site, key, (index, action))) = undone else { continue };
        // A Deny on tagging most likely keeps the tag from being given.
        let is_denied = sites.iter().any(|it| {
            it.statement.effect == Effect::Deny && it.statement.actions.applies_to(&action.name)
        });
        if is_denied {
            continue;
        }
        let message = format!(
            "{} gives a resource the tag that {} demands: the condition on {key} keeps nothing out",
            action.name,
            site.statement.title()
        );
        let remedy = format!("demand {key} here as well, or limit aws:TagKeys to other tags");
        let place = giving.value("Action", index);
        findings.push(Finding::new(&SELF_GIVEN_TAG, Severity::Warning, place, message, remedy));
    }
    findings
}

/// Returns the key of a resource's tag that a statement demands.
fn demanded_tag<'a>(site: &Site<'a>) -> Option<&'a str> {
    if site.statement.effect == Effect::Deny || site.statement.actions.not {
        return None;
    }
    let of_resource = |key: &&str| {
        let name = key.split_once(':').map(|(_, name)| name.to_lowercase());
        // A tag that AWS gives, such as aws:cloudformation:stack-name, can't be given.
        let tag = name.as_deref().and_then(|name| name.strip_prefix("resourcetag/"));
        tag.is_some_and(|tag| !tag.starts_with("aws:"))
    };
    site.demands().map(|test| test.key.as_str()).find(of_resource)
}

/// Returns the action by which `giving` tags a resource of `site`, with the place of its pattern.
fn tagging_action(
    giving: &Site<'_>,
    site: &Site<'_>,
    budget: &Budget,
) -> Option<(usize, &'static Action)> {
    let (actions, limited) = (&giving.statement.actions, site.statement);
    if actions.not {
        return None;
    }
    let gated: Vec<&'static Action> =
        limited.actions.patterns.iter().flat_map(|pattern| catalogue::matching(pattern)).collect();
    // Where the condition limits nothing, `redundant-statement` tells it.
    if gated.iter().all(|action| actions.applies_to(&action.name)) {
        return None;
    }
    let services: BTreeSet<&str> = gated.iter().map(|action| action.service()).collect();
    actions.patterns.iter().enumerate().find_map(|(index, pattern)| {
        let mut known = catalogue::matching(pattern);
        let action = known.find(|action| {
            action.access == AccessLevel::Tagging
                && services.contains(action.service())
                && !is_untagging(action)
                && is_on_gated(giving.statement, action, limited, &gated, budget)
        });
        action.map(|action| (index, action))
    })
}

fn is_untagging(action: &Action) -> bool {
    let name = action.name.split_once(':').map_or("", |(_, name)| name);
    UNTAGGING.iter().any(|verb| name.starts_with(verb))
}

/// Tells if the tagging action may be on a resource that the limited statement is about: one of a
/// type that both have, and that both statements name.
fn is_on_gated(
    giving: &Statement,
    tagging: &Action,
    limited: &Statement,
    gated: &[&Action],
    budget: &Budget,
) -> bool {
    let names = |statement: &Statement, arn: &str| {
        let clause = statement.resources.as_ref().filter(|clause| !clause.not);
        clause.is_some_and(|it| it.patterns.iter().any(|one| patterns_overlap(one, arn, budget)))
    };
    let is_gated =
        |name: &str| gated.iter().flat_map(|action| &action.resources).any(|it| it.name == name);
    let mut types = tagging.resources.iter().filter(|it| is_gated(it.name));
    types.any(|it| names(giving, &it.arn) && names(limited, &it.arn))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::Usage;
    use crate::lint::{Home, lint};

    const GATED: &str = "arn:aws:ec2:eu-west-1:123456789012:instance/*";

    fn is_undone(gate: &Value, tagging: &Value) -> bool {
        is_undone_by(gate, std::slice::from_ref(tagging))
    }

    fn is_undone_by(gate: &Value, others: &[Value]) -> bool {
        let gated = json!({"Effect": "Allow", "Action": "ec2:TerminateInstances",
            "Resource": GATED, "Condition": gate});
        let statements = [&[gated], others].concat();
        let document = json!({"Version": "2012-10-17", "Statement": statements});
        let home =
            Home { usage: Usage::Managed, account: "123456789012", partition: "aws", grants: true };
        lint(&document, &home).iter().any(|it| it.rule == "self-given-tag")
    }

    #[test]
    fn whoever_may_tag_freely_meets_a_condition_on_tags() {
        let gate = json!({"StringEquals": {"aws:ResourceTag/team": "quarry"}});
        let own = json!({"StringEquals": {"ec2:ResourceTag/team": "quarry"}});
        let allow = |action: &str, resource: &str| {
            json!({"Effect": "Allow", "Action": action,
                "Resource": resource})
        };
        assert!(is_undone(&gate, &allow("ec2:CreateTags", "*")));
        assert!(is_undone(&own, &allow("ec2:Create*", GATED)));
        assert!(!is_undone(&gate, &allow("ec2:DeleteTags", "*")));
        assert!(!is_undone(&gate, &allow("s3:PutObjectTagging", "*")));
        assert!(!is_undone(&gate, &allow("ec2:CreateTags", "arn:aws:ec2:*:*:volume/*")));
        // The first statement says nothing then, which another rule tells.
        assert!(!is_undone(&gate, &allow("ec2:*", "*")));
        // A tag with this prefix is AWS's to give.
        let of_aws =
            json!({"StringEquals": {"aws:ResourceTag/aws:cloudformation:stack-name": "x"}});
        assert!(!is_undone(&of_aws, &allow("ec2:CreateTags", "*")));
        let mut at_creation = allow("ec2:CreateTags", "*");
        at_creation["Condition"] = json!({"StringEquals": {"ec2:CreateAction": "RunInstances"}});
        assert!(!is_undone(&gate, &at_creation));
        let deny = json!({"Effect": "Deny", "Action": "ec2:CreateTags", "Resource": "*",
            "Condition": {"ForAnyValue:StringEquals": {"aws:TagKeys": "team"}}});
        assert!(!is_undone_by(&gate, &[allow("ec2:CreateTags", "*"), deny]));
        let caller = json!({"StringEquals": {"aws:PrincipalTag/team": "quarry"}});
        assert!(!is_undone(&caller, &allow("ec2:CreateTags", "*")));
    }
}
