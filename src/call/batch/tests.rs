use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::{BucketAspect, Facet, RoleSettings, Scope, Snapshot, Wanted, next_reads};
use crate::call::iam::{
    AccountSummary, AuthorizationDetails, Entities, EntityType, Group, GroupDetail, Inline, Policy, PolicyDetail,
    PolicyUsage, PolicyVersion, Role, RoleDetail, User, UserDetail,
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

    fn sweeps(mut self, details: AuthorizationDetails) -> Self {
        self.answers.insert(sweep(), Ok(Reply::Iam(IamReply::AuthorizationDetails(details))));
        self
    }

    fn no_bucket(mut self) -> Self {
        let none = Failure::new(FailureKind::NotFound, "s3:GetBucketTagging", "NoSuchBucket", "as the test says");
        self.answers.insert(Read::S3(S3Read::GetBucketTagging(bucket())), Err(none));
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
        self.ask_all(wanted.iter().cloned().collect(), scope)
    }

    /// The same for objects that the state says are there.
    fn ask_known(&self, wanted: &[Facet]) -> (Vec<Vec<String>>, Snapshot) {
        let mut known = Wanted::default();
        known.add(wanted.iter().cloned(), true);
        self.ask_all(known, Scope::Cheapest)
    }

    fn ask_all(&self, mut wanted: Wanted, scope: Scope) -> (Vec<Vec<String>>, Snapshot) {
        let (mut rounds, mut known) = (Vec::new(), Snapshot::default());
        loop {
            let reads = next_reads(&mut wanted, &known, scope);
            if reads.is_empty() {
                return (rounds, known);
            }
            rounds.push(reads.iter().map(short).collect());
            assert!(rounds.len() < 7, "it never ends: {rounds:?}");
            for read in reads {
                let answer = self
                    .answers
                    .get(&unfiltered(&read))
                    .cloned()
                    .unwrap_or_else(|| Err(failure(FailureKind::NotFound)));
                known.add(read, answer);
            }
        }
    }
}

/// Whatever types a sweep is of: this AWS shows all that it has.
fn unfiltered(read: &Read) -> Read {
    match read {
        Read::Iam(IamRead::GetAccountAuthorizationDetails { marker, .. }) => {
            let filter = BTreeSet::new();
            Read::Iam(IamRead::GetAccountAuthorizationDetails { filter, marker: marker.clone() })
        }
        read => read.clone(),
    }
}

/// The call and its operands.
fn short(read: &Read) -> String {
    let text = match read {
        Read::Iam(IamRead::GetAccountAuthorizationDetails { marker: None, .. }) => "sweep".to_owned(),
        Read::Iam(IamRead::GetAccountAuthorizationDetails { .. }) => "rest of the sweep".to_owned(),
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
    Read::Iam(IamRead::GetAccountAuthorizationDetails { filter: BTreeSet::new(), marker: None })
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
    PolicyVersion { id: id.to_owned(), is_default: id == "v9", document: document.map(Into::into) }
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
    let debug = Inline { name: "debug".to_owned(), document: json!("inline").into() };
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
        ..AuthorizationDetails::default()
    }
}

fn aws() -> Aws {
    let get_role = |name: &str| IamRead::GetRole { role: name.to_owned() };
    let get_policy = |arn: &str| IamRead::GetPolicy { arn: arn.to_owned() };
    let run = "arn:aws:iam::1:policy/app/Run";
    Aws::default()
        .sweeps(swept())
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
    let document = PolicyVersion { document: Some(json!("default").into()), ..version("v9", None) };
    aws()
        .denies_the_sweep()
        .iam(IamRead::GetUser { user: user_name() }, IamReply::User(user("serverless")))
        .iam(IamRead::ListAttachedUserPolicies { user: user_name() }, IamReply::Attached(vec!["z".into(), "a".into()]))
        .iam(IamRead::ListUserPolicies { user: user_name() }, IamReply::Names(vec!["gone".into(), "debug".into()]))
        .iam(
            IamRead::GetUserPolicy { user: user_name(), policy: "debug".into() },
            IamReply::Document(json!("inline").into()),
        )
        .iam(IamRead::ListAttachedRolePolicies { role: role_name() }, IamReply::Attached(Vec::new()))
        .iam(IamRead::ListRolePolicies { role: role_name() }, IamReply::Names(Vec::new()))
        .iam(IamRead::ListPolicyVersions { arn: POLICY.to_owned() }, IamReply::PolicyVersions(bare))
        .iam(
            IamRead::GetPolicyVersion { arn: POLICY.to_owned(), version: "v9".into() },
            IamReply::PolicyVersion(document),
        )
}

