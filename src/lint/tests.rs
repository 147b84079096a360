use serde_json::json;

use super::*;
use crate::model::LintSuppression;

const ACCOUNT: &str = "123456789012";

#[derive(Default)]
struct Stage {
    desired: Desired,
}

impl Stage {
    fn new() -> Self {
        let (account, partition) = (ACCOUNT.to_owned(), "aws".to_owned());
        Self { desired: Desired { account, partition, ..Desired::default() } }
    }

    fn with(mut self, kind: &str, name: &str, attributes: Value) -> Self {
        let attributes = serde_json::from_value(attributes).unwrap();
        self.desired.resources.insert(
            Address::new(kind.parse().unwrap(), name),
            Resource { attributes, ..Resource::default() },
        );
        self
    }

    fn user(self, name: &str) -> Self {
        self.with("user", name, json!({"arn": format!("arn:aws:iam::{ACCOUNT}:user/{name}")}))
    }

    fn policy(self, name: &str, statements: &Value) -> Self {
        let document = json!({"Version": "2012-10-17", "Statement": statements});
        self.with("policy", name, json!({"arn": arn(name), "document": document}))
    }

    fn attached(self, user: &str, policy: &str) -> Self {
        let policy_arn = if policy.starts_with("arn:") { policy.to_owned() } else { arn(policy) };
        self.with(
            "user_policy_attachment",
            &format!("{user}/{policy}"),
            json!({"user": user, "policy_arn": policy_arn}),
        )
    }

    fn silence(mut self, rule: &str, on: &str) -> Self {
        let because = "we know".to_owned();
        self.desired.silenced.push(LintSuppression {
            rule: rule.to_owned(),
            on: on.to_owned(),
            because,
            place: None,
        });
        self
    }

    fn found(&self) -> Vec<ManifestFinding> {
        lint_manifest(&self.desired, &Documents::new())
    }

    /// Returns rule and address of the findings that aren't accepted.
    fn told(&self) -> Vec<(&'static str, String)> {
        let open = self.found().into_iter().filter(|one| one.accepted.is_none());
        open.map(|one| (one.rule, one.on)).collect()
    }
}

fn arn(policy: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:policy/{policy}")
}

fn allow(actions: &[&str], resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": actions, "Resource": resource})
}

const OBJECTS: &str = "arn:aws:s3:::b/*";

#[test]
fn an_escalation_is_told_of_everyone_who_holds_its_parts_together() {
    let role = "arn:aws:iam::123456789012:role/x-*";
    let stage = Stage::new()
        .user("ada")
        .user("bob")
        .policy("Make", &allow(&["iam:CreateRole"], role))
        .policy("Change", &allow(&["iam:PutRolePolicy"], role))
        .attached("ada", "Make")
        .attached("ada", "Change")
        .attached("bob", "Make");
    assert_eq!(stage.told(), [("escalation-create-role", "user.ada".to_owned())]);
    let found = &stage.found()[0];
    assert!(
        found.message.starts_with("user.ada can make a role that trusts it"),
        "{}",
        found.message
    );
    assert!(found.message.contains(role), "{}", found.message);
    assert!(found.message.ends_with(
        "iam:CreateRole by policy.Make, statement 1; iam:PutRolePolicy by \
                policy.Change, statement 1"
    ));
}

#[test]
fn a_policy_that_hangs_on_nobody_counts_by_itself() {
    let stage = Stage::new()
        .policy("Loose", &allow(&["iam:CreateAccessKey"], "arn:aws:iam::123456789012:user/*"));
    assert_eq!(stage.told(), [("escalation-create-access-key", "policy.Loose".to_owned())]);
    assert!(
        stage.found()[0].message.starts_with("whoever holds policy.Loose can act as other users")
    );
}

#[test]
fn a_policy_that_nobody_holds_speaks_of_whoever_holds_it() {
    let own = "arn:aws:iam::123456789012:user/${aws:username}";
    let stage = |action: &str, user: &str| Stage::new().policy("Loose", &allow(&[action], user));
    assert_eq!(stage("iam:CreateAccessKey", own).told(), []);
    let others = stage("iam:CreateAccessKey", "arn:aws:iam::123456789012:user/*");
    assert_eq!(others.found()[0].severity, Severity::Warning);
    // Permissions that one gives oneself are more than one has.
    let more = stage("iam:PutUserPolicy", own);
    assert_eq!(more.told(), [("escalation-put-user-policy", "policy.Loose".to_owned())]);
    assert_eq!(more.found()[0].severity, Severity::Error);
}

