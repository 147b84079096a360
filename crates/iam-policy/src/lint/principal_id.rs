//! The rule on principals that are named by the id of a user or role.

use crate::Usage;
use crate::diagnostic::Severity;
use crate::statement::PrincipalType;

use super::finding::Finding;
use super::rule::{Rule, RuleSource};
use super::site::Site;

pub(super) const PRINCIPAL_ID: Rule = Rule::new(
    "principal-id",
    Severity::Warning,
    "A principal that is named by its id",
    "AWS puts the id of a user or role in place of its ARN when it is deleted: nobody is it again, \
        not even a new one of the same name.",
    "Name the ARN of the user or role that is meant, or take the principal out.",
)
.with_example(
    Usage::Trust,
    r#"{"Effect": "Allow", "Action": "sts:AssumeRole",
 "Principal": {"AWS": "AROAEXAMPLEEXAMPLE123"}}"#,
    r#"{"Effect": "Allow", "Action": "sts:AssumeRole",
 "Principal": {"AWS": "arn:aws:iam::123456789012:role/relay"}}"#,
)
.with_source(RuleSource::AccessAnalyzer("general-warning-invalid-role-reference"));

pub(super) fn find_ids(site: &Site<'_>) -> Vec<Finding> {
    let names = site.statement.principals.iter().flat_map(|principals| &principals.names);
    let ids =
        names.filter(|(kind, name)| *kind == PrincipalType::AWS && kind_of_id(name).is_some());
    let found = |(_, name): &(PrincipalType, String)| {
        let kind = kind_of_id(name).unwrap_or_default();
        let message = format!("`{name}` is the id of a {kind}: AWS writes it for a deleted one");
        let remedy = format!("name the ARN of the {kind} that is meant, or take it out");
        Finding::new(&PRINCIPAL_ID, Severity::Warning, site.principal(name), message, remedy)
    };
    ids.map(found).collect()
}

/// Returns the word for the principal of such an id (IAM User Guide, "IAM identifiers": "Unique ID
/// prefixes").
fn kind_of_id(name: &str) -> Option<&'static str> {
    let plain =
        name.len() >= 16 && name.bytes().all(|it| it.is_ascii_uppercase() || it.is_ascii_digit());
    match name.get(..4).filter(|_| plain)? {
        "AROA" => Some("role"),
        "AIDA" => Some("user"),
        _ => None,
    }
}
