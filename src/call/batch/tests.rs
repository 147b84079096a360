use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::{BucketAspect, Facet, Scope, Snapshot, next_reads};
use crate::call::iam::{
    AuthorizationDetails, Entities, Inline, Policy, PolicyDetail, PolicyUsage, PolicyVersion, Role, RoleDetail, User,
    UserDetail,
};
use crate::call::{
    BucketRef, Failure, FailureKind, IamRead, IamReply, LocalFile, Observed, Read, Reply, S3Read, S3Reply,
};

const POLICY: &str = "arn:aws:iam::1:policy/Deploy";

/// An AWS that has what it was given, and nothing else.
#[derive(Default)]
struct Aws {
    answers: BTreeMap<Read, Result<Reply, Failure>>,
}

impl Aws {
    fn iam(mut self, read: IamRead, reply: IamReply) -> Self {
        self.answers.insert(Read::Iam(read), Ok(Reply::Iam(reply)));
        self
    }

    fn s3(mut self, read: S3Read, reply: S3Reply) -> Self {
        self.answers.insert(Read::S3(read), Ok(Reply::S3(reply)));
        self
    }

    fn fails(mut self, read: Read, kind: FailureKind) -> Self {
        self.answers.insert(read, Err(failure(kind)));
        self
    }

    fn denies_the_sweep(self) -> Self {
        self.fails(sweep(), FailureKind::AccessDenied)
    }

    /// Asks until nothing is left: the reads of each round, and what is known then.
    fn ask(&self, wanted: &[Facet], scope: Scope) -> (Vec<Vec<String>>, Snapshot) {
        let wanted: BTreeSet<_> = wanted.iter().cloned().collect();
        let (mut rounds, mut known) = (Vec::new(), Snapshot::default());
        loop {
            let reads = next_reads(&wanted, &known, scope);
            if reads.is_empty() {
                return (rounds, known);
            }
            rounds.push(reads.iter().map(short).collect());
            assert!(rounds.len() < 6, "it never ends: {rounds:?}");
            for read in reads {
                let answer = self.answers.get(&read).cloned().unwrap_or_else(|| Err(failure(FailureKind::NotFound)));
                known.add(read, answer);
            }
        }
    }
}

/// The call and its operands.
fn short(read: &Read) -> String {
    let text = match read {
        Read::Iam(read) => format!("{read:?}"),
        Read::S3(read) => format!("{read:?}"),
        Read::File(read) => format!("file {read:?}"),
        Read::CallerIdentity => "GetCallerIdentity".to_owned(),
        Read::Clock => "the clock".to_owned(),
    };
    text.replace("BucketRef ", "").replace('"', "")
}

fn failure(kind: FailureKind) -> Failure {
    Failure::new(kind, "iam:Test", format!("{kind:?}"), "as the test says")
}

fn sweep() -> Read {
    Read::Iam(IamRead::GetAccountAuthorizationDetails)
}

fn user(name: &str) -> User {
    let boundary = Some("arn:aws:iam::1:policy/Boundary".to_owned());
    User { name: name.to_owned(), id: format!("AIDA{name}"), boundary, ..User::default() }
}

/// As the sweep has it: without description and session length.
fn role(name: &str) -> Role {
    Role { name: name.to_owned(), id: format!("AROA{name}"), ..Role::default() }
}

fn whole_role(name: &str) -> Role {
    Role { description: "runs it".to_owned(), max_session_duration: 7200, ..role(name) }
}

fn policy(arn: &str) -> Policy {
    let tags = BTreeMap::from([("stage".to_owned(), "dev".to_owned())]);
    let name = arn.rsplit('/').next().unwrap_or_default().to_owned();
    Policy { name, arn: arn.to_owned(), default_version: "v9".to_owned(), tags, ..Policy::default() }
}

fn version(id: &str, document: Option<serde_json::Value>) -> PolicyVersion {
    PolicyVersion { id: id.to_owned(), is_default: id == "v9", document }
}

fn versions() -> Vec<PolicyVersion> {
    vec![version("v10", Some(json!("newest"))), version("v9", Some(json!("default"))), version("v2", None)]
}

