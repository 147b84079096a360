//! Tests of groups that the manifest manages, and of their members.

use serde_json::json;

use super::*;
use crate::diff::DiffOptions;
use crate::kind::DeletionBlocker;

/// Returns an account in which Ada is in `devs`, a group of the manifest's that has the policy `P`.
fn in_group(before: &Value, after: &Value) -> Account {
    let group = json!({"name": "devs", "arn": "arn:aws:iam::123456789012:group/devs", "path": "/"});
    Account::default()
        .declared("user", "ada", &user())
        .there("user", "ada", &user(), &[])
        .declared("group", "devs", &group)
        .there("group", "devs", &group, &attached())
        .declared("policy", "P", &policy(after))
        .there("policy", "P", &policy(before), &[])
}

#[test]
fn whoever_is_in_a_group_of_the_manifest_gains_by_its_policies() {
    let wide = allow(&json!(["s3:GetObject", "s3:PutObject"]), &json!("*"));
    let mut account = in_group(&allow(&json!("s3:GetObject"), &json!("*")), &wide);
    let devs = Address::new(KindName::GROUP, "devs");
    let groups = changed_groups(&account.changes(), &account.live, &account.desired);
    assert_eq!(groups, [devs.clone()].into());
    // As long as the members were not listed, the group is reported in their place.
    let group = ["group.devs Permissions Wider kept []", "+ s3:PutObject on * by policy.P"];
    assert_eq!(account.says(), group);
    account.unmanaged.members.insert(devs.clone(), Ok(Vec::new()));
    assert!(account.says().is_empty(), "nobody gains");
    account.unmanaged.members.insert(devs.clone(), Ok(vec!["ada".to_owned()]));
    let ada = ["user.ada Permissions Wider kept []", "+ s3:PutObject on * by policy.P"];
    assert_eq!(account.says(), ada);
    // Nothing is known of Eve, who is in the group as well.
    account.unmanaged.members.insert(devs, Ok(vec!["ada".to_owned(), "eve".to_owned()]));
    assert_eq!(account.says(), [group, ada].concat());
}

#[test]
fn what_a_group_of_the_manifest_allows_is_no_gain() {
    let all = allow(&json!("s3:*"), &json!("*"));
    let mut account = in_group(&all, &all);
    account
        .unmanaged
        .groups
        .insert(Address::new(KindName::USER, "ada"), Ok(vec!["devs".to_owned()]));
    let own =
        json!({"user": "ada", "name": "own", "document": allow(&json!("s3:Get*"), &json!("*"))});
    account = account.declared("user_policy", "ada/own", &own);
    assert_eq!(account.says(), ["user.ada Permissions Equal kept []"]);
    let mut bounded = user();
    bounded["permissions_boundary"] = json!("arn:p");
    let unbound = account.there("user", "ada", &bounded, &[]);
    assert_eq!(
        unbound.says(),
        ["user.ada Permissions Equal kept []"],
        "the boundary allows all that it has"
    );
}

/// Adds an existing user of the manifest's.
fn with_user(account: Account, name: &str, attached: &[Attached]) -> Account {
    let user =
        json!({"name": name, "arn": format!("arn:aws:iam::123456789012:user/{name}"), "path": "/"});
    account.declared("user", name, &user).there("user", name, &user, attached)
}

/// Adds an existing group of the manifest's.
fn with_group(account: Account, name: &str, attached: &[Attached]) -> Account {
    let group = json!({"name": name, "arn": format!("arn:aws:iam::123456789012:group/{name}"), "path": "/"});
    account.declared("group", name, &group).there("group", name, &group, attached)
}

/// Returns an account with a policy `P` of the manifest's, as it is and as it will be; the users
/// Ada and Bob, and the group `devs`, which has the policy.
fn team(before: &Value, after: &Value) -> Account {
    let account = Account::default().declared("policy", "P", &policy(after)).there(
        "policy",
        "P",
        &policy(before),
        &[],
    );
    with_group(with_user(with_user(account, "ada", &[]), "bob", &[]), "devs", &attached())
}

fn get() -> Value {
    allow(&json!("s3:GetObject"), &json!("*"))
}

fn member(user: &str, group: &str) -> (String, Value) {
    (format!("{user}/{group}"), json!({"user": user, "group": group}))
}

impl Account {
    fn joins(self, user: &str, group: &str) -> Self {
        let (name, membership) = member(user, group);
        self.declared("user_group_membership", &name, &membership)
    }

    fn leaves(self, user: &str, group: &str) -> Self {
        let (name, membership) = member(user, group);
        self.there("user_group_membership", &name, &membership, &[])
    }

    fn stays(self, user: &str, group: &str) -> Self {
        self.joins(user, group).leaves(user, group)
    }
}

#[test]
fn each_user_who_joins_a_group_gains_what_its_policies_allow() {
    let account = team(&get(), &get()).joins("ada", "devs").joins("bob", "devs");
    assert_eq!(
        account.says(),
        [
            "user.ada Permissions Wider kept []",
            "+ s3:GetObject on * by user_group_membership.ada/devs",
            "user.bob Permissions Wider kept []",
            "+ s3:GetObject on * by user_group_membership.bob/devs",
        ]
    );
}

