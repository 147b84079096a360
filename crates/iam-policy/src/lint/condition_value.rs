//! Rules on values of conditions that no request has: malformed numbers, dates, addresses and ids,
//! and addresses that aren't on the internet.

use data_encoding::BASE64;
use ipnet::IpNet;

use crate::Usage;
use crate::condition::{Number, is_address_range, may_be_date, network};
use crate::diagnostic::Severity;
use crate::statement::{Effect, OperatorName};

use super::arn::is_literal;
use super::finding::{Finding, Home};
use super::placeholder::find_placeholder;
use super::rule::{Rule, RuleSource};
use super::site::{Site, TestSite};
use super::wording::list_few;

pub(super) const CONDITION_VALUE: Rule = Rule::new(
    "condition-value",
    Severity::Warning,
    "A value of a condition that no request has",
    "AWS accepts a malformed number, date, address or id: a test for equality then never holds, \
        and a negated one always does. A date in seconds and a network with digits behind its \
        prefix are notes: they are likely something else than they say.",
    "Write the value in the form that the operator or the key takes.",
)
.with_example(
    Usage::Managed,
    r#"{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::relay-data",
 "Condition": {"NumericLessThanEquals": {"s3:max-keys": "ten"}}}"#,
    r#"{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::relay-data",
 "Condition": {"NumericLessThanEquals": {"s3:max-keys": "10"}}}"#,
)
.with_source(RuleSource::IamGuide("reference_policies_elements_condition_operators"));

pub(super) const PRIVATE_SOURCE_IP: Rule = Rule::new(
    "private-source-ip",
    Severity::Error,
    "aws:SourceIp with an address that isn't of the internet",
    "aws:SourceIp is the address from which a request reaches AWS over the internet. A request \
        through a VPC endpoint has aws:VpcSourceIp in its place. A test for a private network \
        never holds, and NotIpAddress always does: a Deny then denies everybody, which is an \
        error. Where some of the networks are private, this is a note.",
    "Test aws:VpcSourceIp together with aws:SourceVpc, or name the public addresses.",
)
.with_example(
    Usage::Managed,
    r#"{"Effect": "Deny", "Action": "s3:*", "Resource": "*",
 "Condition": {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}"#,
    r#"{"Effect": "Deny", "Action": "s3:*", "Resource": "*",
 "Condition": {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}"#,
)
.with_source(RuleSource::AccessAnalyzer("error-private-ip-address"));

/// The networks that aren't of the internet: RFC 1918, 6598, 1122, 3927, 4193 and 4291.
const PRIVATE: &[&str] = &[
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "fc00::/7",
    "fe80::/10",
    "::1/128",
];

/// The fault of a value.
struct Slip {
    severity: Severity,
    message: String,
    remedy: String,
}

/// Finds values that no request has: one finding for each.
pub(super) fn find_values(test: &TestSite<'_>, home: &Home<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, value) in test.test.values.iter().enumerate() {
        // The value of a variable isn't known here.
        if value.contains("${") || find_placeholder(value).is_some() {
            continue;
        }
        let slip = by_operator(test, value, home).or_else(|| by_key(test, value));
        findings.extend(slip.map(|Slip { severity, message, remedy }| {
            Finding::new(&CONDITION_VALUE, severity, test.value(index), message, remedy)
        }));
    }
    findings
}

fn by_operator(test: &TestSite<'_>, value: &str, home: &Home<'_>) -> Option<Slip> {
    use OperatorName as C;
    let holds = if test.is_negated() { "always holds" } else { "never holds" };
    let wrong = |what: &str, remedy: &str| {
        Some(Slip {
            severity: Severity::Warning,
            message: format!("`{value}` is no {what}, so the test {holds}"),
            remedy: remedy.to_owned(),
        })
    };
    match test.test.operator.comparison.positive().0 {
        C::NumericEquals
        | C::NumericLessThan
        | C::NumericLessThanEquals
        | C::NumericGreaterThan
        | C::NumericGreaterThanEquals => {
            Number::parse(value).is_none().then(|| wrong("number", "write digits: 3600"))?
        }
        C::DateEquals
        | C::DateLessThan
        | C::DateLessThanEquals
        | C::DateGreaterThan
        | C::DateGreaterThanEquals => {
            // Validation reports what IAM refuses in the policies of identities.
            if !may_be_date(value) {
                return (!home.usage.is_identity())
                    .then(|| wrong("date", "write it as 2026-01-31T12:00:00Z"))?;
            }
            let seconds = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
            (seconds && !test.is_on("aws:EpochTime")).then(|| seconds_as_date(value))
        }
        // Validation reports what S3 refuses.
        C::IpAddress if !is_address_range(value) => (home.usage != Usage::Bucket)
            .then(|| wrong("address", "write 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32"))?,
        C::IpAddress => host_bits(value),
        C::BinaryEquals => {
            BASE64.decode(value.as_bytes()).is_err().then(|| wrong("Base64", "encode the bytes"))?
        }
        _ => None,
    }
}

