//! Plans made by hand, and their parts.

use std::collections::BTreeSet;

use relayctl::address::Address;
use relayctl::call::{Failure, FailureKind};
use relayctl::diff::{ChangeAction, FieldDiff, Reason, ResourceChange};
use relayctl::kind::FieldForm;
use relayctl::model::Desired;
use relayctl::plan::{
    Expect, Plan, PlanHeader, PlanMode, StateStamp, Step, StepId, StepPhase, Summary,
};
use relayctl::render::human::HumanStyle;
use relayctl::value::{Attributes, FieldChange, Value};
use serde_json::json;

pub const PLAIN: HumanStyle<'static> = HumanStyle { color: false, verbose: false, run: None };
pub const VERBOSE: HumanStyle<'static> = HumanStyle { verbose: true, ..PLAIN };

pub fn at(text: &str) -> Address {
    text.parse().unwrap()
}

pub fn header() -> PlanHeader {
    let desired = Desired {
        name: "tr-serverless-relay-dev".to_owned(),
        digest: "c0ffee".to_owned(),
        account: "123456789012".to_owned(),
        region: "us-east-1".to_owned(),
        ..Desired::default()
    };
    PlanHeader {
        manifest_file: "manifests/dev.yaml".to_owned(),
        caller: "arn:aws:iam::123456789012:user/admin".to_owned(),
        relayctl: "0.1.0".to_owned(),
        ..PlanHeader::new(&desired, PlanMode::Apply)
    }
}

pub fn change(address: &str, action: ChangeAction, reason: Reason) -> ResourceChange {
    ResourceChange::new(at(address), action, reason)
}

pub fn created(address: &str, fields: &[(&str, FieldForm, Value)]) -> ResourceChange {
    let set = |(name, form, value): &(&str, FieldForm, Value)| {
        field(name, *form, None, Some(value.clone()))
    };
    ResourceChange {
        fields: fields.iter().map(set).collect(),
        ..change(address, ChangeAction::Create, Reason::New)
    }
}

pub fn updated(address: &str, fields: Vec<FieldDiff>, unchanged: usize) -> ResourceChange {
    ResourceChange { fields, unchanged, ..change(address, ChangeAction::Update, Reason::Differs) }
}

pub fn field(
    name: &str,
    form: FieldForm,
    before: Option<Value>,
    after: Option<Value>,
) -> FieldDiff {
    FieldDiff { change: changed(name, before, after), form, forces_replacement: None }
}

pub fn changed(name: &str, before: Option<Value>, after: Option<Value>) -> FieldChange {
    FieldChange {
        field: name.to_owned(),
        before: before.map(Into::into),
        after: after.map(Into::into),
    }
}

pub fn id(address: &str, phase: StepPhase) -> StepId {
    StepId { address: at(address), phase }
}

pub fn step(address: &str, phase: StepPhase) -> Step {
    Step {
        id: id(address, phase),
        calls: Vec::new(),
        after: BTreeSet::new(),
        expect: Expect::Anything,
        before: None,
        record: None,
        wanted: Attributes::new(),
        carried: Attributes::new(),
        successor: None,
        moved_from: None,
        removal: false,
    }
}

/// The steps and the summary that go with these changes.
pub fn plan(changes: Vec<ResourceChange>) -> Plan {
    let mut steps = Vec::new();
    let mut summary = Summary::default();
    for change in &changes {
        let phases: &[StepPhase] = match change.action {
            ChangeAction::Create => &[StepPhase::Create],
            ChangeAction::Update => &[StepPhase::Update],
            ChangeAction::Replace => &[StepPhase::Delete, StepPhase::Create],
            ChangeAction::Delete => &[StepPhase::Delete],
            ChangeAction::Adopt | ChangeAction::Forget => &[StepPhase::Record],
            ChangeAction::Nothing | ChangeAction::Refuse | ChangeAction::Blocked => &[],
        };
        steps.extend(phases.iter().map(|phase| step(&change.address.to_string(), *phase)));
        summary.add += usize::from(phases.contains(&StepPhase::Create));
        summary.change += usize::from(phases.contains(&StepPhase::Update));
        summary.destroy += usize::from(phases.contains(&StepPhase::Delete));
        summary.refused += usize::from(change.action == ChangeAction::Refuse);
        summary.blocked += usize::from(change.action == ChangeAction::Blocked);
    }
    Plan {
        header: header(),
        state: StateStamp::of(None),
        changes,
        steps,
        access: Vec::new(),
        notes: Vec::new(),
        summary,
    }
}

