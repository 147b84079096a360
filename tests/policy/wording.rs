//! Documents that AWS refuses, one a kind of refusal, and what is said about each: in AWS's words,
//! at the place.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use relayctl::policy::{Usage, diagnose};
use relayctl::render::diagnostic;

/// Tests run in the crate's own folder, so that the paths in the goldens are the same everywhere.
const FOLDER: &str = "tests/policy_wording";

fn documents() -> Vec<PathBuf> {
    let files = std::fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().path());
    let mut documents: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|e| e == "json")).collect();
    documents.sort();
    documents
}

fn name(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}

fn usage(path: &Path) -> Usage {
    match name(path).split('-').next() {
        Some("identity") => Usage::Managed,
        Some("trust") => Usage::Trust,
        Some("bucket") => Usage::Bucket,
        other => panic!("{other:?} is no type of policy"),
    }
}

#[test]
fn every_refusal_is_in_the_words_of_aws_at_its_place() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../policy_wording");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for path in documents() {
        let text = std::fs::read_to_string(&path).unwrap();
        let found = diagnose(&path, &text, usage(&path));
        assert!(!found.is_empty(), "{} is not refused", path.display());
        assert!(found.iter().all(|one| one.place.is_some() && one.help.is_some()), "{found:?}");
        let shown =
            diagnostic::list_diagnostics(&found, &BTreeMap::from([(path.clone(), text)]), false);
        settings.bind(|| insta::assert_snapshot!(name(&path), shown));
    }
}

/// The list of what IAM is known to say. A name in the place of the `X` is what the document holds.
#[test]
fn each_kind_of_refusal_has_a_document() {
    let kinds = [
        "Syntax errors in policy.",
        "Policy document must be version 2012-10-17 or greater.",
        "The policy failed legacy parsing",
        "Policy statement must contain actions.",
        "Policy statement must contain resources.",
        "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
        "Actions/Condition can contain only one colon.",
        "Vendor s3  is not valid",
        "Resource reports/* must be in ARN format or \"*\".",
        "Partition \"amazon\" is not valid for resource \"arn:amazon:s3:::reports/*\".",
        "IAM resource path must either be \"*\" or start with user/, federated-user/, role/, \
            group/, instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, \
            saml-provider/, oidc-provider/, report/, access-report/.",
        "IAM resource arn:aws:iam:us-east-1:123456789012:role/reporter cannot contain region \
            information.",
        "Resource vendor must be fully qualified and cannot contain regexes.",
        "Statement IDs (SID) in a single policy must be unique.",
        "Policy document should not specify a principal.",
        "Missing required field Principal",
        "Has prohibited field Resource",
        "Cannot exceed quota for PolicySize: 6144",
    ];
    let said: BTreeSet<String> = documents()
        .iter()
        .flat_map(|path| diagnose(path, &std::fs::read_to_string(path).unwrap(), usage(path)))
        .map(|one| one.message)
        .collect();
    for kind in kinds {
        // IAM's sentence about syntax is followed by what is wrong. Where IAM's words say nothing,
        // they come after what is wrong.
        let has = |message: &String| {
            message == kind
                || message.starts_with(&format!("{kind} "))
                || message.ends_with(&format!("(AWS says: {kind})"))
        };
        assert!(said.iter().any(has), "{kind}");
    }
}