fn seconds_as_date(value: &str) -> Slip {
    let year = value.len() == 4;
    let message = if year {
        format!("`{value}` is read as seconds since 1970, and not as a year")
    } else {
        format!("`{value}` is read as seconds since 1970: nobody sees which day that is")
    };
    let remedy = "write it as 2026-01-31T12:00:00Z".to_owned();
    Slip { severity: Severity::Note, message, remedy }
}

/// Returns the slip of a network with bits behind its prefix: one address is meant, or another
/// prefix.
fn host_bits(value: &str) -> Option<Slip> {
    let written = value.parse::<IpNet>().ok()?;
    let whole = written.trunc();
    (written != whole).then(|| Slip {
        severity: Severity::Note,
        message: format!("`{value}` is {whole}: AWS ignores the bits behind the prefix"),
        remedy: format!("write {whole}, or {} for the one address", written.addr()),
    })
}

/// Returns the slip of an id or an ARN that the key can't have.
fn by_key(test: &TestSite<'_>, value: &str) -> Option<Slip> {
    let texts = [OperatorName::StringEquals, OperatorName::StringLike, OperatorName::ArnLike];
    if !test.compares_by(&texts) || !is_literal(value) {
        return None;
    }
    let never = if test.is_negated() { "always holds" } else { "never holds" };
    let slip = |message: String, remedy: &str| {
        let (severity, remedy) = (Severity::Warning, remedy.to_owned());
        Some(Slip { severity, message, remedy })
    };
    let ids = [("aws:SourceVpc", "vpc-", "a VPC"), ("aws:SourceVpce", "vpce-", "a VPC endpoint")];
    if let Some((_, prefix, of)) = ids.iter().find(|(key, ..)| test.is_on(key)) {
        let id = value.strip_prefix(prefix).unwrap_or_default();
        let right = matches!(id.len(), 8 | 17) && id.bytes().all(|it| it.is_ascii_alphanumeric());
        return if right {
            None
        } else {
            let message = format!("`{value}` is no id of {of}, so the test {never}");
            let remedy = format!("write {prefix} and 8 or 17 letters and digits");
            slip(message, &remedy)
        };
    }
    if test.is_on("s3:x-amz-server-side-encryption-aws-kms-key-id") {
        let parts: Vec<&str> = value.splitn(6, ':').collect();
        let is_key = parts.first() == Some(&"arn")
            && parts.get(2) == Some(&"kms")
            && parts.get(5).is_some_and(|rest| rest.starts_with("key/"));
        if !is_key {
            let message = format!("`{value}` is no ARN of a KMS key, so the test {never}");
            return slip(
                message,
                "write arn:aws:kms:<Region>:<account>:key/<id>: S3 compares ARNs of keys",
            );
        }
    }
    None
}

/// Finds tests of aws:SourceIp that name private networks.
pub(super) fn find_private_addresses(site: &Site<'_>, test: &TestSite<'_>) -> Option<Finding> {
    if !test.is_on("aws:SourceIp") || !test.compares_by(&[OperatorName::IpAddress]) {
        return None;
    }
    let values = &test.test.values;
    let private: Vec<String> = values.iter().filter(|value| is_private(value)).cloned().collect();
    let first = values.iter().position(|value| is_private(value))?;
    let operator = test.test.operator;
    let all = private.len() == values.len();
    let networks = list_few(&private);
    let negated = test.is_negated();
    let (severity, effect) = match (all, negated, site.statement.effect) {
        (false, ..) => (Severity::Note, String::new()),
        (true, true, Effect::Deny) => {
            (Severity::Error, format!(", so {operator} holds for everybody, and all are denied"))
        }
        (true, true, Effect::Allow) => (Severity::Warning, format!(", so {operator} always holds")),
        (true, false, _) => (Severity::Warning, format!(", so {operator} never holds")),
    };
    let be = if private.len() == 1 { "is private" } else { "are private" };
    let message =
        format!("aws:SourceIp is an address of the internet, and {networks} {be}{effect}");
    let remedy = "test aws:VpcSourceIp together with aws:SourceVpc, or name public addresses";
    Some(Finding::new(&PRIVATE_SOURCE_IP, severity, test.value(first), message, remedy))
}

fn is_private(value: &str) -> bool {
    let Some(written) = network(value) else { return false };
    PRIVATE.iter().filter_map(|it| network(it)).any(|private| private.contains(&written))
}