fn user_facets() -> [Facet; 2] {
    let user = || "serverless".to_owned();
    [Facet::User { user: user() }, Facet::UserPolicies { user: user() }]
}

fn role_facets(role: &str) -> [Facet; 3] {
    let role = || role.to_owned();
    [Facet::Role { role: role() }, Facet::RoleSettings { role: role() }, Facet::RolePolicies { role: role() }]
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
    let others = [
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
    ];
    user_facets().into_iter().chain(role_facets("runner")).chain(others).collect()
}

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
    let (rounds, _) =
        aws().s3(S3Read::GetBucketTagging(bucket()), S3Reply::Tags(BTreeMap::new())).ask(&relay(), Scope::Cheapest);
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
    let (rounds, known) = empty.ask(&relay(), Scope::Cheapest);
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
    let (rounds, known) = targeted_aws().ask(&relay()[..6], Scope::Cheapest);
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
    let swept = aws().ask(&relay()[..6], Scope::Cheapest).1;
    assert_eq!(known.user("serverless"), swept.user("serverless"));
    assert_eq!(known.user_policies("serverless"), swept.user_policies("serverless"));
    assert_eq!(known.sweep_failure(), Some(&failure(FailureKind::AccessDenied)));
}

#[test]
fn both_scopes_tell_the_same() {
    let facets = &relay()[..6];
    let (_, sweep) = aws().ask(facets, Scope::Cheapest);
    let (_, targeted) = targeted_aws().ask(facets, Scope::Targeted);
    assert_eq!(sweep.user("serverless"), targeted.user("serverless"));
    assert_eq!(sweep.user_policies("serverless"), targeted.user_policies("serverless"));
    assert_eq!(sweep.role_policies("runner"), targeted.role_policies("runner"));
    assert_eq!(sweep.role_settings("runner"), targeted.role_settings("runner"));
    let ids = |known: &Snapshot| {
        let policy = known.policy(POLICY).present().expect("there");
        let default: Vec<_> = policy.versions.iter().filter(|version| version.is_default).cloned().collect();
        (policy.policy, policy.versions.into_iter().map(|version| version.id).collect::<Vec<_>>(), default)
    };
    assert_eq!(ids(&sweep), ids(&targeted));
    assert_eq!(ids(&sweep).1, ["v2", "v9", "v10"]);
    assert_eq!(ids(&sweep).2[0].document, Some(json!("default").into()));
}

#[test]
fn a_user_comes_with_its_boundary_and_in_a_stable_order() {
    let (rounds, known) = aws().ask(&user_facets(), Scope::Cheapest);
    assert_eq!(rounds, [["sweep"]]);
    let user = known.user("serverless").present().expect("there");
    assert_eq!(user.boundary.as_deref(), Some("arn:aws:iam::1:policy/Boundary"));
    assert_eq!(known.user_policies("serverless").present().expect("there").attached, ["a", "z"]);
}

fn both_roles() -> Vec<Facet> {
    role_facets("runner").into_iter().chain(role_facets("other")).collect()
}

#[test]
fn two_roles_are_completed_by_one_list() {
    let (rounds, known) = aws().ask(&both_roles(), Scope::Cheapest);
    assert_eq!(rounds, [["sweep"], ["ListRoles"]]);
    let settings = RoleSettings { description: "runs it".to_owned(), max_session_duration: 7200 };
    assert_eq!(known.role_settings("other"), Observed::Present(settings));
    // Known before the sweep shows them, they still wait for it to tell how many roles there are.
    assert_eq!(aws().ask_known(&both_roles()).0, [["sweep"], ["ListRoles"]]);
}

