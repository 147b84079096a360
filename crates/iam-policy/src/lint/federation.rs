//! The rules on trust in web identity providers: the users of the provider that can assume the
//! role.
//!
//! A provider such as GitHub's signs tokens for everybody. The claims that the trust policy
//! demands, above all the subject, decide who may assume the role ("Create a role for OpenID
//! Connect federation", IAM User Guide).

use crate::Usage;
use crate::callers::{fixed_text, has_wildcards, is_demanded};
use crate::catalogue;
use crate::diagnostic::Severity;
use crate::pattern::action_matches;
use crate::statement::{ConditionTest, PrincipalType};

use super::finding::Finding;
use super::provider::{BUILT_IN, ClaimForm, ClaimReach, KnownProvider, Tenancy, provider_of};
use super::rule::{Rule, RuleSource};
use super::site::Site;
use super::wording::list_few;

pub(super) const OIDC_WITHOUT_SUBJECT: Rule = Rule::new(
    "oidc-without-subject",
    Severity::Error,
    "Trust in an OIDC provider for all its users",
    "A public provider such as GitHub's signs tokens for everybody; without a condition on the \
        subject, any repository of the world can assume the role. A branch or an environment \
        doesn't say whose it is. A condition on another claim that does makes it a note. Where the \
        issuer is one organization's own, it is a warning or a note.",
    "Demand the claim that says whose the token is: <provider>:sub, and <provider>:aud where the \
        provider tells its customers apart by it.",
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
.with_source(RuleSource::IamGuide("id_roles_create_for-idp_oidc"));

pub(super) const OIDC_WIDE_SUBJECT: Rule = Rule::new(
    "oidc-wide-subject",
    Severity::Error,
    "Trust in an OIDC provider for more subjects than one project's",
    "A wildcard before the owner's name is complete lets in strangers; one in place of the \
        repository lets in every repository of the owner, which is a warning. A subject such as \
        environment:prod names no owner.",
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
.with_source(RuleSource::IamGuide("id_roles_create_for-idp_oidc"));

pub(super) const OIDC_UNKNOWN_CLAIM: Rule = Rule::new(
    "oidc-unknown-claim",
    Severity::Warning,
    "A claim of an OIDC provider that AWS doesn't map to a condition key",
    "Of GitHub's and other providers' claims AWS maps some to keys. A test for another claim never \
        holds, so nobody can assume the role; a negated one always does.",
    "Test a claim that AWS maps, such as sub or repository_owner_id.",
)
.with_example(
    Usage::Trust,
    r#"{"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
 "Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/gitlab.com"},
 "Condition": {"StringEquals": {"gitlab.com:namespace_path": "octo"}}}"#,
    r#"{"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
 "Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/gitlab.com"},
 "Condition": {"StringLike": {"gitlab.com:sub": "project_path:octo/relay:*"}}}"#,
)
.with_source(RuleSource::IamGuide("reference_policies_iam-condition-keys"));

const ACTION: &str = "sts:AssumeRoleWithWebIdentity";

/// The claims that AWS maps to keys for each provider ("Available keys for AWS OIDC federation",
/// IAM User Guide).
const OF_EVERY_PROVIDER: &[&str] = &["amr", "aud", "email", "oaud", "sub"];

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

/// The trust of a statement in one provider.
struct OidcTrust<'a> {
    site: &'a Site<'a>,
    /// The principal as the statement names it.
    name: &'a str,
    /// The issuer without `https://`.
    issuer: &'a str,
    provider: &'static KnownProvider,
}

fn trusted(site: &Site<'_>, name: &str) -> Vec<Finding> {
    let own = name.split_once(":oidc-provider/").map(|(_, issuer)| issuer);
    let built_in = || BUILT_IN.iter().copied().find(|issuer| name.eq_ignore_ascii_case(issuer));
    // A SAML provider belongs to one company, and signs in only its users.
    let Some(issuer) = own.or_else(built_in) else { return Vec::new() };
    let trust = OidcTrust { site, name, issuer, provider: provider_of(issuer) };
    let unknown = trust.unknown_claims();
    let nobody = unknown.iter().any(|test| is_demanded(test));
    let mut findings: Vec<Finding> = unknown.iter().map(|test| trust.unknown_claim(test)).collect();
    if !nobody {
        findings.extend(trust.width());
    }
    findings
}

