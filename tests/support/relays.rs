//! Relays by the thousand: the manifest that declares them, the account in which they stand, and
//! the state of the run that set them up. What the core does with them is measured, and must not
//! grow faster than their number.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the relays' manifests declare these kinds and no others"
)]

use std::collections::BTreeMap;
use std::path::Path;

use async_trait::async_trait;
use futures::executor::block_on;
use relayctl::access::{self, UnmanagedAccess};
use relayctl::address::KindName;
use relayctl::call::iam::{
    AccessKey, AuthorizationDetails, ManagedPolicy, PolicyDetail, PolicyVersion, Role, RoleDetail,
    User, UserDetail,
};
use relayctl::call::{
    Failure, FailureKind, FileRead, FileReply, IamRead, IamReply, Observed, Read, Reply, S3Read,
    S3Reply, StepOutput, Write,
};
use relayctl::diff::{DiffOptions, diff};
use relayctl::engine::resolve;
use relayctl::manifest::{self, Inputs};
use relayctl::model::{Desired, Live, Recorded, RecordedObject, Status};
use relayctl::plan::{Plan, PlanHeader, PlanMode, StateStamp, build};
use relayctl::port::Provider;
use relayctl::value::{Attributes, Value, optional_text, shared, tags_of, text_of};
use serde_json::{Map, json};

/// The resources of one relay: a user with its key, the key's profile and a policy, a role with its
/// policy, and a bucket.
pub const RESOURCES: usize = 9;

const ACCOUNT: &str = "123456789012";
const REGION: &str = "us-east-1";
const CALLER: &str = "arn:aws:iam::123456789012:user/bench";

fn deployment() -> Value {
    let lambda = [
        "AddPermission",
        "CreateFunction",
        "DeleteFunction",
        "DeleteFunctionConcurrency",
        "GetAlias",
        "GetFunction",
        "GetFunctionConfiguration",
        "GetPolicy",
        "InvokeFunction",
        "ListVersionsByFunction",
        "RemovePermission",
        "UpdateFunctionCode",
        "UpdateFunctionConfiguration",
    ];
    let others = [
        "apigateway:DELETE",
        "apigateway:GET",
        "apigateway:PATCH",
        "apigateway:POST",
        "apigateway:PUT",
        "events:DeleteRule",
        "events:DescribeRule",
        "events:ListRules",
        "events:PutRule",
        "events:PutTargets",
        "events:RemoveTargets",
        "cloudformation:CreateStack",
        "cloudformation:DeleteStack",
        "cloudformation:DescribeStackResource",
        "cloudformation:DescribeStacks",
        "cloudformation:ListStackResources",
        "cloudformation:UpdateStack",
        "logs:DeleteLogGroup",
        "logs:DescribeLogStreams",
        "logs:FilterLogEvents",
    ];
    let all: Vec<String> = lambda
        .iter()
        .map(|it| format!("lambda:{it}"))
        .chain(others.iter().map(|it| (*it).to_owned()))
        .collect();
    let allow = |actions: Value, resource: String| json!({"Effect": "Allow", "Action": actions, "Resource": [resource]});
    json!({"Version": "2012-10-17", "Statement": [
        allow(json!(["iam:AttachRolePolicy", "iam:CreateRole", "iam:GetRole", "iam:PassRole", "iam:PutRolePolicy"]),
            format!("arn:aws:iam::{ACCOUNT}:role/*ZappaLambdaExecutionRole")),
        allow(json!(all), "*".to_owned()),
        allow(json!(["s3:CreateBucket", "s3:ListBucket", "s3:ListBucketMultipartUploads"]), "arn:aws:s3:::zappa-*".to_owned()),
        allow(json!(["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"]),
            "arn:aws:s3:::zappa-*/*".to_owned()),
    ]})
}

fn execution() -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["logs:*"], "Resource": "arn:aws:logs:*:*:*"},
        {"Effect": "Allow", "Action": ["lambda:InvokeFunction"], "Resource": ["*"]}]})
}

/// JSON, which is YAML too. Every document is spelled out where it is used, as a program would
/// write it.
pub fn manifest(relays: usize) -> String {
    let (mut policies, mut users, mut roles, mut buckets) =
        (Map::new(), Map::new(), Map::new(), Map::new());
    let (deployment, execution) = (deployment(), execution());
    for number in 1..=relays {
        let (deploy, execute) =
            (format!("ZappaDeployment-{number}"), format!("ZappaExecution-{number}"));
        let user = format!("serverless-{number}");
        let tags = json!({"app": "relay", "relay": number.to_string()});
        policies
            .insert(deploy.clone(), json!({"description": "Deployment", "document": deployment}));
        policies
            .insert(execute.clone(), json!({"description": "Execution", "document": execution}));
        users.insert(
            user.clone(),
            json!({"tags": tags, "policies": [deploy], "access_key": {"profile": user}}),
        );
        let trust = json!({"services": ["apigateway.amazonaws.com", "lambda.amazonaws.com"]});
        let role = json!({"max_session_duration": 7200, "trust": trust, "policies": [execute]});
        roles.insert(format!("relay-{number}-ZappaLambdaExecutionRole"), role);
        let bucket = json!({"tags": tags, "versioning": true, "encryption": "AES256", "public_access_block": true});
        buckets.insert(format!("zappa-relay-{number}"), bucket);
    }
    let whole = json!({"version": 1, "name": "bench", "account": ACCOUNT, "region": REGION,
        "policies": policies, "users": users, "roles": roles, "buckets": buckets});
    format!("{whole:#}")
}

