//! The rules on the principals that a trust policy or a bucket policy lets in.

use crate::Usage;
use crate::callers::{Callers, Identifier, callers, callers_of_test, identifier, is_demanded};
use crate::diagnostic::Severity;
use crate::principal::account_of;
use crate::request::Caller;
use crate::statement::{ConditionTest, PrincipalType};

use super::finding::{Finding, Home};
use super::rule::{Rule, RuleSource};
use super::site::Site;
use super::trust;

pub(super) const TRUST_ANYONE: Rule = Rule::new(
    "trust-anyone",
    Severity::Error,
    "A role that anybody can assume",
    "A trust policy that names \"*\" lets in every AWS account, unless a condition names an \
        account or an organization. A name, a tag, and an ARN without its account name nobody: any \
        account can have them.",
    "Name accounts, users or roles, or demand aws:PrincipalOrgID in a condition.",
)
.with_example(
    Usage::Trust,
    r#"{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}"#,
    r#"{"Effect": "Allow", "Action": "sts:AssumeRole",
 "Principal": {"AWS": "arn:aws:iam::123456789012:role/deploy"}}"#,
)
.with_source(RuleSource::IamGuide("reference_policies_elements_principal"));

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
.with_source(RuleSource::IamGuide("confused-deputy"));

pub(super) const PUBLIC_ACCESS: Rule = Rule::new(
    "public-access",
    Severity::Error,
    "A bucket that is open to everybody",
    "A bucket policy that names \"*\" is public, unless a condition names an account, an \
        organization or a network. A name, a tag, and a pattern such as vpce-* name nobody: any \
        account can have them.",
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
.with_source(RuleSource::S3Guide("access-control-block-public-access"));

pub(super) const PRINCIPAL_WILDCARD: Rule = Rule::new(
    "principal-wildcard",
    Severity::Error,
    "A wildcard in a principal",
    "For a part of a name or ARN, IAM takes none: that is an error. \"*\" with a condition that \
        names an account, an organization or a network is a note.",
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
.with_source(RuleSource::IamGuide("reference_policies_elements_principal"));

pub(super) const NOT_PRINCIPAL_ACCOUNT: Rule = Rule::new(
    "not-principal-account",
    Severity::Warning,
    "A Deny that excepts a user, a role or a session without its account",
    "AWS may check the account first, and deny the whole account with everybody in it. Of a \
        session it may check the role, too.",
    "Name the account in NotPrincipal as well, and the role of a session; or deny \"*\" with a \
        condition on aws:PrincipalArn.",
)
.with_example(
    Usage::Bucket,
    r#"{"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::relay-data/*",
 "NotPrincipal": {"AWS": "arn:aws:iam::123456789012:role/app"}}"#,
    r#"{"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::relay-data/*",
 "NotPrincipal": {"AWS": ["arn:aws:iam::123456789012:role/app", "123456789012"]}}"#,
)
.with_source(RuleSource::IamGuide("reference_policies_elements_notprincipal"));

/// The keys about the caller that limit trust in an account, besides those that say whose a request
/// is: the account gives its own users and roles their names and tags.
const OF_ACCOUNT: &[&str] = &["aws:username", "aws:vpcsourceip"];

/// The further keys that make trust in another account safe: a secret that only the right
/// customer's requests carry ("The confused deputy problem", IAM User Guide), a second factor, or
/// the name of a person.
const PROVING: &[&str] =
    &["sts:externalid", "aws:multifactorauthpresent", "sts:sourceidentity", "aws:sourceidentity"];

