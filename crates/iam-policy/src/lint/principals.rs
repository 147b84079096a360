//! The rules on the principals that a trust policy or a bucket policy lets in.

use crate::Usage;
use crate::diagnostic::Severity;
use crate::request::Caller;
use crate::statement::{ConditionTest, PrincipalType};

use super::finding::{Finding, Home};
use super::rule::{Rule, Source};
use super::site::Site;
use super::wording::list_few;

pub(super) const TRUST_ANYONE: Rule = Rule::new(
    "trust-anyone",
    Severity::Error,
    "A role that anybody can assume",
    "A trust policy that names \"*\" without a condition lets in every AWS account. It takes only \
        the role's ARN.",
    "Name accounts, users or roles, or demand aws:PrincipalOrgID in a condition.",
)
.with_example(
    Usage::Trust,
    r#"{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}"#,
    r#"{"Effect": "Allow", "Action": "sts:AssumeRole",
 "Principal": {"AWS": "arn:aws:iam::123456789012:role/deploy"}}"#,
)
.with_source(Source::IamGuide("reference_policies_elements_principal"));

pub(super) const TRUST_OTHER_ACCOUNT: Rule = Rule::new(
    "trust-other-account",
    Severity::Warning,
    "A role that another account may assume without a condition",
    "If the account is a company's that works for many customers, another customer can have it \
        use this role: the confused deputy.",
    "Demand sts:ExternalId in a condition; between accounts of one organisation aws:PrincipalOrgID.",
)
.with_example(
    Usage::Trust,
    r#"{"Effect": "Allow", "Action": "sts:AssumeRole",
 "Principal": {"AWS": "arn:aws:iam::999999999999:root"}}"#,
    r#"{"Effect": "Allow", "Action": "sts:AssumeRole",
 "Principal": {"AWS": "arn:aws:iam::999999999999:root"},
 "Condition": {"StringEquals": {"sts:ExternalId": "relay-4711"}}}"#,
)
.with_source(Source::IamGuide("confused-deputy"));

pub(super) const PUBLIC_ACCESS: Rule = Rule::new(
    "public-access",
    Severity::Error,
    "A bucket that is open to everybody",
    "A bucket policy that names \"*\" without a condition on who asks, or from where, is public.",
    "Name accounts, users or roles, or demand aws:PrincipalOrgID, aws:SourceVpce or the like in a \
        condition.",
)
.with_example(
    Usage::Bucket,
    r#"{"Effect": "Allow", "Action": "s3:GetObject", "Principal": "*",
 "Resource": "arn:aws:s3:::relay-data/*"}"#,
    r#"{"Effect": "Allow", "Action": "s3:GetObject",
 "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
 "Resource": "arn:aws:s3:::relay-data/*"}"#,
)
.with_source(Source::S3Guide("access-control-block-public-access"));

pub(super) const PRINCIPAL_WILDCARD: Rule = Rule::new(
    "principal-wildcard",
    Severity::Error,
    "A wildcard in a principal",
    "For a part of a name or ARN, IAM takes none: that is an error. \"*\" with a condition that \
        narrows it is a note.",
    "Name who is meant, or the account, with a condition on aws:PrincipalArn.",
)
.with_example(
    Usage::Trust,
    r#"{"Effect": "Allow", "Action": "sts:AssumeRole",
 "Principal": {"AWS": "*"},
 "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::123456789012:role/app-*"}}}"#,
    r#"{"Effect": "Allow", "Action": "sts:AssumeRole",
 "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
 "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::123456789012:role/app-*"}}}"#,
)
.with_source(Source::IamGuide("reference_policies_elements_principal"));

