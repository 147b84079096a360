//! The rules on trust in AWS services. A service acts for all of AWS's customers: a statement that
//! names only the service is for whoever can make it act ("The confused deputy problem", IAM User
//! Guide).

use crate::Usage;
use crate::callers::{Callers, callers_of_test};
use crate::canonical::is_account;
use crate::diagnostic::Severity;
use crate::statement::{ConditionTest, PrincipalType};

use super::finding::{Finding, Home};
use super::rule::{Rule, RuleSource};
use super::site::Site;

pub(super) const SERVICE_WITHOUT_SOURCE: Rule = Rule::new(
    "service-without-source",
    Severity::Warning,
    "A service that may act for any AWS customer",
    "A service such as CloudFront acts for all customers. Without a condition on the source, \
        somebody else's distribution can read the bucket. In a trust policy, and where the \
        resource holds the account, it is a note.",
    "Demand aws:SourceArn or aws:SourceAccount in a condition.",
)
.with_example(
    Usage::Bucket,
    r#"{"Effect": "Allow", "Action": "s3:GetObject",
 "Principal": {"Service": "cloudfront.amazonaws.com"},
 "Resource": "arn:aws:s3:::relay-data/*"}"#,
    r#"{"Effect": "Allow", "Action": "s3:GetObject",
 "Principal": {"Service": "cloudfront.amazonaws.com"},
 "Resource": "arn:aws:s3:::relay-data/*",
 "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}}"#,
)
.with_source(RuleSource::IamGuide("confused-deputy"));

pub(super) const CONDITION_KEY_FOR_SERVICE: Rule = Rule::new(
    "condition-key-for-service",
    Severity::Warning,
    "A condition key that the requests of services don't carry",
    "A service has no organization, no tags and no address of yours, so the test never holds, and \
        the service is never allowed.",
    "Test the source: aws:SourceOrgID, aws:SourceAccount or aws:SourceArn.",
)
.with_example(
    Usage::Bucket,
    r#"{"Effect": "Allow", "Action": "s3:PutObject",
 "Principal": {"Service": "cloudtrail.amazonaws.com"},
 "Resource": "arn:aws:s3:::relay-data/*",
 "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}}"#,
    r#"{"Effect": "Allow", "Action": "s3:PutObject",
 "Principal": {"Service": "cloudtrail.amazonaws.com"},
 "Resource": "arn:aws:s3:::relay-data/*",
 "Condition": {"StringEquals": {"aws:SourceOrgID": "o-a1b2c3d4e5"}}}"#,
)
.with_source(RuleSource::IamGuide("access-analyzer-reference-policy-checks"));

/// The keys that say for whom a service acts.
const SOURCES: &[&str] = &[
    "aws:sourcearn",
    "aws:sourceaccount",
    "aws:sourceowner",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
];

/// The keys about a user or role, which the requests of a service don't carry (check
/// "UNSUPPORTED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL" of IAM Access Analyzer).
const OF_PEOPLE: &[&str] = &[
    "aws:multifactorauthage",
    "aws:multifactorauthpresent",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceip",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:username",
    "aws:vpcsourceip",
];

/// The services whose guides ask for a source in the trust policies of their roles. Other services
/// send none, so a test would lock them out.
const IN_TRUST: &[&str] = &[
    "backup",
    "batch",
    "bedrock",
    "cloudformation",
    "codebuild",
    "datasync",
    "ecs-tasks",
    "elasticmapreduce",
    "events",
    "export.rds",
    "grafana",
    "iot",
    "monitoring.rds",
    "personalize",
    "pipes",
    "rds",
    "sagemaker",
    "scheduler",
    "states",
    "transfer",
];

