//! The one list of all rules: their names, severities and subjects. `lint --list`, `--explain`, the
//! rules of SARIF and the check of `lint: {allow: […]}` derive from it.

use crate::diagnostic::Severity;
use crate::policy::lint::{self as document, RuleSource};

pub use crate::policy::lint::{Rule, RuleExplanation, explain, explain_in_markdown};

pub(super) const ADMINISTRATOR_POLICY: Rule = Rule::new(
    "administrator-policy",
    Severity::Warning,
    "An AWS managed policy with the power of an administrator",
    "AdministratorAccess and IAMFullAccess let their holder do everything, or give themselves \
        everything.",
    "Attach what is needed, or limit it with a permissions boundary.",
)
.with_manifests(
    "users:
  ada: {policies: [arn:aws:iam::aws:policy/AdministratorAccess]}",
    "users:
  ada: {policies: [arn:aws:iam::aws:policy/ReadOnlyAccess]}",
)
.with_source(RuleSource::IamGuide("best-practices#grant-least-privilege"));

pub(super) const UNKNOWN_MANAGED_POLICY: Rule = Rule::new(
    "unknown-managed-policy",
    Severity::Warning,
    "A managed policy that AWS doesn't have",
    "Nothing can be attached that doesn't exist. The list of AWS's policies is as old as \
        relayctl, so \
        a new one may be told, too; `relayctl plan` asks AWS.",
    "Correct the name. Some names have a path, such as job-function/Billing.",
)
.with_manifests(
    "users:
  ada: {policies: [arn:aws:iam::aws:policy/ReadonlyAccess]}",
    "users:
  ada: {policies: [arn:aws:iam::aws:policy/ReadOnlyAccess]}",
)
.with_source(RuleSource::Page(
    "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html",
));

pub(super) const UNUSED_SILENCE: Rule = Rule::new(
    "unused-silence",
    Severity::Note,
    "`lint: allow:` accepts a finding that does not exist",
    "The finding was fixed, or its name is misspelled. The entry would hide the next such finding.",
    "Remove it from the manifest.",
)
.with_manifests(
    "lint:
  allow:
    - {rule: action-wildcard, on: user.ada, because: she is the administrator}
users:
  ada: {policies: [arn:aws:iam::aws:policy/AdministratorAccess]}",
    "lint:
  allow:
    - {rule: administrator-policy, on: user.ada, because: she is the administrator}
users:
  ada: {policies: [arn:aws:iam::aws:policy/AdministratorAccess]}",
);

pub(super) const UNDECIDED: Rule = Rule::new(
    "undecided",
    Severity::Warning,
    "A question that would take too long",
    "Wildcards and conditions can multiply each other. One run of lint has a budget of steps, and \
        what is left when it is spent is not judged: other findings may be missing.",
    "Divide the policies, or use fewer wildcards and conditions.",
);

/// The rules on manifests. The rules on documents and on escalations are listed by `iam-policy`.
const ON_MANIFESTS: [Rule; 4] =
    [ADMINISTRATOR_POLICY, UNKNOWN_MANAGED_POLICY, UNUSED_SILENCE, UNDECIDED];

/// Returns all rules, in the order in which they are listed.
pub fn rules() -> impl Iterator<Item = Rule> {
    document::rules().chain(ON_MANIFESTS).chain(document::escalation_rules())
}

/// Returns the rule of that name.
pub fn named(name: &str) -> Option<Rule> {
    rules().find(|rule| rule.name == name)
}

/// Returns the name of the rule that was likely meant.
pub fn nearest(name: &str) -> Option<&'static str> {
    let near = |candidate: &str| strsim::jaro_winkler(candidate, name);
    let best = rules().map(|rule| rule.name).max_by(|a, b| near(a).total_cmp(&near(b)))?;
    (near(best) > 0.85).then_some(best)
}

/// Returns a rule's sentence as findings have it: `name the roles`.
pub(super) fn phrase(sentence: &str) -> String {
    let mut letters = sentence.trim_end_matches('.').chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}