pub(super) fn find_wildcard_principals(site: &Site<'_>, home: &Home<'_>) -> Vec<Finding> {
    let Some(principals) = &site.statement.principals else { return Vec::new() };
    // Validation refuses NotPrincipal in an Allow, as AWS does.
    if principals.not {
        return Vec::new();
    }
    if home.usage == Usage::Trust && !trust::is_entrance(site) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let mut others = Vec::new();
    for (kind, name) in &principals.names {
        match kind {
            PrincipalType::Everyone => findings.push(everyone(site, home)),
            PrincipalType::AWS if name.contains(['*', '?']) => findings.push(partly(site, name)),
            PrincipalType::AWS
                if account_of(name).is_some_and(|account| account != home.account) =>
            {
                others.push(name);
            }
            PrincipalType::AWS
            | PrincipalType::Service
            | PrincipalType::Federated
            | PrincipalType::CanonicalUser => {}
        }
    }
    // A pattern of external ids has a rule of its own.
    let proved = || site.demands().any(proves) || trust::has_open_external_id(site);
    if home.usage == Usage::Trust && !others.is_empty() && !proved() {
        findings.extend(others.into_iter().map(|name| foreign(site, name)));
    }
    findings
}

/// Finds the names in the NotPrincipal of a Deny without the names that AWS may check before them.
pub(super) fn find_half_excepted(site: &Site<'_>) -> Vec<Finding> {
    let names = site.statement.principals.iter().flat_map(|principals| &principals.names);
    let finding = |(kind, name): &(PrincipalType, String)| {
        let caller = Caller { kind: *kind, name: name.clone() };
        let missing = site.statement.missing_exceptions(&caller);
        let missing: Vec<String> = missing.iter().map(ToString::to_string).collect();
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
    let conditions = &site.statement.conditions;
    let callers = callers(conditions);
    if callers != Callers::Anybody {
        let message = "everybody is let in whose request meets the condition; all depends on it";
        let public = home.usage == Usage::Bucket && callers == Callers::Named;
        let message = if public {
            format!("{message}. To S3 the policy is public: BlockPublicPolicy refuses it")
        } else {
            message.to_owned()
        };
        let remedy = "name the accounts, users or roles in `Principal`, where they are known";
        return Finding::new(&PRINCIPAL_WILDCARD, Severity::Note, place, message, remedy);
    }
    let reason = conditions.iter().find_map(why_open).map(|why| format!(": {why}"));
    if home.usage == Usage::Trust {
        let reason = reason.unwrap_or_default();
        let message = format!("anybody with an AWS account can assume this role{reason}");
        let remedy =
            "name in `Principal` who is meant, or demand aws:PrincipalOrgID in a condition";
        return Finding::new(&TRUST_ANYONE, Severity::Error, place, message, remedy);
    }
    let reason = reason.unwrap_or_else(|| ", without an AWS account".to_owned());
    let message = format!("anybody can do this{reason}");
    let remedy = "name in `Principal` who is meant, or demand aws:PrincipalOrgID, aws:SourceVpce \
        or the like in a condition; for a public web site, put CloudFront in front of the bucket";
    Finding::new(&PUBLIC_ACCESS, Severity::Error, place, message, remedy)
}

/// Returns the reason why a test on the caller keeps nobody out.
fn why_open(test: &ConditionTest) -> Option<String> {
    if !is_demanded(test) {
        return None;
    }
    let value = test.values.iter().find(|value| {
        let alone = ConditionTest { values: vec![(*value).clone()], ..test.clone() };
        callers_of_test(&alone) == Callers::Anybody
    })?;
    let key = &test.key;
    let folded = key.to_lowercase();
    if let Some(tag) = folded.strip_prefix("aws:principaltag/") {
        let tag = &key[key.len() - tag.len()..];
        return Some(format!("any account can give its users and roles the tag {tag}={value}"));
    }
    if folded == "aws:username" {
        return Some(format!("any account can have a user {value}"));
    }
    let (identifier, _) = identifier(key)?;
    let part = match identifier {
        Identifier::Network => return Some(format!("{value} is a large part of the internet")),
        Identifier::Arn | Identifier::SourceArn | Identifier::AccessPointArn => "no account",
        Identifier::OrganizationPath => "no organization",
        Identifier::Id | Identifier::UserId => "nobody",
    };
    Some(format!("{key} {value} names {part}"))
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

/// Tells if a test limits the principals of an account that the statement names.
fn limits(test: &ConditionTest) -> bool {
    let key = test.key.to_lowercase();
    identifier(&key).is_some()
        || OF_ACCOUNT.contains(&key.as_str())
        || key.starts_with("aws:principaltag/")
}

fn proves(test: &ConditionTest) -> bool {
    let key = test.key.to_lowercase();
    let second_factor = key == "aws:multifactorauthpresent";
    limits(test)
        || (PROVING.contains(&key.as_str())
            && (!second_factor || test.values.iter().all(|it| it == "true")))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::lint::{Finding, Home, lint};
    use crate::{Severity, Usage, is_public};

    fn document(usage: Usage, condition: &Value) -> Value {
        let mut statement = json!({"Effect": "Allow", "Principal": {"AWS": "*"},
            "Action": "sts:AssumeRole", "Condition": condition});
        if usage == Usage::Bucket {
            statement["Action"] = json!("s3:GetObject");
            statement["Resource"] = json!("arn:aws:s3:::quarry-photos/*");
        }
        json!({"Version": "2012-10-17", "Statement": statement})
    }

    fn found(usage: Usage, condition: &Value) -> Finding {
        let home = Home { usage, account: "123456789012", partition: "aws", grants: true };
        let mut found = lint(&document(usage, condition), &home);
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }

    #[test]
    fn what_any_account_can_have_keeps_nobody_out() {
        for (condition, reason) in [
            (
                json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/reader"}}),
                "aws:PrincipalArn arn:aws:iam::*:role/reader names no account",
            ),
            (json!({"StringLike": {"aws:PrincipalOrgID": "o-*"}}), "names nobody"),
            (json!({"StringEquals": {"aws:username": "ada"}}), "any account can have a user ada"),
            (
                json!({"StringEquals": {"aws:PrincipalTag/team": "ops"}}),
                "any account can give its users and roles the tag team=ops",
            ),
            (json!({"IpAddress": {"aws:SourceIp": "0.0.0.0/1"}}), "large part of the internet"),
        ] {
            for (usage, rule) in [(Usage::Trust, "trust-anyone"), (Usage::Bucket, "public-access")]
            {
                let found = found(usage, &condition);
                assert_eq!((found.rule, found.severity), (rule, Severity::Error), "{condition}");
                assert!(found.message.ends_with(reason), "{}", found.message);
            }
            assert!(is_public(&document(Usage::Bucket, &condition)), "{condition}");
        }
    }

    #[test]
    fn a_pattern_within_an_account_is_public_to_s3_alone() {
        let own = json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::123456789012:role/app-*"}});
        let of_bucket = found(Usage::Bucket, &own);
        assert_eq!((of_bucket.rule, of_bucket.severity), ("principal-wildcard", Severity::Note));
        assert!(of_bucket.message.contains("BlockPublicPolicy"), "{}", of_bucket.message);
        assert!(is_public(&document(Usage::Bucket, &own)));
        assert!(!found(Usage::Trust, &own).message.contains("BlockPublicPolicy"));
        let fixed = json!({"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}});
        assert!(!found(Usage::Bucket, &fixed).message.contains("BlockPublicPolicy"));
        assert!(!is_public(&document(Usage::Bucket, &fixed)));
    }

    #[test]
    fn a_statement_on_tags_alone_lets_nobody_in() {
        let statement = json!({"Effect": "Allow", "Action": "sts:TagSession",
            "Principal": {"AWS": "arn:aws:iam::210987654321:role/ci"}});
        let document = json!({"Version": "2012-10-17", "Statement": statement});
        let home =
            Home { usage: Usage::Trust, account: "123456789012", partition: "aws", grants: true };
        assert_eq!(lint(&document, &home), []);
    }
}
