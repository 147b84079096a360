//! The laws of the fuzz targets, held for their seeds and for random documents: here without a
//! fuzzer.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::sample::select;

#[path = "../../fuzz/laws.rs"]
mod laws;

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let seeds: Vec<_> = files.map(|file| fs::read(file).unwrap()).collect();
    assert!(!seeds.is_empty());
    seeds
}

#[test]
fn the_laws_hold_for_every_seed() {
    for seed in &seeds("document") {
        laws::document(seed);
    }
    for seed in &seeds("comparison") {
        laws::comparison(seed);
    }
}

#[test]
fn the_seeds_are_few_and_small() {
    let sizes: Vec<_> =
        [seeds("document"), seeds("comparison")].concat().iter().map(Vec::len).collect();
    assert!(sizes.len() <= 60 && sizes.iter().sum::<usize>() < 200_000, "{sizes:?}");
}

/// A byte here or there, as a fuzzer would do it.
#[test]
fn the_laws_hold_for_every_truncated_seed() {
    for seed in seeds("document").iter().filter(|seed| seed.len() < 1_000) {
        for end in (0..seed.len()).step_by(7) {
            laws::document(&seed[..end]);
            laws::document(&[&seed[..end], &seed[end + 1..]].concat());
        }
    }
}

/// Neither the fuzz crate nor the oracle takes the policy algebra's sources by their path, or names
/// its dependencies again.
#[test]
fn fuzz_and_oracle_depend_on_the_policy_crate() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (folder, others) in [
        ("fuzz", vec!["iam-policy", "libfuzzer-sys"]),
        ("tests/oracle", vec!["iam-policy", "serde_json"]),
    ] {
        let text = fs::read_to_string(root.join(folder).join("Cargo.toml")).unwrap();
        let section = text.split("[dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
        let named =
            section.lines().filter_map(|line| line.split_once(['.', ' '])).map(|(name, _)| name);
        assert_eq!(
            named.filter(|name| !name.starts_with('#')).collect::<Vec<_>>(),
            others,
            "{folder}"
        );
        let mut sources = Vec::new();
        collect(&root.join(folder), &mut sources);
        for file in sources
            .iter()
            .filter(|file| file.extension().is_some_and(|extension| extension == "rs"))
        {
            let text = fs::read_to_string(file).unwrap();
            assert!(
                !text.contains("#[path = \"../../") && !text.contains("crates/"),
                "{}",
                file.display()
            );
        }
    }
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_dir() {
            into.push(path);
        } else if path.file_name().is_some_and(|name| name != "target") {
            collect(&path, into);
        }
    }
}

/// Text that is nearly a policy.
fn nearly() -> impl Strategy<Value = String> {
    let word = select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\"Version\":\"2012-10-17\",",
        "\"Statement\":",
        "\"Effect\":\"Allow\",",
        "\"Action\":",
        "\"Resource\":",
        "\"Principal\":",
        "\"Condition\":",
        "\"Bool\":",
        "\"a:b\":",
        "\"*\"",
        "\"s3:*\"",
        "\"arn:aws:s3:::b\"",
        "true",
        "null",
        "-1.5e3",
        "\\u00e9",
        "\\",
        "\r\n",
        " ",
        "é",
        "\u{feff}",
        "//",
    ]);
    prop::collection::vec(word, 0..40).prop_map(|words| words.concat())
}

/// JSON of any shape, with the keys and values of policies in it.
fn value() -> impl Strategy<Value = serde_json::Value> {
    let text = prop_oneof![
        select(vec![
            "2012-10-17",
            "Allow",
            "Deny",
            "*",
            "s3:Get*",
            "sts:AssumeRole",
            "arn:aws:s3:::b/*",
            "arn:aws:iam::1:role/x",
            "123456789012",
            "lambda.amazonaws.com",
            "${aws:username, 'x'}",
            "a:b:c",
            "true",
            "10.0.0.0/8",
            "",
        ])
        .prop_map(str::to_owned),
        ".{0,4}",
    ];
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        text.prop_map(Into::into),
    ];
    let key = prop_oneof![
        8 => select(vec!["Version", "Id", "Statement", "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction",
            "Resource", "NotResource", "Condition", "AWS", "Service", "Federated", "StringLike", "DateLessThan", "IpAddress",
            "ForAnyValue:BoolIfExists", "aws:username", "AWS:UserName", "a/b~c"]).prop_map(str::to_owned),
        1 => ".{0,3}",
    ];
    leaf.prop_recursive(7, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map(key.clone(), inner, 0..7)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_laws_hold_for_any_bytes(bytes: Vec<u8>) {
        laws::document(&bytes);
        laws::comparison(&bytes);
    }

    #[test]
    fn the_laws_hold_for_any_text(text in ".{0,60}") {
        laws::document(text.as_bytes());
    }

    #[test]
    fn the_laws_hold_for_what_is_nearly_a_policy(text in nearly()) {
        laws::document(text.as_bytes());
    }

    #[test]
    fn the_laws_hold_for_any_json(value in value()) {
        laws::document(value.to_string().as_bytes());
        laws::document(serde_json::json!({"Version": "2012-10-17", "Statement": value}).to_string().as_bytes());
    }
}
