//! Tests of whole manifests, from files to resources.

#![allow(clippy::format_collect, reason = "a few dozen lines of a test's manifest")]

use std::fs;

use serde_json::json;

use super::*;
use crate::address::{Address, KindName};

/// A folder with files in it, the first of which is the manifest.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Self(folder)
    }

    fn load_with(
        &self,
        manifest: &str,
        variables: &[(&str, &str)],
        region: Option<&str>,
    ) -> Loaded {
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let environment = |name: &str| (name == "STAGE").then(|| "dev".to_owned());
        let inputs = Inputs {
            variables,
            region: region.map(str::to_owned),
            environment: &environment,
            allowed_environment: ["STAGE".to_owned(), "UNSET".to_owned()].into(),
            files: FileRules {
                working_folder: Some(self.0.path().to_owned()),
                ..FileRules::default()
            },
        };
        load_manifest(&self.0.path().join(manifest), &inputs)
    }

    fn desired(&self, manifest: &str) -> Desired {
        let loaded = self.load_with(manifest, &[], None);
        loaded.desired.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics))
    }
}

const HEAD: &str = "version: 1\nname: relay\naccount: '123456789012'\nregion: us-east-1\n";

fn desired(text: &str) -> Desired {
    Folder::new(&[("m.yaml", &format!("{HEAD}{text}"))]).desired("m.yaml")
}

fn codes(text: &str) -> Vec<&'static str> {
    let folder = Folder::new(&[("m.yaml", &format!("{HEAD}{text}"))]);
    folder.load_with("m.yaml", &[], None).diagnostics.iter().map(|problem| problem.code).collect()
}

fn attribute(desired: &Desired, address: &str, name: &str) -> Value {
    let address: Address = address.parse().unwrap();
    let Some(resource) = desired.resources.get(&address) else {
        panic!("no {address} among {:?}", desired.resources.keys())
    };
    resource.attributes.get(name).cloned().unwrap_or(Value::Null)
}

fn depends_on(desired: &Desired, address: &str) -> Vec<String> {
    desired.resources[&address.parse().unwrap()]
        .depends_on
        .iter()
        .map(ToString::to_string)
        .collect()
}

const DOCUMENT: &str = r#"{Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:ListAllMyBuckets", Resource: "*"}]}"#;

#[test]
fn the_relay_becomes_resources_in_normal_form() {
    let manifest = r#"
version: 1
name: tr-serverless-relay-dev
account: "123456789012"
region: us-east-1
tags: {project: tr-serverless-relay, stage: dev}
variables: {suffix: "${unique}"}
policies:
  Deployment: {document: policies/deployment.json}
  Execution: {document: policies/execution.json}
users:
  serverless:
    policies: [Deployment]
    access_key: {profile: serverless, csv: serverless.csv, output: json}
roles:
  relay-ZappaLambdaExecutionRole:
    trust: {services: [lambda.amazonaws.com, apigateway.amazonaws.com]}
    policies: [Execution]
buckets:
  zappa-relay-${var.suffix}: {}
zappa_settings:
  file: zappa_settings.json
  stages:
    dev: {app_function: app.app, keep_warm: false, user: serverless, role: relay-ZappaLambdaExecutionRole, bucket: "zappa-relay-${var.suffix}"}
"#;
    let deployment = r#"{"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["iam:PassRole"], "Resource": ["arn:aws:iam::<ACCOUNT_ID>:role/*ZappaLambdaExecutionRole"]},
        {"Effect": "Allow", "Action": ["s3:ListBucket", "s3:PutObject"], "Resource": ["arn:aws:s3:::zappa-*", "arn:aws:s3:::zappa-*/*"]}]}"#;
    let execution = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "arn:aws:logs:<REGION>:*:*"}]}"#;
    let folder = Folder::new(&[
        ("m.yaml", manifest),
        ("policies/deployment.json", deployment),
        ("policies/execution.json", execution),
    ]);
    let desired = folder.desired("m.yaml");
    let text: Vec<String> = desired
        .resources
        .iter()
        .map(|(address, resource)| {
            let needs: Vec<_> = resource.depends_on.iter().map(ToString::to_string).collect();
            format!(
                "{address} <- [{}]\n{}",
                needs.join(", "),
                serde_json::to_string_pretty(&resource.attributes).unwrap()
            )
        })
        .collect();
    insta::assert_snapshot!(text.join("\n"));
}