#[test]
fn whoever_leaves_a_group_loses_what_its_policies_allow_and_nobody_else_does() {
    let account = team(&get(), &get()).leaves("ada", "devs").stays("bob", "devs");
    let lost = [
        "user.ada Permissions Narrower kept []",
        "- s3:GetObject on * by user_group_membership.ada/devs",
    ];
    assert_eq!(account.says(), lost);
}

#[test]
fn a_changed_policy_of_a_group_affects_each_member_by_name() {
    let wide = allow(&json!(["s3:GetObject", "s3:PutObject"]), &json!("*"));
    let mut account = team(&get(), &wide).stays("ada", "devs").stays("bob", "devs");
    let devs = Address::new(KindName::GROUP, "devs");
    account.unmanaged.members.insert(devs, Ok(vec!["ada".to_owned(), "bob".to_owned()]));
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
fn a_policy_taken_off_a_group_is_lost_by_its_members_through_the_detachment() {
    let mut account = team(&get(), &get()).stays("ada", "devs");
    let attachment = json!({"group": "devs", "policy_arn": "arn:p"});
    account = account.there("group_policy_attachment", "devs/P", &attachment, &[]);
    account
        .unmanaged
        .members
        .insert(Address::new(KindName::GROUP, "devs"), Ok(vec!["ada".to_owned()]));
    let lost = [
        "user.ada Permissions Narrower kept []",
        "- s3:GetObject on * by group_policy_attachment.devs/P",
    ];
    assert_eq!(account.says(), lost);
}

#[test]
fn an_inline_policy_of_a_group_is_gained_by_its_members_through_that_policy() {
    let mut account =
        with_group(with_user(Account::default(), "ada", &[]), "devs", &[]).stays("ada", "devs");
    let inline = json!({"group": "devs", "name": "own", "document": get()});
    account = account.declared("group_policy", "devs/own", &inline);
    account
        .unmanaged
        .members
        .insert(Address::new(KindName::GROUP, "devs"), Ok(vec!["ada".to_owned()]));
    let gained =
        ["user.ada Permissions Wider kept []", "+ s3:GetObject on * by group_policy.devs/own"];
    assert_eq!(account.says(), gained);
}

#[test]
fn a_member_who_has_the_same_permission_by_a_policy_of_its_own_loses_nothing() {
    let own = json!({"user": "ada", "name": "own", "document": get()});
    let inline = [Attached::Inline("own".to_owned())];
    let account = with_user(team(&get(), &get()), "ada", &inline)
        .declared("user_policy", "ada/own", &own)
        .there("user_policy", "ada/own", &own, &[])
        .leaves("ada", "devs")
        .leaves("bob", "devs");
    assert_eq!(
        account.says(),
        [
            "user.ada Permissions Equal kept []",
            "user.bob Permissions Narrower kept []",
            "- s3:GetObject on * by user_group_membership.bob/devs",
        ]
    );
}

#[test]
fn a_move_between_groups_with_the_same_policy_changes_nothing() {
    let account = with_group(team(&get(), &get()), "ops", &attached())
        .leaves("ada", "devs")
        .joins("ada", "ops");
    assert!(account.says().is_empty(), "{:?}", account.says());
}

#[test]
fn a_group_that_goes_takes_from_each_member_what_it_allowed() {
    let group = json!({"name": "ops", "arn": "arn:aws:iam::123456789012:group/ops", "path": "/"});
    let attachment = json!({"group": "ops", "policy_arn": "arn:p"});
    let mut account = team(&get(), &get())
        .there("group", "ops", &group, &attached())
        .there("group_policy_attachment", "ops/P", &attachment, &[])
        .leaves("ada", "ops");
    let ops = Address::new(KindName::GROUP, "ops");
    let hang = |account: &mut Account, users: &[&str]| {
        let seen = account.live.get_mut(&ops).map(|sighting| &mut sighting.observed);
        let Some(Observed::Present(seen)) = seen else { panic!("it is there") };
        seen.hanging =
            users.iter().map(|user| DeletionBlocker::Member((*user).to_owned())).collect();
    };
    hang(&mut account, &["ada"]);
    let ada = [
        "user.ada Permissions Narrower kept []",
        "- s3:GetObject on * by user_group_membership.ada/ops",
    ];
    assert_eq!(account.says(), ada);
    // Eve is removed from the group by name alone: the group is reported in her place.
    hang(&mut account, &["ada", "eve"]);
    let group = [
        "group.ops Permissions Narrower kept []",
        "- s3:GetObject on * by group_policy_attachment.ops/P",
    ];
    let changes = diff(
        &account.desired,
        &account.recorded,
        &account.live,
        DiffOptions { foreign: true, ..DiffOptions::default() },
    );
    let changes: Vec<ResourceChange> =
        changes.into_iter().map(|decision| decision.change).collect();
    assert_eq!(account.says_of(&changes), [group, ada].concat());
}
