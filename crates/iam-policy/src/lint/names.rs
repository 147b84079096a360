//! Rules on names that AWS doesn't have, and on placeholders that nobody filled in: slips of the
//! pen that AWS accepts, and that allow or deny nothing.

use std::collections::HashSet;

use serde_json::Map;

use crate::catalogue;
use crate::diagnostic::Severity;
use crate::layout::{member, one_or_many, statements};
use crate::statement::{Operator, OperatorName};
use crate::{Usage, Value};

use super::actions::{UnknownAction, unknown_action};
use super::finding::Finding;
use super::placeholder;
use super::rule::{Rule, RuleSource};

pub(super) const UNKNOWN_SERVICE_PRINCIPAL: Rule = Rule::new(
    "unknown-service-principal",
    Severity::Warning,
    "A service principal that AWS doesn't have",
    "IAM refuses a trust policy that names a service which doesn't exist; in a condition such a \
        name \
        matches nothing. AWS has no list of all of them, so a new one may be told, too.",
    "Correct the name, such as lambda.amazonaws.com.",
)
.with_example(
    Usage::Trust,
    r#"{"Effect": "Allow", "Action": "sts:AssumeRole",
 "Principal": {"Service": "lamda.amazonaws.com"}}"#,
    r#"{"Effect": "Allow", "Action": "sts:AssumeRole",
 "Principal": {"Service": "lambda.amazonaws.com"}}"#,
)
.with_source(RuleSource::IamGuide("reference_policies_elements_principal"));

pub(super) const PLACEHOLDER: Rule = Rule::new(
    "placeholder",
    Severity::Warning,
    "A placeholder of an example",
    "YOUR-BUCKET, ACCOUNT-ID and the like stand in published examples for names of one's own. As \
        they are, they match nothing.",
    "Write the name that is meant, or a variable.",
)
.with_example(
    Usage::Managed,
    r#"{"Effect": "Allow", "Action": "s3:GetObject",
 "Resource": "arn:aws:s3:::YOUR-BUCKET/*"}"#,
    r#"{"Effect": "Allow", "Action": "s3:GetObject",
 "Resource": "arn:aws:s3:::relay-data/*"}"#,
)
.with_source(RuleSource::IamGuide("access_policies_examples"));

pub(super) const FOREIGN_PARTITION: Rule = Rule::new(
    "foreign-partition",
    Severity::Warning,
    "A condition on an ARN of another partition",
    "Nothing of the partition aws calls in aws-cn: such a test never holds. In resources and \
        principals AWS refuses such an ARN.",
    "Write the ARN of this partition.",
)
.with_example(
    Usage::Managed,
    r#"{"Effect": "Allow", "Action": "sqs:SendMessage",
 "Resource": "arn:aws:sqs:eu-west-1:123456789012:relay-queue",
 "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws-cn:s3:::relay-data"}}}"#,
    r#"{"Effect": "Allow", "Action": "sqs:SendMessage",
 "Resource": "arn:aws:sqs:eu-west-1:123456789012:relay-queue",
 "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::relay-data"}}}"#,
)
.with_source(RuleSource::IamGuide("reference-arns"));

/// The condition keys whose values are service principals.
const OF_SERVICES: &[&str] = &[
    "iam:passedtoservice",
    "iam:awsservicename",
    "aws:calledvia",
    "aws:calledviafirst",
    "aws:calledvialast",
    "aws:principalservicename",
    "aws:principalservicenameslist",
    "kms:viaservice",
];

const VIA_SERVICE: &str = "kms:ViaService";

/// Finds unknown names in documents. It remembers what it found in order: in a generated manifest a
/// thousand documents name the same actions.
#[derive(Debug)]
pub struct NameChecker {
    partition: String,
    known_actions: HashSet<String>,
    plain_texts: HashSet<String>,
}

impl NameChecker {
    /// Makes a checker for documents of an account in this partition: `aws`, `aws-cn`.
    pub fn new(partition: &str) -> Self {
        let partition = partition.to_owned();
        Self { partition, known_actions: HashSet::new(), plain_texts: HashSet::new() }
    }

