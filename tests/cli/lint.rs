//! `relayctl lint`: the real binary on the manifests that are shipped, and on some that are worse.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use relayctl::lint::rules;

use crate::support::project::Project;

/// The findings as JSON.
fn findings(project: &Project, manifest: &str, code: i32) -> Vec<Value> {
    let run = project.expect(code, &["lint", manifest, "--json"]);
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(document["format_version"], "1.1");
    assert_eq!(document["passed"], code == 0);
    document["findings"].as_array().unwrap().clone()
}

fn sarif(project: &Project, arguments: &[&str], code: i32) -> Value {
    let run = project.expect(code, &[&["lint"], arguments, &["--sarif"]].concat());
    serde_json::from_str(&run.stdout).unwrap()
}

/// A manifest of one policy that hangs on one user.
fn with_policy(document: &Value) -> Project {
    let project = Project::empty();
    let manifest = "version: 1\nname: x\naccount: \"123456789012\"\nregion: us-east-1\n\
                    policies: {P: {document: p.json}}\nusers: {ada: {policies: [P]}}\n";
    project.write("x.yaml", manifest);
    project.write("p.json", &format!("{document:#}"));
    project
}

#[test]
fn the_published_policy_makes_an_administrator_of_whoever_deploys() {
    let project = Project::sample();
    let found = findings(&project, "manifests/dev.yaml", 1);
    let of = |rule: &str| {
        found.iter().find(|one| one["rule"] == rule).unwrap_or_else(|| panic!("{rule}"))
    };

    let make = of("escalation-create-role");
    assert_eq!((&make["severity"], &make["on"]), (&json!("error"), &json!("user.serverless")));
    let message = make["message"].as_str().unwrap();
    for part in [
        "iam:CreateRole",
        "iam:PutRolePolicy",
        "arn:aws:iam::123456789012:role/*ZappaLambdaExecutionRole",
    ] {
        assert!(message.contains(part), "{message}");
    }
    let run = of("escalation-change-role-lambda")["message"].as_str().unwrap();
    for part in
        ["iam:PassRole", "iam:PutRolePolicy", "lambda:CreateFunction", "lambda:InvokeFunction"]
    {
        assert!(run.contains(part), "{run}");
    }

    // At the very words of the policy's own file.
    let place = &make["place"];
    assert_eq!(place["file"], "manifests/policies/zappa-lambda-deployment.json");
    let text = project.read("manifests/policies/zappa-lambda-deployment.json");
    let line =
        text.lines().nth(usize::try_from(place["line"].as_u64().unwrap()).unwrap() - 1).unwrap();
    let column = usize::try_from(place["column"].as_u64().unwrap()).unwrap();
    assert!(line[column - 1..].starts_with("\"iam:CreateRole\""), "{line}");
}

