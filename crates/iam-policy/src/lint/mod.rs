//! Rules on documents that AWS accepts, but that likely hold a mistake or give more than was meant.
//! The rules are pure: they take one document at a time, or the policies that somebody holds
//! together.

mod actions;
mod arn;
mod bucket;
mod condition_operator;
mod condition_type;
mod condition_value;
mod conditions;
mod document_form;
mod escalation;
mod escalation_example;
mod example_resource;
mod explanation;
mod federation;
mod finding;
mod fix;
mod if_exists;
mod list;
mod names;
mod own_tag;
mod pass_role;
mod placeholder;
mod places;
mod principal_id;
mod principals;
mod provider;
mod redundancy;
mod redundant_value;
mod resource_arn;
mod resource_fit;
mod resources;
mod rule;
mod sensitive_key;
mod service_linked;
mod services;
mod site;
mod size;
mod trust;
mod unmet;
mod vacuous;
mod variables;
mod weak_key;
mod wording;

use crate::statement::{Effect, Policy};
use crate::{Usage, Value, layout};

use site::{Site, TestSite};

pub use actions::{UnknownAction, unknown_action};
pub use escalation::escalation_rules;
pub use explanation::{
    RuleExplanation, RulePublication, ShownExample, examples, explain, explain_in_markdown,
};
pub use finding::{Finding, Home};
pub use fix::{Fix, FixChange, apply_fixes, fixes};
pub use list::rules;
pub use names::NameChecker;
pub use placeholder::find_placeholder;
pub use redundancy::{REDUNDANT_STATEMENT, Redundant, SHADOWED_ACTION, redundant, shadowed};
pub use rule::{Rule, RuleExample, RuleSource};
pub use size::nearly_full;
pub use unmet::{UNMET_CONDITION, unmet};

/// Returns the findings of the rules on one document, in the document's order. An invalid document
/// has no findings.
///
/// ```
/// use iam_policy::lint::Home;
/// use iam_policy::{Severity, Usage, lint, parse};
///
/// let document = parse(
///     r#"{"Version": "2012-10-17", "Statement": {
///         "Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"}}"#,
/// )?;
/// let home =
///     Home { usage: Usage::Managed, account: "123456789012", partition: "aws", grants: true };
/// let findings = lint(&document, &home);
/// assert_eq!((findings[0].rule, findings[0].severity), ("resource-wildcard", Severity::Warning));
/// assert_eq!(findings[0].pointer, "/Statement/Resource");
/// # Ok::<(), iam_policy::SyntaxError>(())
/// ```
pub fn lint(document: &Value, home: &Home<'_>) -> Vec<Finding> {
    // Validation has reported the reason, with the place.
    let Ok(policy) = Policy::compile("", document) else { return Vec::new() };
    let mut findings = Vec::new();
    findings.extend(size::document(document, home));
    let sites = Site::all(document, &policy);
    findings.extend(of_whole(document, &sites, home));
    let mut names = NameChecker::new(home.partition);
    for site in sites {
        names.statement(&site.pointer, site.elements, home.usage, &mut findings);
        if site.statement.effect == Effect::Allow && home.grants {
            findings.extend(allow(&site, home));
        }
        if site.statement.effect == Effect::Deny && home.usage == Usage::Bucket {
            findings.extend(principals::find_half_excepted(&site));
            findings.extend(bucket::find_lockout(&site, home));
        }
        findings.extend(of_form(&site, home));
    }
    findings
}

/// Returns the findings about the document as a whole.
fn of_whole(document: &Value, sites: &[Site<'_>], home: &Home<'_>) -> Vec<Finding> {
    let old = variables::find_old_version(sites);
    // The one about variables names the same remedy.
    let missing = document_form::find_missing_version(document, home).filter(|_| old.is_none());
    let mut findings: Vec<Finding> = missing.into_iter().chain(old).collect();
    findings.extend(document_form::find_duplicate_sids(sites, home));
    findings.extend(own_tag::find_self_given(sites, home));
    if home.usage == Usage::Trust {
        findings.extend(trust::find_missing_actions(sites));
    }
    findings
}

/// Returns the findings about the names and forms of a statement, be it an Allow or a Deny, and
/// whatever it gives.
fn of_form(site: &Site<'_>, home: &Home<'_>) -> Vec<Finding> {
    let tests = site.tests();
    let mut findings = Vec::new();
    findings.extend(resource_arn::find_wrong_arns(site));
    // An ARN that is wrong by itself fits no action.
    if findings.is_empty() {
        findings.extend(resource_fit::find_mismatch(site));
    }
    findings.extend(variables::find_slips(site, &tests));
    findings.extend(principal_id::find_ids(site));
    findings.extend(vacuous::find_empty(site));
    findings.extend(conditions::find_duplicate_keys(&tests));
    findings.extend(weak_key::find_spoofable(site, &tests));
    findings.extend(weak_key::find_unpaired(site, &tests));
    findings.extend(service_linked::find_open_paths(site, &tests));
    for test in &tests {
        findings.extend(of_test(site, test, &tests, home));
    }
    findings.extend(redundant_value::find_covered(site, &tests, home));
    findings
}

/// Returns the findings about one test of a Condition.
fn of_test(
    site: &Site<'_>,
    test: &TestSite<'_>,
    tests: &[TestSite<'_>],
    home: &Home<'_>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(conditions::find_unknown_key(site, test));
    findings.extend(conditions::find_key_of_some_actions(site, test, home));
    findings.extend(condition_operator::find_set_operators(site, test, tests));
    findings.extend(weak_key::find_irrelevant(test, home));
    findings.extend(weak_key::find_mfa(site, test));
    findings.extend(if_exists::find_passed(site, test));
    findings.extend(sensitive_key::find_open_ids(site, test));
    findings.extend(vacuous::find_vacuous(site, test));
    let mismatch = condition_type::find_type_mismatch(test);
    // A value under the wrong operator has the wrong form for it.
    if mismatch.is_none() {
        findings.extend(condition_operator::find_literal_wildcards(site, test));
        findings.extend(condition_operator::find_string_operators_on_arns(test));
        findings.extend(condition_value::find_values(test, home));
        findings.extend(condition_value::find_private_addresses(site, test));
        findings.extend(places::find_in_values(test));
    }
    findings.extend(mismatch);
    findings
}

fn allow(site: &Site<'_>, home: &Home<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if home.usage.is_identity() {
        findings.extend(actions::find_wildcard_actions(site, home));
        findings.extend(resources::find_wildcard_resources(site));
        findings.extend(pass_role::anywhere(site, home));
    } else {
        findings.extend(actions::find_wildcard_actions(site, home));
        findings.extend(principals::find_wildcard_principals(site, home));
        findings.extend(bucket::find_other_managers(site, home));
        findings.extend(services::find_services_without_source(site, home));
        findings.extend(federation::find_wide_subjects(site));
        if home.usage == Usage::Trust {
            findings.extend(trust::find_misfits(site));
            findings.extend(trust::find_open_external_ids(site));
        }
    }
    findings
}

/// Returns the JSON pointer to a statement by its number, from 1, or to one of its action patterns;
/// `None` if there is no such statement.
pub fn pointer(document: &Value, statement: usize, action: Option<usize>) -> Option<String> {
    let (place, elements) =
        layout::statements(document).find(|(place, _)| place.number() == statement)?;
    let (place, elements) = (place.to_string(), elements.as_object()?);
    Some(match action {
        Some(index) => site::value_pointer(&place, elements, "Action", index),
        None => place,
    })
}

#[cfg(test)]
mod tests;