    /// Returns the actions, services and service principals of a valid document that AWS doesn't
    /// have, and its placeholders, in the document's order. These are the findings of
    /// [`lint`](super::lint()) that need no look at what the statement allows.
    ///
    /// ```
    /// use iam_policy::lint::NameChecker;
    /// use iam_policy::{Usage, parse};
    ///
    /// let document = parse(
    ///     r#"{"Version": "2012-10-17", "Statement": {
    ///         "Effect": "Allow", "Action": "s3:GetObjekt", "Resource": "arn:aws:s3:::relay/*"}}"#,
    /// )?;
    /// let findings = NameChecker::new("aws").check(&document, Usage::Managed);
    /// assert_eq!(findings[0].remedy, "did you mean `s3:GetObject`?");
    /// # Ok::<(), iam_policy::SyntaxError>(())
    /// ```
    pub fn check(&mut self, document: &Value, usage: Usage) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (pointer, statement) in statements(document) {
            if let Some(elements) = statement.as_object() {
                self.statement(&pointer.to_string(), elements, usage, &mut findings);
            }
        }
        findings
    }

    pub(super) fn statement(
        &mut self,
        pointer: &str,
        elements: &Map<String, Value>,
        usage: Usage,
        findings: &mut Vec<Finding>,
    ) {
        let texts = |name: &str| texts(elements.get(name), &member(pointer, name));
        for (place, action) in texts("Action").into_iter().chain(texts("NotAction")) {
            findings.extend(self.action(place, action));
        }
        for (place, resource) in texts("Resource").into_iter().chain(texts("NotResource")) {
            findings.extend(self.placeholder(place, resource));
        }
        for name in ["Principal", "NotPrincipal"] {
            let kinds = elements.get(name).and_then(Value::as_object);
            for (kind, names) in kinds.into_iter().flatten() {
                let place = member(&member(pointer, name), kind);
                for (place, principal) in self::texts(Some(names), &place) {
                    findings.extend(if kind == "Service" {
                        service(place, principal, Some(usage))
                    } else {
                        self.placeholder(place, principal)
                    });
                }
            }
        }
        let place = member(pointer, "Condition");
        let operators = elements.get("Condition").and_then(Value::as_object);
        // The values of Null are true and false.
        let compares = |operator: &str| {
            Operator::parse(operator).is_none_or(|it| it.comparison != OperatorName::Null)
        };
        let operators = operators.into_iter().flatten().filter(|(name, _)| compares(name));
        for (operator, keys) in operators {
            for (key, values) in keys.as_object().into_iter().flatten() {
                let place = member(&member(&place, operator), key);
                let of_services = OF_SERVICES.contains(&key.to_lowercase().as_str());
                let via_service = key.eq_ignore_ascii_case(VIA_SERVICE);
                for (place, value) in self::texts(Some(values), &place) {
                    findings.extend(if via_service && lacks_region(value) {
                        Some(without_region(place, value))
                    } else if of_services {
                        service(place, value, None)
                    } else {
                        self.foreign_partition(&place, value)
                            .or_else(|| self.placeholder(place, value))
                    });
                }
            }
        }
    }

    fn action(&mut self, place: String, pattern: &str) -> Option<Finding> {
        if self.known_actions.contains(pattern) {
            return None;
        }
        let Some(UnknownAction { rule, message, remedy }) = unknown_action(pattern) else {
            self.known_actions.insert(pattern.to_owned());
            return None;
        };
        Some(Finding::new(&rule, rule.severity, place, message, remedy))
    }

    fn foreign_partition(&self, place: &str, value: &str) -> Option<Finding> {
        let (partition, rest) = value.strip_prefix("arn:")?.split_once(':')?;
        if partition == self.partition || partition.contains(['*', '?', '$']) {
            return None;
        }
        let own = &self.partition;
        let message = format!(
            "`{value}` is in the partition {partition}, and the account is in the partition {own}: \
                no request carries it"
        );
        let remedy = format!("write arn:{own}:{rest}");
        let place = place.to_owned();
        Some(Finding::new(&FOREIGN_PARTITION, Severity::Warning, place, message, remedy))
    }

    fn placeholder(&mut self, place: String, text: &str) -> Option<Finding> {
        if self.plain_texts.contains(text) {
            return None;
        }
        let Some(found) = placeholder::find_placeholder(text) else {
            self.plain_texts.insert(text.to_owned());
            return None;
        };
        let message = format!("`{found}` is a placeholder: nobody has filled it in");
        let remedy = "write the name that is meant in its place";
        Some(Finding::new(&PLACEHOLDER, Severity::Warning, place, message, remedy))
    }
}

/// Tells if a value of kms:ViaService has no Region: the key's values are such as
/// `ec2.us-west-2.amazonaws.com` ("AWS KMS condition keys").
fn lacks_region(value: &str) -> bool {
    let plain = value.strip_suffix(".cn").unwrap_or(value);
    let service = plain.strip_suffix(".amazonaws.com").unwrap_or_default();
    catalogue::service(service).is_some()
}

