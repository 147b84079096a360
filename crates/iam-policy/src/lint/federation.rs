//! The rules on trust in web identity providers: the users of the provider that can assume the
//! role.
//!
//! A provider such as GitHub's signs tokens for everybody. The claims that the trust policy
//! demands, above all the subject, decide who may assume the role ("Create a role for OpenID
//! Connect federation", IAM User Guide).

use crate::Usage;
use crate::diagnostic::Severity;
use crate::pattern::action_matches;
use crate::statement::{ConditionTest, OperatorName, PrincipalType};

use super::finding::Finding;
use super::rule::{Rule, Source};
use super::site::Site;

pub(super) const OIDC_WITHOUT_SUBJECT: Rule = Rule::new(
    "oidc-without-subject",
    Severity::Error,
    "Trust in an OIDC provider for all its users",
    "A public provider such as GitHub's signs tokens for everybody; without a condition on the \
        subject, any repository of the world can assume the role. A condition on another claim \
        makes it a note.",
    "Demand <provider>:sub in a condition.",
)
.with_example(
    Usage::Trust,
    r#"{"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
 "Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/gitlab.com"},
 "Condition": {"StringEquals": {"gitlab.com:aud": "https://gitlab.com"}}}"#,
    r#"{"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
 "Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/gitlab.com"},
 "Condition": {"StringEquals": {"gitlab.com:aud": "https://gitlab.com",
   "gitlab.com:sub": "project_path:octo/relay:ref_type:branch:ref:main"}}}"#,
)
.with_source(Source::IamGuide("id_roles_create_for-idp_oidc"));

pub(super) const OIDC_WIDE_SUBJECT: Rule = Rule::new(
    "oidc-wide-subject",
    Severity::Error,
    "Trust in an OIDC provider for more subjects than one project's",
    "A wildcard before the owner's name is complete lets in strangers; one in place of the \
        repository lets in every repository of the owner, which is a warning.",
    "Name the repository, and the branch or environment.",
)
.with_example(
    Usage::Trust,
    r#"{"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
 "Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/gitlab.com"},
 "Condition": {"StringLike": {"gitlab.com:sub": "project_path:octo*"}}}"#,
    r#"{"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
 "Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/gitlab.com"},
 "Condition": {"StringLike": {"gitlab.com:sub": "project_path:octo/relay:*"}}}"#,
)
.with_source(Source::IamGuide("id_roles_create_for-idp_oidc"));

const ACTION: &str = "sts:AssumeRoleWithWebIdentity";

/// The providers that need no `oidc-provider/…` in the account, each with the claims that tell one
/// application from another.
const BUILT_IN: &[(&str, &[&str])] = &[
    ("cognito-identity.amazonaws.com", &["aud", "sub"]),
    ("accounts.google.com", &["aud", "oaud", "sub"]),
    ("graph.facebook.com", &["app_id", "id"]),
    ("www.amazon.com", &["app_id", "user_id"]),
];

/// The prefixes of the subjects of well-known providers, before the name of an owner.
const LABELS: &[&str] = &["repo:", "project_path:", "organization:", "system:serviceaccount:"];

pub(super) fn find_wide_subjects(site: &Site<'_>) -> Vec<Finding> {
    let actions = &site.statement.actions;
    let named = actions.patterns.iter().any(|pattern| action_matches(pattern, ACTION));
    let Some(principals) =
        site.statement.principals.as_ref().filter(|it| !it.not && named != actions.not)
    else {
        return Vec::new();
    };
    let federated = principals.names.iter().filter(|(kind, _)| *kind == PrincipalType::Federated);
    federated.flat_map(|(_, name)| trusted(site, name)).collect()
}

