//! The rules on trust policies whose action or external id doesn't fit their principals.

use crate::Usage;
use crate::callers::{has_wildcards, is_demanded};
use crate::diagnostic::Severity;
use crate::statement::{Clause, ConditionTest, Effect, PrincipalType};

use super::finding::Finding;
use super::rule::{Rule, RuleSource};
use super::site::Site;
use super::wording::list_few;

pub(super) const TRUST_ACTION: Rule = Rule::new(
    "trust-action",
    Severity::Error,
    "A trust policy whose action isn't the one of its principals",
    "Users, roles and services call sts:AssumeRole, users of a SAML provider \
        sts:AssumeRoleWithSAML, and those of an OIDC provider sts:AssumeRoleWithWebIdentity. \
        Without its action nobody can assume the role; an action without its principal is a \
        warning. Session tags also need sts:TagSession, and a source identity \
        sts:SetSourceIdentity; IAM Roles Anywhere needs both.",
    "Write the action of the principal.",
)
.with_example(
    Usage::Trust,
    r#"{"Effect": "Allow", "Action": "sts:AssumeRole",
 "Principal": {"Federated": "arn:aws:iam::123456789012:saml-provider/relay"}}"#,
    r#"{"Effect": "Allow", "Action": "sts:AssumeRoleWithSAML",
 "Principal": {"Federated": "arn:aws:iam::123456789012:saml-provider/relay"},
 "Condition": {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}}}"#,
)
.with_source(RuleSource::IamGuide("access-analyzer-reference-policy-checks"));

pub(super) const EXTERNAL_ID_WILDCARD: Rule = Rule::new(
    "external-id-wildcard",
    Severity::Warning,
    "An external id that many ids meet",
    "The external id keeps out the other customers of a company that uses the role. A pattern \
        such as ?* is met by the id of each of them.",
    "Demand the whole id with StringEquals.",
)
.with_example(
    Usage::Trust,
    r#"{"Effect": "Allow", "Action": "sts:AssumeRole",
 "Principal": {"AWS": "arn:aws:iam::999999999999:root"},
 "Condition": {"StringLike": {"sts:ExternalId": "?*"}}}"#,
    r#"{"Effect": "Allow", "Action": "sts:AssumeRole",
 "Principal": {"AWS": "arn:aws:iam::999999999999:root"},
 "Condition": {"StringEquals": {"sts:ExternalId": "relay-4711"}}}"#,
)
.with_source(RuleSource::IamGuide("confused-deputy"));

/// The way to assume a role that a principal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entrance {
    Plain,
    Saml,
    WebIdentity,
}

const ENTRANCES: [Entrance; 3] = [Entrance::Plain, Entrance::Saml, Entrance::WebIdentity];

impl Entrance {
    /// Returns that of a principal; `None` for everybody.
    fn of(kind: PrincipalType, name: &str) -> Option<Self> {
        match kind {
            PrincipalType::AWS | PrincipalType::Service => Some(Self::Plain),
            PrincipalType::Federated if name.contains(":saml-provider/") => Some(Self::Saml),
            PrincipalType::Federated => Some(Self::WebIdentity),
            PrincipalType::Everyone | PrincipalType::CanonicalUser => None,
        }
    }

    fn action(self) -> &'static str {
        match self {
            Self::Plain => "sts:AssumeRole",
            Self::Saml => "sts:AssumeRoleWithSAML",
            Self::WebIdentity => "sts:AssumeRoleWithWebIdentity",
        }
    }

    fn principals(self) -> &'static str {
        match self {
            Self::Plain => "users, roles and services",
            Self::Saml => "SAML providers",
            Self::WebIdentity => "OIDC providers",
        }
    }
}

/// Returns the ways that a statement's actions open.
fn open_entrances(actions: &Clause) -> Vec<Entrance> {
    ENTRANCES.into_iter().filter(|way| actions.applies_to(way.action())).collect()
}

/// Tells if a statement lets somebody assume the role: one with `sts:TagSession` alone doesn't.
pub(super) fn is_entrance(site: &Site<'_>) -> bool {
    !open_entrances(&site.statement.actions).is_empty()
}

/// Finds principals without their action, and actions without a principal. A statement that only
/// lets sessions have tags, a source identity or a context belongs to another one.
pub(super) fn find_misfits(site: &Site<'_>) -> Vec<Finding> {
    let actions = &site.statement.actions;
    let Some(principals) = site.statement.principals.as_ref().filter(|it| !it.not) else {
        return Vec::new();
    };
    let open = open_entrances(actions);
    if open.is_empty() {
        return Vec::new();
    }
    let misfit = |(kind, name): &(PrincipalType, String)| {
        let way = Entrance::of(*kind, name).filter(|way| !open.contains(way))?;
        let given = open.first()?;
        let message = format!(
            "nobody from `{name}` can assume this role: {} is for {}",
            given.action(),
            given.principals()
        );
        let remedy = format!("write {}", way.action());
        let place = site.principal(name);
        Some(Finding::new(&TRUST_ACTION, Severity::Error, place, message, remedy))
    };
    let misfits: Vec<Finding> = principals.names.iter().filter_map(misfit).collect();
    if misfits.is_empty() { idle_actions(site, &principals.names) } else { misfits }
}

