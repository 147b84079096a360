//! Groups of the manifest's, and whoever is in them.

use serde_json::json;

use super::*;

/// Ada is in `devs`, a group of the manifest's that has the policy `P`.
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
    // As long as nobody has asked who they are, the group stands for them.
    let group = ["group.devs Permissions Wider kept []", "+ s3:PutObject on * by policy.P"];
    assert_eq!(account.says(), group);
    account.unmanaged.members.insert(devs.clone(), Ok(Vec::new()));
    assert!(account.says().is_empty(), "nobody gains");
    account.unmanaged.members.insert(devs.clone(), Ok(vec!["ada".to_owned()]));
    let ada = ["user.ada Permissions Wider kept []", "+ s3:PutObject on * by policy.P"];
    assert_eq!(account.says(), ada);
    // Nothing is known of Eve, who is in it as well.
    account.unmanaged.members.insert(devs, Ok(vec!["ada".to_owned(), "eve".to_owned()]));
    assert_eq!(account.says(), [group, ada].concat());
}

#[test]
fn what_a_group_of_the_manifest_allows_is_no_gain() {
    let all = allow(&json!("s3:*"), &json!("*"));
    let mut account = in_group(&all, &all);
    account.unmanaged.groups.insert(Address::new(KindName::USER, "ada"), Ok(vec!["devs".to_owned()]));
    let own = json!({"user": "ada", "name": "own", "document": allow(&json!("s3:Get*"), &json!("*"))});
    account = account.declared("user_policy", "ada/own", &own);
    assert_eq!(account.says(), ["user.ada Permissions Equal kept []"]);
    let mut bounded = user();
    bounded["permissions_boundary"] = json!("arn:p");
    let unbound = account.there("user", "ada", &bounded, &[]);
    assert_eq!(unbound.says(), ["user.ada Permissions Equal kept []"], "the boundary allows all that it has");
}
