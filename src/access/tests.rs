//! Plans of small accounts, and what they mean for access.

use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::call::Observed;
use crate::diff::{Change, diff};
use crate::kind::{Attached, Seen, Sighting};
use crate::model::{Desired, Entry, Live, Recorded, Resource, Status};
use crate::value::{Attributes, Value};

const ROLE: &str = "arn:aws:iam::123456789012:role/runner";

/// An account, what the manifest makes of it, and what it says of access.
#[derive(Default)]
struct Account {
    desired: Desired,
    live: Live,
    recorded: Recorded,
    others: BTreeMap<String, Value>,
}

fn attributes(value: &Value) -> Attributes {
    serde_json::from_value(value.clone()).unwrap()
}

fn document(statement: &Value) -> Value {
    crate::policy::canonical(&json!({"Version": "2012-10-17", "Statement": statement}))
}

fn allow(actions: &Value, resources: &Value) -> Value {
    document(&json!({"Effect": "Allow", "Action": actions, "Resource": resources}))
}

fn trust(services: &Value) -> Value {
    document(&json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": services}}))
}

impl Account {
    fn declared(mut self, kind: &str, name: &str, value: &Value) -> Self {
        let resource = Resource { attributes: attributes(value), ..Resource::default() };
        self.desired.resources.insert(Address::new(kind, name), resource);
        self
    }

    fn there(mut self, kind: &str, name: &str, value: &Value, attached: &[Attached]) -> Self {
        let seen =
            Seen { id: "id".into(), attributes: attributes(value), attached: attached.to_vec(), ..Seen::default() };
        let address = Address::new(kind, name);
        self.live.insert(address.clone(), Sighting { observed: Observed::Present(seen), conflict: None });
        let entry = Entry {
            status: Status::Done,
            id: Some("id".into()),
            attributes: attributes(value),
            depends_on: std::collections::BTreeSet::new(),
        };
        self.recorded.insert(address, entry);
        self
    }

    fn changes(&self) -> Vec<Change> {
        diff(&self.desired, &self.recorded, &self.live, false).into_iter().map(|decision| decision.change).collect()
    }

    /// `subject aspect relation`, and below it a line each.
    fn says(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for change in changes(&self.changes(), &self.live, &self.desired, &self.others) {
            lines.push(format!("{} {:?} {:?} kept {:?}", change.subject, change.aspect, change.relation, change.kept));
            for (sign, effects) in [("+", &change.gained), ("-", &change.lost)] {
                for Effect { through, grant } in effects {
                    let who = grant.principals.join(",");
                    let what = format!("{who} {} on {}", grant.actions.join(","), grant.resources.join(","));
                    lines.push(format!("{sign} {} by {through}", what.trim()));
                }
            }
            lines.extend(change.doubts.iter().map(|doubt| format!("? {:?} {}", doubt.doubt.side, doubt.doubt.policy)));
        }
        lines
    }
}

fn user() -> Value {
    json!({"name": "ada", "arn": "arn:aws:iam::123456789012:user/ada", "path": "/"})
}

fn policy(document: &Value) -> Value {
    json!({"name": "P", "arn": "arn:p", "path": "/", "document": document})
}

fn attachment() -> Value {
    json!({"user": "ada", "policy_arn": "arn:p"})
}

fn attached() -> [Attached; 1] {
    [Attached::Managed("arn:p".into())]
}

#[test]
fn a_new_stack_gains_through_its_attachment() {
    let account = Account::default()
        .declared("user", "ada", &user())
        .declared("policy", "P", &policy(&allow(&json!("s3:*"), &json!("*"))))
        .declared("user_policy_attachment", "ada/P", &attachment());
    assert_eq!(account.says(), ["user.ada Permissions Wider kept []", "+ s3:* on * by user_policy_attachment.ada/P"]);
}

#[test]
fn an_edited_policy_changes_everyone_it_hangs_on() {
    let wide = allow(&json!(["s3:GetObject", "s3:PutObject"]), &json!("*"));
    let mut account = Account::default().declared("policy", "P", &policy(&wide)).there(
        "policy",
        "P",
        &policy(&allow(&json!("s3:GetObject"), &json!("*"))),
        &[],
    );
    for name in ["ada", "bob"] {
        let user = json!({"name": name, "arn": format!("arn:aws:iam::123456789012:user/{name}"), "path": "/"});
        let attachment = json!({"user": name, "policy_arn": "arn:p"});
        account = account
            .declared("user", name, &user)
            .there("user", name, &user, &attached())
            .declared("user_policy_attachment", &format!("{name}/P"), &attachment)
            .there("user_policy_attachment", &format!("{name}/P"), &attachment, &[]);
    }
    assert_eq!(
        account.says(),
        [
            "user.ada Permissions Wider kept []",
            "+ s3:PutObject on * by policy.P",
            "user.bob Permissions Wider kept []",
            "+ s3:PutObject on * by policy.P",
        ]
    );
}

#[test]
fn a_detached_policy_is_lost_through_the_detachment() {
    let document = policy(&allow(&json!("s3:*"), &json!("*")));
    let account = Account::default()
        .declared("user", "ada", &user())
        .there("user", "ada", &user(), &attached())
        .declared("policy", "P", &document)
        .there("policy", "P", &document, &[])
        .there("user_policy_attachment", "ada/P", &attachment(), &[]);
    assert_eq!(
        account.says(),
        ["user.ada Permissions Narrower kept []", "- s3:* on * by user_policy_attachment.ada/P"]
    );
}

#[test]
fn a_boundary_narrows_through_the_user() {
    let document = policy(&allow(&json!(["s3:*", "iam:*"]), &json!("*")));
    let boundary = json!({"name": "B", "arn": "arn:b", "path": "/", "document": allow(&json!("s3:*"), &json!("*"))});
    let mut bounded = user();
    bounded["permissions_boundary"] = json!("arn:b");
    let account = Account::default()
        .declared("user", "ada", &bounded)
        .there("user", "ada", &user(), &attached())
        .declared("policy", "P", &document)
        .there("policy", "P", &document, &[])
        .declared("policy", "B", &boundary)
        .there("policy", "B", &boundary, &[])
        .declared("user_policy_attachment", "ada/P", &attachment())
        .there("user_policy_attachment", "ada/P", &attachment(), &[]);
    assert_eq!(account.says(), ["user.ada Permissions Narrower kept []", "- iam:* on * by user.ada"]);
}

#[test]
fn an_added_service_is_said_beside_those_that_stay() {
    let role = |services: Value| json!({"name": "runner", "arn": ROLE, "path": "/", "trust": trust(&services)});
    let account = Account::default()
        .declared("role", "runner", &role(json!(["apigateway.amazonaws.com", "lambda.amazonaws.com"])))
        .there("role", "runner", &role(json!("lambda.amazonaws.com")), &[]);
    assert_eq!(
        account.says(),
        [
            "role.runner Trust Wider kept [\"lambda.amazonaws.com\"]",
            "+ apigateway.amazonaws.com sts:AssumeRole on by role.runner",
        ]
    );
    let found = changes(&account.changes(), &account.live, &account.desired, &account.others);
    assert_eq!(found[0].gained[0].grant.example.resource, ROLE);
}

#[test]
fn a_bucket_policy_opens_the_bucket_to_others() {
    let read = json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"});
    let account = Account::default()
        .declared(
            "bucket",
            "b",
            &json!({"name": "b", "arn": "arn:aws:s3:::b", "region": "us-east-1", "policy": document(&read)}),
        )
        .there("bucket", "b", &json!({"name": "b", "arn": "arn:aws:s3:::b", "region": "us-east-1"}), &[]);
    assert_eq!(account.says(), ["bucket.b Resource Wider kept []", "+ * s3:GetObject on arn:aws:s3:::b/* by bucket.b"]);
}

#[test]
fn what_nobody_has_read_is_a_doubt_until_somebody_reads_it() {
    let foreign = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    let mut account = Account::default().declared("user", "ada", &user()).there("user", "ada", &user(), &[]).declared(
        "user_policy_attachment",
        &format!("ada/{foreign}"),
        &json!({"user": "ada", "policy_arn": foreign}),
    );
    let unread = unread(&account.changes(), &account.live, &account.desired);
    assert_eq!(unread.into_iter().collect::<Vec<_>>(), [foreign]);
    assert_eq!(account.says(), ["user.ada Permissions Unknown kept []", &format!("? Gained {foreign}")]);
    account.others.insert(foreign.to_owned(), allow(&json!("s3:Get*"), &json!("*")));
    assert_eq!(
        account.says(),
        ["user.ada Permissions Wider kept []", &format!("+ s3:Get* on * by user_policy_attachment.ada/{foreign}")]
    );
}

#[test]
fn what_an_unread_policy_may_allow_makes_a_removed_deny_a_doubt() {
    let foreign = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    let deny = document(&json!({"Effect": "Deny", "Action": "s3:*", "Resource": "*"}));
    let both = [Attached::Managed("arn:p".into()), Attached::Managed(foreign.into())];
    let account = Account::default()
        .declared("user", "ada", &user())
        .there("user", "ada", &user(), &both)
        .there("policy", "P", &policy(&deny), &[])
        .there("user_policy_attachment", "ada/P", &attachment(), &[]);
    assert_eq!(account.says(), ["user.ada Permissions Unknown kept []", &format!("? Gained {foreign}")]);
}

#[test]
fn a_respelt_policy_and_a_changed_tag_mean_nothing() {
    let wide = policy(&allow(&json!(["s3:*", "s3:GetObject"]), &json!("*")));
    let short = policy(&allow(&json!("s3:*"), &json!("*")));
    let mut tagged = user();
    tagged["tags"] = json!({"a": "b"});
    let account = Account::default()
        .declared("user", "ada", &tagged)
        .there("user", "ada", &user(), &attached())
        .declared("policy", "P", &short)
        .there("policy", "P", &wide, &[])
        .declared("user_policy_attachment", "ada/P", &attachment())
        .there("user_policy_attachment", "ada/P", &attachment(), &[]);
    assert_eq!(account.says(), ["user.ada Permissions Equal kept []"]);
}

#[test]
fn what_is_refused_changes_nothing() {
    let mut account = Account::default()
        .declared("policy", "P", &policy(&allow(&json!("s3:*"), &json!("*"))))
        .there("policy", "P", &policy(&allow(&json!("s3:GetObject"), &json!("*"))), &[])
        .declared("user", "ada", &user())
        .there("user", "ada", &user(), &attached());
    // The state doesn't know it, and it carries no tag: it is somebody else's.
    account.recorded.remove(&Address::new("policy", "P"));
    assert!(account.says().is_empty());
}