/// The forms of the source ARNs of services that write to buckets, from the services' guides.
const SOURCE_ARNS: &[(&str, &str)] = &[
    ("appstream", "appstream:REGION:ACCOUNT:fleet/NAME"),
    ("bcm-data-exports", "bcm-data-exports:us-east-1:ACCOUNT:export/*"),
    ("billingreports", "cur:us-east-1:ACCOUNT:definition/*"),
    ("cloudfront", "cloudfront::ACCOUNT:distribution/ID"),
    ("cloudtrail", "cloudtrail:REGION:ACCOUNT:trail/NAME"),
    ("delivery.logs", "logs:REGION:ACCOUNT:*"),
    ("guardduty", "guardduty:REGION:ACCOUNT:detector/ID"),
    ("inspector2", "inspector2:REGION:ACCOUNT:report/*"),
    ("logdelivery.elasticloadbalancing", "elasticloadbalancing:REGION:ACCOUNT:loadbalancer/*"),
    ("logs", "logs:REGION:ACCOUNT:log-group:*"),
    ("macie", "macie2:REGION:ACCOUNT:*"),
    ("ses", "ses:REGION:ACCOUNT:receipt-rule-set/SET:receipt-rule/RULE"),
];

pub(super) fn find_services_without_source(site: &Site<'_>, home: &Home<'_>) -> Vec<Finding> {
    let Some(principals) = site.statement.principals.as_ref().filter(|it| !it.not) else {
        return Vec::new();
    };
    let is_service = |(kind, _): &&(PrincipalType, String)| *kind == PrincipalType::Service;
    let services: Vec<&str> =
        principals.names.iter().filter(is_service).map(|(_, name)| name.as_str()).collect();
    let Some(first) = services.first() else { return Vec::new() };
    // IAM Roles Anywhere sends the parts of a certificate as tags ("Trust policy", IAM Roles
    // Anywhere User Guide).
    let has_tags = services.iter().all(|name| prefix(name) == "rolesanywhere");
    let of_people = site.demands().find(|test| is_of_people(&test.key, has_tags));
    if let Some(test) = of_people {
        let only = services.len() == principals.names.len();
        return only.then(|| never_carried(site, first, test)).into_iter().collect();
    }
    let sources = source_tests(site);
    if sources.iter().any(|test| callers_of_test(test) != Callers::Anybody) {
        return bucket_without_account(site, &sources).into_iter().collect();
    }
    let external_id = |test: &ConditionTest| test.key.eq_ignore_ascii_case("sts:ExternalId");
    let told = |name: &&str| match home.usage {
        Usage::Trust => IN_TRUST.contains(&prefix(name)) && !site.demands().any(external_id),
        Usage::Bucket => true,
        Usage::Managed
        | Usage::UserInline
        | Usage::GroupInline
        | Usage::RoleInline
        | Usage::Limiting(_) => false,
    };
    let services = services.into_iter().filter(told);
    services.map(|name| without_source(site, home, name)).collect()
}

fn is_of_people(key: &str, has_tags: bool) -> bool {
    let key = key.to_lowercase();
    OF_PEOPLE.contains(&key.as_str()) || (!has_tags && key.starts_with("aws:principaltag/"))
}

fn source_tests<'a>(site: &Site<'a>) -> Vec<&'a ConditionTest> {
    let is_source = |test: &&ConditionTest| SOURCES.contains(&test.key.to_lowercase().as_str());
    site.statement.conditions.iter().filter(is_source).collect()
}

/// Returns the name without the domain: `delivery.logs` of `delivery.logs.amazonaws.com`.
fn prefix(service: &str) -> &str {
    let service = service.strip_suffix(".cn").unwrap_or(service);
    service.strip_suffix(".amazonaws.com").unwrap_or(service)
}

fn never_carried(site: &Site<'_>, service: &str, test: &ConditionTest) -> Finding {
    let message =
        format!("requests of {service} carry no {}: the service is never allowed", test.key);
    let remedy = if test.key.to_lowercase().starts_with("aws:principalorg") {
        "test the organization of the source: aws:SourceOrgID, or aws:SourceOrgPaths"
    } else {
        "test the source: aws:SourceArn or aws:SourceAccount"
    };
    let place = site.condition(&test.key);
    Finding::new(&CONDITION_KEY_FOR_SERVICE, Severity::Warning, place, message, remedy)
}

