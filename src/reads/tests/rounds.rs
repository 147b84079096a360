//! The reads, round by round.

use serde_json::json;

use super::*;

#[test]
fn a_relay_stack_that_the_state_knows_is_read_in_one_round() {
    let run = "arn:aws:iam::1:policy/app/Run";
    let mut facets = relay();
    facets.retain(|facet| *facet != policy_facet("arn:aws:iam::1:policy/Run"));
    facets.push(policy_facet(run));
    let tagged = S3Reply::Tags(BTreeMap::new());
    let (rounds, _) = aws().s3(S3Read::GetBucketTagging(bucket()), tagged).ask_known(&facets);
    insta::assert_debug_snapshot!(rounds, @r#"
    [
        [
            "sweep",
            "ListAccessKeys { user: serverless }",
            "GetRole { role: runner }",
            "GetPolicy { arn: arn:aws:iam::1:policy/Deploy }",
            "GetPolicy { arn: arn:aws:iam::1:policy/app/Run }",
            "GetBucketTagging({ name: zappa-relay, region: us-east-1 })",
            "GetPublicAccessBlock({ name: zappa-relay, region: us-east-1 })",
            "file Credentials { profile: serverless }",
            "file Profile { profile: serverless }",
            "file KeyCsv { file: Path(serverless.csv) }",
            "file Stage { file: Path(zappa_settings.json), stage: dev }",
        ],
    ]
    "#);
}

#[test]
fn a_relay_stack_that_nobody_knows_is_first_looked_for() {
    let (rounds, _) = aws()
        .s3(S3Read::GetBucketTagging(bucket()), S3Reply::Tags(BTreeMap::new()))
        .ask(&relay(), ReadScope::Cheapest);
    insta::assert_debug_snapshot!(rounds, @r#"
    [
        [
            "sweep",
            "GetBucketTagging({ name: zappa-relay, region: us-east-1 })",
            "file Credentials { profile: serverless }",
            "file Profile { profile: serverless }",
            "file KeyCsv { file: Path(serverless.csv) }",
            "file Stage { file: Path(zappa_settings.json), stage: dev }",
        ],
        [
            "ListAccessKeys { user: serverless }",
            "GetRole { role: runner }",
            "GetPolicy { arn: arn:aws:iam::1:policy/Deploy }",
            "GetPolicy { arn: arn:aws:iam::1:policy/app/Run }",
            "GetPublicAccessBlock({ name: zappa-relay, region: us-east-1 })",
        ],
    ]
    "#);
}

#[test]
fn an_empty_account_is_read_in_one_round() {
    let empty = Aws::default().sweeps(AuthorizationDetails::default()).no_bucket();
    let (rounds, known) = empty.ask(&relay(), ReadScope::Cheapest);
    assert_eq!(rounds.len(), 1, "{rounds:?}");
    let sent: Vec<&String> = rounds[0].iter().filter(|read| !read.starts_with("file")).collect();
    assert_eq!(sent, ["sweep", "GetBucketTagging({ name: zappa-relay, region: us-east-1 })"]);
    assert_eq!(known.user("serverless"), Observed::Absent);
    assert_eq!(known.access_keys("serverless"), Observed::Absent);
    assert_eq!(known.role("runner"), Observed::Absent);
    assert_eq!(known.role_settings("runner"), Observed::Absent);
    assert_eq!(known.policy(POLICY), Observed::Absent);
    assert_eq!(known.bucket(&bucket(), BucketAspect::PublicAccessBlock), Observed::Absent);
}

#[test]
fn a_denied_sweep_falls_back_to_single_objects() {
    let (rounds, known) = targeted_aws().ask(&relay()[..6], ReadScope::Cheapest);
    insta::assert_debug_snapshot!(rounds, @r#"
    [
        [
            "sweep",
        ],
        [
            "GetUser { user: serverless }",
            "ListAttachedUserPolicies { user: serverless }",
            "ListUserPolicies { user: serverless }",
            "GetRole { role: runner }",
            "ListAttachedRolePolicies { role: runner }",
            "ListRolePolicies { role: runner }",
            "GetPolicy { arn: arn:aws:iam::1:policy/Deploy }",
        ],
        [
            "GetUserPolicy { user: serverless, policy: debug }",
            "GetUserPolicy { user: serverless, policy: gone }",
            "GetPolicyVersion { arn: arn:aws:iam::1:policy/Deploy, version: v9 }",
            "ListPolicyVersions { arn: arn:aws:iam::1:policy/Deploy }",
        ],
    ]
    "#);
    let swept = aws().ask(&relay()[..6], ReadScope::Cheapest).1;
    assert_eq!(known.user("serverless"), swept.user("serverless"));
    assert_eq!(
        known.policies(&Principal::user("serverless")),
        swept.policies(&Principal::user("serverless"))
    );
    assert_eq!(known.sweep_failure(), Some(&failure(FailureKind::AccessDenied)));
}

#[test]
fn both_scopes_tell_the_same() {
    let facets = &relay()[..6];
    let (_, sweep) = aws().ask(facets, ReadScope::Cheapest);
    let (_, targeted) = targeted_aws().ask(facets, ReadScope::Targeted);
    assert_eq!(sweep.user("serverless"), targeted.user("serverless"));
    assert_eq!(
        sweep.policies(&Principal::user("serverless")),
        targeted.policies(&Principal::user("serverless"))
    );
    assert_eq!(
        sweep.policies(&Principal::role("runner")),
        targeted.policies(&Principal::role("runner"))
    );
    assert_eq!(sweep.role_settings("runner"), targeted.role_settings("runner"));
    let ids = |known: &Snapshot| {
        let policy = known.policy(POLICY).present().expect("there");
        let default: Vec<_> =
            policy.versions.iter().filter(|version| version.is_default).cloned().collect();
        (
            policy.policy,
            policy.versions.into_iter().map(|version| version.id).collect::<Vec<_>>(),
            default,
        )
    };
    assert_eq!(ids(&sweep), ids(&targeted));
    assert_eq!(ids(&sweep).1, ["v2", "v9", "v10"]);
    assert_eq!(ids(&sweep).2[0].document, Some(json!("default").into()));
}

#[test]
fn a_user_comes_with_its_boundary_and_in_a_stable_order() {
    let (rounds, known) = aws().ask(&user_facets(), ReadScope::Cheapest);
    assert_eq!(rounds, [["sweep"]]);
    let user = known.user("serverless").present().expect("there");
    assert_eq!(user.boundary.as_deref(), Some("arn:aws:iam::1:policy/Boundary"));
    assert_eq!(
        known.policies(&Principal::user("serverless")).present().expect("there").attached,
        ["a", "z"]
    );
}

#[test]
fn one_thing_is_asked_for_by_itself() {
    // One call costs as much as a sweep's page, and its answer is far smaller.
    let (rounds, _) =
        targeted_aws().ask(&[Facet::Principal(Principal::user("serverless"))], ReadScope::Cheapest);
    assert_eq!(rounds, [["GetUser { user: serverless }"]]);
}

#[test]
fn nothing_more_is_asked_of_what_is_not_there() {
    let (rounds, known) = Aws::default()
        .ask(&[&[policy_facet(POLICY)], &user_facets()[..]].concat(), ReadScope::Targeted);
    assert_eq!(rounds.len(), 1);
    assert_eq!(rounds[0].len(), 4, "{rounds:?}");
    assert_eq!(known.policy(POLICY), Observed::Absent);
    assert_eq!(known.user("serverless"), Observed::Absent);
}

#[test]
fn a_failed_part_makes_the_whole_unknown() {
    let parts = [
        IamRead::GetUser { user: "serverless".into() },
        IamRead::ListAttachedUserPolicies { user: "serverless".into() },
        IamRead::ListUserPolicies { user: "serverless".into() },
        IamRead::GetUserPolicy { user: "serverless".into(), policy: "debug".into() },
    ];
    for part in parts {
        let aws = targeted_aws().fails(Read::Iam(part.clone()), FailureKind::Unavailable);
        let (_, known) = aws.ask(&user_facets(), ReadScope::Targeted);
        let unknown = failure(FailureKind::Unavailable);
        let itself = matches!(part, IamRead::GetUser { .. });
        assert_eq!(
            known.user("serverless") == Observed::Unknown(unknown.clone()),
            itself,
            "{part:?}"
        );
        assert_eq!(
            known.policies(&Principal::user("serverless")) == Observed::Unknown(unknown),
            !itself,
            "{part:?}"
        );
    }
}

#[test]
fn what_was_not_asked_is_unknown() {
    let known = Snapshot::default();
    assert!(matches!(known.user("serverless"), Observed::Unknown(_)));
    assert!(matches!(known.bucket(&bucket(), BucketAspect::Emptiness), Observed::Unknown(_)));
}

#[test]
fn an_answer_to_another_question_is_unknown() {
    let read = IamRead::ListAccessKeys { user: "serverless".to_owned() };
    let aws = Aws::default().iam(read, IamReply::Names(Vec::new()));
    let (rounds, known) =
        aws.ask(&[Facet::AccessKeys { user: "serverless".to_owned() }], ReadScope::Cheapest);
    assert_eq!(rounds.len(), 1);
    assert!(matches!(known.access_keys("serverless"), Observed::Unknown(_)));
}
