//! Tests of checks over whole manifests, and of the messages for failed ones.

use std::fs;

use crate::manifest::{Inputs, Loaded, load_manifest};

use super::*;

const HEAD: &str = "version: 1\nname: relay\naccount: '123456789012'\nregion: us-east-1\n";

fn loaded(text: &str, document: &str) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("m.yaml"), format!("{HEAD}{text}")).unwrap();
    fs::write(folder.path().join("p.json"), document).unwrap();
    load_manifest(&folder.path().join("m.yaml"), &Inputs::default())
}

/// Returns severity, message and help of each diagnostic, without the temporary folder.
fn told(text: &str, document: &str) -> String {
    let loaded = loaded(text, document);
    let Some(desired) = &loaded.desired else { panic!("{:#?}", loaded.diagnostics) };
    let lines = diagnostics(desired, &loaded.documents).into_iter().map(|one| {
        let place = one.place.unwrap();
        let folder = format!("{}/", place.file.parent().unwrap().display());
        let text =
            format!("{}: {}\n{}\n", one.code, one.message, one.help.unwrap()).replace(&folder, "");
        format!("{}: {text}", place.line)
    });
    lines.collect::<Vec<_>>().concat()
}

/// Checks a user `u` that has the document attached.
fn checked(document: &str, checks: &str) -> String {
    let policy = "policies: {P: {document: p.json}}\nusers: {u: {policies: [P]}}\n";
    told(&format!("{policy}checks:\n{checks}"), document)
}

const DEPLOY: &str = r#"{"Version": "2012-10-17", "Statement": [
  {"Sid": "Write", "Effect": "Allow", "Action": "s3:Put*", "Resource": "arn:aws:s3:::zappa-*/*"},
  {"Sid": "Pass", "Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::123456789012:role/*-Relay",
   "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}},
  {"Sid": "Guard", "Effect": "Deny", "Action": "s3:PutBucketPolicy", "Resource": "*"},
  {"Sid": "All", "Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::logs", "arn:aws:s3:::logs/*"]}]}"#;

#[test]
fn checks_that_hold_say_nothing() {
    let checks = r#"
  - users.u: {can: s3:PutObject, on: "arn:aws:s3:::zappa-*/*"}
  - users.u: {can: [s3:GetObject, s3:DeleteBucket], on: ["arn:aws:s3:::logs", "arn:aws:s3:::logs/*"]}
  - users.u: {cannot: s3:PutBucketPolicy, on: "*"}
  - users.u: {cannot: ["iam:CreateUser", "ec2:*"], on: "*"}
  - users.u: {cannot: "s3:Get*", on: "arn:aws:s3:::zappa-*"}
  - users.u: {cannot: iam:PassRole, on: "arn:aws:iam::*:role/Admin"}
"#;
    assert_eq!(checked(DEPLOY, checks), "");
}

#[test]
fn what_is_allowed_and_must_not_be_comes_with_its_statement_as_written() {
    let told =
        checked(DEPLOY, "  - users.u: {cannot: [s3:DeleteBucket, iam:CreateUser], on: '*'}\n");
    assert_eq!(
        told,
        "8: failed-check: user.u can s3:DeleteBucket on arn:aws:s3:::logs, but the check says that it cannot
p.json:6:3: statement 4 \"All\" of policy.P allows it
narrow what allows it, add a Deny, or correct the check
"
    );
}

#[test]
fn access_under_a_condition_is_access_that_must_not_be() {
    let told = checked(DEPLOY, "  - users.u: {cannot: iam:PassRole, on: '*'}\n");
    assert!(
        told.contains("failed-check: user.u can iam:PassRole on arn:aws:iam::123456789012:role/"),
        "{told}"
    );
    assert!(
        told.contains(
            "p.json:3:3: statement 2 \"Pass\" of policy.P allows it under the condition {"
        ),
        "{told}"
    );
}

#[test]
fn what_is_not_allowed_and_must_be_says_why() {
    let told = checked(DEPLOY, "  - users.u: {can: 's3:*', on: 'arn:aws:s3:::logs'}\n");
    assert!(
        told.starts_with(
            "8: failed-check: user.u cannot s3:PutBucketPolicy on arn:aws:s3:::logs, but"
        ),
        "{told}"
    );
    assert!(
        told.contains(
            "\np.json:5:3: statement 3 \"Guard\" of policy.P denies s3:PutBucketPolicy on"
        ),
        "{told}"
    );

    let told = checked(DEPLOY, "  - users.u: {can: s3:GetObject, on: 'arn:aws:s3:::zappa-x/*'}\n");
    assert!(
        told.starts_with("8: failed-check: user.u cannot s3:GetObject on arn:aws:s3:::zappa-x/"),
        "{told}"
    );
    assert!(told.contains("\nnothing allows s3:GetObject on arn:aws:s3:::zappa-x/"), "{told}");
}