/// The keys that a request carries only with a further action, and that action ("Passing session
/// tags in AWS STS", "Monitor and control actions taken with assumed roles", IAM User Guide).
const FURTHER: [(&str, &str); 5] = [
    ("aws:requesttag/", "sts:TagSession"),
    ("aws:tagkeys", "sts:TagSession"),
    ("sts:transitivetagkeys", "sts:TagSession"),
    ("sts:sourceidentity", "sts:SetSourceIdentity"),
    ("sts:requestcontextproviders", "sts:SetContext"),
];

/// Finds what a trust policy demands and no statement of it allows: session tags and a source
/// identity, and what IAM Roles Anywhere sends with each request ("Trust policy", IAM Roles
/// Anywhere User Guide).
pub(super) fn find_missing_actions(sites: &[Site<'_>]) -> Vec<Finding> {
    let allows = |action: &str| {
        let mut allowing = sites.iter().filter(|site| site.statement.effect == Effect::Allow);
        allowing.any(|site| site.statement.actions.applies_to(action))
    };
    let missing = |place: String, message: String, action: &str| {
        let remedy = format!("allow {action} as well");
        Finding::new(&TRUST_ACTION, Severity::Warning, place, message, remedy)
    };
    let mut findings = Vec::new();
    let entrances =
        sites.iter().filter(|it| it.statement.effect == Effect::Allow && is_entrance(it));
    for site in entrances {
        for test in site.demands() {
            let key = test.key.to_lowercase();
            let further = FURTHER.iter().find(|(form, _)| key.starts_with(form));
            let Some((_, action)) = further.filter(|(_, action)| !allows(action)) else { continue };
            let message =
                format!("no statement allows {action}: a request with {} is denied", test.key);
            findings.push(missing(site.condition(&test.key), message, action));
        }
        let principals = site.statement.principals.iter().filter(|it| !it.not);
        let anywhere = principals.flat_map(|it| &it.names).find(|(kind, name)| {
            *kind == PrincipalType::Service && name.starts_with("rolesanywhere.")
        });
        let Some((_, name)) = anywhere else { continue };
        for action in ["sts:TagSession", "sts:SetSourceIdentity"] {
            if !allows(action) {
                let message = format!("{name} also calls {action}, which no statement allows");
                findings.push(missing(site.principal(name), message, action));
            }
        }
    }
    findings
}

/// Finds the actions that are named for no principal.
fn idle_actions(site: &Site<'_>, names: &[(PrincipalType, String)]) -> Vec<Finding> {
    let ways: Vec<Option<Entrance>> =
        names.iter().map(|(kind, name)| Entrance::of(*kind, name)).collect();
    let actions = &site.statement.actions;
    if actions.not || ways.contains(&None) {
        return Vec::new();
    }
    let idle = |(index, pattern): (usize, &String)| {
        let way = ENTRANCES.into_iter().find(|way| pattern.eq_ignore_ascii_case(way.action()))?;
        if ways.contains(&Some(way)) {
            return None;
        }
        let message = format!("{pattern} is for {}: the statement names none", way.principals());
        let remedy = format!("take {pattern} out, or name the principal");
        let place = site.value("Action", index);
        Some(Finding::new(&TRUST_ACTION, Severity::Warning, place, message, remedy))
    };
    actions.patterns.iter().enumerate().filter_map(idle).collect()
}

/// The fewest characters besides wildcards that keep a pattern of external ids from being met by
/// chance.
const CHARACTERS: usize = 8;

/// Finds patterns of external ids that the ids of others meet.
pub(super) fn find_open_external_ids(site: &Site<'_>) -> Vec<Finding> {
    let tests = site.statement.conditions.iter().filter(|test| is_external_id(test));
    let finding = |test: &ConditionTest| {
        let open: Vec<String> =
            test.values.iter().filter(|value| is_open(test, value)).cloned().collect();
        if open.is_empty() {
            return None;
        }
        let message = format!("sts:ExternalId {} is met by the ids of others", list_few(&open));
        let remedy = "demand the id that you agreed on: {\"StringEquals\": {\"sts:ExternalId\": \
            \"…\"}}";
        let place = site.condition(&test.key);
        Some(Finding::new(&EXTERNAL_ID_WILDCARD, Severity::Warning, place, message, remedy))
    };
    tests.filter_map(finding).collect()
}

/// Tells if a test on the external id keeps nobody out.
pub(super) fn has_open_external_id(site: &Site<'_>) -> bool {
    let mut tests = site.statement.conditions.iter().filter(|test| is_external_id(test));
    tests.any(|test| test.values.iter().any(|value| is_open(test, value)))
}

fn is_external_id(test: &ConditionTest) -> bool {
    test.key.eq_ignore_ascii_case("sts:ExternalId") && is_demanded(test)
}

fn is_open(test: &ConditionTest, value: &str) -> bool {
    let fixed = value.chars().filter(|c| !matches!(c, '*' | '?')).count();
    has_wildcards(test.operator.comparison) && value.contains(['*', '?']) && fixed < CHARACTERS
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::lint::tests::lint_reach;
    use crate::lint::{Home, lint};
    use crate::{Severity, Usage};

    fn found(
        principal: &Value,
        action: &Value,
        condition: &Value,
    ) -> Vec<(&'static str, Severity)> {
        let document = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow",
            "Principal": principal, "Action": action, "Condition": condition}});
        let home =
            Home { usage: Usage::Trust, account: "123456789012", partition: "aws", grants: true };
        lint_reach(&document, &home).into_iter().map(|it| (it.rule, it.severity)).collect()
    }

    #[test]
    fn each_principal_has_its_action() {
        let saml = json!({"Federated": "arn:aws:iam::123456789012:saml-provider/relay"});
        let own = json!({"AWS": "arn:aws:iam::123456789012:root"});
        let lambda = json!({"Service": "lambda.amazonaws.com"});
        let both = json!({"AWS": "123456789012",
            "Federated": "arn:aws:iam::123456789012:saml-provider/relay"});
        let none = json!({});
        let error = [("trust-action", Severity::Error)];
        let warning = [("trust-action", Severity::Warning)];
        assert_eq!(found(&saml, &json!("sts:AssumeRole"), &none), error);
        assert_eq!(found(&own, &json!("sts:AssumeRoleWithSAML"), &none), error);
        assert_eq!(found(&lambda, &json!("sts:AssumeRoleWithWebIdentity"), &none), error);
        assert_eq!(found(&both, &json!("sts:AssumeRole"), &none), error);
        let spare = json!(["sts:AssumeRole", "sts:AssumeRoleWithSAML"]);
        assert_eq!(found(&own, &spare, &none), warning);
        for (principal, action) in [
            (&saml, json!("sts:AssumeRoleWithSAML")),
            (&saml, json!(["sts:AssumeRoleWithSAML", "sts:TagSession"])),
            (&own, json!("sts:AssumeRole")),
            (&own, json!("sts:TagSession")),
            (&own, json!("sts:AssumeRole*")),
            (&both, spare),
        ] {
            assert_eq!(found(principal, &action, &none), [], "{principal} {action}");
        }
    }

    #[test]
    fn an_external_id_is_a_secret_and_a_pattern_is_none() {
        let other = json!({"AWS": "arn:aws:iam::210987654321:root"});
        let id = |operator: &str, value: &str| {
            found(&other, &json!("sts:AssumeRole"), &json!({operator: {"sts:ExternalId": value}}))
        };
        for open in ["?*", "*", "??", "relay-*"] {
            let expected = [("external-id-wildcard", Severity::Warning)];
            assert_eq!(id("StringLike", open), expected, "{open}");
        }
        assert_eq!(id("StringEquals", "relay-4711"), []);
        assert_eq!(id("StringLike", "relay-4711-*"), []);
    }

    #[test]
    fn a_request_with_tags_needs_the_action_for_tags() {
        let missing = |statements: &Value| {
            let document = json!({"Version": "2012-10-17", "Statement": statements});
            let home = Home {
                usage: Usage::Trust,
                account: "123456789012",
                partition: "aws",
                grants: true,
            };
            let found = lint(&document, &home).into_iter();
            found.filter(|it| it.rule == "trust-action").map(|it| it.remedy).collect::<Vec<_>>()
        };
        let deploy = json!({"AWS": "arn:aws:iam::123456789012:role/deploy"});
        let tagged = json!({"Effect": "Allow", "Principal": deploy, "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:RequestTag/team": "quarry"}}});
        assert_eq!(missing(&tagged), ["allow sts:TagSession as well"]);
        let further = json!({"Effect": "Allow", "Principal": deploy, "Action": "sts:TagSession"});
        assert_eq!(missing(&json!([tagged, further])), Vec::<String>::new());
        let anywhere = |actions: &Value| {
            json!({"Effect": "Allow", "Principal": {"Service": "rolesanywhere.amazonaws.com"},
                "Action": actions})
        };
        let both = ["allow sts:TagSession as well", "allow sts:SetSourceIdentity as well"];
        assert_eq!(missing(&anywhere(&json!("sts:AssumeRole"))), both);
        let all = json!(["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]);
        assert_eq!(missing(&anywhere(&all)), Vec::<String>::new());
    }
}