#[test]
fn what_other_tools_write_as_json_loads() {
    let text = r#"{"version": 1, "name": "bench", "account": "123456789012", "region": "us-east-1",
 "policies": {"P-1": {"description": "one", "document": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["logs:*"], "Resource": "arn:aws:logs:*:*:*"}]}}},
 "users": {"u-1": {"tags": {"relay": "1"}, "policies": ["P-1"], "access_key": {"profile": "u-1"}}},
 "roles": {"r-1": {"description": "role", "max_session_duration": 7200, "policies": ["P-1"],
  "trust": {"Version": "2012-10-17", "Statement": [{"Sid": "", "Effect": "Allow", "Principal": {"Service": ["lambda.amazonaws.com"]}, "Action": "sts:AssumeRole"}]}}},
 "buckets": {"b-1": {"tags": {"app": "x"}, "versioning": true, "encryption": "AES256", "public_access_block": true}}}"#;
    let desired = Folder::new(&[("m.yaml", text)]).desired("m.yaml");
    assert_eq!(attribute(&desired, "role.r-1", "max_session_duration"), json!(7200));
    assert_eq!(attribute(&desired, "bucket.b-1", "versioning"), json!(true));
    let encryption = json!({"algorithm": "AES256", "bucket_key": false, "kms_key": null});
    assert_eq!(attribute(&desired, "bucket.b-1", "encryption"), encryption);
    let block = json!({"block_public_acls": true, "ignore_public_acls": true, "block_public_policy": true,
        "restrict_public_buckets": true});
    assert_eq!(attribute(&desired, "bucket.b-1", "public_access_block"), block);
    assert_eq!(
        attribute(&desired, "user_policy_attachment.u-1/P-1", "policy_arn"),
        "arn:aws:iam::123456789012:policy/P-1"
    );
}

#[test]
fn only_what_is_declared_is_an_attribute() {
    let desired = desired(
        "users: {u: }\nbuckets: \
            {b-1: , b-2: {versioning: false, lifecycle: [], force_destroy: true}}\n",
    );
    let names = |address: &str| {
        let attributes = &desired.resources[&address.parse().unwrap()].attributes;
        attributes.keys().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names("user.u"), "arn name path tags");
    assert_eq!(names("bucket.b-1"), "arn name public_access_block region tags");
    assert_eq!(attribute(&desired, "bucket.b-2", "versioning"), json!(false));
    assert_eq!(attribute(&desired, "bucket.b-2", "lifecycle"), json!([]));
    assert_eq!(attribute(&desired, "user.u", "tags"), json!({"relayctl:manifest": "relay"}));
}