impl<'a> OidcTrust<'a> {
    /// Returns the condition key of a claim.
    fn key(&self, claim: &str) -> String {
        if claim.contains(':') { claim.to_owned() } else { format!("{}:{claim}", self.issuer) }
    }

    /// Returns the claim of a test on a claim of the provider.
    fn claim<'t>(&self, test: &'t ConditionTest) -> Option<&'t str> {
        let (issuer, claim) = test.key.rsplit_once(':')?;
        issuer.eq_ignore_ascii_case(self.issuer).then_some(claim)
    }

    /// Returns the tests on claims that AWS maps to no key.
    fn unknown_claims(&self) -> Vec<&'a ConditionTest> {
        let action = catalogue::action(ACTION).filter(|_| self.provider.has_mapped_claims);
        let is_unknown = |test: &&ConditionTest| {
            let Some((claim, action)) = self.claim(test).zip(action) else { return false };
            let of_every = OF_EVERY_PROVIDER.iter().any(|it| it.eq_ignore_ascii_case(claim));
            !of_every && !action.takes_key(&test.key)
        };
        self.site.statement.conditions.iter().filter(is_unknown).collect()
    }

    fn unknown_claim(&self, test: &ConditionTest) -> Finding {
        let outcome = if is_demanded(test) {
            "the test never holds, and nobody can assume the role"
        } else {
            "the test keeps nobody out"
        };
        let claim = self.claim(test).unwrap_or_default();
        let message =
            format!("AWS maps no claim `{claim}` of {} to a condition key: {outcome}", self.issuer);
        let known: Vec<String> =
            self.provider.owner_claims.iter().map(|(claim, _)| (*claim).to_owned()).collect();
        let remedy = format!("test a claim that says whose the token is: {}", list_few(&known));
        let place = self.site.condition(&test.key);
        Finding::new(&OIDC_UNKNOWN_CLAIM, Severity::Warning, place, message, remedy)
    }

    /// Finds whom the claims let in. All tests must hold, so the narrowest counts.
    fn width(&self) -> Vec<Finding> {
        let tests: Vec<ClaimTest<'a>> =
            self.provider.owner_claims.iter().flat_map(|claim| self.tests(*claim)).collect();
        let Some(narrowest) = tests.iter().max_by_key(|it| it.reach()) else {
            return vec![self.without_owner()];
        };
        if narrowest.reach() != ClaimReach::Project {
            return self.wide_values(narrowest);
        }
        let (first, _) = self.provider.owner_claims[0];
        if self.provider.is_required && !tests.iter().any(|it| it.claim == first) {
            let message = format!(
                "no condition demands `{}`, which IAM requires where a trust policy is new or \
                    changed",
                self.key(first)
            );
            return vec![self.without(Severity::Note, message)];
        }
        Vec::new()
    }

    /// Returns the tests on a claim that only its values pass.
    fn tests(
        &self,
        (claim, form): (&'static str, ClaimForm),
    ) -> impl Iterator<Item = ClaimTest<'a>> {
        let key = self.key(claim);
        let conditions: &'a [ConditionTest] = &self.site.statement.conditions;
        conditions
            .iter()
            .filter(move |test| test.key.eq_ignore_ascii_case(&key) && is_demanded(test))
            .map(move |test| ClaimTest { claim, form, test })
    }

    /// Returns the finding where no claim says whose the token is.
    fn without_owner(&self) -> Finding {
        let claims: Vec<&str> = self.site.demands().filter_map(|test| self.claim(test)).collect();
        let others: Vec<String> = claims
            .iter()
            .filter(|claim| !claim.eq_ignore_ascii_case("aud"))
            .map(|claim| format!("`{claim}`"))
            .collect();
        // The issuer writes the source identity into the token.
        let names_person =
            || self.site.demands().any(|test| test.key.eq_ignore_ascii_case("sts:SourceIdentity"));
        let severity = match self.provider.tenancy {
            Tenancy::Private if claims.is_empty() => Severity::Warning,
            Tenancy::Private => Severity::Note,
            Tenancy::Unknown if !others.is_empty() || names_person() => Severity::Note,
            // The audience of an issuer that serves one company is one of its applications.
            Tenancy::Unknown if !claims.is_empty() => Severity::Warning,
            Tenancy::Shared | Tenancy::Unknown => Severity::Error,
        };
        let vain = if self.provider.tenancy == Tenancy::Shared && !others.is_empty() {
            format!(". {} can be the same for everybody", list_few(&others))
        } else {
            String::new()
        };
        let message = format!(
            "everybody who signs in with {} can assume this role: no condition demands \
                `{}`{vain}",
            self.issuer,
            self.key(self.provider.owner_claims[0].0)
        );
        self.without(severity, message)
    }

    fn without(&self, severity: Severity, message: String) -> Finding {
        let key = self.key(self.provider.owner_claims[0].0);
        let remedy = format!(
            "demand {} in a condition: {{\"StringEquals\": {{\"{key}\": \"{}\"}}}}",
            if key.ends_with(":sub") { "the subject" } else { "it" },
            self.provider.example
        );
        let place = self.site.principal(self.name);
        Finding::new(&OIDC_WITHOUT_SUBJECT, severity, place, message, remedy)
    }

    /// Returns the findings for the values of a test that reach more than a project.
    fn wide_values(&self, narrowest: &ClaimTest<'_>) -> Vec<Finding> {
        let place = self.site.condition(&narrowest.test.key);
        let what = match narrowest.claim {
            "sub" => "the subject".to_owned(),
            claim => format!("the claim {claim}"),
        };
        let told = |value: &String| {
            let reach = narrowest.reach_of(value);
            let severity = match reach {
                ClaimReach::Project => return None,
                ClaimReach::Anybody if self.provider.tenancy != Tenancy::Private => Severity::Error,
                ClaimReach::Anybody | ClaimReach::Owner => Severity::Warning,
            };
            let message = format!("{what} `{value}` is that of {}", narrowest.whom(value));
            let example = match self.provider.example {
                "…" => "repo:OWNER/REPOSITORY:ref:refs/heads/main",
                example => example,
            };
            let remedy = if example.starts_with("repo:") || example.starts_with("project_path:") {
                format!("name the repository and the branch or environment, for example {example}")
            } else {
                format!("name the project, for example {example}")
            };
            Some(Finding::new(&OIDC_WIDE_SUBJECT, severity, place.clone(), message, remedy))
        };
        narrowest.test.values.iter().filter_map(told).collect()
    }
}