/// A policy as some servers sweep it: without its name.
fn swept_policy(arn: &str) -> PolicyDetail {
    PolicyDetail { policy: Policy { name: String::new(), tags: BTreeMap::new(), ..policy(arn) }, versions: versions() }
}

/// The relay's entities: one user, one role, two policies.
fn swept() -> AuthorizationDetails {
    let debug = Inline { name: "debug".to_owned(), document: json!("inline") };
    AuthorizationDetails {
        users: vec![UserDetail {
            user: user("serverless"),
            attached: vec!["z".to_owned(), "a".to_owned()],
            inline: vec![debug],
            groups: Vec::new(),
        }],
        roles: vec![
            RoleDetail { role: role("runner"), ..RoleDetail::default() },
            RoleDetail { role: role("other"), ..RoleDetail::default() },
        ],
        policies: vec![swept_policy("arn:aws:iam::1:policy/app/Run"), swept_policy(POLICY)],
    }
}

fn aws() -> Aws {
    let get_role = |name: &str| IamRead::GetRole { role: name.to_owned() };
    let get_policy = |arn: &str| IamRead::GetPolicy { arn: arn.to_owned() };
    let run = "arn:aws:iam::1:policy/app/Run";
    Aws::default()
        .iam(IamRead::GetAccountAuthorizationDetails, IamReply::AuthorizationDetails(swept()))
        .iam(get_role("runner"), IamReply::Role(whole_role("runner")))
        .iam(get_role("other"), IamReply::Role(whole_role("other")))
        .iam(IamRead::ListRoles, IamReply::Roles(vec![whole_role("runner"), whole_role("other")]))
        .iam(get_policy(POLICY), IamReply::Policy(policy(POLICY)))
        .iam(get_policy(run), IamReply::Policy(policy(run)))
}

/// The same, for reads of single objects.
fn targeted_aws() -> Aws {
    let user_name = || "serverless".to_owned();
    let role_name = || "runner".to_owned();
    let bare = vec![version("v10", None), version("v2", None), version("v9", None)];
    let document = PolicyVersion { document: Some(json!("default")), ..version("v9", None) };
    aws()
        .denies_the_sweep()
        .iam(IamRead::GetUser { user: user_name() }, IamReply::User(user("serverless")))
        .iam(IamRead::ListAttachedUserPolicies { user: user_name() }, IamReply::Attached(vec!["z".into(), "a".into()]))
        .iam(IamRead::ListUserPolicies { user: user_name() }, IamReply::Names(vec!["gone".into(), "debug".into()]))
        .iam(IamRead::GetUserPolicy { user: user_name(), policy: "debug".into() }, IamReply::Document(json!("inline")))
        .iam(IamRead::ListAttachedRolePolicies { role: role_name() }, IamReply::Attached(Vec::new()))
        .iam(IamRead::ListRolePolicies { role: role_name() }, IamReply::Names(Vec::new()))
        .iam(IamRead::ListPolicyVersions { arn: POLICY.to_owned() }, IamReply::PolicyVersions(bare))
        .iam(
            IamRead::GetPolicyVersion { arn: POLICY.to_owned(), version: "v9".into() },
            IamReply::PolicyVersion(document),
        )
}

fn user_facet() -> Facet {
    Facet::User { user: "serverless".to_owned() }
}

fn role_facet(role: &str) -> Facet {
    Facet::Role { role: role.to_owned() }
}

fn policy_facet(arn: &str) -> Facet {
    Facet::Policy { arn: arn.to_owned() }
}

fn bucket() -> BucketRef {
    BucketRef { name: "zappa-relay".to_owned(), region: "us-east-1".to_owned() }
}

fn bucket_facet(aspect: BucketAspect) -> Facet {
    Facet::Bucket { bucket: bucket(), aspect }
}

/// All that one relay stack needs to know.
fn relay() -> Vec<Facet> {
    let file = || LocalFile::Path("serverless.csv".to_owned());
    vec![
        user_facet(),
        role_facet("runner"),
        policy_facet(POLICY),
        policy_facet("arn:aws:iam::1:policy/Run"),
        Facet::AccessKeys { user: "serverless".to_owned() },
        Facet::Credentials { profile: "serverless".to_owned() },
        Facet::Profile { profile: "serverless".to_owned() },
        Facet::KeyCsv { file: file() },
        Facet::Stage { file: LocalFile::Path("zappa_settings.json".to_owned()), stage: "dev".to_owned() },
        bucket_facet(BucketAspect::Existence),
        bucket_facet(BucketAspect::Tags),
        bucket_facet(BucketAspect::PublicAccessBlock),
    ]
}

