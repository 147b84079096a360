//! Tests of the effect of plans on access, in small accounts.

mod groups;

use std::fmt::Write;

use serde_json::json;

use super::*;
use crate::address::{Address, KindName, PrincipalKind};
use crate::call::Observed;
use crate::diff::{ResourceChange, diff};
use crate::kind::{Attached, LiveObject, LiveResource};
use crate::model::{Desired, Live, Recorded, RecordedObject, Resource, Status};
use crate::value::{Attributes, Value};

const ROLE: &str = "arn:aws:iam::123456789012:role/runner";

/// A small account: declared, live and recorded objects, and the unmanaged ones.
#[derive(Default)]
struct Account {
    desired: Desired,
    live: Live,
    recorded: Recorded,
    unmanaged: UnmanagedAccess,
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
    document(
        &json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": services}}),
    )
}

impl Account {
    fn declared(mut self, kind: &str, name: &str, value: &Value) -> Self {
        let resource = Resource { attributes: attributes(value), ..Resource::default() };
        self.desired.resources.insert(Address::new(kind.parse().unwrap(), name), resource);
        self
    }

    fn there(mut self, kind: &str, name: &str, value: &Value, attached: &[Attached]) -> Self {
        let seen = LiveObject {
            id: "id".into(),
            owner: Some(self.desired.name.clone()),
            attributes: attributes(value),
            attached: attached.to_vec(),
            ..LiveObject::default()
        };
        let address = Address::new(kind.parse().unwrap(), name);
        self.live.insert(
            address.clone(),
            LiveResource { observed: Observed::Present(seen), conflict: None },
        );
        let entry = RecordedObject {
            status: Status::Done,
            id: Some("id".into()),
            attributes: attributes(value),
            depends_on: std::collections::BTreeSet::new(),
        };
        self.recorded.insert(address, entry);
        self
    }

    fn changes(&self) -> Vec<ResourceChange> {
        diff(&self.desired, &self.recorded, &self.live, false)
            .into_iter()
            .map(|decision| decision.change)
            .collect()
    }

    /// Returns `subject aspect relation`, and a line for each effect below it.
    fn says(&self) -> Vec<String> {
        self.says_of(&self.changes())
    }

