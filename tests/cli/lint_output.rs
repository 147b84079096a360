//! The formats of `relayctl lint`: a manifest that is refused, rules as JSON, findings that several
//! resources share, and what `--fix` leaves alone.

use serde_json::{Value, json};

use relayctl::lint::rules;

use crate::support::project::{Project, Run};

/// The beginning of a manifest.
const HEAD: &str = "version: 1\nname: x\naccount: \"123456789012\"\nregion: us-east-1\n";

fn with_manifest(manifest: &str, file: &str, text: &str) -> Project {
    let project = Project::empty();
    project.write("x.yaml", &format!("{HEAD}{manifest}"));
    project.write(file, text);
    project
}

fn as_json(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}{}", run.stdout, run.stderr))
}

/// A document of one statement.
fn document(action: &str) -> String {
    let statement = json!({"Effect": "Allow", "Action": action, "Resource": "*"});
    json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

#[test]
fn the_errors_of_a_refused_manifest_are_in_json_and_sarif() {
    let project = with_manifest(
        "policies: {P: {document: p.json}}\n",
        "p.json",
        &document("*").replace("Allow", "Alow"),
    );
    let run = project.expect(1, &["lint", "x.yaml", "--json"]);
    let said = as_json(&run);
    assert_eq!((&said["passed"], &said["summary"]["errors"]), (&json!(false), &json!(1)));
    let problem = &said["problems"][0];
    assert_eq!(
        (&problem["code"], &problem["severity"]),
        (&json!("policy-effect"), &json!("error"))
    );
    assert_eq!(problem["help"], "did you mean `Allow`?");
    assert!(problem["message"].as_str().unwrap().contains("Effect"), "{problem}");
    let place = &problem["place"];
    assert_eq!((&place["file"], &place["line"]), (&json!("p.json"), &json!(1)));
    let column = usize::try_from(place["column"].as_u64().unwrap()).unwrap();
    assert!(project.read("p.json")[column - 1..].starts_with("\"Alow\""), "{place}");
    // The same as `policy validate` has.
    let validated = as_json(&project.expect(1, &["policy", "validate", "p.json", "--json"]));
    assert_eq!(said["problems"], validated["files"][0]["problems"]);

    let log = as_json(&project.expect(1, &["lint", "x.yaml", "--sarif"]));
    let run = &log["runs"][0];
    let result = &run["results"][0];
    assert_eq!((&result["ruleId"], &result["level"]), (&json!("policy-effect"), &json!("error")));
    let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
    assert_eq!(run["tool"]["driver"]["rules"][index]["id"], "policy-effect");
    let text = result["message"]["text"].as_str().unwrap();
    assert!(text.ends_with(". Remedy: did you mean `Allow`?."), "{text}");
    let physical = &result["locations"][0]["physicalLocation"];
    assert_eq!(physical["artifactLocation"]["uri"], "p.json");
    assert_eq!(physical["region"]["startColumn"], place["column"]);

    let run = project.expect(1, &["lint", "x.yaml"]);
    assert_eq!(run.stdout, "");
    assert!(run.stderr.contains("error[policy-effect]"), "{}", run.stderr);
}

#[test]
fn rules_are_printed_as_json() {
    let project = Project::empty();
    let listed = as_json(&project.expect(0, &["lint", "--list", "--json"]));
    let listed = listed["rules"].as_array().unwrap();
    let names: Vec<&str> = listed.iter().map(|rule| rule["name"].as_str().unwrap()).collect();
    assert_eq!(names, rules().map(|rule| rule.name).collect::<Vec<_>>());
    for rule in listed {
        for key in ["severity", "summary", "why", "remedy", "help_address"] {
            assert!(rule[key].as_str().is_some_and(|text| !text.is_empty()), "{key}: {rule}");
        }
        for example in rule["examples"].as_array().unwrap() {
            let is_bad = example["is_bad"].as_bool().unwrap();
            assert_eq!(is_bad, example["caption"] == "Bad", "{rule}");
        }
    }
    let run = project.expect(0, &["lint", "--explain", "action-wildcard", "--json"]);
    let explained = as_json(&run);
    assert_eq!(explained["rules"], json!([listed[0]]));
    let rule = &explained["rules"][0];
    assert_eq!(rule["examples"].as_array().unwrap().len(), 2);
    let source = rule["sources"][0]["address"].as_str().unwrap();
    assert!(source.starts_with("https://docs.aws.amazon.com/"), "{source}");
    assert!(rule["help_address"].as_str().unwrap().ends_with("lint-rules.md#action-wildcard"));
    for other in [&["--list"][..], &["--explain", "action-wildcard"]] {
        let run = project.expect(1, &[&["lint", "--sarif"], other].concat());
        assert!(run.stderr.contains("cannot be used with"), "{}", run.stderr);
        assert_eq!(run.stdout, "");
    }
}

#[test]
fn a_file_of_many_policies_has_each_finding_once() {
    let manifest = "policies: {J: {document: p.json}, K: {document: p.json}, \
        L: {document: p.json}, M: {document: p.json}}\n";
    let project = with_manifest(manifest, "p.json", &document("s3:GetObjekt"));
    let run = project.expect(1, &["lint", "x.yaml"]);
    let told =
        "warning[unknown-action]: policy.J, policy.K, policy.L and 1 more: AWS has no action";
    assert_eq!(run.stdout.matches("[unknown-action]").count(), 1, "{}", run.stdout);
    assert!(run.stdout.contains(told), "{}", run.stdout);

    let found = as_json(&project.expect(1, &["lint", "x.yaml", "--json"]));
    let all = found["findings"].as_array().unwrap();
    let unknown: Vec<_> = all.iter().filter(|one| one["rule"] == "unknown-action").collect();
    assert_eq!(unknown.len(), 1, "{all:#?}");
    assert_eq!(unknown[0]["on"], "policy.J");
    assert_eq!(unknown[0]["also_on"], json!(["policy.K", "policy.L", "policy.M"]));

    let log = as_json(&project.expect(1, &["lint", "x.yaml", "--sarif"]));
    let results = log["runs"][0]["results"].as_array().unwrap();
    let unknown: Vec<_> = results.iter().filter(|one| one["ruleId"] == "unknown-action").collect();
    assert_eq!(unknown.len(), 1, "{results:#?}");
    let names = unknown[0]["locations"][0]["logicalLocations"].as_array().unwrap();
    assert_eq!(names.len(), 4);

    // What is accepted for one of them is still told of the others.
    let accept = "lint: {allow: [{rule: unknown-action, on: policy.J, because: it is new}]}\n";
    project.write("x.yaml", &(project.read("x.yaml") + accept));
    let run = project.expect(1, &["lint", "x.yaml"]);
    assert!(
        run.stdout.contains("[unknown-action]: policy.K, policy.L, policy.M: "),
        "{}",
        run.stdout
    );
    let run = project.expect(0, &["validate", "x.yaml"]);
    assert_eq!(run.stderr.matches("[unknown-action]").count(), 1, "{}", run.stderr);
}

#[test]
fn findings_that_differ_by_their_holder_both_stay() {
    let manifest = "policies: {P: {document: p.json}}\n\
        users: {ada: {policies: [P]}, bob: {policies: [P]}}\n";
    let project = with_manifest(manifest, "p.json", &document("iam:AttachUserPolicy"));
    let found = as_json(&project.expect(1, &["lint", "x.yaml", "--json"]));
    let all = found["findings"].as_array().unwrap().iter();
    let on: Vec<&str> = all
        .filter(|one| one["rule"] == "escalation-attach-user-policy")
        .map(|one| one["on"].as_str().unwrap())
        .collect();
    assert_eq!(on, ["user.ada", "user.bob"]);
}

#[test]
fn every_spelling_of_all_actions_is_one_finding() {
    let manifest = "policies: {P: {document: p.json}}\nusers: {ada: {policies: [P]}}\n";
    let found = |action: &str| {
        let project = with_manifest(manifest, "p.json", &document(action));
        let run = project.expect(1, &["lint", "x.yaml", "--json"]);
        let found = as_json(&run)["findings"].as_array().unwrap().clone();
        found.iter().map(|one| one["rule"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for action in ["*", "*:*", "*:**"] {
        assert_eq!(found(action), ["action-wildcard"], "{action}");
    }
    assert!(found("iam:*").len() > 10);
}

/// A document with two actions in the wrong order.
const UNSORTED: &str = "{\"Version\": \"2012-10-17\", \"Statement\": {\"Effect\": \"Allow\",\n\
    \"Action\": [\"s3:GetObject\", \"s3:Get*\"], \"Resource\": \"arn:aws:s3:::b/*\"}}\n";

#[test]
fn a_fix_that_one_of_several_holders_does_not_want_is_left_with_the_reason() {
    for accepting in ["J", "K"] {
        let manifest = format!(
            "lint: {{allow: [{{rule: redundant-value, on: policy.{accepting}, because: later}}]}}\n\
            policies: {{J: {{document: p.json}}, K: {{document: p.json}}}}\n"
        );
        let project = with_manifest(&manifest, "p.json", UNSORTED);
        let run = project.run(&["lint", "x.yaml", "--fix"]);
        let told = format!(
            "not fixed p.json:2:11: leaves out s3:GetObject: other actions of the list cover it: \
                policy.{accepting} has the same document, and there it is accepted or has another \
                remedy; change it by hand"
        );
        assert!(run.stderr.contains(&told), "{}", run.stderr);
        assert_eq!(run.stderr.matches("fixed").count(), 1, "{}", run.stderr);
        assert_eq!(project.read("p.json"), UNSORTED);
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_a_link_leads_to_is_fixed_once() {
    let manifest = "policies: {J: {document: a-link.json}, K: {document: p.json}}\n";
    let project = with_manifest(manifest, "p.json", UNSORTED);
    std::os::unix::fs::symlink("p.json", project.path("a-link.json")).unwrap();
    let run = project.run(&["lint", "x.yaml", "--fix"]);
    assert_eq!(run.stderr.matches("fixed ").count(), 1, "{}", run.stderr);
    assert!(!run.stderr.contains("error"), "{}", run.stderr);
    assert_eq!(project.read("p.json"), UNSORTED.replace("\"s3:GetObject\", ", ""));
    assert!(project.path("a-link.json").is_symlink());
}