fn without_source(site: &Site<'_>, home: &Home<'_>, service: &str) -> Finding {
    let whose = if prefix(service) == "cloudfront" { "distribution" } else { "resource" };
    let reason = site
        .statement
        .conditions
        .iter()
        .find(|test| SOURCES.contains(&test.key.to_lowercase().as_str()));
    let reason = match reason {
        Some(test) => format!("{} doesn't say", test.key),
        None => "no condition says".to_owned(),
    };
    let message = format!("{service} may do this for any AWS customer: {reason} for whose {whose}");
    let by_account =
        format!("{{\"StringEquals\": {{\"aws:SourceAccount\": \"{}\"}}}}", home.account);
    let form = SOURCE_ARNS.iter().find(|(name, _)| *name == prefix(service));
    let remedy = match form.filter(|_| home.usage == Usage::Bucket) {
        Some((_, form)) => {
            let arn = form.replace("ACCOUNT", home.account);
            let partition = home.partition;
            format!(
                "demand {{\"ArnLike\": {{\"aws:SourceArn\": \"arn:{partition}:{arn}\"}}}} or \
                    {by_account}"
            )
        }
        None => format!("demand {by_account}, or aws:SourceArn"),
    };
    let noted = home.usage == Usage::Trust || has_account_in_resources(site, service);
    let severity = if noted { Severity::Note } else { Severity::Warning };
    Finding::new(&SERVICE_WITHOUT_SOURCE, severity, site.principal(service), message, remedy)
}

/// Tells if a load balancer writes only below the number of an account, as in the policy that the
/// guide of Elastic Load Balancing has without a condition.
fn has_account_in_resources(site: &Site<'_>, service: &str) -> bool {
    let balancer =
        matches!(prefix(service), "logdelivery.elasticloadbalancing" | "logdelivery.elb");
    let has_account = |pattern: &String| {
        let below = pattern.split_once("/AWSLogs/").map(|(_, below)| below);
        below.and_then(|below| below.split('/').next()).is_some_and(is_account)
    };
    let resources = site.statement.resources.as_ref().filter(|clause| !clause.not);
    balancer && resources.is_some_and(|clause| clause.patterns.iter().all(has_account))
}