/// A test on a claim that says whose a token is.
struct ClaimTest<'a> {
    claim: &'static str,
    form: ClaimForm,
    test: &'a ConditionTest,
}

impl ClaimTest<'_> {
    /// Returns the reach of the test. One of its values is enough, so the widest counts.
    fn reach(&self) -> ClaimReach {
        let reaches = self.test.values.iter().map(|value| self.reach_of(value));
        reaches.min().unwrap_or(ClaimReach::Project)
    }

    fn reach_of(&self, value: &str) -> ClaimReach {
        let fixed = self.fixed(value);
        self.form.reach(fixed, fixed == value)
    }

    /// Returns the text of a value before its first wildcard.
    fn fixed<'v>(&self, value: &'v str) -> &'v str {
        let wild = has_wildcards(self.test.operator.comparison) || value.contains("${");
        if wild { fixed_text(value) } else { value }
    }

    /// Tells if a value is about repositories.
    fn names_repository(&self, fixed: &str) -> bool {
        fixed.starts_with("project_path:")
            || self.form == ClaimForm::Path
            || self.claim.starts_with("repository")
            || fixed.starts_with("repo")
    }

    /// Returns the words for those whom a value reaches.
    fn whom(&self, value: &str) -> &'static str {
        let fixed = self.fixed(value);
        let is_begun = match fixed.split_once(':') {
            Some((label, name)) => OWNER_LABELS.contains(&label) && !name.is_empty(),
            None => self.claim != "sub" && !fixed.is_empty(),
        };
        let has_other_label =
            fixed.split_once(':').is_some_and(|(label, _)| !OWNER_LABELS.contains(&label));
        match self.reach_of(value) {
            ClaimReach::Owner if self.form == ClaimForm::ServiceAccount => {
                "every namespace whose name begins so"
            }
            ClaimReach::Owner if self.names_repository(fixed) => "every repository of the owner",
            ClaimReach::Owner | ClaimReach::Project => "every project of the owner",
            // `repo:octo*` also matches somebody who registers `octo-evil` tomorrow.
            ClaimReach::Anybody if is_begun => "every owner whose name begins so",
            ClaimReach::Anybody if has_other_label && self.form != ClaimForm::ServiceAccount => {
                "everybody whom the provider knows: it names no owner"
            }
            ClaimReach::Anybody => "everybody whom the provider knows",
        }
    }
}

