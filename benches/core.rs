//! The pure core: what every plan does for each document and each manifest, without a network.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use relayctl::manifest::{self, Inputs};
use relayctl::policy;
use relayctl::value::Value;

const DEPLOYMENT: &str = include_str!("../manifests/policies/zappa-lambda-deployment.json");

fn document() -> Value {
    policy::parse(DEPLOYMENT).expect("the manifest's own document is JSON")
}

fn policies(criterion: &mut Criterion) {
    let document = document();
    let canonical = policy::canonical(&document);
    criterion.bench_function("policy/parse", |bench| bench.iter(|| policy::parse(black_box(DEPLOYMENT))));
    criterion.bench_function("policy/canonical", |bench| bench.iter(|| policy::canonical(black_box(&document))));
    criterion.bench_function("policy/equivalent", |bench| {
        bench.iter(|| policy::equivalent(black_box(&document), black_box(&canonical)));
    });
}

fn manifests(criterion: &mut Criterion) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests/dev.yaml");
    let nothing = |_: &str| None;
    criterion.bench_function("manifest/load", |bench| {
        bench.iter(|| {
            let inputs = Inputs { variables: BTreeMap::new(), region: None, environment: &nothing };
            manifest::load(black_box(&path), &inputs)
        });
    });
}

criterion_group!(core, policies, manifests);
criterion_main!(core);