#[test]
fn two_roles_of_a_thousand_and_more_are_completed_one_by_one() {
    let many = |range: std::ops::Range<usize>| {
        range.map(|number| RoleDetail { role: role(&format!("r{number}")), ..RoleDetail::default() })
    };
    let mut all = swept();
    all.roles.extend(many(0..1999));
    let (rounds, _) = aws().sweeps(all).ask(&both_roles(), Scope::Cheapest);
    assert_eq!(rounds, [vec!["sweep"], vec!["GetRole { role: other }", "GetRole { role: runner }"]]);
}

#[test]
fn a_denied_list_of_roles_falls_back_to_each() {
    let aws = aws().fails(Read::Iam(IamRead::ListRoles), FailureKind::AccessDenied);
    let (rounds, known) = aws.ask(&both_roles(), Scope::Cheapest);
    assert_eq!(rounds[2], ["GetRole { role: other }", "GetRole { role: runner }"]);
    assert_eq!(known.role_settings("runner").present().expect("there").max_session_duration, 7200);
}

#[test]
fn a_role_that_cannot_be_completed_is_known_but_for_that() {
    let read = Read::Iam(IamRead::GetRole { role: "runner".to_owned() });
    let (_, known) = aws().fails(read, FailureKind::AccessDenied).ask(&role_facets("runner"), Scope::Cheapest);
    assert_eq!(known.role_settings("runner"), Observed::Unknown(failure(FailureKind::AccessDenied)));
}

/// How much of a sweep is left after its first page, and how much the account says that it has.
fn large(more: u64) -> Aws {
    let marker = Some("next".to_owned());
    let roles = || (0..1000).map(|number| RoleDetail { role: role(&format!("r{number}")), ..RoleDetail::default() });
    let first =
        AuthorizationDetails { roles: roles().collect(), marker: marker.clone(), ..AuthorizationDetails::default() };
    let rest = Read::Iam(IamRead::GetAccountAuthorizationDetails { filter: BTreeSet::new(), marker });
    let counts = AccountSummary::from([(EntityType::Role, 1000), (EntityType::User, more)]);
    let mut aws = targeted_aws().sweeps(first).iam(IamRead::GetAccountSummary, IamReply::AccountSummary(counts));
    aws.answers.insert(rest, Ok(Reply::Iam(IamReply::AuthorizationDetails(swept()))));
    aws
}

#[test]
fn one_thing_is_asked_for_by_itself() {
    // One call, as a sweep would be, and far less to read.
    let (rounds, _) = targeted_aws().ask(&[Facet::User { user: "serverless".to_owned() }], Scope::Cheapest);
    assert_eq!(rounds, [["GetUser { user: serverless }"]]);
}

#[test]
fn a_large_account_is_swept_no_further_for_a_few_objects() {
    let few: Vec<Facet> = user_facets().into_iter().chain(role_facets("runner")).collect();
    let (rounds, known) = large(20_000).ask(&few, Scope::Cheapest);
    assert_eq!(rounds[..2], [["sweep"], ["GetAccountSummary"]]);
    assert_eq!(rounds[2].len(), 6, "{rounds:?}");
    assert!(matches!(known.user("serverless"), Observed::Present(_)));
}

#[test]
fn a_little_more_is_swept_where_that_is_less_than_asking_for_each() {
    let few: Vec<Facet> = user_facets().into_iter().chain(role_facets("runner")).collect();
    let (rounds, known) = large(100).ask(&few, Scope::Cheapest);
    assert_eq!(rounds, [["sweep"], ["GetAccountSummary"], ["rest of the sweep"], ["GetRole { role: runner }"]]);
    assert!(matches!(known.user("serverless"), Observed::Present(_)));
}

#[test]
fn nobody_asks_how_large_an_account_is_where_it_makes_no_difference() {
    let mut many: Vec<Facet> =
        (0..400).map(|number| policy_facet(&format!("arn:aws:iam::1:policy/p{number}"))).collect();
    many.extend(user_facets());
    let (rounds, _) = large(20_000).ask(&many, Scope::Cheapest);
    assert_eq!(rounds, [["sweep"], ["rest of the sweep"]]);
}