#[test]
fn iams_own_variables_pass_and_ours_are_filled_in_everywhere_in_a_document() {
    let text = r#"
variables: {tag: team}
policies:
  P:
    document:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Action: "s3:GetObject"
          Resource: ["arn:aws:s3:::home/${aws:username}/*", "arn:${partition}:s3:::${name}-<REGION>/${*}${?}${$}"]
          Condition: {StringEquals: {"aws:PrincipalTag/${var.tag}": "${aws:PrincipalTag/${var.tag}}"}}
"#;
    let document = attribute(&desired(text), "policy.P", "document").to_string();
    assert!(document.contains("arn:aws:s3:::home/${aws:username}/*"), "{document}");
    assert!(document.contains("arn:aws:s3:::relay-us-east-1/${*}${?}${$}"), "{document}");
    assert!(document.contains(r#""aws:PrincipalTag/team":"#), "{document}");
    assert!(document.contains("${aws:PrincipalTag/team}"), "{document}");
}

#[test]
fn variables_are_made_of_variables_and_given_from_outside() {
    let text = "variables: {a: '${var.b}-${env.STAGE}', b: 7200, c: true}\n\
        roles: \
        {'r-${var.a}': {max_session_duration: '${var.b}', trust: {services: [lambda.amazonaws.com]}, exclusive: '${var.c}'}}\n";
    let folder = Folder::new(&[("m.yaml", &format!("{HEAD}{text}"))]);
    let desired = folder.desired("m.yaml");
    assert_eq!(attribute(&desired, "role.r-7200-dev", "max_session_duration"), json!(7200));
    assert!(desired.resources[&"role.r-7200-dev".parse().unwrap()].exclusive);
    let given = folder.load_with("m.yaml", &[("b", "3600")], Some("eu-west-1")).desired.unwrap();
    assert_eq!(attribute(&given, "role.r-3600-dev", "max_session_duration"), json!(3600));
    assert_eq!(given.region, "eu-west-1");
    assert_ne!(given.digest, desired.digest);
    let unknown = folder.load_with("m.yaml", &[("bb", "1")], None).diagnostics;
    assert_eq!(
        (unknown[0].code, unknown[0].help.as_deref()),
        ("unknown-variable", Some("did you mean `b`?"))
    );
}

#[test]
fn references_become_arns_and_orders() {
    let text = format!(
        r#"
policies: {{P: {{path: /team/, document: {DOCUMENT}}}}}
users:
  u: {{permissions_boundary: P, policies: ["arn:aws:iam::123456789012:policy/team/P", "arn:aws:iam::aws:policy/ReadOnlyAccess"]}}
roles:
  r: {{trust: {{users: [u], accounts: ["210987654321"]}}, permissions_boundary: "${{policies.P.arn}}"}}
buckets:
  own-bucket:
    policy:
      Version: "2012-10-17"
      Statement: [{{Effect: Allow, Principal: {{AWS: ["${{roles.r.arn}}", "arn:aws:iam::123456789012:user/u"]}}, Action: "s3:GetObject", Resource: "${{buckets.own-bucket.arn}}/*"}}]
"#
    );
    let desired = desired(&text);
    assert_eq!(
        attribute(&desired, "user.u", "permissions_boundary"),
        "arn:aws:iam::123456789012:policy/team/P"
    );
    assert_eq!(depends_on(&desired, "user.u"), ["policy.P"]);
    assert_eq!(depends_on(&desired, "user_policy_attachment.u/P"), ["policy.P", "user.u"]);
    let foreign = "user_policy_attachment.u/arn:aws:iam::aws:policy/ReadOnlyAccess";
    assert_eq!(depends_on(&desired, foreign), ["user.u"]);
    assert_eq!(depends_on(&desired, "role.r"), ["policy.P", "user.u"]);
    assert_eq!(depends_on(&desired, "bucket.own-bucket"), ["role.r", "user.u"]);
    let trust = attribute(&desired, "role.r", "trust").to_string();
    assert!(trust.contains("210987654321"), "{trust}");
}

#[test]
fn a_policy_may_name_what_depends_on_it() {
    let text = r#"
policies:
  P: {document: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "iam:PassRole", Resource: ["${roles.r.arn}", "${policies.P.arn}"]}]}}
roles:
  r: {trust: {services: [lambda.amazonaws.com]}, permissions_boundary: P}
"#;
    let desired = desired(text);
    assert_eq!(depends_on(&desired, "role.r"), ["policy.P"]);
    assert!(depends_on(&desired, "policy.P").is_empty());
}

