//! The reads for given facts, and the facts from given answers.

mod buckets;
mod groups;
mod rounds;
mod sweeps;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::{BucketAspect, Facet, ReadScope, RoleSettings, Snapshot, WantedFacts, next_reads};
use crate::address::Principal;
use crate::call::iam::{
    AccountSummary, AuthorizationDetails, Entities, EntityType, Group, GroupDetail, Inline,
    ManagedPolicy, PolicyDetail, PolicyUsage, PolicyVersion, Role, RoleDetail, User, UserDetail,
};
use crate::call::{
    BucketRef, Failure, FailureKind, IamRead, IamReply, LocalFile, Observed, Read, Reply, S3Read,
    S3Reply,
};

const POLICY: &str = "arn:aws:iam::1:policy/Deploy";

/// A simulated AWS that has only the given answers.
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
        let none = Failure::new(
            FailureKind::NotFound,
            "s3:GetBucketTagging",
            "NoSuchBucket",
            "as the test says",
        );
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

    /// Reads until nothing is left. Returns the reads of each round, and the snapshot.
    fn ask(&self, wanted: &[Facet], scope: ReadScope) -> (Vec<Vec<String>>, Snapshot) {
        self.ask_all(wanted.iter().cloned().collect(), scope)
    }

    /// Reads the facets of objects that the state says exist.
    fn ask_known(&self, wanted: &[Facet]) -> (Vec<Vec<String>>, Snapshot) {
        let mut known = WantedFacts::default();
        known.add(wanted.iter().cloned(), true);
        self.ask_all(known, ReadScope::Cheapest)
    }

    fn ask_all(&self, mut wanted: WantedFacts, scope: ReadScope) -> (Vec<Vec<String>>, Snapshot) {
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

/// Returns the sweep without its filter: this AWS shows all entities in every sweep.
fn unfiltered(read: &Read) -> Read {
    let Read::Iam(IamRead::GetAccountAuthorizationDetails { marker, .. }) = read else {
        return read.clone();
    };
    Read::Iam(IamRead::GetAccountAuthorizationDetails {
        filter: BTreeSet::new(),
        marker: marker.clone(),
    })
}

/// Returns the call and its operands.
fn short(read: &Read) -> String {
    let text = match read {
        Read::Iam(IamRead::GetAccountAuthorizationDetails { marker: None, .. }) => {
            "sweep".to_owned()
        }
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

/// Returns a role as the sweep has it: without description and session length.
fn role(name: &str) -> Role {
    Role { name: name.to_owned(), id: format!("AROA{name}"), ..Role::default() }
}

fn whole_role(name: &str) -> Role {
    Role { description: "runs it".to_owned(), max_session_duration: 7200, ..role(name) }
}

fn policy(arn: &str) -> ManagedPolicy {
    let tags = BTreeMap::from([("stage".to_owned(), "dev".to_owned())]);
    let name = arn.rsplit('/').next().unwrap_or_default().to_owned();
    ManagedPolicy {
        name,
        arn: arn.to_owned(),
        default_version: "v9".to_owned(),
        tags,
        ..ManagedPolicy::default()
    }
}

fn version(id: &str, document: Option<serde_json::Value>) -> PolicyVersion {
    PolicyVersion { id: id.to_owned(), is_default: id == "v9", document: document.map(Into::into) }
}

fn versions() -> Vec<PolicyVersion> {
    vec![
        version("v10", Some(json!("newest"))),
        version("v9", Some(json!("default"))),
        version("v2", None),
    ]
}

/// Returns a policy as some servers sweep it: without its name.
fn swept_policy(arn: &str) -> PolicyDetail {
    PolicyDetail {
        policy: ManagedPolicy { name: String::new(), tags: BTreeMap::new(), ..policy(arn) },
        versions: versions(),
    }
}

/// Returns the relay's entities: one user, one role, two policies.
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

/// Returns the same account for reads of single objects.
fn targeted_aws() -> Aws {
    let user_name = || "serverless".to_owned();
    let role_name = || "runner".to_owned();
    let bare = vec![version("v10", None), version("v2", None), version("v9", None)];
    let document = PolicyVersion { document: Some(json!("default").into()), ..version("v9", None) };
    aws()
        .denies_the_sweep()
        .iam(IamRead::GetUser { user: user_name() }, IamReply::User(user("serverless")))
        .iam(
            IamRead::ListAttachedUserPolicies { user: user_name() },
            IamReply::Attached(vec!["z".into(), "a".into()]),
        )
        .iam(
            IamRead::ListUserPolicies { user: user_name() },
            IamReply::Names(vec!["gone".into(), "debug".into()]),
        )
        .iam(
            IamRead::GetUserPolicy { user: user_name(), policy: "debug".into() },
            IamReply::Document(json!("inline").into()),
        )
        .iam(
            IamRead::ListAttachedRolePolicies { role: role_name() },
            IamReply::Attached(Vec::new()),
        )
        .iam(IamRead::ListRolePolicies { role: role_name() }, IamReply::Names(Vec::new()))
        .iam(IamRead::ListPolicyVersions { arn: POLICY.to_owned() }, IamReply::PolicyVersions(bare))
        .iam(
            IamRead::GetPolicyVersion { arn: POLICY.to_owned(), version: "v9".into() },
            IamReply::PolicyVersion(document),
        )
}

fn user_facets() -> [Facet; 2] {
    let user = || Principal::user("serverless");
    [Facet::Principal(user()), Facet::Policies(user())]
}

fn role_facets(role: &str) -> [Facet; 3] {
    let principal = || Principal::role(role);
    let settings = Facet::RoleSettings { role: role.to_owned() };
    [Facet::Principal(principal()), settings, Facet::Policies(principal())]
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

/// Returns all facets of one relay stack.
fn relay() -> Vec<Facet> {
    let file = || LocalFile::Path("serverless.csv".to_owned());
    let others = [
        policy_facet(POLICY),
        policy_facet("arn:aws:iam::1:policy/Run"),
        Facet::AccessKeys { user: "serverless".to_owned() },
        Facet::Credentials { profile: "serverless".to_owned() },
        Facet::Profile { profile: "serverless".to_owned() },
        Facet::KeyCsv { file: file() },
        Facet::Stage {
            file: LocalFile::Path("zappa_settings.json".to_owned()),
            stage: "dev".to_owned(),
        },
        bucket_facet(BucketAspect::Existence),
        bucket_facet(BucketAspect::Tags),
        bucket_facet(BucketAspect::PublicAccessBlock),
    ];
    user_facets().into_iter().chain(role_facets("runner")).chain(others).collect()
}