#[test]
fn access_under_a_condition_is_none_unless_the_check_settles_it() {
    let role = "on: 'arn:aws:iam::123456789012:role/x-Relay'";
    let told = checked(DEPLOY, &format!("  - users.u: {{can: iam:PassRole, {role}}}\n"));
    let only = "p.json:3:3: statement 2 \"Pass\" of policy.P allows iam:PassRole on \
                arn:aws:iam::123456789012:role/x-Relay only under the condition {";
    assert!(told.contains(only), "{told}");

    let with = |service: &str, can: &str| {
        let with = format!("with: {{iam:passedtoservice: {service}.amazonaws.com}}");
        checked(DEPLOY, &format!("  - users.u: {{{can}: iam:PassRole, {role}, {with}}}\n"))
    };
    assert_eq!(with("lambda", "can"), "");
    assert_eq!(with("ec2", "cannot"), "");
    assert!(with("lambda", "cannot").contains("statement 2 \"Pass\" of policy.P allows it\n"));
    assert!(with("ec2", "can").contains("nothing allows iam:PassRole"));
}

const ALL: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}"#;

const READ: &str =
    r#"{Version: "2012-10-17", Statement: {Effect: Allow, Action: "s3:Get*", Resource: "*"}}"#;

#[test]
fn a_boundary_bounds() {
    let text = |check: &str| {
        let policies = format!("policies: {{P: {{document: p.json}}, B: {{document: {READ}}}}}\n");
        format!(
            "{policies}users: {{u: {{policies: [P], permissions_boundary: B}}}}\nchecks: \
                [users.u: {check}]\n"
        )
    };
    assert_eq!(told(&text("{can: s3:GetObject, on: '*'}"), ALL), "");
    assert_eq!(told(&text("{cannot: s3:PutObject, on: '*'}"), ALL), "");
    let refused = told(&text("{can: s3:PutObject, on: '*'}"), ALL);
    assert!(
        refused.contains("the permissions boundary policy.B doesn't allow s3:PutObject on"),
        "{refused}"
    );
}

#[test]
fn policies_that_are_not_declared_leave_a_cannot_unproven() {
    let foreign = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    let text = |check: &str| {
        format!("users: {{u: {{policies: ['{foreign}']}}}}\nchecks: [users.u: {check}]\n")
    };
    let unproven = told(&text("{cannot: s3:PutObject, on: '*'}"), "");
    assert!(
        unproven
            .starts_with("6: unproven-check: that user.u cannot s3:PutObject on * isn't proven\n"),
        "{unproven}"
    );
    assert!(unproven.contains(&format!("\n{foreign} is attached to it")), "{unproven}");
    let failed = told(&text("{can: s3:GetObject, on: '*'}"), "");
    assert!(failed.starts_with("6: failed-check:"), "{failed}");
    assert!(failed.contains(&format!("\n{foreign} is attached to it too")), "{failed}");
}

#[test]
fn a_boundary_that_is_not_declared_can_only_take_away() {
    let foreign = "arn:aws:iam::aws:policy/PowerUserAccess";
    let text = |check: &str| {
        let user = format!("{{policies: [P], permissions_boundary: '{foreign}'}}");
        format!(
            "policies: {{P: {{document: p.json}}}}\nusers: {{u: {user}}}\nchecks: [users.u: \
                {check}]\n"
        )
    };
    assert_eq!(told(&text("{cannot: iam:CreateUser, on: '*'}"), ALL), "");
    assert!(told(&text("{can: s3:GetObject, on: '*'}"), ALL).starts_with("7: unproven-check:"));
    let failed = told(&text("{cannot: s3:GetObject, on: '*'}"), ALL);
    assert!(
        failed.starts_with("7: failed-check:") && failed.contains("its permissions boundary arn:"),
        "{failed}"
    );
}