#[test]
fn roles_that_trust_each_other_are_a_cycle_named_in_full() {
    let text = "roles: {a: {trust: {roles: [b]}}, b: {trust: {roles: [a]}}}\n";
    let loaded =
        Folder::new(&[("m.yaml", &format!("{HEAD}{text}"))]).load_with("m.yaml", &[], None);
    assert_eq!(loaded.diagnostics.len(), 1);
    assert!(
        loaded.diagnostics[0].message.ends_with("role.a -> role.b -> role.a"),
        "{}",
        loaded.diagnostics[0].message
    );
}

#[test]
fn a_stage_over_a_base_in_another_folder() {
    let base = "version: 1\naccount: '123456789012'\nregion: us-east-1\npolicies: \
        {P: {document: p.json}}\nusers: {u: {access_key: {csv: u.csv}}}\nbuckets: \
        {'b-${var.stage}': {}, other-bucket: {}}\nvariables: {stage: none}\nzappa_settings: \
        {file: zappa.json}\nstate: state\n";
    let over = "extends: ../base/base.yaml\nname: relay-${var.stage}\nvariables: \
        {stage: prod}\nbuckets: {other-bucket: }\nzappa_settings: {stages: {prod: {}}}\n";
    let json = DOCUMENT.replace("Version", "\"Version\"").replace("Statement", "\"Statement\"");
    let json = json
        .replace("Effect: Allow, Action", "\"Effect\": \"Allow\", \"Action\"")
        .replace("Resource", "\"Resource\"");
    let folder =
        Folder::new(&[("stages/m.yaml", over), ("base/base.yaml", base), ("base/p.json", &json)]);
    let desired = folder.desired("stages/m.yaml");
    assert_eq!(desired.name, "relay-prod");
    assert_eq!(attribute(&desired, "access_key.u", "csv"), "../base/u.csv");
    assert_eq!(attribute(&desired, "zappa_settings.prod", "file"), "../base/zappa.json");
    assert_eq!(desired.store.as_deref(), Some("../base/state"));
    let buckets = desired.resources.keys().filter(|address| address.kind() == KindName::Bucket);
    assert_eq!(buckets.map(Address::name).collect::<Vec<_>>(), ["b-prod"]);
}

#[test]
fn the_digest_depends_on_every_file_but_not_on_where_the_folder_is() {
    let files = |statement: &str| {
        let document = format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "{statement}", "Action": "*", "Resource": "*"}}]}}"#
        );
        Folder::new(&[
            ("m.yaml", &format!("{HEAD}policies: {{P: {{document: p.json}}}}\n")),
            ("p.json", &document),
        ])
        .desired("m.yaml")
        .digest
    };
    assert_eq!(files("Allow"), files("Allow"));
    assert_ne!(files("Allow"), files("Deny"));
}

#[test]
fn partitions_follow_the_region() {
    let text = "version: 1\nname: cn\naccount: '123456789012'\nregion: cn-north-1\nbuckets: \
        {b-1: {}}\nusers: {u: {}}\n";
    let desired = Folder::new(&[("m.yaml", text)]).desired("m.yaml");
    assert_eq!(attribute(&desired, "bucket.b-1", "arn"), "arn:aws-cn:s3:::b-1");
    assert_eq!(attribute(&desired, "user.u", "arn"), "arn:aws-cn:iam::123456789012:user/u");
}

#[test]
fn tags_are_the_manifests_the_things_own_and_the_owners() {
    let text = "tags: {a: '1', b: '2'}\nusers: {u: {tags: {b: '3'}}}\n";
    let expected = json!({"a": "1", "b": "3", "relayctl:manifest": "relay"});
    assert_eq!(attribute(&desired(text), "user.u", "tags"), expected);
    let many = (0..50).map(|n| format!("    t{n}: x")).collect::<Vec<_>>().join("\n");
    assert_eq!(codes(&format!("buckets:\n  b-1:\n   tags:\n{many}\n")), ["too-many-tags"]);
    assert_eq!(codes("tags: {Team: x}\nbuckets: {b-1: {tags: {team: y}}}\n"), Vec::<&str>::new());
    assert_eq!(codes("tags: {Team: x}\nusers: {u: {tags: {team: y}}}\n"), ["duplicate-tag"]);
}