#[test]
fn one_not_action_is_one_finding() {
    let statement = json!({"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"});
    let stage = || Stage::new().user("ada").policy("P", &statement).attached("ada", "P");
    assert_eq!(stage().told(), [("not-action", "policy.P".to_owned())]);
    let found = &stage().found()[0];
    assert_eq!(found.severity, Severity::Error);
    assert!(found.message.contains(" ways to more permissions, such as "), "{}", found.message);
    // Without IAM's actions and those of the services that run code, less is left.
    let safe =
        json!({"Effect": "Allow", "NotAction": ["iam:*", "sts:*"], "Resource": "arn:aws:s3:::b/*"});
    let found = Stage::new().user("ada").policy("P", &safe).attached("ada", "P").found();
    assert_eq!((found.len(), found[0].severity), (1, Severity::Warning), "{found:?}");
    // What another statement names is told.
    let both = json!([statement, allow(&["iam:PutUserPolicy"], "*")]);
    let told = Stage::new().user("ada").policy("P", &both).attached("ada", "P").told();
    let named = ("escalation-put-user-policy", "user.ada".to_owned());
    assert!(told.contains(&named), "{told:?}");
}

#[test]
fn a_boundary_gives_nothing_and_keeps_in() {
    let everything = allow(&["*"], "*");
    let boundary =
        json!({"arn": "arn:aws:iam::123456789012:user/ada", "permissions_boundary": arn("Bound")});
    let stage = Stage::new()
        .with("user", "ada", boundary)
        .policy("Bound", &allow(&["s3:GetObject"], OBJECTS))
        .policy("All", &everything)
        .attached("ada", "All");
    assert_eq!(stage.told(), [("action-wildcard", "policy.All".to_owned())], "and no escalation");
    let wide = Stage::new()
        .with("user", "ada", json!({"arn": "arn:aws:iam::123456789012:user/ada", "permissions_boundary": arn("Bound")}))
        .policy("Bound", &everything);
    assert_eq!(wide.told(), []);
}

#[test]
fn the_power_of_an_administrator_is_told() {
    let stage =
        Stage::new().user("ada").attached("ada", "arn:aws:iam::aws:policy/AdministratorAccess");
    assert_eq!(stage.told(), [("administrator-policy", "user.ada".to_owned())]);
    let reader = Stage::new().user("ada").attached("ada", "arn:aws:iam::aws:policy/ReadOnlyAccess");
    assert_eq!(reader.told(), []);
}

#[test]
fn whoever_may_do_everything_needs_no_way_to_more() {
    let told = |stage: Stage| stage.told().into_iter().map(|(rule, _)| rule).collect::<Vec<_>>();
    let all = || Stage::new().user("ada").policy("P", &allow(&["*"], "*")).attached("ada", "P");
    assert_eq!(told(all()), ["action-wildcard"]);
    let deny = json!([allow(&["*"], "*"), {"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"}]);
    let but = told(Stage::new().user("ada").policy("P", &deny).attached("ada", "P"));
    assert!(but.contains(&"escalation-put-user-policy"), "{but:?}");
}

#[test]
fn existing_things_that_are_named_need_no_name() {
    let function = "arn:aws:lambda:us-east-1:123456789012:function:relay";
    let named = Stage::new()
        .user("ada")
        .policy("P", &allow(&["lambda:UpdateFunctionCode"], function))
        .attached("ada", "P");
    let found = named.found();
    assert_eq!((found.len(), found[0].severity), (1, Severity::Note));
    assert!(
        found[0].remedy.starts_with("nothing, if what runs there may do no more"),
        "{}",
        found[0].remedy
    );
}

#[test]
fn what_is_spare_is_told_only_where_it_is_for_everyone() {
    let narrow = allow(&["s3:GetObject"], "arn:aws:s3:::b/x/*");
    let stage = |both: bool| {
        let stage = Stage::new()
            .user("ada")
            .user("bob")
            .policy("Narrow", &narrow)
            .policy("Wide", &allow(&["s3:GetObject"], OBJECTS))
            .attached("ada", "Narrow")
            .attached("ada", "Wide")
            .attached("bob", "Narrow");
        if both { stage.attached("bob", "Wide") } else { stage }
    };
    assert_eq!(stage(true).told(), [("redundant-statement", "policy.Narrow".to_owned())]);
    assert_eq!(stage(false).told(), [], "bob has it only from there");
}

