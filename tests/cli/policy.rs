//! `relayctl policy` as a user meets it: the real binary on files and on the standard input.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::command::{self, Ran};

fn run_with(folder: &Path, arguments: &[&str], stdin: &str) -> Ran {
    command::run_with(folder, &[&["policy"], arguments].concat(), stdin)
}

fn run(folder: &Path, arguments: &[&str]) -> Ran {
    run_with(folder, arguments, "")
}

/// Everything that a run shows.
fn shown(folder: &Path, arguments: &[&str]) -> String {
    command::shown(folder, &[&["policy"], arguments].concat())
}

const OLD: &str = r#"{"Statement": [
 {"Effect": "Allow", "Resource": ["arn:aws:s3:::b/*"], "Action": ["s3:PutObject", "s3:GetObject", "s3:GetObject"], "Sid": "Files"},
 {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/secret/*"}
], "Version": "2012-10-17"}
"#;

const NEW: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Files",
      "Effect": "Allow",
      "Action": ["s3:GetObject", "s3:PutObject"],
      "Resource": ["arn:aws:s3:::b/*"]
    },
    {
      "Effect": "Deny",
      "Action": "s3:GetObject",
      "Resource": "arn:aws:s3:::b/secret/*"
    }
  ]
}
"#;

const TRUST: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole",
  "Principal": {"Service": "lambda.amazonaws.com"}}}"#;

const BUCKET: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "s3:*", "Principal": "*",
  "Resource": "arn:aws:s3:::b/*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}}"#;

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn with(text: &str, old: &str, new: &str) -> String {
    assert!(text.contains(old), "{old}");
    text.replace(old, new)
}

#[test]
fn every_command_explains_itself_with_examples() {
    let folder = folder(&[]);
    for command in ["validate", "diff", "fmt"] {
        let help = command::own_help(folder.path(), &["policy", "help", command]);
        insta::assert_snapshot!(format!("help_{command}"), help);
    }
}

#[test]
fn valid_documents_are_named_with_what_they_are() {
    let folder = folder(&[("identity.json", OLD), ("trust.json", TRUST), ("bucket.json", BUCKET)]);
    insta::assert_snapshot!(shown(folder.path(), &["validate", "identity.json", "trust.json", "bucket.json"]), @r"
    $ relayctl policy validate identity.json trust.json bucket.json
    identity.json is valid as an identity policy
    trust.json is valid as a trust policy
    bucket.json is valid as a bucket policy
    --- stderr
    --- exit code 0
    ");
    let ran = run_with(folder.path(), &["validate", "-"], TRUST);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "<stdin> is valid as a trust policy\n"));
}

#[test]
fn all_problems_of_all_files_are_said_at_once() {
    let no_json = with(TRUST, "\"Action\":", "\"Action\"");
    let no_arn =
        with(OLD, "arn:aws:s3:::b/secret/*", "secret").replace("s3:PutObject", "PutObject");
    let folder = folder(&[("a.json", &no_arn), ("b.json", &no_json), ("c.json", OLD)]);
    insta::assert_snapshot!(shown(
        folder.path(),
        &["validate", "c.json", "b.json", "a.json", "d.json"]
    ));
}

#[test]
fn the_type_decides_what_is_valid() {
    let folder = folder(&[("trust.json", TRUST)]);
    let ran = run(folder.path(), &["validate", "trust.json", "--type", "identity"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.contains("Policy document should not specify a principal."),
        "{}",
        ran.stderr
    );
    assert!(
        run(folder.path(), &["validate", "trust.json", "--type", "bucket"])
            .stderr
            .contains("Policy has invalid action")
    );
    // An inline policy of a role may be larger than a managed one.
    let large = with(OLD, "b/secret", &"x".repeat(7_000));
    for (kind, code) in
        [("identity", 1), ("user-inline", 1), ("group-inline", 1), ("role-inline", 0)]
    {
        assert_eq!(
            run_with(folder.path(), &["validate", "-", "--type", kind], &large).code,
            code,
            "{kind}"
        );
    }
}

#[test]
fn policies_that_limit_others_are_checked_by_the_rules_of_their_type() {
    let all = r#"{"Version": "2012-10-17",
        "Statement": {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}}"#;
    let to_all = with(all, "\"Action\"", "\"Principal\": \"*\", \"Action\"");
    let folder = folder(&[("own.json", all), ("to-all.json", &to_all)]);
    let valid =
        |file: &str, kind: &str| run(folder.path(), &["validate", file, "--type", kind]).code == 0;
    for (kind, own) in [("scp", true), ("session", true), ("rcp", false), ("vpc-endpoint", false)] {
        assert_eq!(valid("own.json", kind), own, "{kind}");
        assert_eq!(valid("to-all.json", kind), !own, "{kind}");
    }
    insta::assert_snapshot!(shown(
        folder.path(),
        &["validate", "own.json", "to-all.json", "--type", "rcp"]
    ));
}

#[test]
fn a_document_of_another_type_than_it_looks_like_is_told_with_the_way_out() {
    let folder = folder(&[("trust.json", TRUST), ("queue.json", &with(BUCKET, "s3:*", "sqs:*"))]);
    let ran = run(folder.path(), &["validate", "trust.json", "--type", "identity"]);
    let note = "trust.json looks like a trust policy, and was checked as an identity policy: try \
        --type trust\n";
    assert!(ran.code == 1 && ran.stderr.ends_with(note), "{}", ran.stderr);
    let ran = run(folder.path(), &["validate", "trust.json", "--type", "user-inline"]);
    assert!(
        ran.stderr.contains("was checked as a user's inline policy: try --type trust\n"),
        "{}",
        ran.stderr
    );
    // A guess that may be wrong says that it is one.
    let ran = run(folder.path(), &["validate", "queue.json"]);
    let note = "queue.json looks like a bucket policy, and was checked as one; if it is another, \
        say so with --type\n";
    assert!(ran.code == 1 && ran.stderr.ends_with(note), "{}", ran.stderr);
    // All identity policies look alike, and what is valid needs no remark.
    let large = with(OLD, "b/secret", &"x".repeat(7_000));
    let ran = run_with(folder.path(), &["validate", "-", "--type", "user-inline"], &large);
    assert!(ran.code == 1 && !ran.stderr.contains("looks like"), "{}", ran.stderr);
    assert_eq!(run(folder.path(), &["validate", "trust.json"]).stderr, "");
}

#[test]
fn what_is_json_but_no_document_comes_with_what_to_write() {
    let folder = folder(&[]);
    let said = |text: &str| {
        let ran = run_with(folder.path(), &["validate", "-"], text);
        assert_eq!(ran.code, 1);
        let lines =
            ran.stderr.lines().filter(|line| line.starts_with("error") || line.contains("= help"));
        lines.map(str::trim).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!([said(""), said("[]"), said(r#"{"Id": "a", "Id": "b"}"#)].join("\n"));
}

#[test]
fn problems_are_data_too() {
    let folder = folder(&[("a.json", &with(OLD, "\"Deny\"", "\"deny\""))]);
    let ran = run(folder.path(), &["validate", "a.json", "--json"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, ""));
    let value: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(value["valid"], json!(false));
    assert_eq!(value["files"][0]["type"], json!("identity"));
    assert_eq!(
        value["files"][0]["problems"][0]["message"],
        json!(
            "`deny` is not an Effect: IAM reads `Allow` and `Deny`, in this case (AWS says: The \
                policy failed legacy parsing)"
        )
    );
    assert_eq!(
        value["files"][0]["problems"][0]["place"],
        json!({"file": "a.json", "line": 3, "column": 13, "length": 6})
    );
}

#[test]
fn what_cannot_be_read_is_an_error_and_no_panic() {
    let folder = folder(&[]);
    fs::write(folder.path().join("latin.json"), b"{\n\"a\": \"\xe9\"}").unwrap();
    let ran = run(folder.path(), &["validate", "latin.json"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.contains("this is not UTF-8 text") && ran.stderr.contains("latin.json:2:7"),
        "{}",
        ran.stderr
    );
    assert!(run(folder.path(), &["validate", "."]).stderr.contains(". is a folder"));
    assert!(run(folder.path(), &["diff", "-", "-"]).stderr.contains("can be read only once"));
    for text in ["", "null", "[]", "{}", "{\"Statement\": 1}", "\u{feff}{\"Statement\": []}"] {
        for command in
            [&["validate", "-"][..], &["diff", "-", "latin.json"], &["fmt", "-", "--check"]]
        {
            assert_eq!(run_with(folder.path(), command, text).code, 1, "{command:?} {text}");
        }
    }
}

#[test]
fn documents_that_differ_in_spelling_are_equivalent() {
    let folder = folder(&[("old.json", OLD), ("new.json", NEW)]);
    let ran = run(folder.path(), &["diff", "old.json", "new.json", "--detailed-exitcode"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(ran.stdout, "old.json and new.json are equivalent: AWS does the same with both.\n");
    let ran = run_with(folder.path(), &["diff", "-", "new.json", "--json"], OLD);
    let value: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(value, json!({"equivalent": true, "relation": "equal", "gained": [], "lost": []}));
}

#[test]
fn a_difference_is_told_with_its_relation_and_examples() {
    let wider = with(
        NEW,
        "\"s3:GetObject\", \"s3:PutObject\"",
        "\"s3:GetObject\", \"s3:PutObject\", \"s3:DeleteObject\"",
    );
    let narrower = with(NEW, "b/secret", "b/s*");
    let changed = with(&wider, "b/secret", "b/s*");
    let renamed = with(NEW, "Files", "Objects");
    let folder = folder(&[
        ("old.json", OLD),
        ("wider.json", &wider),
        ("narrower.json", &narrower),
        ("changed.json", &changed),
        ("renamed.json", &renamed),
    ]);
    let relation = |file: &str| {
        let plain = run(folder.path(), &["diff", "old.json", file, "--json"]);
        assert_eq!(plain.code, 0, "{}", plain.stderr);
        let detailed = run(folder.path(), &["diff", "old.json", file, "--detailed-exitcode"]);
        assert_eq!(detailed.code, 2, "{}", detailed.stdout);
        let value: Value = serde_json::from_str(&plain.stdout).unwrap();
        assert_eq!(value["equivalent"], json!(false));
        let examples = |side: &str| {
            value[side]
                .as_array()
                .unwrap()
                .iter()
                .all(|grant| grant["example"]["action"].is_string())
        };
        assert!(examples("gained") && examples("lost"), "{value}");
        value["relation"].as_str().unwrap().to_owned()
    };
    assert_eq!(relation("wider.json"), "wider");
    assert_eq!(relation("narrower.json"), "narrower");
    assert_eq!(relation("changed.json"), "changed");
    // A Sid is no access, but not the same document either.
    assert_eq!(relation("renamed.json"), "equal");
    insta::assert_snapshot!(shown(folder.path(), &["diff", "old.json", "changed.json"]));
}

/// Of a wildcard that stands in both documents nothing is noted, nor of one in the last part.
#[test]
fn a_wildcard_that_iam_may_read_more_widely_is_noted_with_v() {
    let common = "arn:aws:sns:*:123456789012:alerts";
    let document = |resource: &str| {
        let statement =
            json!({"Effect": "Allow", "Action": "sns:Publish", "Resource": [common, resource]});
        json!({"Version": "2012-10-17", "Statement": statement}).to_string()
    };
    let old = document("arn:aws:sns:eu-west-1:123456789012:jobs-*");
    let new = document("arn:aws:sns:eu-*:123456789012:jobs");
    let folder = folder(&[("old.json", &old), ("new.json", &new)]);
    let quiet = run(folder.path(), &["diff", "old.json", "new.json"]);
    assert!(!quiet.stderr.contains("IAM may match"), "{}", quiet.stderr);
    let told = run(folder.path(), &["diff", "old.json", "new.json", "-v"]).stderr;
    let notes: Vec<_> = told.lines().filter(|line| line.contains("IAM may match")).collect();
    assert_eq!(notes.len(), 1, "{told}");
    assert!(notes[0].contains("arn:aws:sns:eu-*:123456789012:jobs beyond the colon"), "{told}");
}

#[test]
fn why_it_cannot_be_told_is_data_too() {
    // Statements whose patterns overlap in all combinations.
    let document = |pattern: fn(char, char) -> String| {
        let letters = ('a'..='y').zip('b'..='z');
        let allow = |(letter, next)| json!({"Effect": "Allow", "Action": "s3:*", "Resource": pattern(letter, next)});
        json!({"Version": "2012-10-17", "Statement": letters.map(allow).collect::<Vec<_>>()})
            .to_string()
    };
    let old = document(|letter, next| format!("arn:aws:s3:::*{letter}*{next}*"));
    let new = document(|letter, next| format!("arn:aws:s3:::*{next}*{letter}*"));
    let folder = folder(&[("old.json", &old), ("new.json", &new)]);
    let ran = run(folder.path(), &["diff", "old.json", "new.json", "--json"]);
    let value: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(value["relation"], json!("unknown"));
    assert!(
        value["doubts"][0]["reason"].as_str().is_some_and(|reason| !reason.is_empty()),
        "{value}"
    );
}

#[test]
fn a_trust_policys_gain_is_a_principal() {
    let both = with(
        TRUST,
        "\"lambda.amazonaws.com\"",
        "[\"lambda.amazonaws.com\", \"apigateway.amazonaws.com\"]",
    );
    let folder = folder(&[("old.json", TRUST), ("new.json", &both)]);
    let ran = run(folder.path(), &["diff", "old.json", "new.json", "--json"]);
    let value: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(value["relation"], json!("wider"));
    assert_eq!(value["gained"][0]["principals"], json!(["apigateway.amazonaws.com"]));
    assert_eq!(value["gained"][0]["statement"], json!(1));
}

#[test]
fn documents_of_two_types_are_compared_with_a_warning() {
    let folder = folder(&[("trust.json", TRUST), ("bucket.json", BUCKET)]);
    let ran = run(folder.path(), &["diff", "trust.json", "bucket.json", "--detailed-exitcode"]);
    assert_eq!(ran.code, 2);
    assert_eq!(
        ran.stderr,
        "warning: trust.json looks like a trust policy, and bucket.json like a bucket policy; if \
            that is wrong, say what they are with --type\n"
    );
    assert!(ran.stdout.starts_with("narrower: "), "{}", ran.stdout);
    let ran = run(folder.path(), &["diff", "trust.json", "bucket.json", "--type", "bucket"]);
    assert_eq!(ran.code, 0);
    // What AWS would refuse is said, but it is no obstacle.
    assert!(
        ran.stderr.contains("warning[policy-action]: Policy has invalid action"),
        "{}",
        ran.stderr
    );
}

/// "Missing or empty principals: no difference."
#[test]
fn empty_principals_make_no_other_document() {
    for principal in ["{}", "[]", "{\"AWS\": []}", "{\"AWS\": [], \"Service\": []}"] {
        for element in ["Principal", "NotPrincipal"] {
            let empty = with(OLD, "\"Sid\":", &format!("\"{element}\": {principal}, \"Sid\":"));
            let folder = folder(&[("old.json", OLD), ("new.json", &empty)]);
            let ran = run(folder.path(), &["diff", "old.json", "new.json", "--detailed-exitcode"]);
            assert_eq!(ran.code, 0, "{element} {principal}: {}", ran.stderr);
            assert!(!ran.stderr.contains("looks like"), "{}", ran.stderr);
        }
    }
}

#[test]
fn what_cannot_be_understood_is_not_compared() {
    let folder = folder(&[("old.json", OLD), ("new.json", &with(OLD, "\"Deny\"", "\"Forbid\""))]);
    let ran = run(folder.path(), &["diff", "old.json", "new.json", "--detailed-exitcode"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.contains("error: these documents cannot be compared: new.json: statement 2"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("relayctl policy validate new.json"), "{}", ran.stderr);
    let ran = run(folder.path(), &["diff", "old.json", "new.json", "--json"]);
    let data: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&data["equivalent"], &data["relation"]), (&json!(false), &Value::Null));
    assert_eq!(data["refusals"][0]["code"], "policy-effect");
}

#[test]
fn what_aws_refuses_may_be_equivalent_all_the_same() {
    let small = with(OLD, "\"Allow\"", "\"allow\"");
    let folder = folder(&[("old.json", OLD), ("new.json", &small)]);
    let ran =
        run(folder.path(), &["diff", "old.json", "new.json", "--json", "--detailed-exitcode"]);
    assert_eq!(ran.code, 0);
    let data: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(data["equivalent"], true);
    assert_eq!(data["refusals"][0]["code"], "policy-effect");
    let plain = run(folder.path(), &["diff", "old.json", "new.json"]);
    assert!(plain.stdout.contains("AWS would refuse"), "{}", plain.stdout);
}

#[test]
fn fmt_rewrites_in_place_and_then_has_nothing_to_do() {
    let folder = folder(&[("a.json", OLD), ("b.json", NEW)]);
    let file = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let ran = run(folder.path(), &["fmt", "--check", "a.json", "b.json"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
        (1, "a.json\n", "1 file would change\n")
    );
    assert_eq!(file("a.json"), OLD, "--check changes nothing");

    let ran = run(folder.path(), &["fmt", "a.json", "b.json"]);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", "1 file changed\n"));
    assert_eq!(file("a.json"), NEW);
    let ran = run(folder.path(), &["fmt", "--check", "a.json", "b.json"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""));
}

#[test]
fn fmt_reads_the_standard_input_and_prints() {
    let folder = folder(&[]);
    let ran = run_with(folder.path(), &["fmt", "-"], OLD);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, NEW, ""));
    let ran = run_with(folder.path(), &["fmt", "-", "--check"], OLD);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, "<stdin>\n"));
    assert_eq!(run_with(folder.path(), &["fmt", "-", "--check"], NEW).code, 0);
}

#[test]
fn fmt_keeps_the_order_of_statements_and_the_line_ends() {
    let swapped = r#"{"Statement":[{"Sid":"Z","Effect":"Deny","Action":"*","Resource":"*"},{"Sid":"A","Effect":"Allow","Action":"a:b","Resource":"*"}]}"#;
    let folder = folder(&[("a.json", swapped), ("b.json", &OLD.replace('\n', "\r\n"))]);
    assert_eq!(run(folder.path(), &["fmt", "a.json", "b.json"]).code, 0);
    let text = fs::read_to_string(folder.path().join("a.json")).unwrap();
    assert!(text.find("\"Z\"") < text.find("\"A\""), "{text}");
    assert_eq!(
        fs::read_to_string(folder.path().join("b.json")).unwrap(),
        NEW.replace('\n', "\r\n")
    );
}

#[test]
fn fmt_leaves_alone_what_is_no_policy_and_goes_on() {
    let other = "{\"name\": \"x\", \"dependencies\": {}}";
    let folder = folder(&[("package.json", other), ("broken.json", "{,}"), ("a.json", OLD)]);
    let ran = run(folder.path(), &["fmt", "package.json", "broken.json", "a.json"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.contains("this is no policy document: it has no Statement"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("broken.json:1:2"), "{}", ran.stderr);
    assert_eq!(fs::read_to_string(folder.path().join("package.json")).unwrap(), other);
    assert_eq!(fs::read_to_string(folder.path().join("broken.json")).unwrap(), "{,}");
    assert_eq!(fs::read_to_string(folder.path().join("a.json")).unwrap(), NEW);
}

#[cfg(unix)]
#[test]
fn fmt_keeps_mode_and_link_and_leaves_nothing_behind() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = folder(&[("real.json", OLD)]);
    let at = |name: &str| folder.path().join(name);
    fs::set_permissions(at("real.json"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink("real.json", at("link.json")).unwrap();
    assert_eq!(run(folder.path(), &["fmt", "link.json"]).code, 0);
    assert!(fs::symlink_metadata(at("link.json")).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(at("real.json")).unwrap(), NEW);
    assert_eq!(fs::metadata(at("real.json")).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn the_examples_of_the_help_on_the_sample_policies_work() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(command::run(folder.path(), &["init"]).code, 0);
    let mut tried = 0;
    for help in [&["policy", "--help"][..], &["policy", "validate", "--help"]] {
        let help = command::run(folder.path(), help).stdout;
        let on_samples = |line: &&str| line.contains("relayctl policy validate manifests/");
        for line in help.lines().filter(on_samples) {
            let words: Vec<&str> = line.split_whitespace().skip(1).collect();
            let ran = command::run(folder.path(), &words);
            assert_eq!(ran.code, 0, "{line}\n{}", ran.told());
            tried += 1;
        }
    }
    assert_eq!(tried, 2);
}