#[test]
fn what_the_first_page_showed_is_known_though_the_rest_is_denied() {
    let rest = IamRead::GetAccountAuthorizationDetails { filter: BTreeSet::new(), marker: Some("next".to_owned()) };
    let aws = large(100).fails(Read::Iam(rest), FailureKind::AccessDenied);
    let few: Vec<Facet> = user_facets()
        .into_iter()
        .chain(role_facets("r7").into_iter().filter(|it| !matches!(it, Facet::RoleSettings { .. })))
        .chain(role_facets("runner"))
        .collect();
    let (rounds, known) = aws.ask(&few, Scope::Cheapest);
    assert!(!rounds.concat().contains(&"ListAttachedRolePolicies { role: r7 }".to_owned()), "{rounds:?}");
    assert!(matches!(known.role("r7"), Observed::Present(_)));
    assert!(matches!(known.role("runner"), Observed::Present(_)));
    assert!(matches!(known.user("serverless"), Observed::Present(_)));
}

#[test]
fn an_account_that_does_not_say_how_large_it_is_is_swept_no_further() {
    let aws = large(100).fails(Read::Iam(IamRead::GetAccountSummary), FailureKind::AccessDenied);
    let (rounds, known) =
        aws.ask(&user_facets().into_iter().chain(role_facets("runner")).collect::<Vec<_>>(), Scope::Cheapest);
    assert_eq!(rounds[2].len(), 6, "{rounds:?}");
    assert!(matches!(known.user("serverless"), Observed::Present(_)));
}

#[test]
fn a_sweep_tells_who_uses_a_policy_and_which_groups_a_user_is_in() {
    let arn = "arn:aws:iam::1:policy/app/Run";
    let mut details = swept();
    details.users[0].attached.push(arn.to_owned());
    details.users[0].groups = vec!["ops".to_owned(), "devs".to_owned()];
    details.roles[0].role.boundary = Some(arn.to_owned());
    let ops = Group { name: "ops".to_owned(), ..Group::default() };
    details.groups.push(GroupDetail { group: ops, attached: vec![arn.to_owned()], inline: Vec::new() });
    let facets = [Facet::Uses { arn: arn.to_owned() }, Facet::Belongings { user: "serverless".to_owned() }];
    let (rounds, known) = aws().sweeps(details).ask(&[relay(), facets.to_vec()].concat(), Scope::Cheapest);
    let sent = rounds.concat();
    assert!(
        !sent.iter().any(|read| read.contains("ListEntitiesForPolicy") || read.contains("ListGroupsForUser")),
        "{sent:?}"
    );
    let uses = known.uses(arn).present().expect("there");
    assert_eq!((uses.attached.users, uses.attached.groups), (vec!["serverless".to_owned()], vec!["ops".to_owned()]));
    assert_eq!((uses.boundary.users, uses.boundary.roles), (vec![], vec!["runner".to_owned()]));
    assert_eq!(known.swept_groups("serverless"), Some(vec!["devs".to_owned(), "ops".to_owned()]));
}

#[test]
fn a_sweep_finds_a_policy_under_another_path_but_not_in_another_account() {
    let facets = [policy_facet("arn:aws:iam::1:policy/Run"), policy_facet("arn:aws:iam::2:policy/Run")];
    let (_, known) = aws().ask(&facets, Scope::Cheapest);
    let found = known.policy("arn:aws:iam::1:policy/Run").present().expect("there").policy;
    assert_eq!((found.arn.as_str(), found.name.as_str()), ("arn:aws:iam::1:policy/app/Run", "Run"));
    assert_eq!(known.policy("arn:aws:iam::2:policy/Run"), Observed::Absent);
    assert_eq!(known.policy("arn:aws:iam::1:policy/run"), Observed::Absent);
}

#[test]
fn a_policy_of_aws_needs_no_sweep() {
    let (rounds, _) = aws().ask(&[policy_facet("arn:aws:iam::aws:policy/ReadOnlyAccess")], Scope::Cheapest);
    assert_eq!(rounds, [["GetPolicy { arn: arn:aws:iam::aws:policy/ReadOnlyAccess }"]]);
}