#[test]
fn a_deny_elsewhere_shadows_an_action() {
    let deny = json!({"Effect": "Deny", "Action": "s3:Delete*", "Resource": "*"});
    let stage = Stage::new()
        .user("ada")
        .policy("P", &allow(&["s3:GetObject", "s3:DeleteObject"], OBJECTS))
        .policy("Q", &deny)
        .attached("ada", "P")
        .attached("ada", "Q");
    assert_eq!(stage.told(), [("shadowed-action", "policy.P".to_owned())]);
    assert!(stage.found()[0].message.contains("s3:DeleteObject"));
}

#[test]
fn a_trust_policy_and_a_bucket_policy_are_looked_at() {
    let open = |action: &str, resource: Option<&str>| {
        let mut statement = json!({"Effect": "Allow", "Principal": "*", "Action": action});
        if let Some(resource) = resource {
            statement["Resource"] = resource.into();
        }
        json!({"Version": "2012-10-17", "Statement": [statement]})
    };
    let stage = Stage::new()
        .with("role", "r", json!({"trust": open("sts:AssumeRole", None)}))
        .with("bucket", "b", json!({"policy": open("s3:GetObject", Some(OBJECTS))}));
    assert_eq!(
        stage.told(),
        [("public-access", "bucket.b".to_owned()), ("trust-anyone", "role.r".to_owned())]
    );
}

#[test]
fn inline_policies_are_full_together() {
    let document = |length: usize| {
        let resource = format!("arn:aws:s3:::b/{}", "x".repeat(length));
        json!({"Version": "2012-10-17", "Statement": [allow(&["s3:GetObject"], &resource)]})
    };
    let with = |length: usize| {
        Stage::new()
            .user("ada")
            .with("user_policy", "ada/i", json!({"user": "ada", "document": document(length)}))
            .with("user_policy", "ada/j", json!({"user": "ada", "document": document(length + 1)}))
            .told()
    };
    assert_eq!(with(830), [("policy-size", "user.ada".to_owned())]);
    assert_eq!(with(400), []);
}

#[test]
fn what_is_accepted_is_kept_with_its_reason() {
    let stage = Stage::new().policy("P", &allow(&["*"], OBJECTS));
    assert_eq!(stage.told().len(), 1);
    for on in ["policy.P", "*"] {
        let stage =
            Stage::new().policy("P", &allow(&["*"], OBJECTS)).silence("action-wildcard", on);
        assert_eq!(stage.told(), [], "{on}");
        assert_eq!(stage.found()[0].accepted.as_deref(), Some("we know"));
    }
    for (rule, on) in [("action-wildcard", "policy.Q"), ("resource-wildcard", "policy.P")] {
        let told = Stage::new().policy("P", &allow(&["*"], OBJECTS)).silence(rule, on).told();
        let expected =
            [("action-wildcard", "policy.P".to_owned()), ("unused-silence", on.to_owned())];
        assert_eq!(
            told.into_iter().collect::<BTreeSet<_>>(),
            expected.into_iter().collect(),
            "{rule} {on}"
        );
    }
}

#[test]
fn accepting_by_a_rule_that_is_none_is_a_warning() {
    let found = Stage::new().silence("action-wildcart", "*").found();
    assert_eq!((found[0].rule, found[0].severity), ("unused-silence", Severity::Warning));
    assert_eq!(found[0].remedy, "did you mean `action-wildcard`?");
    let found = Stage::new().silence("action-wildcard", "*").found();
    assert_eq!(found[0].severity, Severity::Note);
}

#[test]
fn the_one_list_holds_every_rule_once_and_explained() {
    let all: Vec<Rule> = rules().collect();
    let names: BTreeSet<&str> = all.iter().map(|rule| rule.name).collect();
    assert_eq!(names.len(), all.len());
    for rule in &all {
        assert_eq!(named(rule.name).as_ref(), Some(rule));
        assert!(explain(rule).contains("Remedy: "), "{}", rule.name);
    }
    for of_each_kind in
        ["action-wildcard", "redundant-statement", "unused-silence", "escalation-create-role"]
    {
        assert!(names.contains(of_each_kind), "{of_each_kind}");
    }
}

mod examples;
