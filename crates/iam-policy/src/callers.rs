//! The callers whom the conditions of a statement for everybody (`"Principal": "*"`) let in.
//!
//! A condition narrows everybody by its value, not by its key: `aws:PrincipalArn` of
//! `arn:aws:iam::*:role/reader` is met by whoever makes a role of that name in an account of their
//! own. Lint, S3's public access block and the plan all ask this one table.

use ipnet::IpNet;

use crate::canonical::is_account;
use crate::condition::network;
use crate::statement::{ConditionTest, OperatorName, Quantifier};

/// The callers that conditions let in, the widest set first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Callers {
    /// Anybody can meet the conditions.
    Anybody,
    /// An account, organization or network is named, but by a pattern, or by a key that S3 doesn't
    /// count: S3 takes the policy for public all the same.
    Named,
    /// The values are fixed: to S3 the policy isn't public ("The meaning of public", Amazon S3 User
    /// Guide).
    Fixed,
}

/// The part of a value that says whose the request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Identifier {
    /// An ARN, by its account.
    Arn,
    /// The ARN of the resource that a service acts for. That of a bucket holds no account: the name
    /// of the bucket is unique.
    SourceArn,
    /// The ARN of an access point. S3 asks only that its account is fixed.
    AccessPointArn,
    /// The id of an account, organization, network or key: no part of it says anything.
    Id,
    /// The path of an organization, by the organization's id before the first `/`.
    OrganizationPath,
    /// The unique id of a user or role, before the name of the session.
    UserId,
    /// An address on the internet.
    Network,
}

/// The keys that say whose a request is, in lower case, and true for those that S3 counts. No tag,
/// no name of a user and no header is among them: anybody can give them to themselves.
const KEYS: &[(&str, Identifier, bool)] = &[
    ("aws:principalaccount", Identifier::Id, true),
    ("aws:principalarn", Identifier::Arn, true),
    ("aws:principalorgid", Identifier::Id, true),
    ("aws:principalorgpaths", Identifier::OrganizationPath, true),
    ("aws:sourceaccount", Identifier::Id, true),
    ("aws:sourcearn", Identifier::SourceArn, true),
    ("aws:sourceip", Identifier::Network, true),
    ("aws:sourceorgid", Identifier::Id, true),
    ("aws:sourceorgpaths", Identifier::OrganizationPath, true),
    ("aws:sourceowner", Identifier::Id, true),
    ("aws:sourcevpc", Identifier::Id, true),
    ("aws:sourcevpcarn", Identifier::Arn, false),
    ("aws:sourcevpce", Identifier::Id, true),
    ("aws:userid", Identifier::UserId, true),
    ("aws:vpceaccount", Identifier::Id, false),
    ("aws:vpceorgid", Identifier::Id, false),
    ("aws:vpceorgpaths", Identifier::OrganizationPath, false),
    ("codebuild:buildarn", Identifier::Arn, false),
    ("codebuild:projectarn", Identifier::Arn, false),
    ("ec2:sourceinstancearn", Identifier::Arn, false),
    ("lambda:sourcefunctionarn", Identifier::Arn, false),
    ("s3:dataaccesspointaccount", Identifier::Id, true),
    ("s3:dataaccesspointarn", Identifier::AccessPointArn, true),
    ("s3:x-amz-server-side-encryption-aws-kms-key-id", Identifier::Id, true),
    ("ssm:sourceinstancearn", Identifier::Arn, false),
];

/// Returns the callers whom the conditions let in. All tests must hold, so the narrowest counts.
pub(super) fn callers(conditions: &[ConditionTest]) -> Callers {
    conditions.iter().map(callers_of_test).max().unwrap_or(Callers::Anybody)
}