#[test]
fn a_version_that_is_newer_than_the_sweep_is_asked_for() {
    let newer = Policy { default_version: "v11".to_owned(), ..policy(POLICY) };
    let listed = [versions(), vec![version("v11", None)]].concat();
    let document = PolicyVersion { document: Some(json!("newer").into()), ..version("v11", None) };
    let (arn, version) = (POLICY.to_owned(), "v11".to_owned());
    let aws = aws()
        .iam(IamRead::GetPolicy { arn: arn.clone() }, IamReply::Policy(newer))
        .iam(IamRead::ListPolicyVersions { arn: arn.clone() }, IamReply::PolicyVersions(listed))
        .iam(IamRead::GetPolicyVersion { arn, version }, IamReply::PolicyVersion(document));
    let (rounds, known) = aws.ask(&[policy_facet(POLICY)], Scope::Cheapest);
    assert_eq!(rounds.len(), 3);
    let detail = known.policy(POLICY).present().expect("there");
    let default: Vec<_> = detail.versions.iter().filter(|version| version.is_default).collect();
    assert_eq!((default[0].id.as_str(), &default[0].document, default.len()), ("v11", &Some(json!("newer").into()), 1));
}

#[test]
fn nothing_more_is_asked_of_what_is_not_there() {
    let (rounds, known) = Aws::default().ask(&[&[policy_facet(POLICY)], &user_facets()[..]].concat(), Scope::Targeted);
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
        let (_, known) = aws.ask(&user_facets(), Scope::Targeted);
        let unknown = failure(FailureKind::Unavailable);
        let itself = matches!(part, IamRead::GetUser { .. });
        assert_eq!(known.user("serverless") == Observed::Unknown(unknown.clone()), itself, "{part:?}");
        assert_eq!(known.user_policies("serverless") == Observed::Unknown(unknown), !itself, "{part:?}");
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
    let (rounds, known) = aws.ask(&[Facet::AccessKeys { user: "serverless".to_owned() }], Scope::Cheapest);
    assert_eq!(rounds.len(), 1);
    assert!(matches!(known.access_keys("serverless"), Observed::Unknown(_)));
}

#[test]
fn a_missing_bucket_answers_for_its_aspects() {
    let facets = [bucket_facet(BucketAspect::Existence), bucket_facet(BucketAspect::Versioning)];
    let (rounds, known) = Aws::default().no_bucket().ask(&facets, Scope::Cheapest);
    assert_eq!(rounds.len(), 1, "{rounds:?}");
    assert_eq!(known.bucket(&bucket(), BucketAspect::Existence), Observed::Absent);
    assert_eq!(known.bucket(&bucket(), BucketAspect::Versioning), Observed::Absent);
}

#[test]
fn a_bucket_without_tags_is_where_they_were_asked_for() {
    let facets = [bucket_facet(BucketAspect::Existence), bucket_facet(BucketAspect::Tags)];
    let none = Failure::new(FailureKind::NotFound, "s3:GetBucketTagging", "NoSuchTagSet", "as the test says");
    let mut aws = Aws::default();
    aws.answers.insert(Read::S3(S3Read::GetBucketTagging(bucket())), Err(none));
    let (rounds, known) = aws.ask(&facets, Scope::Cheapest);
    assert_eq!(rounds, [["GetBucketTagging({ name: zappa-relay, region: us-east-1 })"]]);
    let here = S3Reply::Bucket { region: "us-east-1".to_owned() };
    assert_eq!(known.bucket(&bucket(), BucketAspect::Existence), Observed::Present(here));
    assert_eq!(known.bucket(&bucket(), BucketAspect::Tags), Observed::Absent);
}

#[test]
fn somebody_elses_bucket_is_unknown() {
    let head = Read::S3(S3Read::HeadBucket(bucket()));
    let tags = Read::S3(S3Read::GetBucketTagging(bucket()));
    let facets = [bucket_facet(BucketAspect::Existence), bucket_facet(BucketAspect::Tags)];
    let aws = Aws::default().fails(head, FailureKind::AccessDenied).fails(tags, FailureKind::AccessDenied);
    let (rounds, known) = aws.ask(&facets, Scope::Cheapest);
    assert_eq!(rounds.len(), 2, "{rounds:?}");
    let Observed::Unknown(why) = known.bucket(&bucket(), BucketAspect::Existence) else { panic!("{known:?}") };
    assert_eq!(why.kind, FailureKind::AccessDenied);
    assert!(why.message.starts_with("as the test says (bucket zappa-relay exists: it belongs to another"), "{why}");
}