#[test]
fn lifecycle_rules_are_sorted_and_have_their_defaults() {
    let text = "buckets: \
        {b-1: {lifecycle: [{id: z, abort_multipart_days: 7}, {id: a, enabled: false, prefix: logs/, \
        expiration_days: 90, transitions: [{days: 60, storage_class: GLACIER}, \
        {days: 30, storage_class: STANDARD_IA}]}]}}\n";
    let rules = attribute(&desired(text), "bucket.b-1", "lifecycle");
    let expected = json!([
        {"id": "a", "enabled": false, "prefix": "logs/", "expiration_days": 90, "noncurrent_expiration_days": null,
         "abort_multipart_days": null, "transitions": [{"days": 30, "storage_class": "STANDARD_IA"}, {"days": 60, "storage_class": "GLACIER"}]},
        {"id": "z", "enabled": true, "prefix": "", "expiration_days": null, "noncurrent_expiration_days": null,
         "abort_multipart_days": 7, "transitions": []}]);
    assert_eq!(rules, expected);
}

#[test]
fn inline_policies_are_resources_of_their_own() {
    let text = format!("users: {{u: {{inline_policies: {{one: {DOCUMENT}}}}}}}\n");
    let desired = desired(&text);
    assert_eq!(attribute(&desired, "user_policy.u/one", "name"), "one");
    assert_eq!(depends_on(&desired, "user_policy.u/one"), ["user.u"]);
}

#[test]
fn what_a_stage_says_itself_goes_before_what_is_derived() {
    let text = "zappa_settings: \
        {file: z.json, stages: {dev: {manage_roles: true, aws_region: us-east-1, x: [1, null, '${name}']}}}\n";
    let settings = attribute(&desired(text), "zappa_settings.dev", "settings");
    assert_eq!(
        settings,
        json!({"aws_region": "us-east-1", "manage_roles": true, "x": [1, null, "relay"]})
    );
}