/// The labels before the name of an owner.
const OWNER_LABELS: &[&str] = &[
    "account",
    "org",
    "organization",
    "owner",
    "project_path",
    "repo",
    "repository",
    "repository_owner",
];

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::lint::tests::lint_reach;
    use crate::lint::{Finding, Home};
    use crate::{Severity, Usage};

    const GITHUB: &str = "token.actions.githubusercontent.com";

    fn all(issuer: &str, condition: &Value) -> Vec<Finding> {
        let provider = format!("arn:aws:iam::123456789012:oidc-provider/{issuer}");
        let document = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow",
            "Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": condition}});
        let home =
            Home { usage: Usage::Trust, account: "123456789012", partition: "aws", grants: true };
        lint_reach(&document, &home)
    }

    fn found(issuer: &str, condition: &Value) -> Vec<(&'static str, Severity)> {
        all(issuer, condition).into_iter().map(|it| (it.rule, it.severity)).collect()
    }

    fn equals(issuer: &str, claims: &[(&str, &str)]) -> Value {
        let keys: serde_json::Map<String, Value> = claims
            .iter()
            .map(|(claim, value)| (format!("{issuer}:{claim}"), json!(value)))
            .collect();
        json!({"StringEquals": keys})
    }

    const WITHOUT: [(&str, Severity); 1] = [("oidc-without-subject", Severity::Error)];
    const WIDE: [(&str, Severity); 1] = [("oidc-wide-subject", Severity::Error)];

    #[test]
    fn a_branch_or_an_environment_does_not_say_whose_it_is() {
        for (claim, value) in
            [("ref", "refs/heads/main"), ("environment", "production"), ("actor", "ada")]
        {
            let condition = equals(GITHUB, &[("aud", "sts.amazonaws.com"), (claim, value)]);
            assert_eq!(found(GITHUB, &condition), WITHOUT, "{claim}");
        }
        let condition = equals(GITHUB, &[("ref", "refs/heads/main")]);
        let message = &all(GITHUB, &condition)[0].message;
        assert!(message.ends_with("`ref` can be the same for everybody"), "{message}");
    }

    #[test]
    fn a_subject_without_an_owner_is_anybodys() {
        let subject =
            |operator: &str, value: &str| json!({operator: {format!("{GITHUB}:sub"): value}});
        assert_eq!(found(GITHUB, &subject("StringEquals", "environment:prod")), WIDE);
        assert_eq!(found(GITHUB, &subject("StringLike", "workflow:deploy:*")), WIDE);
        let message = &all(GITHUB, &subject("StringEquals", "environment:prod"))[0].message;
        assert!(message.ends_with("it names no owner"), "{message}");
        let customised = subject("StringEquals", "environment:prod:repository:acme/web");
        assert_eq!(found(GITHUB, &customised), []);
    }

    #[test]
    fn two_tests_must_both_hold() {
        let key = format!("{GITHUB}:sub");
        let exact = json!({"StringEquals": {&key: "repo:acme/web:ref:refs/heads/main"},
            "StringLike": {&key: "repo:*"}});
        assert_eq!(found(GITHUB, &exact), []);
        let owner = json!({"StringEquals": {format!("{GITHUB}:repository_owner_id"): "1234"},
            "StringLike": {&key: "repo:*"}});
        assert_eq!(found(GITHUB, &owner), [("oidc-wide-subject", Severity::Warning)]);
        let repository = json!({"StringEquals": {format!("{GITHUB}:repository_id"): "1234"},
            "StringLike": {&key: "repo:acme/*"}});
        assert_eq!(found(GITHUB, &repository), []);
        // One value is enough to meet a test.
        let either = json!({"StringLike": {&key: ["repo:acme/web:*", "repo:*"]}});
        assert_eq!(found(GITHUB, &either), WIDE);
    }

    #[test]
    fn each_provider_has_the_claim_that_tells_its_customers_apart() {
        for (issuer, claim, value) in [
            ("api.pulumi.com/oidc", "aud", "aws:acme"),
            ("oidc.vercel.com", "aud", "https://vercel.com/acme"),
            ("app.terraform.io", "sub", "organization:acme:project:p:workspace:w:run_phase:apply"),
            ("gitlab.com", "sub", "project_path:acme/web:ref_type:branch:ref:main"),
        ] {
            assert_eq!(found(issuer, &equals(issuer, &[(claim, value)])), [], "{issuer}");
            let other = if claim == "aud" { "email" } else { "aud" };
            assert_eq!(found(issuer, &equals(issuer, &[(other, "x")])), WITHOUT, "{issuer}");
        }
        let open = json!({"StringLike": {"app.terraform.io:sub": "organization:acme*"}});
        assert_eq!(found("app.terraform.io", &open), WIDE);
        let all = json!({"StringLike": {"app.terraform.io:sub": "organization:acme:*"}});
        let warning = [("oidc-wide-subject", Severity::Warning)];
        assert_eq!(found("app.terraform.io", &all), warning);
    }

    #[test]
    fn a_private_issuer_is_one_organizations() {
        let issuer = "oidc.circleci.com/org/1234";
        assert_eq!(found(issuer, &json!({})), [("oidc-without-subject", Severity::Warning)]);
        let audience = equals(issuer, &[("aud", "1234")]);
        assert_eq!(found(issuer, &audience), [("oidc-without-subject", Severity::Note)]);
        let project = equals(issuer, &[("oidc.circleci.com/project-id", "5678")]);
        assert_eq!(found(issuer, &project), []);
        // Each pod of a cluster can have a token.
        let cluster = "oidc.eks.eu-west-1.amazonaws.com/id/ABC";
        assert_eq!(found(cluster, &equals(cluster, &[("aud", "sts.amazonaws.com")])), WITHOUT);
        let application = equals("login.acme.example", &[("aud", "client-4711")]);
        let warning = [("oidc-without-subject", Severity::Warning)];
        assert_eq!(found("login.acme.example", &application), warning);
        assert_eq!(found("login.acme.example", &json!({})), WITHOUT);
        let person = json!({"StringLike": {"sts:SourceIdentity": ["ada", "bob"]}});
        let note = [("oidc-without-subject", Severity::Note)];
        let found = found("login.acme.example", &person);
        assert_eq!(found, [("trust-action", Severity::Warning), note[0]]);
    }

    #[test]
    fn a_claim_that_aws_does_not_map_lets_nobody_in() {
        let warning = [("oidc-unknown-claim", Severity::Warning)];
        for (issuer, claim) in [
            (GITHUB, "repository_owner"),
            (GITHUB, "enterprise"),
            ("gitlab.com", "project_path"),
            ("gitlab.com", "namespace_path"),
        ] {
            assert_eq!(found(issuer, &equals(issuer, &[(claim, "acme")])), warning, "{claim}");
        }
        // A test that always holds keeps nobody out.
        let negated = json!({"StringNotEquals": {format!("{GITHUB}:repository_owner"): "evil"}});
        let both = [warning[0], WITHOUT[0]];
        assert_eq!(found(GITHUB, &negated), both);
        let known = equals(GITHUB, &[("sub", "repo:a/b:ref:x"), ("repository_owner_id", "1")]);
        assert_eq!(found(GITHUB, &known), []);
    }
}