/// Loads the manifest in a file.
pub fn load(path: &Path) -> Desired {
    let inputs = Inputs::default();
    let loaded = manifest::load_manifest(path, &inputs);
    loaded.desired.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics))
}

/// So many relays, as they are declared.
pub fn declared(relays: usize) -> Desired {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("relays.yaml");
    std::fs::write(&path, manifest(relays)).unwrap();
    load(&path)
}

/// Relays that stand, and are known to the state.
pub struct World {
    pub desired: Desired,
    pub recorded: Recorded,
    pub live: Live,
}

impl World {
    pub fn new(relays: usize) -> Self {
        let desired = declared(relays);
        let account = Account::of(&desired);
        let live = account.look(&desired, &Recorded::new());
        let recorded = desired
            .resources
            .iter()
            .map(|(address, resource)| {
                let Observed::Present(seen) = &live[address].observed else {
                    panic!("{address} is not there")
                };
                let (attributes, depends_on) =
                    (resource.attributes.clone(), resource.depends_on.clone());
                (
                    address.clone(),
                    RecordedObject {
                        status: Status::Done,
                        id: Some(seen.id.clone()),
                        attributes,
                        depends_on,
                    },
                )
            })
            .collect();
        Self { desired, recorded, live }
    }

    /// The plan that sets all of them up, in an empty account.
    pub fn creation(&self) -> Plan {
        plan(&self.desired, &Recorded::new(), &Live::new(), PlanMode::Apply)
    }

    /// The plan that takes all of them down.
    pub fn removal(&self) -> Plan {
        plan(&self.undeclared(), &self.recorded, &self.live, PlanMode::Destroy)
    }

    /// The same manifest without its relays.
    pub fn undeclared(&self) -> Desired {
        Desired { resources: BTreeMap::new(), ..self.desired.clone() }
    }
}

/// Differences, steps, and what they mean for access.
pub fn plan(desired: &Desired, recorded: &Recorded, live: &Live, mode: PlanMode) -> Plan {
    let removal = DiffOptions::from(mode == PlanMode::Destroy);
    let decisions = diff(desired, recorded, live, removal);
    let mut plan = build::build(header(mode), stamp(), decisions, desired, recorded).unwrap();
    plan.access = access::changes(&plan.changes, live, desired, &UnmanagedAccess::default());
    plan
}

pub fn header(mode: PlanMode) -> PlanHeader {
    let (name, account, region) = ("bench".to_owned(), ACCOUNT.to_owned(), REGION.to_owned());
    let desired = Desired { name, account, region, ..Desired::default() };
    let (manifest_file, caller) = ("relays.yaml".to_owned(), CALLER.to_owned());
    PlanHeader { manifest_file, caller, relayctl: String::new(), ..PlanHeader::new(&desired, mode) }
}

pub fn stamp() -> StateStamp {
    StateStamp::of(None)
}

/// An account in which everything stands as it is declared. It answers each question from what it
/// has ready.
pub struct Account {
    answers: BTreeMap<Read, Reply>,
    sweep: AuthorizationDetails,
}

impl Account {
    pub fn of(desired: &Desired) -> Self {
        let mut account = Self { answers: BTreeMap::new(), sweep: AuthorizationDetails::default() };
        let mut sweep = AuthorizationDetails::default();
        for (address, resource) in &desired.resources {
            let (name, attributes) = (address.name().to_owned(), &resource.attributes);
            match address.kind() {
                KindName::Policy => sweep.policies.push(account.policy(attributes)),
                KindName::USER => sweep.users.push(account.user(desired, name, attributes)),
                KindName::ROLE => sweep.roles.push(account.role(desired, name, attributes)),
                KindName::AccessKey => account.key(name, attributes),
                KindName::AwsProfile => account.profile(name, attributes),
                KindName::Bucket => account.bucket(attributes),
                _ => {}
            }
        }
        let roles = sweep.roles.iter().map(|it| it.role.clone()).collect();
        account.iam(IamRead::ListRoles, IamReply::Roles(roles));
        Self { sweep, ..account }
    }

    pub fn look(&self, desired: &Desired, recorded: &Recorded) -> Live {
        block_on(resolve(self, desired, recorded, false, 32))
    }

    fn iam(&mut self, read: IamRead, reply: IamReply) {
        self.answers.insert(Read::Iam(read), Reply::Iam(reply));
    }