/// Returns the callers whom one test lets in. One of its values is enough, so the widest counts.
pub(super) fn callers_of_test(test: &ConditionTest) -> Callers {
    let Some((identifier, counted)) = identifier(&test.key).filter(|_| is_demanded(test)) else {
        return Callers::Anybody;
    };
    let comparison = test.operator.comparison;
    let widest =
        test.values.iter().map(|value| callers_of_value(identifier, value, comparison)).min();
    let found = widest.unwrap_or(Callers::Fixed);
    if counted { found } else { found.min(Callers::Named) }
}

/// Returns the part of a key's values that says whose the request is, and true if S3 counts the
/// key; `None` for the keys that don't say it.
pub(super) fn identifier(key: &str) -> Option<(Identifier, bool)> {
    let key = key.to_lowercase();
    KEYS.iter()
        .find(|(known, ..)| *known == key)
        .map(|(_, identifier, counted)| (*identifier, *counted))
}

/// Tells if a request meets a test only with one of the test's values: the test isn't negated, and
/// a request without the key doesn't meet it.
pub(super) fn is_demanded(test: &ConditionTest) -> bool {
    let positive = matches!(
        test.operator.comparison,
        OperatorName::StringEquals
            | OperatorName::StringEqualsIgnoreCase
            | OperatorName::StringLike
            | OperatorName::ArnEquals
            | OperatorName::ArnLike
            | OperatorName::IpAddress
    );
    let certain =
        !test.operator.if_exists && test.operator.quantifier != Some(Quantifier::ForAllValues);
    positive && certain
}

/// Tells if `*` and `?` in the values of a comparison are wildcards. ArnEquals has them, too.
pub(super) fn has_wildcards(comparison: OperatorName) -> bool {
    matches!(comparison, OperatorName::StringLike | OperatorName::ArnLike | OperatorName::ArnEquals)
}

fn callers_of_value(identifier: Identifier, value: &str, comparison: OperatorName) -> Callers {
    if identifier == Identifier::Network {
        return if network(value).is_some_and(|network| !is_broad(network)) {
            Callers::Fixed
        } else {
            Callers::Anybody
        };
    }
    if identifier == Identifier::AccessPointArn {
        let account = value.split(':').nth(4).is_some_and(is_account);
        return if account { Callers::Fixed } else { Callers::Anybody };
    }
    let (value, of_owner) = with_owner(value);
    if !value.contains(['*', '?', '$']) {
        return if of_owner { Callers::Named } else { Callers::Fixed };
    }
    // Without wildcards in the operator, nobody meets such a value. S3 looks at the value alone.
    let literal = !has_wildcards(comparison) && !value.contains("${");
    if literal || is_named(identifier, &value, comparison) {
        Callers::Named
    } else {
        Callers::Anybody
    }
}

/// Puts an account and an organization for the variables of the resource's own, which name one
/// owner; true if the value has one of them.
fn with_owner(value: &str) -> (String, bool) {
    const OWNERS: [(&str, &str); 2] =
        [("${aws:resourceaccount}", "000000000000"), ("${aws:resourceorgid}", "o-0000000000")];
    let mut filled = value.to_owned();
    for (variable, id) in OWNERS {
        while let Some(at) = filled.to_ascii_lowercase().find(variable) {
            filled.replace_range(at..at + variable.len(), id);
        }
    }
    let changed = filled != value;
    (filled, changed)
}

/// Tells if a value with wildcards or variables names somebody. Of a text it is the part before the
/// first of them that does, since `*` also matches colons; ARN operators compare part by part. The
/// names of roles' paths may have colons, those of the resources of services have none before
/// their account.
fn is_named(identifier: Identifier, value: &str, comparison: OperatorName) -> bool {
    let fixed = fixed_text(value);
    let by_part = matches!(comparison, OperatorName::ArnLike | OperatorName::ArnEquals);
    match identifier {
        Identifier::Arn if by_part => names_account(value),
        Identifier::Arn => names_account(fixed),
        Identifier::SourceArn => names_account(value) || names_bucket(fixed),
        Identifier::OrganizationPath => {
            fixed.split_once('/').is_some_and(|(id, _)| id.starts_with("o-") && id.len() > 2)
        }
        Identifier::UserId => fixed.split_once(':').is_some_and(|(id, _)| id.len() >= 16),
        Identifier::Id | Identifier::AccessPointArn | Identifier::Network => false,
    }
}

