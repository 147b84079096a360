//! Plans as comments on pull requests.

use insta::assert_snapshot;
use relayctl::address::KindName;
use relayctl::call::s3::LifecycleRule;
use relayctl::call::{BucketRef, FileWrite, IamWrite, S3Write, Write};
use relayctl::diff::{ChangeAction, Reason};
use relayctl::kind::FieldForm;
use relayctl::plan::{Plan, Step};
use relayctl::render::{human, markdown};
use serde_json::{Value, json};

use super::access::{access, grant, pass_role, through, with};
use super::fixtures::{
    PLAIN, at, change, created, document_update, plan, replacement, same, stuck, tag_drift, tags,
    updated,
};

#[test]
fn a_pull_request_gets_a_table_and_the_whole_plan() {
    let mut changes = vec![document_update(), replacement(), tag_drift()];
    changes.extend(stuck().into_iter().filter(|change| change.address.kind() == KindName::Bucket));
    let mut plan = plan(changes);
    plan.header.sandbox = true;
    plan.header.targets = [at("user.serverless")].into();
    assert_snapshot!(markdown::render_plan(&plan, None));
}

#[test]
fn a_pull_request_without_changes_says_so() {
    assert_snapshot!(markdown::render_plan(&plan(vec![same("user.serverless")]), None));
}

#[test]
fn a_comment_never_exceeds_what_github_takes() {
    let many: Vec<_> = (0..2_000)
        .map(|n| {
            created(
                &format!("user.a-rather-long-name-{n:04}"),
                &[("tags", FieldForm::Keyed, tags())],
            )
        })
        .collect();
    let text = markdown::render_plan(&plan(many), None);
    assert!(text.len() <= 65_536, "{}", text.len());
    assert!(text.contains("| | … and "));
    assert!(text.contains("**Cut off**: "));
    assert_eq!(text.matches("```").count(), 2);
    assert!(text.contains("</details>"));
}

#[test]
fn a_code_block_cannot_be_left_from_inside() {
    let hostile = "```\n</details>\n# @everyone";
    let text = markdown::render_plan(
        &plan(vec![created("user.x", &[("path", FieldForm::Plain, json!(hostile))])]),
        None,
    );
    assert!(text.contains("\n````diff\n") && text.contains("\n````\n"), "{text}");
    assert_eq!(text.matches("\n</details>").count(), 1);
}

/// A plan by which 400 users may pass one role each, and `zed` gains something else.
fn many_gains(subject: &str, aspect: &str, gained: Value) -> Plan {
    let users: Vec<String> = (0..400).map(|n| format!("a{n:03}")).collect();
    let attachment = |user: &str| format!("user_policy_attachment.{user}/P");
    let mut changes: Vec<_> = (users.iter().map(|it| attachment(it)))
        .map(|it| change(&it, ChangeAction::Create, Reason::New))
        .collect();
    changes.push(change(subject, ChangeAction::Create, Reason::New));
    let mut plan = plan(changes);
    let of_user = |user: &String| {
        let gained = through(&attachment(user), vec![pass_role(user)]);
        access(&format!("user.{user}"), "permissions", gained, Vec::new())
    };
    plan.access = users.iter().map(of_user).collect();
    plan.access.push(access(subject, aspect, through(subject, vec![gained]), Vec::new()));
    plan
}

fn statement(action: &str) -> Value {
    grant("policy.Zzz", 1, &json!({"Sid": "Evil", "Action": action, "Resource": "*"}))
}

#[track_caller]
fn stands_first_and_last(plan: &Plan, comment: &str, terminal: &str) {
    let text = markdown::render_plan(plan, None);
    assert!(text.len() <= 65_536, "{}", text.len());
    let first = text.lines().next().unwrap();
    assert!(first.contains("this is not the whole plan: ") && first.contains(" lines"), "{first}");
    let screen: Vec<&str> = text.lines().take(24).collect();
    assert!(screen.iter().any(|line| line.contains(comment)), "{}", screen.join("\n"));
    let told = human::render_plan(plan, PLAIN);
    let lines: Vec<&str> = told.lines().collect();
    let end = &lines[lines.len() - 24..];
    assert!(end.iter().any(|line| line.contains(terminal)), "{}", end.join("\n"));
}

#[test]
fn who_gains_everything_stands_on_the_first_screen_among_four_hundred_others() {
    let plan = many_gains("user.zed", "permissions", statement("*"));
    stands_first_and_last(&plan, "`zed` **gains** `every action`", "zed gains every action on *");
    let told = human::render_plan(&plan, PLAIN);
    assert!(told.contains("Access: zed and 400 users gain."), "{told}");
    let text = markdown::render_plan(&plan, None);
    assert!(text.contains("`a399`"), "the others are named as long as there is room");
}

#[test]
fn an_escalation_stands_on_the_first_screen_among_four_hundred_others() {
    let plan = many_gains("user.zed", "permissions", statement("iam:PutUserPolicy"));
    stands_first_and_last(&plan, "`iam:PutUserPolicy`", "zed gains iam:PutUserPolicy on *");
}

