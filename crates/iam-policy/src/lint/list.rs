//! The list of the rules on documents.

use super::rule::Rule;
use super::{
    actions, conditions, federation, names, pass_role, principals, redundancy, resources, services,
    size, trust,
};

/// The rules: each is one line here, and one constant beside its code.
const RULES: &[Rule] = &[
    actions::ACTION_WILDCARD,
    actions::SERVICE_WILDCARD,
    actions::NOT_ACTION,
    actions::UNKNOWN_ACTION,
    actions::UNKNOWN_SERVICE,
    actions::RETIRED_SERVICE,
    names::UNKNOWN_SERVICE_PRINCIPAL,
    names::PLACEHOLDER,
    names::FOREIGN_PARTITION,
    conditions::UNKNOWN_CONDITION_KEY,
    resources::RESOURCE_WILDCARD,
    resources::NOT_RESOURCE,
    pass_role::PASS_ROLE_WILDCARD,
    pass_role::PASS_ROLE_ANY_SERVICE,
    principals::TRUST_ANYONE,
    principals::TRUST_OTHER_ACCOUNT,
    trust::TRUST_ACTION,
    trust::EXTERNAL_ID_WILDCARD,
    services::SERVICE_WITHOUT_SOURCE,
    services::CONDITION_KEY_FOR_SERVICE,
    federation::OIDC_WITHOUT_SUBJECT,
    federation::OIDC_WIDE_SUBJECT,
    federation::OIDC_UNKNOWN_CLAIM,
    principals::PUBLIC_ACCESS,
    principals::PRINCIPAL_WILDCARD,
    principals::NOT_PRINCIPAL,
    redundancy::REDUNDANT_STATEMENT,
    redundancy::SHADOWED_ACTION,
    size::POLICY_SIZE,
];

/// Returns the rules on one document, and those on the policies that somebody holds together
/// ([`redundant`](super::redundant), [`shadowed`](super::shadowed)). Those of
/// [`escalation_rules`](super::escalation_rules) are separate.
///
/// ```
/// assert!(iam_policy::lint::rules().any(|rule| rule.name == "resource-wildcard"));
/// ```
pub fn rules() -> impl Iterator<Item = Rule> {
    RULES.iter().copied()
}
