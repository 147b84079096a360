//! The list of the rules on documents.

use super::rule::Rule;
use super::{
    actions, bucket, condition_operator, condition_type, condition_value, conditions,
    document_form, federation, if_exists, names, own_tag, pass_role, places, principal_id,
    principals, redundancy, redundant_value, resource_arn, resource_fit, resources, sensitive_key,
    service_linked, services, size, trust, unmet, vacuous, variables, weak_key,
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
    resource_arn::RESOURCE_ARN,
    places::UNKNOWN_REGION,
    places::INVALID_ACCOUNT_ID,
    resource_fit::ACTION_RESOURCE_MISMATCH,
    variables::VARIABLE_SYNTAX,
    conditions::UNKNOWN_CONDITION_KEY,
    conditions::DUPLICATE_CONDITION_KEY,
    conditions::CONDITION_KEY_FOR_SOME_ACTIONS,
    condition_operator::LITERAL_WILDCARD,
    condition_operator::CONDITION_SET_OPERATOR,
    condition_operator::STRING_OPERATOR_ON_ARN,
    condition_type::CONDITION_TYPE,
    condition_value::CONDITION_VALUE,
    condition_value::PRIVATE_SOURCE_IP,
    sensitive_key::WILDCARD_IN_SENSITIVE_KEY,
    vacuous::VACUOUS_CONDITION,
    vacuous::EMPTY_CONDITION,
    weak_key::SPOOFABLE_CONDITION_KEY,
    weak_key::PAIRED_CONDITION_KEY,
    weak_key::IRRELEVANT_CONDITION_KEY,
    weak_key::MFA_WITHOUT_IF_EXISTS,
    if_exists::ALLOW_IF_EXISTS,
    own_tag::SELF_GIVEN_TAG,
    unmet::UNMET_CONDITION,
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
    bucket::BUCKET_LOCKOUT,
    bucket::BUCKET_MANAGED_BY_OTHERS,
    principals::PRINCIPAL_WILDCARD,
    principals::NOT_PRINCIPAL_ACCOUNT,
    principal_id::PRINCIPAL_ID,
    service_linked::SERVICE_LINKED_ROLE_WILDCARD,
    redundant_value::REDUNDANT_VALUE,
    document_form::MISSING_VERSION,
    document_form::DUPLICATE_SID,
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