fn trusted(site: &Site<'_>, name: &str) -> Vec<Finding> {
    let own = name.split_once(":oidc-provider/").map(|(_, provider)| provider);
    let built_in = BUILT_IN.iter().find(|(provider, _)| name.eq_ignore_ascii_case(provider));
    let (provider, claims) = match (own, built_in) {
        (Some(provider), _) => (provider, &["sub"][..]),
        (None, Some((provider, claims))) => (*provider, *claims),
        // A SAML provider belongs to one company, and signs in only its users.
        (None, None) => return Vec::new(),
    };
    let of_claim = |claim: &str| format!("{provider}:{claim}").to_lowercase();
    let keys: Vec<String> = claims.iter().map(|claim| of_claim(claim)).collect();
    let subjects: Vec<&ConditionTest> = site
        .statement
        .conditions
        .iter()
        .filter(|test| keys.contains(&test.key.to_lowercase()))
        .collect();
    if subjects.iter().any(|test| !test.operator.if_exists && positive(test)) {
        return subjects.into_iter().flat_map(|test| wide_values(site, test)).collect();
    }
    let audience = of_claim("aud");
    let other = site.demands().any(|test| {
        let key = test.key.to_lowercase();
        key.starts_with(&format!("{}:", provider.to_lowercase())) && key != audience
    });
    let claim = claims.first().copied().unwrap_or("sub");
    let message = format!(
        "everybody who signs in with {provider} can assume this role: no condition demands \
            `{provider}:{claim}`"
    );
    let remedy = format!(
        "demand the subject in a condition: {{\"StringEquals\": {{\"{provider}:{claim}\": {}}}}}",
        example(provider)
    );
    let severity = if other { Severity::Note } else { Severity::Error };
    vec![Finding::new(&OIDC_WITHOUT_SUBJECT, severity, site.principal(name), message, remedy)]
}

fn example(provider: &str) -> &'static str {
    match provider {
        "token.actions.githubusercontent.com" => "\"repo:OWNER/REPOSITORY:ref:refs/heads/main\"",
        "gitlab.com" => "\"project_path:GROUP/PROJECT:ref_type:branch:ref:main\"",
        _ => "\"…\"",
    }
}

fn positive(test: &ConditionTest) -> bool {
    matches!(
        test.operator.comparison,
        OperatorName::StringEquals
            | OperatorName::StringEqualsIgnoreCase
            | OperatorName::StringLike
    )
}

fn wide_values(site: &Site<'_>, test: &ConditionTest) -> Vec<Finding> {
    // Only this operator has the wildcards `*` and `?`.
    if test.operator.comparison != OperatorName::StringLike {
        return Vec::new();
    }
    let place = site.condition(&test.key);
    let told = |value: &String| {
        let (severity, whom) = breadth(value)?;
        let message = format!("the subject `{value}` is that of {whom}");
        let remedy = "name the repository and the branch or environment, for example \
            repo:OWNER/REPOSITORY:ref:refs/heads/main";
        Some(Finding::new(&OIDC_WIDE_SUBJECT, severity, place.clone(), message, remedy))
    };
    test.values.iter().filter_map(told).collect()
}

/// Returns the severity and the reach of a subject pattern, by the text before its first wildcard;
/// `None` where it is narrow enough.
fn breadth(value: &str) -> Option<(Severity, &'static str)> {
    let fixed = value.find(['*', '?']).map(|at| &value[..at])?;
    let label = LABELS.iter().find(|label| fixed.starts_with(**label) || label.starts_with(fixed));
    let rest = label.map_or(fixed, |label| fixed.strip_prefix(label).unwrap_or_default());
    if rest.is_empty() {
        return Some((Severity::Error, "everybody whom the provider knows"));
    }
    let owners = matches!(label, Some(&"repo:" | &"project_path:"));
    match (owners, rest.split_once('/')) {
        // `repo:octo*` also matches somebody who registers `octo-evil` tomorrow.
        (true, None) => Some((Severity::Error, "every owner whose name begins so")),
        (true, Some((_, ""))) => Some((Severity::Warning, "every repository of the owner")),
        _ => None,
    }
}