pub fn deployment() -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Deploy", "Effect": "Allow", "Resource": ["*"], "Action": [
            "apigateway:DELETE", "apigateway:GET", "apigateway:PATCH", "apigateway:POST", "apigateway:PUT",
            "cloudformation:CreateStack", "cloudformation:DeleteStack", "cloudformation:DescribeStacks",
            "lambda:AddPermission", "lambda:CreateFunction", "lambda:GetFunction", "lambda:InvokeFunction"]},
        {"Sid": "PassRole", "Effect": "Allow", "Action": ["iam:GetRole", "iam:PassRole"],
            "Resource": ["arn:aws:iam::123456789012:role/*ZappaLambdaExecutionRole"],
            "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}},
        {"Sid": "S3Buckets", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::zappa-*"},
        {"Sid": "S3Objects", "Effect": "Allow", "Resource": ["arn:aws:s3:::zappa-*/*"],
            "Action": ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListMultipartUploadParts",
                "s3:PutObject"]}]})
}

pub fn trust() -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["sts:AssumeRole"],
        "Principal": {"Service": ["apigateway.amazonaws.com", "lambda.amazonaws.com"]}}]})
}

pub fn tags() -> Value {
    json!({"project": "tr-serverless-relay", "stage": "dev", "relayctl:manifest": "tr-serverless-relay-dev"})
}

/// Everything that a Zappa relay needs, none of it there yet; in order of address, as in every
/// plan.
pub fn stack() -> Vec<ResourceChange> {
    let role = "tr-serverless-relay-ZappaLambdaExecutionRole";
    let bucket = "zappa-tr-serverless-relay-1a2b3c4d";
    let policy = "arn:aws:iam::123456789012:policy/ZappaLambdaDeploymentPolicy";
    let text = |text: &str| json!(text);
    let settings = json!({"app_function": "app.app", "keep_warm": false, "runtime": "python3.12", "s3_bucket": bucket});
    vec![
        created(
            "access_key.serverless",
            &[
                ("user", FieldForm::Identity, text("serverless")),
                ("profile", FieldForm::Plain, text("serverless")),
                ("csv", FieldForm::Plain, text("serverless.csv")),
                ("replace_profile", FieldForm::Setting, json!(false)),
            ],
        ),
        created(
            "aws_profile.serverless",
            &[
                ("profile", FieldForm::Identity, text("serverless")),
                ("region", FieldForm::Plain, text("us-east-1")),
                ("output", FieldForm::Plain, text("json")),
            ],
        ),
        created_bucket(bucket),
        created_policy(policy),
        created_role(role),
        created(
            "user.serverless",
            &[
                ("name", FieldForm::Identity, text("serverless")),
                ("path", FieldForm::Plain, text("/")),
                ("tags", FieldForm::Keyed, tags()),
            ],
        ),
        created(
            "user_policy_attachment.serverless/ZappaLambdaDeploymentPolicy",
            &[
                ("user", FieldForm::Identity, text("serverless")),
                ("policy_arn", FieldForm::Identity, text(policy)),
            ],
        ),
        created(
            "zappa_settings.dev",
            &[
                ("file", FieldForm::Identity, text("zappa_settings.json")),
                ("stage", FieldForm::Identity, text("dev")),
                ("settings", FieldForm::Keyed, settings),
            ],
        ),
    ]
}

fn created_bucket(bucket: &str) -> ResourceChange {
    let all = json!({"block_public_acls": true, "block_public_policy": true, "ignore_public_acls": true,
        "restrict_public_buckets": true});
    created(
        &format!("bucket.{bucket}"),
        &[
            ("name", FieldForm::Identity, json!(bucket)),
            ("arn", FieldForm::Identity, json!(format!("arn:aws:s3:::{bucket}"))),
            ("region", FieldForm::Plain, json!("us-east-1")),
            ("tags", FieldForm::Keyed, tags()),
            ("public_access_block", FieldForm::Plain, all),
            ("ownership", FieldForm::Plain, json!("BucketOwnerEnforced")),
            ("policy", FieldForm::Document, Value::Null),
            ("lifecycle", FieldForm::Plain, json!([])),
        ],
    )
}

fn created_policy(arn: &str) -> ResourceChange {
    created(
        "policy.ZappaLambdaDeploymentPolicy",
        &[
            ("name", FieldForm::Identity, json!("ZappaLambdaDeploymentPolicy")),
            ("arn", FieldForm::Identity, json!(arn)),
            ("path", FieldForm::Plain, json!("/")),
            ("document", FieldForm::Document, deployment()),
            ("tags", FieldForm::Keyed, tags()),
        ],
    )
}