#[test]
fn another_account_and_the_public_stand_on_the_first_screen_among_four_hundred_others() {
    let trust = |who: &str| {
        let fields = json!({"principals": [who], "resources": [], "actions": ["sts:AssumeRole"]});
        many_gains("role.zed", "trust", with(statement("sts:AssumeRole"), fields))
    };
    let stranger = trust("arn:aws:iam::666666666666:root");
    stands_first_and_last(&stranger, "666666666666", "666666666666:root may assume zed");
    stands_first_and_last(&trust("*"), "**PUBLIC:** **anyone**", "PUBLIC: anyone may assume zed");
}

/// Adds calls to the step of a change.
fn calling(mut plan: Plan, address: &str, calls: Vec<Write>) -> Plan {
    let step = |step: &&mut Step| step.id.address == at(address);
    plan.steps.iter_mut().find(step).unwrap().calls = calls;
    plan
}

fn bucket() -> BucketRef {
    BucketRef { name: "zzz".to_owned(), region: "us-east-1".to_owned() }
}

fn long(last: Vec<relayctl::diff::ResourceChange>) -> Plan {
    let many = (0..2_000).map(|n| created(&format!("user.a-rather-long-name-{n:04}"), &[]));
    plan(many.chain(last).collect())
}

#[test]
fn secrets_deletions_and_open_buckets_are_named_however_long_the_plan_is() {
    let rules = vec![LifecycleRule {
        id: "expire".to_owned(),
        enabled: true,
        expiration_days: Some(1),
        ..LifecycleRule::default()
    }];
    let command = vec!["sh".to_owned(), "-c".to_owned(), "cat > /tmp/x".to_owned()];
    let plan = long(vec![
        created("access_key.zed", &[]),
        updated("bucket.zzz", Vec::new(), 0),
        change("role.zzz", ChangeAction::Delete, Reason::Undeclared),
    ]);
    let plan = calling(
        plan,
        "access_key.zed",
        vec![
            Write::Iam(IamWrite::CreateAccessKey { user: "zed".to_owned() }),
            Write::File(FileWrite::RunCommand { command }),
        ],
    );
    let ownership = "ObjectWriter".to_owned();
    let open = S3Write::PutBucketOwnershipControls { bucket: bucket(), ownership };
    let expire = S3Write::PutBucketLifecycle { bucket: bucket(), rules };
    let mut plan = calling(plan, "bucket.zzz", [open, expire].map(Write::S3).to_vec());
    plan.steps.last_mut().unwrap().removal = true;
    let text = markdown::render_plan(&plan, None);
    let heads: Vec<&str> = text.lines().take(16).collect();
    for said in [
        "- **Open to the public**: `bucket.zzz` (ACLs decide on access",
        "- **Secrets**: `access_key.zed` (a new key, to the command sh -c 'cat \\> /tmp/x')",
        "- **Data deleted**: `bucket.zzz` (rule expire: objects after 1 day)",
        "- **Destroyed**: `role.zzz`",
    ] {
        let said = said.replace("\\>", "&gt;");
        assert!(heads.iter().any(|line| line.starts_with(&said)), "{said}\n{}", heads.join("\n"));
    }
    let told = human::render_plan(&plan, PLAIN);
    assert!(told.contains("  command:Run sh -c 'cat > /tmp/x'\n"), "{told}");
    let end = &told[told.len() - 600..];
    for said in ["Secrets: access_key.zed (a new key, to the command sh", "Destroyed: role.zzz\n"] {
        assert!(end.contains(said), "{said}\n{end}");
    }
}

#[test]
fn a_rule_that_deletes_objects_never_stands_under_no_change_of_access() {
    let rule = |days| LifecycleRule {
        id: "old".to_owned(),
        enabled: true,
        prefix: "logs/".to_owned(),
        expiration_days: days,
        abort_multipart_days: Some(3),
        ..LifecycleRule::default()
    };
    let with_rule = |days| {
        let call = S3Write::PutBucketLifecycle { bucket: bucket(), rules: vec![rule(days)] };
        let lifecycle = super::fixtures::field(
            "lifecycle",
            FieldForm::Plain,
            Some(json!([])),
            Some(json!([rule(days)])),
        );
        let plan = plan(vec![updated("bucket.zzz", vec![lifecycle], 3)]);
        calling(plan, "bucket.zzz", vec![Write::S3(call)])
    };
    let settled = "No one gains or loses access.";
    for told in
        [human::render_plan(&with_rule(None), PLAIN), markdown::render_plan(&with_rule(None), None)]
    {
        // A lifecycle that deletes nothing may move objects, so it is not called settled, either.
        assert!(!told.contains(settled) && !told.contains("Data deleted"), "{told}");
    }
    let plan = with_rule(Some(30));
    for told in [human::render_plan(&plan, PLAIN), markdown::render_plan(&plan, None)] {
        assert!(!told.contains(settled), "{told}");
        assert!(told.contains("rule old: objects after 30 days below logs/"), "{told}");
    }
}