    fn says_of(&self, planned: &[ResourceChange]) -> Vec<String> {
        let mut lines = Vec::new();
        for change in changes(planned, &self.live, &self.desired, &self.unmanaged) {
            lines.push(format!(
                "{} {:?} {:?} kept {:?}",
                change.subject, change.aspect, change.relation, change.kept
            ));
            for (sign, effects) in [("+", &change.gained), ("-", &change.lost)] {
                for effect in effects {
                    let AccessEffect { through, grant, if_allowed_by, unless_decided_by, own } =
                        effect;
                    let who = grant.principals.join(",");
                    let what = format!(
                        "{who} {} on {}",
                        grant.actions.join(","),
                        grant.resources.join(",")
                    );
                    let mut line = format!("{sign} {} by {through}", what.trim());
                    let doubts = [("if", if_allowed_by), ("unless", unless_decided_by)];
                    for (word, policies) in
                        doubts.into_iter().filter(|(_, policies)| !policies.is_empty())
                    {
                        let names: Vec<&str> =
                            policies.iter().map(|it| it.policy.as_str()).collect();
                        write!(line, " {word} {}", names.join(",")).unwrap();
                    }
                    lines.push(if *own { line + " with a policy of its own" } else { line });
                }
            }
            lines.extend(
                change
                    .doubts
                    .iter()
                    .map(|doubt| format!("? {:?} {}", doubt.doubt.side, doubt.doubt.policy)),
            );
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
    assert_eq!(
        account.says(),
        ["user.ada Permissions Wider kept []", "+ s3:* on * by user_policy_attachment.ada/P"]
    );
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
    assert_eq!(
        account.says(),
        ["user.ada Permissions Narrower kept []", "- iam:* on * by user.ada"]
    );
}

#[test]
fn an_added_service_is_said_beside_those_that_stay() {
    let role = |services: Value| json!({"name": "runner", "arn": ROLE, "path": "/", "trust": trust(&services)});
    let account = Account::default()
        .declared(
            "role",
            "runner",
            &role(json!(["apigateway.amazonaws.com", "lambda.amazonaws.com"])),
        )
        .there("role", "runner", &role(json!("lambda.amazonaws.com")), &[]);
    assert_eq!(
        account.says(),
        [
            "role.runner Trust Wider kept [\"lambda.amazonaws.com\"]",
            "+ apigateway.amazonaws.com sts:AssumeRole on by role.runner",
        ]
    );
    let found = changes(&account.changes(), &account.live, &account.desired, &account.unmanaged);
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
    assert_eq!(
        account.says(),
        ["bucket.b Resource Wider kept []", "+ * s3:GetObject on arn:aws:s3:::b/* by bucket.b"]
    );
}

#[test]
fn what_nobody_has_read_is_a_doubt_until_somebody_reads_it() {
    let foreign = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    let mut account = Account::default()
        .declared("user", "ada", &user())
        .there("user", "ada", &user(), &[])
        .declared(
            "user_policy_attachment",
            &format!("ada/{foreign}"),
            &json!({"user": "ada", "policy_arn": foreign}),
        );
    let unread = unread(&account.changes(), &account.live, &account.desired, &account.unmanaged);
    assert_eq!(unread.into_iter().collect::<Vec<_>>(), [foreign]);
    assert_eq!(
        account.says(),
        ["user.ada Permissions Unknown kept []", &format!("? Gained {foreign}")]
    );
    account
        .unmanaged
        .documents
        .insert(foreign.to_owned(), allow(&json!("s3:Get*"), &json!("*")).into());
    assert_eq!(
        account.says(),
        [
            "user.ada Permissions Wider kept []",
            &format!("+ s3:Get* on * by user_policy_attachment.ada/{foreign}")
        ]
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
    let gain = format!("+ s3:* on * by user_policy_attachment.ada/P if {foreign}");
    assert_eq!(account.says(), ["user.ada Permissions Unknown kept []", &gain]);
}

/// Returns an account whose user also has a policy that was not read.
fn beside(foreign: &str, user: &Value) -> Account {
    let both = [Attached::Managed("arn:p".into()), Attached::Managed(foreign.into())];
    Account::default().declared("user", "ada", user).there("user", "ada", user, &both)
}

#[test]
fn what_is_gained_beside_an_unread_policy_is_said_with_the_doubt() {
    let foreign = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    let account = beside(foreign, &user())
        .declared("policy", "P", &policy(&allow(&json!("s3:PutObject"), &json!("*"))))
        .there("policy", "P", &policy(&allow(&json!("s3:GetObject"), &json!("*"))), &[]);
    let said = [
        "user.ada Permissions Unknown kept []".to_owned(),
        format!("+ s3:PutObject on * by policy.P unless {foreign}"),
        format!("- s3:GetObject on * by policy.P unless {foreign}"),
    ];
    assert_eq!(account.says(), said);
    let found = changes(&account.changes(), &account.live, &account.desired, &account.unmanaged);
    assert!(!serde_json::to_string(&found).unwrap().contains("relayctl:"), "{found:?}");
}

#[test]
fn what_is_gained_within_an_unread_boundary_depends_on_it() {
    let boundary = "arn:aws:iam::aws:policy/PowerUserAccess";
    let mut bounded = user();
    bounded["permissions_boundary"] = json!(boundary);
    let account = Account::default()
        .declared("user", "ada", &bounded)
        .there("user", "ada", &bounded, &attached())
        .declared("policy", "P", &policy(&allow(&json!("s3:*"), &json!("*"))))
        .there("policy", "P", &policy(&allow(&json!("s3:GetObject"), &json!("*"))), &[]);
    let gain = format!("+ s3:* on * by policy.P if {boundary}");
    assert_eq!(account.says(), ["user.ada Permissions Unknown kept []", &gain]);
}

#[test]
fn a_boundary_that_goes_while_it_changes_is_told_on_the_user() {
    let named =
        |document: &Value| json!({"name": "B", "arn": "arn:b", "path": "/", "document": document});
    let mut bounded = user();
    bounded["permissions_boundary"] = json!("arn:b");
    let held = policy(&allow(&json!("s3:*"), &json!("*")));
    let account = Account::default()
        .declared("user", "ada", &user())
        .there("user", "ada", &bounded, &attached())
        .declared("policy", "P", &held)
        .there("policy", "P", &held, &[])
        .declared("policy", "B", &named(&allow(&json!("ec2:*"), &json!("*"))))
        .there("policy", "B", &named(&allow(&json!("iam:*"), &json!("*"))), &[]);
    assert_eq!(account.says(), ["user.ada Permissions Wider kept []", "+ s3:* on * by user.ada"]);
}

#[test]
fn an_edited_policy_whose_attachment_is_replaced_is_told_on_the_policy() {
    let role = |path: &str| json!({"name": "runner", "arn": format!("arn:aws:iam::123456789012:role{path}runner"), "path": path});
    let hung = json!({"role": "runner", "policy_arn": "arn:p"});
    let mut account = Account::default()
        .declared("role", "runner", &role("/x/"))
        .there("role", "runner", &role("/"), &attached())
        .declared("policy", "P", &policy(&allow(&json!("s3:*"), &json!("*"))))
        .there("policy", "P", &policy(&allow(&json!("s3:GetObject"), &json!("*"))), &[])
        .declared("role_policy_attachment", "runner/P", &hung)
        .there("role_policy_attachment", "runner/P", &hung, &[]);
    let attachment = Address::new(KindName::PolicyAttachment(PrincipalKind::Role), "runner/P");
    let on = [Address::new(KindName::ROLE, "runner"), Address::new(KindName::Policy, "P")];
    account.desired.resources.get_mut(&attachment).unwrap().depends_on.extend(on);
    assert_eq!(
        account.says(),
        ["role.runner Permissions Wider kept []", "+ s3:* on * by policy.P"]
    );
}

#[test]
fn whoever_is_in_an_account_that_may_assume_a_role_keeps_it() {
    let named = |principal: &str| {
        let trust = document(
            &json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": principal}}),
        );
        json!({"name": "runner", "arn": ROLE, "path": "/", "trust": trust})
    };
    let (account, one) = ("arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:role/x");
    let between = |before: &str, after: &str| {
        let plan = Account::default().declared("role", "runner", &named(after));
        plan.there("role", "runner", &named(before), &[]).says()[0].clone()
    };
    assert_eq!(between(one, account), format!("role.runner Trust Wider kept [\"{one}\"]"));
    assert_eq!(between(account, one), format!("role.runner Trust Narrower kept [\"{one}\"]"));
}

fn bucket(fields: &Value) -> Value {
    let blocked = json!({"block_public_acls": true, "ignore_public_acls": true, "block_public_policy": false,
        "restrict_public_buckets": true});
    let mut bucket = json!({"name": "b", "arn": "arn:aws:s3:::b", "region": "us-east-1", "public_access_block": blocked,
        "ownership": "BucketOwnerEnforced"});
    for (key, value) in fields.as_object().unwrap() {
        bucket[key] = value.clone();
    }
    bucket
}

fn bucket_between(before: &Value, after: &Value) -> Vec<String> {
    let mut account = Account::default().declared("bucket", "b", &bucket(after)).there(
        "bucket",
        "b",
        &bucket(before),
        &[],
    );
    account.desired.account = "123456789012".to_owned();
    account.says()
}

#[test]
fn a_deny_of_a_bucket_matters_to_those_whom_their_own_policies_allow() {
    let deny = |principal: &str| {
        let statement = json!({"Effect": "Deny", "Principal": {"AWS": principal}, "Action": "s3:DeleteObject",
            "Resource": "arn:aws:s3:::b/*"});
        json!({"policy": document(&statement)})
    };
    let what = "s3:DeleteObject on arn:aws:s3:::b/* by bucket.b with a policy of its own";
    let everyone = bucket_between(&deny("*"), &json!({}));
    assert_eq!(everyone, ["bucket.b Resource Wider kept []", &format!("+ 123456789012 {what}")]);
    let eve = "arn:aws:iam::123456789012:user/eve";
    let added = bucket_between(&json!({}), &deny(eve));
    assert_eq!(added, ["bucket.b Resource Narrower kept []", &format!("- {eve} {what}")]);
    let stranger = bucket_between(&json!({}), &deny("arn:aws:iam::111122223333:role/x"));
    assert_eq!(stranger, ["bucket.b Resource Equal kept []"], "nothing allows them anything");
}

#[test]
fn a_public_policy_counts_when_the_bucket_is_no_longer_restricted() {
    let read = json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"});
    let open = json!({"block_public_acls": true, "ignore_public_acls": true, "block_public_policy": false,
        "restrict_public_buckets": false});
    let public = json!({"policy": document(&read)});
    let said =
        bucket_between(&public, &json!({"policy": public["policy"], "public_access_block": open}));
    assert_eq!(
        said,
        ["bucket.b Resource Wider kept []", "+ * s3:GetObject on arn:aws:s3:::b/* by bucket.b"]
    );
    let closed =
        bucket_between(&json!({"policy": public["policy"], "public_access_block": open}), &public);
    assert_eq!(closed[0], "bucket.b Resource Narrower kept []");
    // S3 takes a policy for all access points of one account for not public, so that it isn't
    // restricted.
    let mut points = read.clone();
    let any = "arn:aws:s3:us-east-1:123456789012:accesspoint/*";
    points["Condition"] = json!({"ArnLike": {"s3:DataAccessPointArn": any}});
    let said = bucket_between(&json!({}), &json!({"policy": document(&points)}));
    assert!(said[1].starts_with("+ * s3:GetObject on arn:aws:s3:::b/*"), "{said:?}");
    // A bucket policy that isn't public isn't restricted either.
    let mut ours = read;
    ours["Condition"] = json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}});
    let ours = json!({"policy": document(&ours)});
    assert!(
        bucket_between(&ours, &json!({"policy": ours["policy"], "public_access_block": open}))
            .is_empty()
    );
}