#[test]
fn files_that_cannot_be_read_are_told() {
    let folder =
        Folder::new(&[("empty.yaml", ""), ("comment.yaml", "# nothing\n"), ("list.yaml", "- a\n")]);
    fs::write(folder.0.path().join("latin.yaml"), b"name: \xe4\n").unwrap();
    fs::create_dir(folder.0.path().join("folder")).unwrap();
    let code = |name: &str| {
        let loaded = folder.load_with(name, &[], None);
        assert!(loaded.desired.is_none());
        loaded.diagnostics.iter().map(|problem| problem.code).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(code("missing.yaml"), "no-such-file");
    assert_eq!(code("empty.yaml"), "empty-manifest");
    assert_eq!(code("comment.yaml"), "empty-manifest");
    assert_eq!(code("list.yaml"), "wrong-type");
    assert_eq!(code("latin.yaml"), "not-utf8");
    assert_eq!(code("folder"), "unreadable-file");
}

#[test]
fn a_chain_of_variables_or_files_has_an_end() {
    let chain: String = (0..200).map(|n| format!("  v{n}: '${{var.v{}}}'\n", n + 1)).collect();
    let variables = format!("variables:\n{chain}  v200: x\ntags: {{a: '${{var.v0}}'}}\n");
    assert_eq!(codes(&variables), ["expansion-too-large"]);
    let short: String = (0..60).map(|n| format!("  v{n}: '${{var.v{}}}'\n", n + 1)).collect();
    let tags = desired(&format!(
        "variables:\n{short}  v60: x\nusers: {{u: {{tags: {{a: '${{var.v0}}'}}}}}}\n"
    ));
    assert_eq!(attribute(&tags, "user.u", "tags")["a"], "x");
    let files: Vec<(String, String)> = (0..100)
        .map(|n| (format!("e{n}.yaml"), format!("extends: e{}.yaml\n", n + 1)))
        .chain([("e100.yaml".to_owned(), HEAD.to_owned())])
        .collect();
    let files: Vec<(&str, &str)> =
        files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let loaded = Folder::new(&files).load_with("e0.yaml", &[], None);
    let codes: Vec<_> = loaded.diagnostics.iter().map(|problem| problem.code).collect();
    assert_eq!(codes, ["extends-too-deep"]);
}

#[test]
fn a_document_that_is_named_many_times_counts_each_time() {
    let policies: String = (0..100).map(|n| format!("  P{n}: {{document: p.json}}\n")).collect();
    let manifest = format!("{HEAD}policies:\n{policies}");
    let resources = vec!["arn:aws:s3:::a-bucket/*"; 10];
    let statement = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": resources});
    let document = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    let folder = Folder::new(&[("m.yaml", &manifest), ("p.json", &document)]);
    let codes = |max_size| {
        let files = FileRules { max_size, ..FileRules::default() };
        let inputs = Inputs { files, ..Inputs::default() };
        let loaded = load_manifest(&folder.0.path().join("m.yaml"), &inputs);
        loaded.diagnostics.iter().map(|problem| problem.code).collect::<Vec<_>>()
    };
    assert_eq!(codes(1 << 20), Vec::<&str>::new());
    let smallest = u64::try_from(manifest.len()).unwrap();
    assert!(usize::try_from(smallest * 4).unwrap() < 100 * document.len());
    assert_eq!(codes(smallest), ["expansion-too-large"]);
}

#[test]
fn a_state_that_the_manifest_names_lies_in_the_project() {
    let outside =
        ["/etc/relayctl.json", "../elsewhere/", "file:///etc/x.json", "file:///%65tc/x.json"];
    for state in outside {
        assert_eq!(codes(&format!("state: {state}\n")), ["outside-project"], "{state}");
    }
    for state in ["states/x.json", "s3://bucket/prefix"] {
        assert_eq!(codes(&format!("state: {state}\n")), Vec::<&str>::new(), "{state}");
    }
}

#[test]
fn a_variable_of_the_environment_is_allowed_and_set() {
    let tags = |name: &str| format!("users: {{u: {{tags: {{a: '${{env.{name}}}'}}}}}}\n");
    assert_eq!(codes(&tags("HOME")), ["environment-not-allowed"]);
    assert_eq!(codes(&tags("UNSET")), ["unset-environment"]);
    assert_eq!(attribute(&desired(&tags("STAGE")), "user.u", "tags")["a"], "dev");
}

#[test]
fn a_place_in_a_document_is_a_place_in_what_was_written() {
    let json = r#"{"Version": "2012-10-17", "Statement": [
  {"Sid": "Z", "Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObject"],
   "Resource": "arn:aws:s3:::${var.b}/*", "Condition": {"StringEquals": {"aws:ResourceTag/${var.b}": "x"}}},
  {"Sid": "A", "Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}"#;
    let manifest = format!(
        "{HEAD}variables: {{b: bucket}}
policies: {{P: {{document: p.json}}}}
users:
  u:
    inline_policies:
      i:
        Version: '2012-10-17'
        Statement:
          Effect: Allow
          Action: s3:ListAllMyBuckets
          Resource: '*'
roles:
  r:
    trust: {{services: [lambda.amazonaws.com]}}
"
    );
    let folder = Folder::new(&[("m.yaml", &manifest), ("p.json", json)]);
    let loaded = folder.load_with("m.yaml", &[], None);
    assert_eq!(loaded.diagnostics, []);
    let source = |address: &str, field| &loaded.documents[&(address.parse().unwrap(), field)];
    let place = |place: Option<crate::diagnostic::Place>| {
        let place = place.unwrap();
        (place.file.file_name().unwrap().to_str().unwrap().to_owned(), place.line, place.column)
    };
    let (yaml, json) =
        (|line, column| ("m.yaml".to_owned(), line, column), |l, c| ("p.json".to_owned(), l, c));
    let file = source("policy.P", "document");
    assert_eq!(file.value["Statement"][0]["Resource"], "arn:aws:s3:::bucket/*", "{}", *file.value);
    assert_eq!(place(file.place("/Statement/0/Action/1")), json(2, 62));
    assert_eq!(
        place(file.place("/Statement/0/Condition/StringEquals/aws:ResourceTag~1bucket")),
        json(3, 102)
    );
    assert_eq!(file.place("/Statement/2"), None);
    assert_eq!((file.written(1), file.written(2), file.written(3)), (Some(2), Some(1), None));
    assert_eq!(place(file.statement(2)), json(4, 3));
    let inline = source("user_policy.u/i", "document");
    assert_eq!(place(inline.place("/Statement/Action")), yaml(14, 19));
    assert_eq!((inline.written(1), place(inline.statement(1))), (Some(1), yaml(12, 9)));
    assert_eq!(place(source("role.r", "trust").place("/Statement/0/Principal")), yaml(18, 12));
    assert_eq!(loaded.documents.len(), 3);
}

#[test]
fn checks_and_accepted_findings_are_filled_in() {
    let text = format!(
        "variables: {{stage: dev}}
policies: {{P: {{document: {DOCUMENT}}}}}
users: {{'u-${{var.stage}}': {{policies: [P]}}}}
roles: {{r: {{trust: {{services: [lambda.amazonaws.com]}}}}}}
checks:
  - users.u-${{var.stage}}: {{can: iam:PassRole, on: '${{roles.r.arn}}', with: {{iam:PassedToService: lambda.amazonaws.com}}}}
  - roles.r: {{cannot: ['s3:*', iam:CreateUser], on: ['arn:${{partition}}:s3:::x', '*']}}
lint:
  allow: [{{rule: resource-wildcard, on: policy.P, because: 'on ${{var.stage}} it is fine'}}]
"
    );
    let desired = desired(&text);
    let [can, cannot] = desired.checks.as_slice() else { panic!("{:?}", desired.checks) };
    assert_eq!((can.subject.to_string().as_str(), can.can), ("user.u-dev", true));
    assert_eq!(
        (&*can.actions, &*can.resources),
        (&["iam:PassRole".into()][..], &["arn:aws:iam::123456789012:role/r".into()][..])
    );
    assert_eq!(
        can.context.get("IAM:passedtoservice"),
        Some(&["lambda.amazonaws.com".to_owned()][..])
    );
    assert_eq!(can.place.as_ref().map(|place| (place.line, place.column)), Some((10, 5)));
    assert_eq!((cannot.subject.to_string().as_str(), cannot.can), ("role.r", false));
    assert_eq!(
        (&*cannot.actions, &*cannot.resources),
        (&["s3:*".into(), "iam:CreateUser".into()][..], &["arn:aws:s3:::x".into(), "*".into()][..])
    );
    let [silence] = desired.silenced.as_slice() else { panic!("{:?}", desired.silenced) };
    assert_eq!(
        (&*silence.rule, &*silence.on, &*silence.because),
        ("resource-wildcard", "policy.P", "on dev it is fine")
    );
}

#[test]
fn the_checks_of_a_manifest_take_the_place_of_those_below() {
    let base = format!(
        "users: {{u: {{}}}}\nchecks: [users.u: {{cannot: 's3:*', on: '*'}}]\nlint: {{allow: \
            [{{rule: a, on: '*', because: b}}]}}\n{HEAD}"
    );
    let over = "extends: b.yaml\nchecks: [users.u: {cannot: 'iam:*', on: '*'}]\n";
    let desired = Folder::new(&[("m.yaml", over), ("b.yaml", &base)]).desired("m.yaml");
    let actions: Vec<_> = desired.checks.iter().flat_map(|check| &check.actions).collect();
    assert_eq!(actions, ["iam:*"]);
    assert_eq!(desired.silenced.len(), 1);
}
