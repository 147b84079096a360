//! Measures the pure core: the work of every plan for each document and each manifest, without a
//! network.

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use relayctl::manifest::{self, Inputs};
use relayctl::policy::catalogue::{self, AccessLevel, Action};
use relayctl::policy::compare::{Set, compare};
use relayctl::policy::statement::Policy;
use relayctl::policy::{self, Usage};
use relayctl::value::Value;
use serde_json::json;

const DEPLOYMENT: &str = include_str!("../manifests/policies/zappa-lambda-deployment.json");

fn document() -> Value {
    policy::parse(DEPLOYMENT).expect("the manifest's own document is JSON").into_value()
}

fn policies(criterion: &mut Criterion) {
    let document = document();
    let canonical = policy::canonical(&document);
    criterion.bench_function("policy/parse", |bench| {
        bench.iter(|| policy::parse(black_box(DEPLOYMENT)));
    });
    criterion.bench_function("policy/canonical", |bench| {
        bench.iter(|| policy::canonical(black_box(&document)));
    });
    criterion.bench_function("policy/equivalent", |bench| {
        bench.iter(|| policy::equivalent(black_box(&document), black_box(&canonical)));
    });
}

/// Returns a policy as large as a managed policy may be, 6,144 characters: every fifth statement
/// has a condition, and a Deny covers everything.
fn of_six_kilobytes(extra: &Value) -> Policy {
    let actions =
        ["GetObject", "PutObject", "DeleteObject", "GetObjectTagging", "ListMultipartUploadParts"];
    let mut statements = vec![
        extra.clone(),
        json!({"Effect": "Deny", "NotAction": "s3:Get*", "Resource": "*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}}}),
    ];
    for number in 0.. {
        let mut statement = json!({"Effect": "Allow", "Action": actions.map(|action| format!("s3:{action}")),
            "Resource": format!("arn:aws:s3:::team-{number}-*/*")});
        if number % 5 == 0 {
            statement["Condition"] =
                json!({"StringEquals": {"aws:PrincipalTag/team": format!("team-{number}")}});
        }
        statements.push(statement);
        let document = json!({"Version": "2012-10-17", "Statement": statements});
        if policy::document_size(&document, Usage::Managed) > policy::limit(Usage::Managed) {
            statements.pop();
            break;
        }
    }
    compiled(&json!({"Version": "2012-10-17", "Statement": statements}))
}

fn allow(action: &str, resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

/// Returns a policy as large as AWS's largest, `AWSSupportServiceRolePolicy` of 135 KB: thousands
/// of actions by their names on `*`, and some on ARNs of a form.
fn of_largest_size(extra: &Value) -> Policy {
    const SIZE: usize = 135_000;
    let reads = |action: &Action| matches!(action.access, AccessLevel::Read | AccessLevel::List);
    let all = catalogue::services()
        .flat_map(|service| catalogue::actions_of(service.prefix))
        .filter(|it| reads(it));
    let mut actions: Vec<String> = Vec::new();
    let mut size = 0;
    for action in all {
        size += action.name.len() + 3;
        if size > SIZE {
            break;
        }
        actions.push(action.name.clone());
    }
    assert!(size > SIZE, "the catalogue has fewer actions than that");
    let stages = ["models/*", "stages/*", "resources/*/methods/*", "deployments", "authorizers/*"];
    let arns: Vec<String> =
        stages.iter().map(|it| format!("arn:aws:apigateway:*::/restapis/*/{it}")).collect();
    compiled(&json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": actions, "Resource": "*"},
        {"Effect": "Allow", "Action": "apigateway:GET", "Resource": arns}, extra]}))
}

fn compiled(document: &Value) -> Policy {
    Policy::compile("bench", document).expect("the bench's own document is one")
}

fn comparisons(criterion: &mut Criterion) {
    let base = allow("s3:ListBucket", "arn:aws:s3:::team-*");
    let (less, more) =
        (allow("s3:List?ucket", "arn:aws:s3:::team-1-*"), allow("iam:PassRole", "*"));
    let pairs = [
        ("6 KB, narrower", of_six_kilobytes(&base), of_six_kilobytes(&less)),
        ("6 KB, changed", of_six_kilobytes(&base), of_six_kilobytes(&more)),
        ("135 KB, changed", of_largest_size(&base), of_largest_size(&more)),
    ];
    let mut group = criterion.benchmark_group("policy/compare");
    group.sample_size(20);
    for (name, before, after) in &pairs {
        let (before, after) = (std::slice::from_ref(before), std::slice::from_ref(after));
        group.bench_function(*name, |bench| {
            bench.iter(|| compare(&Set::of(black_box(before)), &Set::of(black_box(after)), None));
        });
    }
    group.finish();
}

fn manifests(criterion: &mut Criterion) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests/dev.yaml");
    let nothing = |_: &str| None;
    criterion.bench_function("manifest/load", |bench| {
        bench.iter(|| {
            let inputs = Inputs { environment: &nothing, ..Inputs::default() };
            manifest::load_manifest(black_box(&path), &inputs)
        });
    });
}

criterion_group!(core, policies, comparisons, manifests);
criterion_main!(core);