#[test]
fn acls_that_count_again_are_a_doubt() {
    let ignored = json!({"ownership": "BucketOwnerPreferred"});
    assert!(
        bucket_between(&json!({}), &ignored).is_empty(),
        "they are ignored as long as S3 is told so"
    );
    let open = json!({"ownership": "BucketOwnerPreferred", "public_access_block": {"ignore_public_acls": false}});
    assert_eq!(
        bucket_between(&ignored, &open),
        ["bucket.b Resource Unknown kept []", "? Gained bucket.b"]
    );
    assert_eq!(
        bucket_between(&open, &ignored),
        ["bucket.b Resource Unknown kept []", "? Lost bucket.b"]
    );
}

#[test]
fn a_tag_that_a_policy_asks_for_is_a_doubt() {
    let tagged = |team: &str| {
        let mut user = user();
        user["tags"] = json!({"Team": team, "stage": team});
        user
    };
    let asking = |key: &str| {
        let test = json!({"StringEquals": {key: "x"}});
        policy(&document(
            &json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": test}),
        ))
    };
    let between = |key: &str| {
        let policy = asking(key);
        let account = Account::default()
            .declared("user", "ada", &tagged("x"))
            .there("user", "ada", &tagged("y"), &attached())
            .declared("policy", "P", &policy)
            .there("policy", "P", &policy, &[]);
        account.says()
    };
    let doubt = ["user.ada Permissions Unknown kept []", "? Gained policy.P", "? Lost policy.P"];
    let gain = "+ s3:* on * by user.ada";
    assert_eq!(between("aws:PrincipalTag/team"), [doubt[0], gain, doubt[1], doubt[2]]);
    assert_eq!(between("aws:ResourceTag/stage"), doubt, "she may be what it is about");
    assert!(between("aws:PrincipalTag/teams").is_empty());
    assert!(between("aws:RequestTag/team").is_empty());
}