#[test]
fn a_public_policy_that_s3_refuses_is_linted_all_the_same() {
    let project = Project::empty();
    project.write(
        "x.yaml",
        r#"version: 1
name: x
account: "123456789012"
region: eu-west-1
buckets:
  quarry-photos:
    policy:
      Version: "2012-10-17"
      Statement:
        Effect: Allow
        Principal: "*"
        Action: s3:GetObject
        Resource: arn:aws:s3:::quarry-photos/*
        Condition: {StringLike: {"aws:SourceVpce": "vpce-*"}}
"#,
    );
    let found = findings(&project, "x.yaml", 1);
    let rules: Vec<&str> = found.iter().filter_map(|one| one["rule"].as_str()).collect();
    assert_eq!(rules, ["public-access"]);
    let run = project.expect(1, &["lint", "x.yaml"]);
    assert!(run.stderr.contains("error[public-policy]"), "{}", run.stderr);
}

#[test]
fn the_least_privilege_variant_passes_with_its_reasons() {
    let project = Project::sample();
    let found = findings(&project, "manifests/least-privilege.yaml", 0);
    assert!(found.iter().all(|one| one["severity"] != "error"), "{found:#?}");
    for one in found.iter().filter(|one| one["severity"] == "warning") {
        assert!(one["accepted"].as_str().is_some_and(|because| because.len() > 20), "{one}");
    }
    assert!(found.iter().all(|one| one["rule"] != "unused-silence"), "{found:#?}");
    let manifest = project.read("manifests/least-privilege.yaml");
    assert!(!manifest.contains("on: \"*\"\n      because"), "nothing is accepted wholesale");
}

#[test]
fn the_least_privilege_variant_is_planned_and_applied_and_takes_the_place_of_dev() {
    let project = Project::sample().in_sandbox();
    let validated = project.expect(0, &["validate", "manifests/least-privilege.yaml"]);
    assert_eq!(validated.stderr, "", "the manifest and Zappa's settings agree");
    project.expect(0, &["apply", "manifests/dev.yaml", "--yes"]);
    let planned =
        project.expect(2, &["plan", "manifests/least-privilege.yaml", "--detailed-exitcode"]);
    assert!(planned.stdout.contains("0 to add, 2 to change, 0 to destroy"), "{}", planned.stdout);
    project.expect(0, &["apply", "manifests/least-privilege.yaml", "--yes"]);
    project.expect(0, &["plan", "manifests/least-privilege.yaml", "--detailed-exitcode"]);
}

#[test]
fn a_finding_is_shown_with_its_line_and_what_to_do() {
    let project = with_policy(&json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Run", "Effect": "Allow", "Action": ["lambda:InvokeFunction", "s3:GetObjekt"], "Resource": "*"}]}));
    let run = project.expect(1, &["lint", "x.yaml"]);
    let date =
        run.stdout.split("the list is of ").nth(1).and_then(|rest| rest.split(')').next()).unwrap();
    insta::assert_snapshot!(run.stdout.replace(date, "DATE"), @r#"
    warning[unknown-action]: policy.P: AWS has no action `s3:GetObjekt` (the list is of DATE)
     --> p.json:6:9
      |
    6 |         "s3:GetObjekt"
      |         ^^^^^^^^^^^^^^
      |
      = help: did you mean `s3:GetObject`?

    warning[resource-wildcard]: policy.P: lambda:InvokeFunction is allowed on every resource, and could be on some
     --> p.json:9:19
      |
    9 |       "Resource": "*",
      |                   ^^^
      |
      = help: limit `Resource`: lambda:InvokeFunction can be allowed on arn:${Partition}:lambda:${Region}:${Account}:function:${FunctionName}

    2 warnings
    "#);
}

#[test]
fn severities_decide_what_is_shown_and_what_fails() {
    let note = with_policy(&json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}));
    assert_eq!(findings(&note, "x.yaml", 0).len(), 1);
    let run = note.expect(0, &["lint", "x.yaml", "--min-severity", "warning"]);
    assert_eq!(run.stdout, "No findings.\n");

    let warning = with_policy(&json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}]}));
    warning.expect(1, &["lint", "x.yaml"]);
    warning.expect(1, &["lint", "x.yaml", "--min-severity", "warning"]);
    warning.expect(0, &["lint", "x.yaml", "--min-severity", "error"]);

    let error = with_policy(&json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "iam:CreateAccessKey", "Resource": "*"}]}));
    error.expect(1, &["lint", "x.yaml", "--min-severity", "error"]);
}

#[test]
fn what_the_manifest_accepts_fails_nothing_and_is_shown_on_request() {
    let project = with_policy(&json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}]}));
    let accept =
        "lint: {allow: [{rule: resource-wildcard, on: policy.P, because: there is one bucket}]}\n";
    project.write("x.yaml", &(project.read("x.yaml") + accept));
    let run = project.expect(0, &["lint", "x.yaml"]);
    assert_eq!(run.stdout, "No findings.\n1 finding accepted by the manifest, shown with -v\n");
    let run = project.expect(0, &["lint", "x.yaml", "-v"]);
    assert!(run.stdout.contains("accepted by the manifest: there is one bucket"), "{}", run.stdout);

    let log = sarif(&project, &["x.yaml"], 0);
    let suppressed = &log["runs"][0]["results"][0]["suppressions"];
    assert_eq!(
        suppressed,
        &json!([{"kind": "external", "status": "accepted", "justification": "there is one bucket"}])
    );

    // What it accepts in vain is told, at its place.
    project.edit("x.yaml", "on: policy.P", "on: user.ada");
    let found = findings(&project, "x.yaml", 1);
    let vain = found.iter().find(|one| one["rule"] == "unused-silence").unwrap();
    assert_eq!((&vain["severity"], &vain["place"]["line"]), (&json!("note"), &json!(7)));
}

#[test]
fn sarif_has_what_its_schema_demands() {
    let project = Project::sample();
    let log = sarif(&project, &["manifests/dev.yaml"], 1);
    assert_eq!(log["version"], "2.1.0");
    assert!(log["$schema"].as_str().unwrap().contains("sarif-schema-2.1.0"));
    let run = &log["runs"][0];
    assert_eq!(run["tool"]["driver"]["name"], "relayctl");

    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let ids: BTreeSet<&str> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), rules.len());
    for rule in rules {
        assert!(
            rule["shortDescription"]["text"].as_str().is_some_and(|text| !text.is_empty()),
            "{rule}"
        );
        assert!(
            rule["help"]["text"].as_str().is_some_and(|text| text.contains("Remedy")),
            "{rule}"
        );
    }
    let results = run["results"].as_array().unwrap();
    assert!(results.len() >= 10, "{}", results.len());
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().unwrap();
        assert!(project.path(uri).is_file(), "{uri} is relative to where it was run");
        let [start, end] =
            ["startColumn", "endColumn"].map(|column| place["region"][column].as_u64().unwrap());
        assert!(place["region"]["startLine"].as_u64().unwrap() >= 1 && start >= 1 && end > start);
    }
    let prints: BTreeSet<String> = results
        .iter()
        .map(|result| result["partialFingerprints"]["relayctlFinding/v1"].to_string())
        .collect();
    assert_eq!(prints.len(), results.len(), "two findings are never taken for one");
}

#[test]
fn a_fingerprint_does_not_change_with_the_line() {
    let project = Project::sample();
    let prints = |project: &Project| -> BTreeSet<String> {
        let log = sarif(project, &["manifests/dev.yaml"], 1);
        let results = log["runs"][0]["results"].as_array().unwrap().clone();
        results.iter().map(|result| result["partialFingerprints"].to_string()).collect()
    };
    let before = prints(&project);
    let file = "manifests/policies/zappa-lambda-deployment.json";
    project.edit(file, "{\n", "{\n\n\n");
    assert_eq!(prints(&project), before);
}

#[test]
fn rules_are_listed_and_explained() {
    let project = Project::empty();
    let list = project.expect(0, &["lint", "--list"]).stdout;
    assert!(list.lines().count() > 80, "{list}");
    for line in list.lines() {
        let name = line.split_whitespace().next().unwrap();
        let text = project.expect(0, &["lint", "--explain", name]).stdout;
        assert!(text.starts_with(name) && text.contains("Remedy: "), "{text}");
    }
    let wrong = project.expect(1, &["lint", "--explain", "action-wildcart"]);
    assert_eq!(
        wrong.stderr,
        "error: there is no rule `action-wildcart`\nhelp: did you mean `action-wildcard`?\n"
    );
    project.expect(1, &["lint"]);
}

#[test]
fn the_page_of_rules_is_the_one_of_this_version() {
    let project = Project::empty();
    let page = project.expect(0, &["lint", "--list", "--markdown"]).stdout;
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/lint-rules.md");
    let kept = std::fs::read_to_string(kept).unwrap();
    assert!(
        page == kept,
        "run: cargo run -- lint --list --markdown > docs/lint-rules.md\n{}",
        first_difference(&kept, &page)
    );
}

/// Returns the first line in which two texts differ.
fn first_difference(kept: &str, page: &str) -> String {
    let mut lines = kept.lines().zip(page.lines());
    lines.find(|(one, other)| one != other).map_or_else(
        || "one text is longer than the other".to_owned(),
        |(one, other)| format!("- {one}\n+ {other}"),
    )
}

#[test]
fn each_rule_on_manifests_finds_its_bad_example_and_not_its_good_one() {
    let mut seen = 0;
    for rule in rules() {
        let Some(example) = rule.example.filter(|example| example.usage.is_none()) else {
            continue;
        };
        seen += 1;
        let found = |text: &str| {
            let project = Project::empty();
            project.write("relay.yaml", &format!("{HEAD}{text}\n"));
            let log = project.run(&["lint", "relay.yaml", "--json"]).stdout;
            let log: Value = serde_json::from_str(&log).expect(&log);
            let findings = log["findings"].as_array().unwrap();
            findings.iter().any(|it| it["rule"] == rule.name && it["accepted"].is_null())
        };
        assert!(found(example.bad), "{}: {}", rule.name, example.bad);
        assert!(!found(example.good), "{}: {}", rule.name, example.good);
    }
    assert!(seen >= 3, "{seen}");
}

#[test]
fn the_output_is_the_same_each_time() {
    let project = Project::sample();
    for format in [&["--json"][..], &["--sarif"], &[]] {
        let arguments = [&["lint", "manifests/dev.yaml"], format].concat();
        assert_eq!(project.expect(1, &arguments).stdout, project.expect(1, &arguments).stdout);
    }
}

#[test]
fn a_broken_manifest_is_an_error_and_no_finding() {
    let project = Project::empty();
    project.write("x.yaml", "version: 1\nnmae: x\n");
    let log = sarif(&project, &["x.yaml"], 1);
    let results = log["runs"][0]["results"].as_array().unwrap().iter();
    assert!(results.map(|one| &one["ruleId"]).all(|id| id != "action-wildcard"), "{log}");
    let run = project.expect(1, &["lint", "x.yaml", "--sarif"]);
    assert!(run.stderr.contains("nmae"), "{}", run.stderr);
}

/// A manifest with one document in a JSON file, one in a YAML file, and one in the manifest.
fn with_slips() -> Project {
    let project = Project::empty();
    project.write(
        "x.yaml",
        "version: 1
name: x
account: \"123456789012\"
region: us-east-1
policies:
  J: {document: j.json}
  K: {document: j.json}
  Y: {document: y.yaml}
  M:
    document:
      Version: \"2012-10-17\"
      Statement:
        # Reads what belongs to the team.
        - Effect: Allow
          Action: [s3:GetObject*, \"s3:Get*\", s3:GetObjectAcl]   # all of it
          Resource: arn:aws:s3:::b/*
          Condition:
            StringEquals:
              aws:PrincipalTag/team: red-*
",
    );
    project.write(
        "j.json",
        "{\n\t\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\",\n\
         \t\"Action\": [\n\t\t\"s3:PutObject\",\n\t\t\"s3:Get*\",\n\t\t\"s3:GetObject\"\n\t],\n\
         \t\"Resource\": [\"arn:aws:s3:::b/*\", \"arn:aws:s3:::a/*\"],\n\
         \t\"Condition\": {\"ForAnyValue:StringNotEquals\": {\"aws:TagKeys\": \"x-*\"}}}]}\n",
    );
    project.write(
        "y.yaml",
        "Version: \"2012-10-17\"
Statement:
  - Effect: Allow
    Action:
      - s3:PutObject   # for uploads
      - s3:DeleteObject
    Resource:
      - arn:aws:s3:::b/*
      - arn:aws:s3:::a/*
",
    );
    project
}

#[test]
fn fixes_change_only_what_they_are_about() {
    let project = with_slips();
    let run = project.run(&["lint", "x.yaml", "--fix"]);
    assert!(run.stderr.contains("fixed j.json:"), "{}", run.stderr);
    // A list with a comment stays: the comment would stand beside another value.
    let left = "not fixed y.yaml:4:5: sorts the actions: there are comments beside the values";
    assert!(run.stderr.contains(left), "{}", run.stderr);
    insta::assert_snapshot!(format!(
        "{}---\n{}---\n{}",
        project.read("j.json"),
        project.read("y.yaml"),
        project.read("x.yaml")
    ));
    let again = project.run(&["lint", "x.yaml", "--fix"]);
    assert!(!again.stderr.contains("fixed j.json:"), "{}", again.stderr);
}

#[test]
fn what_the_manifest_accepts_is_not_fixed() {
    let project = with_slips();
    let accepted = "region: us-east-1\nlint: {allow: [\
        {rule: literal-wildcard, on: policy.M, because: the tag holds a star}]}\n";
    project.edit("x.yaml", "region: us-east-1\n", accepted);
    project.run(&["lint", "x.yaml", "--fix"]);
    assert!(project.read("x.yaml").contains("StringEquals:"));
    assert!(project.read("j.json").contains("StringNotLike"));
}

/// The beginning of a manifest.
const HEAD: &str = "version: 1\nname: x\naccount: \"123456789012\"\nregion: us-east-1\n";

/// A manifest with one policy of a file.
fn with_file(more: &str, file: &str, text: &str) -> Project {
    let project = Project::empty();
    let policies = format!("policies: {{P: {{document: {file}}}}}\n");
    project.write("x.yaml", &format!("{HEAD}{more}{policies}"));
    project.write(file, text);
    project
}

#[test]
fn a_fix_opens_nothing_that_was_closed() {
    let project = Project::empty();
    let trust = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow",
  "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole",
  "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-*"}}}}"#;
    project.write("x.yaml", &format!("{HEAD}roles: {{r: {{trust: t.json}}}}\n"));
    project.write("t.json", trust);
    let run = project.run(&["lint", "x.yaml", "--fix"]);
    assert!(run.stderr.contains("not fixed t.json:"), "{}", run.stderr);
    assert!(run.stderr.contains("would let in more than a policy should"), "{}", run.stderr);
    assert_eq!(project.read("t.json"), trust);
}

#[test]
fn values_of_variables_are_not_fixed() {
    let text = "{\"Version\": \"2012-10-17\", \"Statement\": {\"Effect\": \"Allow\",\n\
        \"Action\": [\"${var.a}\", \"s3:Get*\"], \"Resource\": \"arn:aws:s3:::b/*\"}}\n";
    let project = with_file("variables: {a: s3:GetObject}\n", "p.json", text);
    let run = project.run(&["lint", "x.yaml", "--fix"]);
    assert!(run.stderr.contains("come from variables"), "{}{}", run.stderr, run.stdout);
    assert_eq!(project.read("p.json"), text);
}

#[test]
fn comments_before_and_after_a_list_keep_their_values() {
    let text = "Version: \"2012-10-17\"
Statement:
  - Effect: Allow
    Action: s3:GetObject
    Resource:
      # theirs
      - arn:aws:s3:::z/*
      - arn:aws:s3:::a/*   # ours
";
    let project = with_file("", "p.yaml", text);
    let run = project.run(&["lint", "x.yaml", "--fix"]);
    assert!(run.stderr.contains("there are comments"), "{}", run.stderr);
    assert_eq!(project.read("p.yaml"), text);
}

#[test]
fn a_byte_order_mark_stays_and_a_read_only_file_is_not_written() {
    let text = "\u{feff}{\"Version\": \"2012-10-17\", \"Statement\": {\"Effect\": \"Allow\",\r\n\
        \"Action\": [\"s3:PutObject\", \"s3:GetObject\"], \"Resource\": \"arn:aws:s3:::b/*\"}}\r\n";
    let project = with_file("", "p.json", text);
    let path = project.path("p.json");
    let mut permissions = std::fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&path, permissions.clone()).unwrap();
    let run = project.expect(1, &["lint", "x.yaml", "--fix"]);
    assert!(run.stderr.contains("p.json is read-only"), "{}", run.stderr);
    assert_eq!(project.read("p.json"), text);
    #[allow(clippy::permissions_set_readonly_false, reason = "the test's own file")]
    permissions.set_readonly(false);
    std::fs::set_permissions(&path, permissions).unwrap();
    project.run(&["lint", "x.yaml", "--fix"]);
    let sorted =
        text.replace("\"s3:PutObject\", \"s3:GetObject\"", "\"s3:GetObject\", \"s3:PutObject\"");
    assert_eq!(project.read("p.json"), sorted);
}