fn without_region(place: String, value: &str) -> Finding {
    let message =
        format!("`{value}` names no Region, and {VIA_SERVICE} always does: it matches nothing");
    let (service, rest) = value.split_once('.').unwrap_or((value, "amazonaws.com"));
    let remedy =
        format!("write {service}.eu-west-1.{rest}, or {service}.*.{rest} under StringLike");
    Finding::new(&UNKNOWN_SERVICE_PRINCIPAL, Severity::Warning, place, message, remedy)
}

/// Returns the finding for an unknown service; `usage` is that of a document that names it as a
/// principal.
fn service(place: String, name: &str, usage: Option<Usage>) -> Option<Finding> {
    let unclear = name == "*" || name.contains(['*', '?', '$']);
    if unclear || catalogue::is_service_principal(name) {
        return None;
    }
    let consequence = match usage {
        Some(Usage::Bucket) => "S3 refuses a service that AWS doesn't have",
        Some(_) => "IAM refuses a service that AWS doesn't have",
        None => "a service that AWS doesn't have matches nothing",
    };
    let message = format!("relayctl knows no service principal `{name}`: {consequence}");
    let remedy = catalogue::nearest_service_principal(name).map_or_else(
        || "look the service principal up in the guide of the service".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    Some(Finding::new(&UNKNOWN_SERVICE_PRINCIPAL, Severity::Warning, place, message, remedy))
}

/// Returns the texts of an element, each with its pointer.
fn texts<'a>(value: Option<&'a Value>, pointer: &str) -> Vec<(String, &'a str)> {
    let values = value.map(|value| one_or_many(value, pointer)).unwrap_or_default();
    values.into_iter().filter_map(|(pointer, value)| Some((pointer, value.as_str()?))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(statement: &Value, usage: Usage) -> Vec<(&'static str, String, String)> {
        let document = json!({"Version": "2012-10-17", "Statement": [statement]});
        let findings = NameChecker::new("aws").check(&document, usage);
        findings.into_iter().map(|it| (it.rule, it.pointer, it.remedy)).collect()
    }

    #[test]
    fn misspelt_actions_and_services_are_found_wherever_they_stand() {
        let statement = json!({
            "Effect": "Deny", "NotAction": ["s3:GetObject", "s3:GetObjekt"], "Resource": "*"
        });
        let place = "/Statement/0/NotAction/1".to_owned();
        let remedy = "did you mean `s3:GetObject`?".to_owned();
        assert_eq!(found(&statement, Usage::Managed), [("unknown-action", place, remedy)]);
        let statement =
            json!({"Effect": "Allow", "Action": ["s3:Gett*", "s3:Get*", "*"], "Resource": "*"});
        assert_eq!(found(&statement, Usage::Managed).len(), 1);
        let statement = json!({"Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": {"Service": ["lambda.amazonaws.com", "lamda.amazonaws.com"]}});
        let place = "/Statement/0/Principal/Service/1".to_owned();
        let remedy = "did you mean `lambda.amazonaws.com`?".to_owned();
        assert_eq!(found(&statement, Usage::Trust), [("unknown-service-principal", place, remedy)]);
    }

    #[test]
    fn services_in_conditions_are_checked_and_patterns_are_not() {
        let statement = json!({"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*",
            "Condition": {
                "StringLike": {"iam:PassedToService": ["lamda.amazonaws.com", "*.amazonaws.com"]},
                "StringEquals": {"aws:PrincipalTag/x": "YOUR-TEAM"}}});
        let rules: Vec<_> =
            found(&statement, Usage::Managed).into_iter().map(|(rule, ..)| rule).collect();
        assert_eq!(rules.len(), 2, "{rules:?}");
        assert!(rules.contains(&"unknown-service-principal") && rules.contains(&"placeholder"));
    }

    #[test]
    fn a_condition_on_an_arn_of_another_partition_is_told() {
        let statement = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition":
            {"ArnLike": {"aws:SourceArn":
                ["arn:aws-cn:s3:::relay", "arn:*:s3:::relay", "arn:aws:s3:::relay"]}}});
        let place = "/Statement/0/Condition/ArnLike/aws:SourceArn/0".to_owned();
        let remedy = "write arn:aws:s3:::relay".to_owned();
        assert_eq!(found(&statement, Usage::Managed), [("foreign-partition", place, remedy)]);
    }

    #[test]
    fn a_checker_tells_the_same_slip_in_each_document() {
        let document = json!({
            "Statement": {"Action": "s3:GetObjekt", "Resource": "arn:aws:s3:::YOUR-BUCKET/*"}
        });
        let mut checker = NameChecker::new("aws");
        let first = checker.check(&document, Usage::Managed);
        assert_eq!(first.len(), 2);
        assert_eq!(checker.check(&document, Usage::Managed), first);
    }
}