#[test]
fn a_bucket_policy_allows_and_denies_like_one_of_the_users_own() {
    let text = |principal: &str, effect: &str, user: &str, check: &str| {
        let statement = format!(
            "{{Effect: {effect}, Principal: {principal}, Action: 's3:DeleteBucket', Resource: \
                'arn:aws:s3:::b-1'}}"
        );
        format!(
            "policies: {{P: {{document: p.json}}, B: {{document: {READ}}}}}\nusers: {{u: {user}, v: {{}}}}
buckets: {{b-1: {{public_access_block: {{block_public_policy: false}}, policy: {{Version: '2012-10-17', Statement: [{statement}]}}}}}}\nchecks: [users.u: {check}]\n"
        )
    };
    let (can, cannot) =
        ("{can: s3:DeleteBucket, on: 'arn:aws:s3:::b-1'}", "{cannot: s3:DeleteBucket, on: '*'}");
    let holds = |principal: &str, effect: &str, user: &str, check: &str| {
        let told = told(&text(principal, effect, user, check), ALL);
        assert!(told.is_empty() || told.contains("failed-check"), "{told}");
        told.is_empty()
    };
    let (u, v, account) =
        ("{AWS: '${users.u.arn}'}", "{AWS: '${users.v.arn}'}", "{AWS: '123456789012'}");
    // A policy that names the user, or everyone, allows without a policy of the user's own. One
    // that names only the account leaves it to the account.
    for (principal, can_it) in [(u, true), ("'*'", true), (v, false), (account, false)] {
        assert_eq!(holds(principal, "Allow", "{}", can), can_it, "{principal}");
        assert_eq!(holds(principal, "Allow", "{}", cannot), !can_it, "{principal}");
    }
    for (principal, denied) in [(u, true), ("'*'", true), (v, false), (account, true)] {
        assert_eq!(holds(principal, "Deny", "{policies: [P]}", can), !denied, "{principal}");
    }
    // A boundary doesn't limit the permissions that a bucket policy gives a user by name.
    assert!(!holds(u, "Allow", "{permissions_boundary: B}", cannot));
    assert!(holds(v, "Allow", "{policies: [P], permissions_boundary: B}", cannot));
}

#[test]
fn a_role_that_trusts_a_user_can_be_assumed_without_a_policy() {
    let text = |trusted: &str| {
        let role = format!(
            "roles: {{r: {{trust: {{users: [{trusted}]}}}}}}\nusers: {{u: {{}}, v: {{}}}}\n"
        );
        format!("{role}checks: [users.u: {{cannot: 'sts:*', on: '*'}}]\n")
    };
    assert_eq!(told(&text("v"), ""), "");
    let failed = told(&text("u"), "");
    assert!(
        failed.starts_with(
            "7: failed-check: user.u can sts:AssumeRole on arn:aws:iam::123456789012:role/r"
        ),
        "{failed}"
    );
    assert!(failed.contains("\nm.yaml:5:20: statement 1 of role.r allows it\n"), "{failed}");
}

#[test]
fn what_cannot_be_told_fails() {
    // Both together allow it if AWS writes the number as the policy does, which isn't documented.
    let doubtful = r#"{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*",
   "Condition": {"StringEquals": {"s3:max-keys": "1"}}},
  {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*",
   "Condition": {"NumericNotEquals": {"s3:max-keys": "1"}}}]}"#;
    let told = checked(doubtful, "  - users.u: {can: s3:GetObject, on: '*'}\n");
    assert!(
        told.starts_with("8: failed-check: whether user.u can s3:GetObject on * can't be told\n"),
        "told: {told}"
    );
}

#[test]
fn what_follows_from_the_subject_is_known() {
    let own = r#"{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::home/${aws:username}/*"},
  {"Effect": "Allow", "Action": "s3:GetObject",
   "Resource": "arn:aws:s3:::${aws:PrincipalTag/Team}"},
  {"Effect": "Allow", "Action": "iam:CreateUser", "Resource": "*",
   "Condition": {"StringEquals": {"aws:PrincipalAccount": "999999999999"}}},
  {"Effect": "Allow", "Action": "iam:TagUser", "Resource": "*",
   "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::123456789012:user/u"}}}]}"#;
    let head =
        "policies: {P: {document: p.json}}\nusers: {u: {policies: [P], tags: {Team: red}}}\n";
    let checks = |list: &str| told(&format!("{head}checks: [{list}]\n"), own);
    for check in [
        "users.u: {can: s3:PutObject, on: 'arn:aws:s3:::home/u/x'}",
        "users.u: {cannot: s3:PutObject, on: 'arn:aws:s3:::home/bob/*'}",
        "users.u: {can: s3:GetObject, on: 'arn:aws:s3:::red'}",
        "users.u: {cannot: s3:GetObject, on: 'arn:aws:s3:::blue'}",
        "users.u: {cannot: iam:CreateUser, on: '*'}",
        "users.u: {can: iam:TagUser, on: '*'}",
    ] {
        assert_eq!(checks(check), "", "{check}");
        let (can, cannot) = ("{can:", "{cannot:");
        let opposite = if check.contains(can) {
            check.replace(can, cannot)
        } else {
            check.replace(cannot, can)
        };
        assert!(checks(&opposite).contains("failed-check"), "{opposite}");
    }
    // Others may have given the user another value of a tag that is left to them.
    for ignored in ["tags", "tags.Team"] {
        let head =
            head.replace("red}", &format!("red}}, lifecycle: {{ignore_changes: [{ignored}]}}"));
        let check = "users.u: {cannot: s3:GetObject, on: 'arn:aws:s3:::blue'}";
        let told = told(&format!("{head}checks: [{check}]\n"), own);
        assert!(told.contains("failed-check"), "{ignored}: {told}");
    }
}