pub(super) const NOT_PRINCIPAL: Rule = Rule::new(
    "not-principal",
    Severity::Error,
    "NotPrincipal with Allow lets in everybody but a few",
    "What isn't named is let in, also people without an AWS account. AWS itself advises against it.",
    "Name who is meant in Principal, and deny the exceptions in a statement of their own.",
)
.with_example(
    Usage::Bucket,
    r#"{"Effect": "Allow", "Action": "s3:GetObject",
 "NotPrincipal": {"AWS": "arn:aws:iam::123456789012:user/ada"},
 "Resource": "arn:aws:s3:::relay-data/*"}"#,
    r#"{"Effect": "Allow", "Action": "s3:GetObject",
 "Principal": {"AWS": "arn:aws:iam::123456789012:role/app"},
 "Resource": "arn:aws:s3:::relay-data/*"}"#,
)
.with_source(Source::IamGuide("reference_policies_elements_notprincipal"));

pub(super) const NOT_PRINCIPAL_ACCOUNT: Rule = Rule::new(
    "not-principal-account",
    Severity::Warning,
    "A Deny that excepts a user, a role or a session without its account",
    "AWS may check the account first, and deny the whole account with everybody in it. Of a \
        session it may check the role, too.",
    "Name the account in NotPrincipal as well, and the role of a session; or deny \"*\" with a \
        condition on aws:PrincipalArn.",
);

/// The keys about the caller or its network, which narrow `*` if a condition demands them: those by
/// which S3 tells a public policy from one that isn't ("The meaning of public", Amazon S3 User
/// Guide), and those that IAM's guide has for trust policies.
const NARROWING: &[&str] = &[
    "aws:principalarn",
    "aws:principalaccount",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourcearn",
    "aws:sourceaccount",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourceowner",
    "aws:sourceip",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:vpcsourceip",
    "aws:userid",
    "aws:username",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
];

/// The further keys that make trust in another account safe: a secret that only the right
/// customer's requests carry ("The confused deputy problem", IAM User Guide), a second factor, or
/// the name of a person.
const PROVING: &[&str] =
    &["sts:externalid", "aws:multifactorauthpresent", "sts:sourceidentity", "aws:sourceidentity"];

pub(super) fn find_wildcard_principals(site: &Site<'_>, home: &Home<'_>) -> Vec<Finding> {
    let Some(principals) = &site.statement.principals else { return Vec::new() };
    if principals.not {
        let names: Vec<String> = principals.names.iter().map(|(_, name)| name.clone()).collect();
        let message = format!(
            "everybody is let in but {}: all other accounts, and people without one",
            list_few(&names)
        );
        let remedy = "name in `Principal` who is meant; to keep some of them out, add a statement \
            that denies them";
        return vec![Finding::new(
            &NOT_PRINCIPAL,
            Severity::Error,
            site.element("Principal"),
            message,
            remedy,
        )];
    }
    let mut findings = Vec::new();
    let mut others = Vec::new();
    for (kind, name) in &principals.names {
        match kind {
            PrincipalType::Everyone => findings.push(everyone(site, home)),
            PrincipalType::AWS if name.contains(['*', '?']) => findings.push(partly(site, name)),
            PrincipalType::AWS if account(name).is_some_and(|account| account != home.account) => {
                others.push(name);
            }
            PrincipalType::AWS
            | PrincipalType::Service
            | PrincipalType::Federated
            | PrincipalType::CanonicalUser => {}
        }
    }
    if home.usage == Usage::Trust && !others.is_empty() && !site.demands().any(proves) {
        findings.extend(others.into_iter().map(|name| foreign(site, name)));
    }
    findings
}