#[test]
fn a_relay_stack_is_read_in_two_rounds() {
    let (rounds, _) = aws().ask(&relay(), Scope::Sweep);
    insta::assert_debug_snapshot!(rounds, @r#"
    [
        [
            "GetAccountAuthorizationDetails",
            "ListAccessKeys { user: serverless }",
            "HeadBucket({ name: zappa-relay, region: us-east-1 })",
            "GetBucketTagging({ name: zappa-relay, region: us-east-1 })",
            "GetPublicAccessBlock({ name: zappa-relay, region: us-east-1 })",
            "file Credentials { profile: serverless }",
            "file Profile { profile: serverless }",
            "file KeyCsv { file: Path(serverless.csv) }",
            "file Stage { file: Path(zappa_settings.json), stage: dev }",
        ],
        [
            "GetRole { role: runner }",
            "GetPolicy { arn: arn:aws:iam::1:policy/Deploy }",
            "GetPolicy { arn: arn:aws:iam::1:policy/app/Run }",
        ],
    ]
    "#);
}

#[test]
fn an_empty_account_is_read_in_one_round() {
    let empty = Aws::default()
        .iam(IamRead::GetAccountAuthorizationDetails, IamReply::AuthorizationDetails(AuthorizationDetails::default()));
    let (rounds, known) = empty.ask(&relay(), Scope::Sweep);
    assert_eq!(rounds.len(), 1);
    assert_eq!(rounds[0].iter().filter(|read| !read.starts_with("file")).count(), 5);
    assert_eq!(known.user("serverless"), Observed::Absent);
    assert_eq!(known.role("runner"), Observed::Absent);
    assert_eq!(known.policy(POLICY), Observed::Absent);
}

#[test]
fn a_denied_sweep_falls_back_to_single_objects() {
    let (rounds, known) = targeted_aws().ask(&relay()[..3], Scope::Sweep);
    insta::assert_debug_snapshot!(rounds, @r#"
    [
        [
            "GetAccountAuthorizationDetails",
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
    assert_eq!(known.user("serverless"), aws().ask(&[user_facet()], Scope::Sweep).1.user("serverless"));
}

#[test]
fn both_scopes_tell_the_same() {
    let facets = [user_facet(), role_facet("runner"), policy_facet(POLICY)];
    let (_, sweep) = aws().ask(&facets, Scope::Sweep);
    let (_, targeted) = targeted_aws().ask(&facets, Scope::Targeted);
    assert_eq!(sweep.user("serverless"), targeted.user("serverless"));
    assert_eq!(sweep.role("runner"), targeted.role("runner"));
    let ids = |known: &Snapshot| {
        let policy = known.policy(POLICY).present().expect("there");
        let default: Vec<_> = policy.versions.iter().filter(|version| version.is_default).cloned().collect();
        (policy.policy, policy.versions.into_iter().map(|version| version.id).collect::<Vec<_>>(), default)
    };
    assert_eq!(ids(&sweep), ids(&targeted));
    assert_eq!(ids(&sweep).1, ["v2", "v9", "v10"]);
    assert_eq!(ids(&sweep).2[0].document, Some(json!("default")));
}

#[test]
fn a_user_comes_with_its_boundary_and_in_a_stable_order() {
    let (_, known) = aws().ask(&[user_facet()], Scope::Sweep);
    let user = known.user("serverless").present().expect("there");
    assert_eq!(user.user.boundary.as_deref(), Some("arn:aws:iam::1:policy/Boundary"));
    assert_eq!(user.attached, ["a", "z"]);
}

#[test]
fn two_roles_are_completed_by_one_list() {
    let (rounds, known) = aws().ask(&[role_facet("runner"), role_facet("other")], Scope::Sweep);
    assert_eq!(rounds, [["GetAccountAuthorizationDetails"], ["ListRoles"]]);
    assert_eq!(known.role("other").present().expect("there").role, whole_role("other"));
}

#[test]
fn a_denied_list_of_roles_falls_back_to_each() {
    let aws = aws().fails(Read::Iam(IamRead::ListRoles), FailureKind::AccessDenied);
    let (rounds, known) = aws.ask(&[role_facet("runner"), role_facet("other")], Scope::Sweep);
    assert_eq!(rounds[2], ["GetRole { role: other }", "GetRole { role: runner }"]);
    assert_eq!(known.role("runner").present().expect("there").role.max_session_duration, 7200);
}

#[test]
fn a_role_that_cannot_be_completed_is_unknown() {
    let read = Read::Iam(IamRead::GetRole { role: "runner".to_owned() });
    let (_, known) = aws().fails(read, FailureKind::AccessDenied).ask(&[role_facet("runner")], Scope::Sweep);
    assert_eq!(known.role("runner"), Observed::Unknown(failure(FailureKind::AccessDenied)));
}

#[test]
fn a_sweep_finds_a_policy_under_another_path_but_not_in_another_account() {
    let facets = [policy_facet("arn:aws:iam::1:policy/Run"), policy_facet("arn:aws:iam::2:policy/Run")];
    let (_, known) = aws().ask(&facets, Scope::Sweep);
    let found = known.policy("arn:aws:iam::1:policy/Run").present().expect("there").policy;
    assert_eq!((found.arn.as_str(), found.name.as_str()), ("arn:aws:iam::1:policy/app/Run", "Run"));
    assert_eq!(known.policy("arn:aws:iam::2:policy/Run"), Observed::Absent);
    assert_eq!(known.policy("arn:aws:iam::1:policy/run"), Observed::Absent);
}

#[test]
fn a_policy_of_aws_needs_no_sweep() {
    let (rounds, _) = aws().ask(&[policy_facet("arn:aws:iam::aws:policy/ReadOnlyAccess")], Scope::Sweep);
    assert_eq!(rounds, [["GetPolicy { arn: arn:aws:iam::aws:policy/ReadOnlyAccess }"]]);
}

#[test]
fn a_version_that_is_newer_than_the_sweep_is_asked_for() {
    let newer = Policy { default_version: "v11".to_owned(), ..policy(POLICY) };
    let listed = [versions(), vec![version("v11", None)]].concat();
    let document = PolicyVersion { document: Some(json!("newer")), ..version("v11", None) };
    let (arn, version) = (POLICY.to_owned(), "v11".to_owned());
    let aws = aws()
        .iam(IamRead::GetPolicy { arn: arn.clone() }, IamReply::Policy(newer))
        .iam(IamRead::ListPolicyVersions { arn: arn.clone() }, IamReply::PolicyVersions(listed))
        .iam(IamRead::GetPolicyVersion { arn, version }, IamReply::PolicyVersion(document));
    let (rounds, known) = aws.ask(&[policy_facet(POLICY)], Scope::Sweep);
    assert_eq!(rounds.len(), 3);
    let detail = known.policy(POLICY).present().expect("there");
    let default: Vec<_> = detail.versions.iter().filter(|version| version.is_default).collect();
    assert_eq!((default[0].id.as_str(), &default[0].document, default.len()), ("v11", &Some(json!("newer")), 1));
}

#[test]
fn nothing_more_is_asked_of_what_is_not_there() {
    let (rounds, known) = Aws::default().ask(&[policy_facet(POLICY), user_facet()], Scope::Targeted);
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
        let (_, known) = aws.ask(&[user_facet()], Scope::Targeted);
        assert_eq!(known.user("serverless"), Observed::Unknown(failure(FailureKind::Unavailable)), "{part:?}");
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
    let (rounds, known) = aws.ask(&[Facet::AccessKeys { user: "serverless".to_owned() }], Scope::Sweep);
    assert_eq!(rounds.len(), 1);
    assert!(matches!(known.access_keys("serverless"), Observed::Unknown(_)));
}

#[test]
fn a_missing_bucket_answers_for_its_aspects() {
    let denied = Read::S3(S3Read::GetBucketTagging(bucket()));
    let facets = [bucket_facet(BucketAspect::Existence), bucket_facet(BucketAspect::Tags)];
    let (rounds, known) = Aws::default().fails(denied, FailureKind::AccessDenied).ask(&facets, Scope::Sweep);
    assert_eq!(rounds.len(), 1);
    assert_eq!(known.bucket(&bucket(), BucketAspect::Tags), Observed::Absent);
}

#[test]
fn somebody_elses_bucket_is_unknown() {
    let head = Read::S3(S3Read::HeadBucket(bucket()));
    let facets = [bucket_facet(BucketAspect::Existence), bucket_facet(BucketAspect::Tags)];
    let (_, known) = Aws::default().fails(head, FailureKind::AccessDenied).ask(&facets, Scope::Sweep);
    let denied = Observed::Unknown(failure(FailureKind::AccessDenied));
    assert_eq!(known.bucket(&bucket(), BucketAspect::Existence), denied);
}

#[test]
fn a_bucket_in_another_region_is_asked_there() {
    let home = BucketRef { region: "eu-west-1".to_owned(), ..bucket() };
    let tags = S3Reply::Tags(BTreeMap::from([("a".to_owned(), "b".to_owned())]));
    let aws = Aws::default()
        .s3(S3Read::HeadBucket(bucket()), S3Reply::Bucket { region: home.region.clone() })
        .s3(S3Read::GetBucketTagging(home), tags.clone());
    let facets = [bucket_facet(BucketAspect::Existence), bucket_facet(BucketAspect::Tags)];
    let (rounds, known) = aws.ask(&facets, Scope::Sweep);
    assert_eq!(rounds[1], ["GetBucketTagging({ name: zappa-relay, region: eu-west-1 })"]);
    assert_eq!(known.bucket(&bucket(), BucketAspect::Tags), Observed::Present(tags));
}

#[test]
fn who_has_a_policy_attached_and_for_a_boundary_has_both() {
    let arn = || "arn:aws:iam::1:policy/Boundary".to_owned();
    let users = vec!["serverless".to_owned(), "other".to_owned()];
    let entities = || IamReply::Entities(Entities { users: users.clone(), ..Entities::default() });
    let list = |usage| IamRead::ListEntitiesForPolicy { arn: arn(), usage };
    let get = |user: &str| IamRead::GetUser { user: user.to_owned() };
    let document = PolicyVersion { document: Some(json!("default")), ..version("v9", None) };
    let aws = Aws::default()
        .iam(IamRead::GetPolicy { arn: arn() }, IamReply::Policy(policy(&arn())))
        .iam(IamRead::ListPolicyVersions { arn: arn() }, IamReply::PolicyVersions(vec![version("v9", None)]))
        .iam(IamRead::GetPolicyVersion { arn: arn(), version: "v9".into() }, IamReply::PolicyVersion(document))
        .iam(list(PolicyUsage::PermissionsPolicy), entities())
        .iam(list(PolicyUsage::PermissionsBoundary), entities())
        .iam(get("serverless"), IamReply::User(user("serverless")))
        .iam(get("other"), IamReply::User(User { boundary: None, ..user("other") }));
    let (_, known) = aws.ask(&[Facet::Uses { arn: arn() }], Scope::Targeted);
    let found = known.uses(&arn()).present().expect("there");
    assert_eq!(found.attached.users, ["other", "serverless"]);
    assert_eq!(found.boundary.users, ["serverless"]);
}

#[test]
fn a_policy_is_used_under_its_own_path_not_the_declared_one() {
    let (old, new) = ("arn:aws:iam::1:policy/app/Run".to_owned(), "arn:aws:iam::1:policy/Run".to_owned());
    let list = |usage| IamRead::ListEntitiesForPolicy { arn: old.clone(), usage };
    let entities = Entities { roles: vec!["runner".to_owned()], ..Entities::default() };
    let aws = aws()
        .iam(list(PolicyUsage::PermissionsPolicy), IamReply::Entities(entities))
        .iam(list(PolicyUsage::PermissionsBoundary), IamReply::Entities(Entities::default()));
    let (_, known) = aws.ask(&[Facet::Uses { arn: new.clone() }], Scope::Sweep);
    assert_eq!(known.uses(&new).present().expect("there").attached.roles, ["runner"]);
}