fn created_role(role: &str) -> ResourceChange {
    created(
        &format!("role.{role}"),
        &[
            ("name", FieldForm::Identity, json!(role)),
            ("path", FieldForm::Plain, json!("/")),
            ("max_session_duration", FieldForm::Plain, json!(3600)),
            ("trust", FieldForm::Document, trust()),
            ("tags", FieldForm::Keyed, tags()),
        ],
    )
}

/// A statement of which a list grows, one of which a long list stays, one that goes and one that
/// comes.
pub fn edited() -> Value {
    let mut document = deployment();
    document["Statement"][0]["Resource"] =
        json!(["arn:aws:lambda:us-east-1:123456789012:function:*"]);
    document["Statement"][3]["Action"] = json!([
        "s3:AbortMultipartUpload",
        "s3:DeleteObject",
        "s3:GetBucketLocation",
        "s3:GetObject",
        "s3:ListMultipartUploadParts",
        "s3:PutObject"
    ]);
    document["Statement"][2] = json!({"Sid": "Logs", "Effect": "Deny", "Action": "logs:DeleteLogGroup",
        "Resource": "arn:aws:logs:*:*:*"});
    document
}

pub fn document_update() -> ResourceChange {
    updated(
        "policy.ZappaLambdaDeploymentPolicy",
        vec![field("document", FieldForm::Document, Some(deployment()), Some(edited()))],
        3,
    )
}

pub fn tag_drift() -> ResourceChange {
    let before = json!({"project": "tr-serverless-relay", "stage": "prod"});
    let after = json!({"project": "tr-serverless-relay", "relayctl:manifest": "tr-serverless-relay-dev", "stage": "dev"});
    ResourceChange {
        drift: vec![changed("tags", Some(after.clone()), Some(before.clone()))],
        left_alone: vec![
            "policy arn:aws:iam::aws:policy/ReadOnlyAccess: not in the manifest, left alone"
                .to_owned(),
        ],
        ..updated(
            "user.serverless",
            vec![field("tags", FieldForm::Keyed, Some(before), Some(after))],
            4,
        )
    }
}

pub fn replacement() -> ResourceChange {
    let path = FieldDiff {
        forces_replacement: Some("IAM cannot change a role's path".to_owned()),
        ..field("path", FieldForm::Plain, Some(json!("/")), Some(json!("/relay/")))
    };
    let duration =
        field("max_session_duration", FieldForm::Plain, Some(json!(3600)), Some(json!(7200)));
    ResourceChange {
        fields: vec![path, duration],
        unchanged: 3,
        ..change(
            "role.worker",
            ChangeAction::Replace,
            Reason::CannotChange("IAM cannot change a role's path".to_owned()),
        )
    }
}

pub fn denied() -> Failure {
    Failure {
        request_id: Some("b9e5f1b0-0000-4000-8000-0123456789ab".to_owned()),
        ..Failure::new(
            FailureKind::AccessDenied,
            "iam:GetRole",
            "AccessDenied",
            "User: arn:aws:iam::123456789012:user/admin is not authorized to perform: iam:GetRole",
        )
    }
}

/// Everything that stops an object, and what hangs on it.
pub fn stuck() -> Vec<ResourceChange> {
    let recreated = Reason::RecreatedBySomeoneElse {
        recorded: "AIDAOLD".to_owned(),
        live: "AIDANEW".to_owned(),
    };
    let obstacle =
        Reason::Obstacle("the bucket holds objects and force_destroy is not set".to_owned());
    vec![
        change("bucket.full", ChangeAction::Refuse, obstacle),
        change("role.worker", ChangeAction::Blocked, Reason::Unknown(denied())),
        change(
            "role_policy_attachment.worker/Logs",
            ChangeAction::Blocked,
            Reason::DependsOn(at("role.worker")),
        ),
        change(
            "user.deployer",
            ChangeAction::Refuse,
            Reason::NotOurs { owner: Some("other-relay".to_owned()) },
        ),
        change("user.gone", ChangeAction::Refuse, recreated),
        change("user.serverless", ChangeAction::Refuse, Reason::NotOurs { owner: None }),
    ]
}

pub fn same(address: &str) -> ResourceChange {
    change(address, ChangeAction::Nothing, Reason::Same)
}
