use serde_json::{Value, json};

use super::{ask, attributes, created, deleted, kind, not_found, observe, present, updated};
use crate::call::{Failure, FailureKind, FileRead, FileReply, Observed, Read, Reply};

fn profile() -> Value {
    json!({"profile": "serverless", "region": "us-east-1", "output": "json"})
}

fn stage() -> Value {
    json!({"file": "zappa_settings.json", "stage": "dev", "settings": {"runtime": "python3.12", "s3_bucket": "b"}})
}

fn files(read: &Read) -> Result<Reply, Failure> {
    let settings = |pairs: &[(&str, Value)]| {
        let pairs = pairs.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
        Ok(Reply::File(FileReply::Settings(pairs)))
    };
    match read {
        Read::File(FileRead::Profile { .. }) => {
            settings(&[("cli_pager", json!("")), ("region", json!("eu-west-1"))])
        }
        Read::File(FileRead::Stage { .. }) => settings(&[
            ("runtime", json!("python3.9")),
            ("s3_bucket", json!("b")),
            ("theirs", json!({"a": 1})),
        ]),
        _ => not_found(),
    }
}

#[test]
fn a_profile_is_seen_with_the_settings_that_are_ours() {
    let seen = present("aws_profile", &profile(), &files);
    assert_eq!(seen.id, "profile serverless");
    let expected = json!({"profile": "serverless", "region": "eu-west-1", "output": null});
    assert_eq!(seen.attributes, attributes(&expected));
    assert_eq!(observe("aws_profile", &profile(), &|_| not_found()), Observed::Absent);
}

#[test]
fn a_region_that_the_credentials_file_hides_is_said_or_refused_where_the_section_is_new() {
    let answer = |value: &'static str, is_new: bool| {
        move |read: &Read| match read {
            Read::File(FileRead::CredentialSource { .. }) => {
                let found = json!({"file": "credentials", "line": 3, "value": value});
                Ok(Reply::File(FileReply::Settings(vec![("region".to_owned(), found)])))
            }
            Read::File(FileRead::Profile { .. }) if is_new => not_found(),
            _ => files(read),
        }
    };
    let said = "profile serverless has region = eu-west-1 in credentials (line 3), which the AWS \
        CLI, boto3 and Zappa use instead of what the manifest says: remove that line";
    let there = present("aws_profile", &profile(), &answer("eu-west-1", false));
    assert_eq!(there.remarks, [said]);
    assert!(present("aws_profile", &profile(), &answer("us-east-1", false)).remarks.is_empty());
    let refusal = |value, is_new| {
        let (kind, wanted) = (kind("aws_profile"), attributes(&profile()));
        let snapshot = ask(kind, &wanted, &answer(value, is_new));
        kind.conflict(&wanted, &snapshot).and_then(|it| it.obstacle)
    };
    assert_eq!(refusal("eu-west-1", true).as_deref(), Some(said));
    assert_eq!(refusal("us-east-1", true), None);
    assert_eq!(refusal("eu-west-1", false), None);
}

#[test]
fn a_profile_is_changed_setting_by_setting() {
    let all = "file SetProfile \
        { profile: serverless, settings: {output: String(json), region: String(us-east-1)} }";
    assert_eq!(created("aws_profile", &profile()), [all]);
    let seen = present("aws_profile", &profile(), &files);
    let region = "file SetProfile { profile: serverless, settings: {region: String(us-east-1)} }";
    assert_eq!(updated("aws_profile", &seen, &profile(), &["region"]), [region]);
    let without = json!({"profile": "serverless", "region": null, "output": "json"});
    let expected = [
        "file SetProfile { profile: serverless, settings: {output: String(json)} }",
        "file UnsetProfile { profile: serverless, settings: [region] }",
    ];
    assert_eq!(updated("aws_profile", &seen, &without, &["region", "output"]), expected);
}

#[test]
fn of_a_profile_only_what_was_recorded_is_removed() {
    let seen = present("aws_profile", &profile(), &files);
    let recorded = json!({"profile": "serverless", "output": "json", "region": null});
    let expected = ["file UnsetProfile { profile: serverless, settings: [output] }"];
    assert_eq!(deleted("aws_profile", &seen, &recorded), expected);
}

#[test]
fn a_stage_is_seen_whole() {
    let seen = present("zappa_settings", &stage(), &files);
    assert_eq!(seen.id, "zappa_settings.json#dev");
    let settings = json!({"runtime": "python3.9", "s3_bucket": "b", "theirs": {"a": 1}});
    assert_eq!(seen.attributes["settings"], settings);
    assert_eq!(observe("zappa_settings", &stage(), &|_| not_found()), Observed::Absent);
}

#[test]
fn of_a_stage_only_the_keys_that_differ_are_written() {
    let seen = present("zappa_settings", &stage(), &files);
    let at = "file: Path(zappa_settings.json), stage: dev";
    let kept = json!({"file": "zappa_settings.json", "stage": "dev", "settings": {"runtime": "python3.12", "theirs": {"a": 1}}});
    let expected = [
        format!("file SetStage {{ {at}, settings: {{runtime: String(python3.12)}} }}"),
        format!("file UnsetStage {{ {at}, settings: [s3_bucket] }}"),
    ];
    assert_eq!(updated("zappa_settings", &seen, &kept, &["settings"]), expected);
    let all = format!(
        "file SetStage {{ {at}, settings: {{runtime: String(python3.12), s3_bucket: String(b)}} }}"
    );
    assert_eq!(created("zappa_settings", &stage()), [all]);
    let expected = [format!("file UnsetStage {{ {at}, settings: [runtime, s3_bucket] }}")];
    assert_eq!(deleted("zappa_settings", &seen, &stage()), expected);
}

#[test]
fn an_unreadable_file_is_unknown() {
    let refused = || super::failure(FailureKind::Refused);
    for (kind, wanted) in [("aws_profile", profile()), ("zappa_settings", stage())] {
        assert_eq!(observe(kind, &wanted, &|_| Err(refused())), Observed::Unknown(refused()));
    }
}