/// Returns the text before the first wildcard or variable.
pub(super) fn fixed_text(value: &str) -> &str {
    let end = value.find(['*', '?']).into_iter().chain(value.find("${")).min();
    &value[..end.unwrap_or(value.len())]
}

/// Tells if an ARN, or its beginning, holds its whole account.
fn names_account(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    parts.len() == 6 && is_account(parts[4])
}

/// Tells if the beginning of an ARN holds the whole name of a bucket.
fn names_bucket(fixed: &str) -> bool {
    let parts: Vec<&str> = fixed.splitn(6, ':').collect();
    let name = parts.get(5).and_then(|rest| rest.split_once('/')).map(|(name, _)| name);
    parts.get(2) == Some(&"s3") && name.is_some_and(|name| !name.is_empty())
}

/// Tells if a network is one of those that S3 takes for public: "broader than /8 for IPv4 and /32
/// for IPv6 (excluding RFC1918 private ranges)". No private range is broader than /8.
fn is_broad(network: IpNet) -> bool {
    match network {
        IpNet::V4(network) => network.prefix_len() < 8,
        IpNet::V6(network) => network.prefix_len() < 32,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::statement::Policy;

    fn of(condition: &Value) -> Callers {
        let statement = json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
            "Resource": "*", "Condition": condition});
        let document = json!({"Version": "2012-10-17", "Statement": statement});
        callers(&Policy::compile("p", &document).unwrap().statements[0].conditions)
    }

    fn like(key: &str, value: &str) -> Callers {
        of(&json!({"StringLike": {key: value}}))
    }

    #[test]
    fn values_that_any_account_can_have_narrow_nobody() {
        for (key, value) in [
            ("aws:PrincipalArn", "arn:aws:iam::*:role/reader"),
            ("aws:PrincipalArn", "arn:*:iam::123456789012:role/reader"),
            ("aws:PrincipalArn", "arn:aws:iam::12345678901?:role/reader"),
            ("aws:SourceArn", "arn:aws:cloudfront::*:distribution/*"),
            ("aws:SourceArn", "arn:aws:s3:::quarry-*"),
            ("aws:PrincipalAccount", "1234*"),
            ("aws:PrincipalOrgID", "o-*"),
            ("aws:PrincipalOrgPaths", "o-*/r-ab12/*"),
            ("aws:SourceVpce", "vpce-*"),
            ("aws:userid", "*:ada"),
            ("aws:userid", "AROA*"),
            ("aws:PrincipalTag/team", "ops"),
            ("aws:username", "ada"),
            ("aws:PrincipalType", "User"),
            ("aws:Referer", "https://quarry.example/"),
            ("aws:VpcSourceIp", "10.0.0.7"),
            ("aws:PrincipalArn", "${aws:PrincipalArn}"),
            ("aws:PrincipalAccount", "${aws:PrincipalAccount}"),
        ] {
            assert_eq!(like(key, value), Callers::Anybody, "{key} {value}");
        }
    }

    #[test]
    fn a_pattern_behind_a_whole_account_names_somebody() {
        for (key, value) in [
            ("aws:PrincipalArn", "arn:aws:iam::123456789012:role/app-*"),
            ("aws:SourceArn", "arn:aws:cloudfront::123456789012:distribution/*"),
            ("aws:SourceArn", "arn:aws:s3:::quarry-photos/*"),
            ("aws:PrincipalOrgPaths", "o-a1b2c3d4e5/r-ab12/*"),
            ("aws:userid", "AROAEXAMPLEEXAMPLE123:*"),
            ("aws:PrincipalAccount", "${aws:ResourceAccount}"),
            ("AWS:PrincipalOrgID", "${aws:ResourceOrgID}"),
            ("aws:PrincipalArn", "arn:aws:iam::${aws:ResourceAccount}:role/app-*"),
            ("lambda:SourceFunctionArn", "arn:aws:lambda:eu-west-1:123456789012:function:x"),
        ] {
            assert_eq!(like(key, value), Callers::Named, "{key} {value}");
        }
    }

    #[test]
    fn operators_for_arns_compare_the_account_alone() {
        let arn = |operator: &str, value: &str| of(&json!({operator: {"aws:PrincipalArn": value}}));
        let own = "arn:*:iam::123456789012:role/reader";
        assert_eq!(arn("ArnLike", own), Callers::Named);
        assert_eq!(arn("ArnEquals", own), Callers::Named);
        // A path may have colons: role/:iam::123456789012:role/reader.
        assert_eq!(arn("StringLike", own), Callers::Anybody);
        assert_eq!(arn("ArnLike", "arn:aws:iam::*:role/reader"), Callers::Anybody);
        let trail = "arn:aws:cloudtrail:*:123456789012:trail/*";
        assert_eq!(like("aws:SourceArn", trail), Callers::Named);
    }

    #[test]
    fn whole_values_are_fixed() {
        for (key, value) in [
            ("aws:PrincipalArn", "arn:aws:iam::123456789012:role/reader"),
            ("aws:SourceArn", "arn:aws:s3:::quarry-photos"),
            ("aws:PrincipalAccount", "123456789012"),
            ("aws:PrincipalOrgID", "o-a1b2c3d4e5"),
            ("aws:SourceVpce", "vpce-0a1b2c3d"),
            ("aws:userid", "AIDAEXAMPLEEXAMPLE123"),
            ("s3:DataAccessPointArn", "arn:aws:s3:eu-west-1:123456789012:accesspoint/*"),
        ] {
            assert_eq!(like(key, value), Callers::Fixed, "{key} {value}");
        }
    }

    #[test]
    fn one_value_opens_a_test_and_one_test_closes_a_statement() {
        let own = "arn:aws:iam::123456789012:role/reader";
        let any = "arn:aws:iam::*:role/reader";
        assert_eq!(of(&json!({"ArnLike": {"aws:PrincipalArn": [own, any]}})), Callers::Anybody);
        let both = json!({"ArnLike": {"aws:PrincipalArn": any},
            "StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}});
        assert_eq!(of(&both), Callers::Fixed);
        for vain in [
            json!({"StringNotEquals": {"aws:PrincipalAccount": "123456789012"}}),
            json!({"StringEqualsIfExists": {"aws:PrincipalAccount": "123456789012"}}),
            json!({"ForAllValues:StringEquals": {"aws:PrincipalAccount": "123456789012"}}),
            json!({"Null": {"aws:PrincipalAccount": "false"}}),
        ] {
            assert_eq!(of(&vain), Callers::Anybody, "{vain}");
        }
        // Nobody has such an id; to S3 it is a wildcard.
        let literal = json!({"StringEquals": {"aws:PrincipalOrgID": "o-*"}});
        assert_eq!(of(&literal), Callers::Named);
    }

    #[test]
    fn a_large_part_of_the_internet_is_anybody() {
        let from = |network: &str| of(&json!({"IpAddress": {"aws:SourceIp": network}}));
        for broad in ["0.0.0.0/0", "0.0.0.0/1", "64.0.0.0/7", "::/0", "2001::/31", "nowhere"] {
            assert_eq!(from(broad), Callers::Anybody, "{broad}");
        }
        for narrow in ["10.0.0.0/8", "203.0.113.7", "2001:db8::/32"] {
            assert_eq!(from(narrow), Callers::Fixed, "{narrow}");
        }
    }
}