#[test]
fn a_bucket_whose_tags_may_not_be_read_is_there_all_the_same() {
    let tags = Read::S3(S3Read::GetBucketTagging(bucket()));
    let here = S3Reply::Bucket { region: "us-east-1".to_owned() };
    let aws = Aws::default().fails(tags, FailureKind::AccessDenied).s3(S3Read::HeadBucket(bucket()), here.clone());
    let (_, known) =
        aws.ask(&[bucket_facet(BucketAspect::Existence), bucket_facet(BucketAspect::Tags)], Scope::Cheapest);
    assert_eq!(known.bucket(&bucket(), BucketAspect::Existence), Observed::Present(here));
    assert!(matches!(known.bucket(&bucket(), BucketAspect::Tags), Observed::Unknown(_)));
}

#[test]
fn a_bucket_in_another_region_is_asked_there() {
    let home = BucketRef { region: "eu-west-1".to_owned(), ..bucket() };
    let tags = S3Reply::Tags(BTreeMap::from([("a".to_owned(), "b".to_owned())]));
    let aws = Aws::default()
        .fails(Read::S3(S3Read::GetBucketTagging(bucket())), FailureKind::Other)
        .s3(S3Read::HeadBucket(bucket()), S3Reply::Bucket { region: home.region.clone() })
        .s3(S3Read::GetBucketTagging(home.clone()), tags.clone());
    let facets = [bucket_facet(BucketAspect::Existence), bucket_facet(BucketAspect::Tags)];
    let (rounds, known) = aws.ask(&facets, Scope::Cheapest);
    assert_eq!(rounds[2], ["GetBucketTagging({ name: zappa-relay, region: eu-west-1 })"]);
    assert_eq!(known.bucket(&bucket(), BucketAspect::Tags), Observed::Present(tags));
    let there = S3Reply::Bucket { region: home.region };
    assert_eq!(known.bucket(&bucket(), BucketAspect::Existence), Observed::Present(there));
}

#[test]
fn who_has_a_policy_attached_and_for_a_boundary_has_both() {
    let arn = || "arn:aws:iam::1:policy/Boundary".to_owned();
    let users = vec!["serverless".to_owned(), "other".to_owned()];
    let entities = || IamReply::Entities(Entities { users: users.clone(), ..Entities::default() });
    let list = |usage| IamRead::ListEntitiesForPolicy { arn: arn(), usage };
    let get = |user: &str| IamRead::GetUser { user: user.to_owned() };
    let document = PolicyVersion { document: Some(json!("default").into()), ..version("v9", None) };
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
    let aws = Aws::default()
        .iam(IamRead::GetPolicy { arn: new.clone() }, IamReply::Policy(policy(&old)))
        .iam(IamRead::ListPolicyVersions { arn: old.clone() }, IamReply::PolicyVersions(vec![version("v9", None)]))
        .iam(
            IamRead::GetPolicyVersion { arn: old.clone(), version: "v9".into() },
            IamReply::PolicyVersion(version("v9", Some(json!("default")))),
        )
        .iam(list(PolicyUsage::PermissionsPolicy), IamReply::Entities(entities))
        .iam(list(PolicyUsage::PermissionsBoundary), IamReply::Entities(Entities::default()));
    let (_, known) = aws.ask(&[Facet::Uses { arn: new.clone() }], Scope::Targeted);
    assert_eq!(known.uses(&new).present().expect("there").attached.roles, ["runner"]);

    let mut details = swept();
    details.roles[0].attached.push(old.clone());
    let (_, known) =
        self::aws().sweeps(details).ask(&[relay(), vec![Facet::Uses { arn: new.clone() }]].concat(), Scope::Cheapest);
    assert_eq!(known.uses(&new).present().expect("there").attached.roles, ["runner"]);
}