    fn policy(&mut self, attributes: &Attributes) -> PolicyDetail {
        let own = |name: &str| text_of(attributes, name).to_owned();
        let policy = ManagedPolicy {
            name: own("name"),
            id: format!("ANPA{}", own("name")),
            arn: own("arn"),
            path: own("path"),
            description: own("description"),
            default_version: "v1".to_owned(),
            tags: tags_of(attributes, "tags"),
        };
        let document = attributes.shared("document").cloned();
        let versions = vec![PolicyVersion { id: "v1".to_owned(), is_default: true, document }];
        self.iam(IamRead::GetPolicy { arn: own("arn") }, IamReply::Policy(policy.clone()));
        PolicyDetail { policy, versions }
    }

    fn user(&mut self, desired: &Desired, user: String, attributes: &Attributes) -> UserDetail {
        let own = |name: &str| text_of(attributes, name).to_owned();
        let attached = attached(desired, "user", &user);
        let itself = User {
            id: format!("AIDA{user}"),
            name: user.clone(),
            arn: own("arn"),
            path: own("path"),
            boundary: optional_text(attributes, "permissions_boundary"),
            tags: tags_of(attributes, "tags"),
        };
        self.iam(IamRead::GetUser { user }, IamReply::User(itself.clone()));
        UserDetail { user: itself, attached, ..UserDetail::default() }
    }

    fn role(&mut self, desired: &Desired, role: String, attributes: &Attributes) -> RoleDetail {
        let own = |name: &str| text_of(attributes, name).to_owned();
        let attached = attached(desired, "role", &role);
        let itself = Role {
            id: format!("AROA{role}"),
            name: role.clone(),
            arn: own("arn"),
            path: own("path"),
            description: own("description"),
            max_session_duration: attributes["max_session_duration"].as_i64().unwrap(),
            trust: shared(attributes, "trust"),
            boundary: optional_text(attributes, "permissions_boundary"),
            tags: tags_of(attributes, "tags"),
        };
        self.iam(IamRead::GetRole { role }, IamReply::Role(itself.clone()));
        RoleDetail { role: itself, attached, ..RoleDetail::default() }
    }

    fn key(&mut self, user: String, attributes: &Attributes) {
        let id = format!("AKIA{user}");
        let key = AccessKey {
            id: id.clone(),
            status: "Active".to_owned(),
            created: "2026-01-01T00:00:00Z".to_owned(),
        };
        self.iam(IamRead::ListAccessKeys { user }, IamReply::AccessKeys(vec![key]));
        let read = Read::File(FileRead::Credentials {
            profile: text_of(attributes, "profile").to_owned(),
        });
        self.answers.insert(read, Reply::File(FileReply::KeyId(Some(id))));
    }

    fn profile(&mut self, profile: String, attributes: &Attributes) {
        let settings = ["region", "output"].map(|name| (name.to_owned(), attributes[name].clone()));
        self.answers.insert(
            Read::File(FileRead::Profile { profile }),
            Reply::File(FileReply::Settings(settings.into())),
        );
    }

    fn bucket(&mut self, attributes: &Attributes) {
        let own = |name: &str| attributes.get(name).cloned().unwrap_or_default();
        let bucket = relayctl::call::BucketRef {
            name: text_of(attributes, "name").to_owned(),
            region: text_of(attributes, "region").to_owned(),
        };
        let versioning = if own("versioning") == true { "Enabled" } else { "" };
        let answers = [
            (S3Read::HeadBucket(bucket.clone()), S3Reply::Bucket { region: bucket.region.clone() }),
            (S3Read::GetBucketTagging(bucket.clone()), S3Reply::Tags(tags_of(attributes, "tags"))),
            (
                S3Read::GetBucketVersioning(bucket.clone()),
                S3Reply::Versioning(versioning.to_owned()),
            ),
            (
                S3Read::GetBucketEncryption(bucket.clone()),
                S3Reply::Encryption(given(own("encryption"))),
            ),
            (
                S3Read::GetPublicAccessBlock(bucket.clone()),
                S3Reply::PublicAccessBlock(given(own("public_access_block"))),
            ),
        ];
        self.answers.extend(answers.map(|(read, reply)| (Read::S3(read), Reply::S3(reply))));
    }
}

fn given<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

/// The ARNs of what is attached to a user or a role. What hangs on one holder stands together.
fn attached(desired: &Desired, holder: &str, name: &str) -> Vec<String> {
    let kind = format!("{holder}_policy_attachment").parse().unwrap();
    let first = relayctl::address::Address::new(kind, format!("{name}/"));
    let from = desired.resources.range(first..);
    let hanging = from.take_while(|(_, it)| text_of(&it.attributes, holder) == name);
    hanging.map(|(_, it)| text_of(&it.attributes, "policy_arn").to_owned()).collect()
}

#[async_trait]
impl Provider for Account {
    async fn read(&self, read: &Read) -> Result<Reply, Failure> {
        if let Read::Iam(IamRead::GetAccountAuthorizationDetails { .. }) = read {
            return Ok(Reply::Iam(IamReply::AuthorizationDetails(self.sweep.clone())));
        }
        let unset =
            || Failure::new(FailureKind::NotFound, read.action(), "NotThere", format!("{read:?}"));
        self.answers.get(read).cloned().ok_or_else(unset)
    }

    async fn write(&self, write: &Write, _carried: &StepOutput) -> Result<Reply, Failure> {
        panic!("a plan writes nothing, not {write:?}");
    }
}