#[test]
fn who_could_not_be_read_may_hold_the_policy_that_changes() {
    let failure = failure("iam:GetUser");
    let mut account = Account::default()
        .declared("user", "ada", &user())
        .declared("policy", "P", &policy(&allow(&json!("s3:*"), &json!("*"))))
        .there("policy", "P", &policy(&allow(&json!("s3:GetObject"), &json!("*"))), &[]);
    account.live.insert(
        Address::new(KindName::USER, "ada"),
        LiveResource { observed: Observed::Unknown(failure), conflict: None },
    );
    assert_eq!(account.says(), ["user.ada Permissions Unknown kept []", "? Gained policy.P"]);
    // A Deny in the policy may deny what another policy allows.
    let mut of = |before: &Value, after: &Value| {
        account = std::mem::take(&mut account).declared("policy", "P", &policy(after)).there(
            "policy",
            "P",
            &policy(before),
            &[],
        );
        account.says()
    };
    let all = allow(&json!("s3:*"), &json!("*"));
    let some = document(&json!([{"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "sqs:*", "Resource": "*"}]));
    assert_eq!(of(&some, &all), ["user.ada Permissions Unknown kept []", "? Gained policy.P"]);
    assert_eq!(of(&all, &some), ["user.ada Permissions Unknown kept []", "? Lost policy.P"]);
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
    // The policy isn't in the state and carries no tag: it isn't managed by this manifest.
    let policy = Address::new(KindName::Policy, "P");
    account.recorded.remove(&policy);
    if let Some(LiveResource { observed: Observed::Present(seen), .. }) =
        account.live.get_mut(&policy)
    {
        seen.owner = None;
    }
    assert!(account.says().is_empty());
}

fn failure(call: &str) -> crate::call::Failure {
    crate::call::Failure::new(
        crate::call::FailureKind::AccessDenied,
        call,
        "AccessDenied",
        "not authorized",
    )
}

/// Returns an account with the manifest's policy, before and after, and another principal that has
/// it.
fn edited(stranger: &str, attached: &[Attached]) -> Account {
    let mut account = Account::default()
        .declared(
            "policy",
            "P",
            &policy(&allow(&json!(["s3:GetObject", "s3:PutObject"]), &json!("*"))),
        )
        .there("policy", "P", &policy(&allow(&json!("s3:GetObject"), &json!("*"))), &[]);
    let (kind, name) = stranger.split_once('/').unwrap();
    let arn = format!("arn:aws:iam::123456789012:{stranger}");
    let seen = LiveObject {
        attributes: attributes(&json!({"name": name, "arn": arn})),
        attached: attached.to_vec(),
        ..LiveObject::default()
    };
    let sighting = LiveResource { observed: Observed::Present(seen), conflict: None };
    account.unmanaged.holders.insert(Address::new(kind.parse().unwrap(), name), sighting);
    account
}

#[test]
fn whoever_else_has_an_edited_policy_gains_by_it() {
    let account = edited("role/theirs", &attached());
    assert_eq!(
        super::edited(&account.changes(), &account.live, &account.desired),
        ["arn:p".to_owned()].into()
    );
    assert_eq!(
        account.says(),
        ["role.theirs Permissions Wider kept []", "+ s3:PutObject on * by policy.P"]
    );
    let found = changes(&account.changes(), &account.live, &account.desired, &account.unmanaged);
    assert!(found[0].foreign);
    // Other policies on that principal count as well.
    let inline = Attached::Inline("own".into());
    let mut account = edited("role/theirs", &[attached(), [inline]].concat());
    let name = "role_policy.theirs/own";
    let unread = unread(&account.changes(), &account.live, &account.desired, &account.unmanaged);
    assert_eq!(unread, [name.to_owned()].into());
    account.unmanaged.documents.insert(name.to_owned(), allow(&json!("s3:*"), &json!("*")).into());
    assert_eq!(account.says(), ["role.theirs Permissions Equal kept []"]);
}

#[test]
fn of_a_group_only_the_edited_policy_is_known() {
    let account = edited("group/admins", &attached());
    let gain = "+ s3:PutObject on * by policy.P unless the other policies of group.admins";
    assert_eq!(account.says(), ["group.admins Permissions Unknown kept []", gain]);
    assert!(
        unread(&account.changes(), &account.live, &account.desired, &account.unmanaged).is_empty()
    );
}

#[test]
fn who_has_an_edited_policy_may_not_be_known() {
    let mut account = edited("role/theirs", &[]);
    account.unmanaged.unlisted.insert("arn:p".to_owned(), failure("iam:ListEntitiesForPolicy"));
    assert_eq!(account.says(), ["policy.P Permissions Unknown kept []", "? Gained policy.P"]);
    let found = changes(&account.changes(), &account.live, &account.desired, &account.unmanaged);
    assert!(
        found[0].doubts[0]
            .doubt
            .reason
            .ends_with("could not be listed (iam:ListEntitiesForPolicy: AccessDenied)")
    );
}

#[test]
fn what_a_group_allows_is_gained_when_a_deny_or_a_boundary_goes() {
    let mut bounded = user();
    bounded["permissions_boundary"] = json!("arn:b");
    let boundary = json!({"name": "B", "arn": "arn:b", "path": "/", "document": allow(&json!("ec2:*"), &json!("*"))});
    let denying = policy(&document(&json!([
        {"Effect": "Deny", "Action": "s3:Delete*", "Resource": "*"},
        {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}])));
    let allowing = policy(&allow(&json!("sqs:*"), &json!("*")));
    let mut unbound = Account::default()
        .declared("user", "ada", &user())
        .there("user", "ada", &bounded, &[])
        .declared("policy", "B", &boundary)
        .there("policy", "B", &boundary, &[]);
    let mut undenied = Account::default()
        .declared("user", "ada", &user())
        .there("user", "ada", &user(), &attached())
        .declared("policy", "P", &allowing)
        .there("policy", "P", &denying, &[]);
    let ada = Address::new(KindName::USER, "ada");
    let members =
        members(&undenied.changes(), &undenied.live, &undenied.desired, &undenied.unmanaged);
    assert_eq!(members, [ada.clone()].into());
    for account in [&mut unbound, &mut undenied] {
        account.unmanaged.groups.insert(ada.clone(), Ok(Vec::new()));
        assert_eq!(account.says(), ["user.ada Permissions Equal kept []"], "it is in no group");
        account.unmanaged.groups.insert(ada.clone(), Ok(vec!["admins".to_owned()]));
    }
    let unknown = "user.ada Permissions Unknown kept []";
    assert_eq!(unbound.says(), [unknown, "+ * on * by user.ada if the group admins"]);
    assert_eq!(undenied.says(), [unknown, "+ s3:Delete* on * by policy.P if the group admins"]);
    undenied.unmanaged.groups.insert(ada, Err(failure("iam:ListGroupsForUser")));
    assert_eq!(undenied.says(), [unknown, "+ s3:Delete* on * by policy.P if one of its groups"]);
    let found =
        changes(&undenied.changes(), &undenied.live, &undenied.desired, &undenied.unmanaged);
    let because = found[0].gained[0].if_allowed_by[0].because.as_deref();
    assert_eq!(because, Some("iam:ListGroupsForUser: AccessDenied"));
}