/// Finds the names in the NotPrincipal of a Deny without the names that AWS may check before them:
/// "When you use `NotPrincipal` with Deny, you must also specify the account ARN of the not-denied
/// principal. Otherwise, the policy might deny access to the entire account containing the
/// principal", and for a session both its role and its account (IAM User Guide, "`NotPrincipal`").
pub(super) fn find_half_excepted(site: &Site<'_>) -> Vec<Finding> {
    let Some(principals) = site.statement.principals.as_ref().filter(|it| it.not) else {
        return Vec::new();
    };
    let names = principals.names.iter().filter(|(kind, _)| *kind == PrincipalType::AWS);
    let finding = |(_, name): &(PrincipalType, String)| {
        let account = account(name)?;
        let excepts = |caller: &Caller| !principals.names(caller);
        let mut missing = Vec::new();
        let another_session = name.rsplit_once('/').filter(|_| name.contains(":assumed-role/"));
        if another_session.is_some_and(|(role, _)| !excepts(&Caller::aws(format!("{role}/-")))) {
            missing.push("its role");
        }
        if !excepts(&Caller::aws(account)) {
            missing.push("its account");
        }
        let message = format!(
            "`{name}` is excepted without {}: AWS may deny it all the same",
            (!missing.is_empty()).then(|| missing.join(" and "))?
        );
        let remedy = "name the account in `NotPrincipal` too, and the role of a session; or deny \
            `*` with {\"ArnNotEquals\": {\"aws:PrincipalArn\": …}}";
        let place = site.principal(name);
        Some(Finding::new(&NOT_PRINCIPAL_ACCOUNT, Severity::Warning, place, message, remedy))
    };
    names.filter_map(finding).collect()
}

fn everyone(site: &Site<'_>, home: &Home<'_>) -> Finding {
    let place = site.principal("*");
    if site.demands().any(narrows) {
        let message = "everybody is let in whose request meets the condition; all depends on it";
        let remedy = "name the accounts, users or roles in `Principal`, where they are known";
        return Finding::new(&PRINCIPAL_WILDCARD, Severity::Note, place, message, remedy);
    }
    if home.usage == Usage::Trust {
        let message = "anybody with an AWS account can assume this role";
        let remedy =
            "name in `Principal` who is meant, or demand aws:PrincipalOrgID in a condition";
        return Finding::new(&TRUST_ANYONE, Severity::Error, place, message, remedy);
    }
    let message = "anybody can do this, without an AWS account";
    let remedy = "name in `Principal` who is meant, or demand aws:PrincipalOrgID, aws:SourceVpce \
        or the like in a condition; for a public web site, put CloudFront in front of the bucket";
    Finding::new(&PUBLIC_ACCESS, Severity::Error, place, message, remedy)
}

/// Returns the finding for a wildcard in a part of a principal: "You can't use a wildcard to match
/// part of a principal name or ARN" (IAM User Guide, Principal).
fn partly(site: &Site<'_>, name: &str) -> Finding {
    let message = format!("`{name}` is nobody: IAM takes no wildcard for a part of a principal");
    let remedy = "name the account in `Principal`, and the pattern in a condition: \
        {\"ArnLike\": {\"aws:PrincipalArn\": …}}";
    Finding::new(&PRINCIPAL_WILDCARD, Severity::Error, site.principal(name), message, remedy)
}

fn foreign(site: &Site<'_>, name: &str) -> Finding {
    let message =
        format!("`{name}` is in another account, and may assume this role without a condition");
    let remedy = "demand in a condition what only the right requests carry: sts:ExternalId where \
        the account is a company's whose other customers could name this role, else \
        aws:PrincipalOrgID or aws:PrincipalArn";
    Finding::new(&TRUST_OTHER_ACCOUNT, Severity::Warning, site.principal(name), message, remedy)
}

fn narrows(test: &ConditionTest) -> bool {
    let key = test.key.to_lowercase();
    NARROWING.contains(&key.as_str()) || key.starts_with("aws:principaltag/")
}

fn proves(test: &ConditionTest) -> bool {
    let key = test.key.to_lowercase();
    let second_factor = key == "aws:multifactorauthpresent";
    narrows(test)
        || (PROVING.contains(&key.as_str())
            && (!second_factor || test.values.iter().all(|it| it == "true")))
}

/// Returns the account of a user, role or root, or the account id itself.
fn account(name: &str) -> Option<&str> {
    let is_account =
        |text: &&str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    Some(name).filter(is_account).or_else(|| name.split(':').nth(4).filter(is_account))
}