/// Returns the note on a source that is a bucket: its ARN holds no account, and whoever makes a
/// bucket of that name later is the source.
fn bucket_without_account(site: &Site<'_>, sources: &[&ConditionTest]) -> Option<Finding> {
    let named = |test: &&&ConditionTest| callers_of_test(test) != Callers::Anybody;
    let is_arn = |test: &ConditionTest| test.key.eq_ignore_ascii_case("aws:SourceArn");
    if sources.iter().filter(named).any(|test| !is_arn(test)) {
        return None;
    }
    let test = sources.iter().filter(named).find(|test| {
        let of_bucket = |value: &String| value.split(':').nth(2) == Some("s3");
        test.values.iter().any(of_bucket)
    })?;
    let message = "the ARN of a bucket holds no account: if the bucket is deleted, somebody else \
        can make one of its name";
    let remedy = "demand aws:SourceAccount too";
    let place = site.condition(&test.key);
    Some(Finding::new(&SERVICE_WITHOUT_SOURCE, Severity::Note, place, message, remedy))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::lint::Home;
    use crate::lint::tests::lint_reach;
    use crate::{Severity, Usage};

    fn found(
        usage: Usage,
        service: &str,
        resource: &str,
        condition: &Value,
    ) -> Vec<(&'static str, Severity)> {
        let mut statement = json!({"Effect": "Allow", "Principal": {"Service": service},
            "Action": "sts:AssumeRole", "Condition": condition});
        if usage == Usage::Bucket {
            statement["Action"] = json!("s3:PutObject");
            statement["Resource"] = json!(resource);
        }
        let document = json!({"Version": "2012-10-17", "Statement": statement});
        let home = Home { usage, account: "123456789012", partition: "aws", grants: true };
        lint_reach(&document, &home).into_iter().map(|it| (it.rule, it.severity)).collect()
    }

    fn in_bucket(condition: &Value) -> Vec<(&'static str, Severity)> {
        found(Usage::Bucket, "cloudtrail.amazonaws.com", "arn:aws:s3:::b/*", condition)
    }

    #[test]
    fn a_service_acts_for_whom_a_condition_names() {
        let open = [("service-without-source", Severity::Warning)];
        for vain in [
            json!({}),
            json!({"ArnLike": {"aws:SourceArn": "arn:aws:cloudtrail:*:*:trail/*"}}),
            json!({"StringEqualsIfExists": {"aws:SourceAccount": "123456789012"}}),
            json!({"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}),
        ] {
            assert_eq!(in_bucket(&vain), open, "{vain}");
        }
        for enough in [
            json!({"ArnLike": {"AWS:SourceArn": "arn:aws:cloudtrail:*:123456789012:trail/*"}}),
            json!({"StringEquals": {"aws:SourceAccount": "123456789012"}}),
            json!({"StringEquals": {"aws:SourceOrgID": "o-a1b2c3d4e5"}}),
        ] {
            assert_eq!(in_bucket(&enough), [], "{enough}");
        }
        let note = [("service-without-source", Severity::Note)];
        let bucket = json!({"ArnEquals": {"aws:SourceArn": "arn:aws:s3:::quarry-photos"}});
        assert_eq!(in_bucket(&bucket), note);
        let both = json!({"ArnEquals": {"aws:SourceArn": "arn:aws:s3:::quarry-photos"},
            "StringEquals": {"aws:SourceAccount": "123456789012"}});
        assert_eq!(in_bucket(&both), []);
    }

    #[test]
    fn services_that_send_a_source_are_noted_in_trust_policies() {
        let in_trust = |service: &str| found(Usage::Trust, service, "", &json!({}));
        let note = [("service-without-source", Severity::Note)];
        assert_eq!(in_trust("scheduler.amazonaws.com"), note);
        assert_eq!(in_trust("lambda.amazonaws.com"), []);
        let id = json!({"StringEquals": {"sts:ExternalId": "relay-4711"}});
        assert_eq!(found(Usage::Trust, "scheduler.amazonaws.com", "", &id), []);
    }

    #[test]
    fn a_load_balancer_that_writes_below_an_account_is_a_note() {
        let service = "logdelivery.elasticloadbalancing.amazonaws.com";
        let on = |resource: &str| found(Usage::Bucket, service, resource, &json!({}));
        let own = "arn:aws:s3:::b/web/AWSLogs/123456789012/*";
        assert_eq!(on(own), [("service-without-source", Severity::Note)]);
        let any = "arn:aws:s3:::b/web/AWSLogs/*";
        assert_eq!(on(any), [("service-without-source", Severity::Warning)]);
    }

    #[test]
    fn the_tags_of_a_certificate_are_sent() {
        let trusted = |service: &str| {
            let condition = json!({"StringEquals": {"aws:PrincipalTag/x509Subject/CN": "relay"}});
            let document = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow",
                "Principal": {"Service": service}, "Action": "sts:AssumeRole",
                "Condition": condition}});
            let home = Home {
                usage: Usage::Trust,
                account: "123456789012",
                partition: "aws",
                grants: true,
            };
            let found = lint_reach(&document, &home);
            found.iter().any(|finding| finding.rule == "condition-key-for-service")
        };
        assert!(!trusted("rolesanywhere.amazonaws.com"));
        assert!(trusted("lambda.amazonaws.com"));
    }

    #[test]
    fn a_service_has_no_organization_of_its_own() {
        let condition = json!({"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}});
        assert_eq!(in_bucket(&condition), [("condition-key-for-service", Severity::Warning)]);
    }
}
