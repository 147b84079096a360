use std::fs;

use serde_json::json;
use tempfile::TempDir;

use super::*;

/// A settings file in a folder of its own.
struct File {
    _folder: TempDir,
    place: OverlaidFile,
}

impl File {
    fn new(name: &str, text: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        Self { _folder: folder, place: OverlaidFile::outside_sandbox(path) }
    }

    fn set(self, stage: &str, settings: &Value) -> Self {
        let settings = settings.as_object().unwrap().clone().into_iter().collect();
        set_stage(&self.place, stage, &settings).unwrap();
        self
    }

    fn unset(self, stage: &str, settings: &[&str]) -> Self {
        let settings: Vec<_> = settings.iter().map(|name| (*name).to_owned()).collect();
        unset(&self.place, stage, &settings).unwrap();
        self
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.place.path).unwrap()
    }

    fn stage(&self, stage: &str) -> Value {
        match read(&self.place, stage).unwrap() {
            FileReply::Settings(settings) => settings.into_iter().collect(),
            other @ (FileReply::KeyId(_) | FileReply::Writable) => panic!("{other:?}"),
        }
    }
}

const TOML: &str = "# ours\n\n[dev]   # the relay\napp_function = 'app.app' # why\ns3_bucket = \
    \"old\"  # b\ntags = {a = \"1\"}\n\n[dev.environment_variables]\n# c\nKEY = \"v\"\nOLD = \
    \"w\"\n\n[prod]\nmemory_size = 512\n";

#[test]
fn of_a_toml_file_only_what_differs_changes() {
    let file = File::new("zappa_settings.toml", TOML);
    assert_eq!(
        file.stage("dev"),
        json!({
            "app_function": "app.app", "s3_bucket": "old", "tags": {"a": "1"},
            "environment_variables": {"KEY": "v", "OLD": "w"},
        })
    );
    let file = file.set(
        "dev",
        &json!({
            "s3_bucket": "new", "manage_roles": false, "exclude": ["a", "b"],
            "environment_variables": {"KEY": "v", "NEW": "x"},
        }),
    );
    assert_eq!(
        file.text(),
        TOML.replace("\"old\"  # b", "\"new\"  # b")
            .replace(
                "tags = {a = \"1\"}\n",
                "tags = {a = \"1\"}\nexclude = [\"a\", \"b\"]\nmanage_roles = false\n"
            )
            .replace("OLD = \"w\"", "NEW = \"x\"")
    );
    let file = file.unset("dev", &["exclude", "manage_roles", "s3_bucket"]);
    assert!(!file.text().contains("s3_bucket") && file.text().contains("# why"), "{}", file.text());
    assert_eq!(file.stage("prod"), json!({"memory_size": 512}));
}

#[test]
fn a_stage_is_added_to_a_toml_file_and_removed_again() {
    for text in [TOML, "# only a comment\n", "[a]\r\nx = 1\r\n"] {
        let file = File::new("zappa_settings.toml", text);
        let with = file.set("new", &json!({"region": "x", "tags": {"k": "v"}}));
        assert!(with.text().contains("[new]"), "{}", with.text());
        assert!(!text.contains('\r') || !with.text().replace("\r\n", "").contains('\n'));
        assert_eq!(with.stage("new"), json!({"region": "x", "tags": {"k": "v"}}));
        assert_eq!(with.unset("new", &["region", "tags"]).text(), text);
    }
    let file = File::new("zappa_settings.toml", "").set("dev", &json!({"x": 1}));
    assert_eq!(file.text(), "[dev]\nx = 1\n");
    assert!(!file.unset("dev", &["x"]).place.path.exists());
}

const YAML: &str = "# ours\nbase: &base\n    runtime: python3.12\n    debug: no   # \
    1.1\n\ndev:\n    \
    <<: *base\n    app_function: app.app   # why\n    # about the bucket\n    s3_bucket: 'old' # \
    b\n\n    environment_variables:\n        # c\n        KEY: v\n        OLD: w\n    \
    exclude:\n    \
    - a # first\n\nprod:\n    memory_size: 512\n# end\n";

#[test]
fn of_a_yaml_file_only_what_differs_changes() {
    let file = File::new("zappa_settings.yaml", YAML);
    assert_eq!(
        file.stage("dev"),
        json!({
            "runtime": "python3.12", "debug": false, "app_function": "app.app", "s3_bucket": "old",
            "environment_variables": {"KEY": "v", "OLD": "w"}, "exclude": ["a"],
        })
    );
    let file = file.set(
        "dev",
        &json!({
            "s3_bucket": "new", "environment_variables": {"KEY": "v", "NEW": "on"},
            "project_name": "1:30", "manage_roles": false, "debug": true,
        }),
    );
    let text = file.text();
    for kept in
        ["# ours\n", "debug: no   # 1.1\n", "app.app   # why\n", "# about", "# c\n", "# end"]
    {
        assert!(text.contains(kept), "{kept}: {text}");
    }
    assert!(text.contains("    - a # first\n") && text.contains("s3_bucket: new # b\n"), "{text}");
    assert!(text.contains("NEW: 'on'\n") && text.contains("project_name: '1:30'\n"), "{text}");
    assert_eq!(
        file.stage("dev"),
        json!({
            "runtime": "python3.12", "debug": true, "app_function": "app.app", "s3_bucket": "new",
            "environment_variables": {"KEY": "v", "NEW": "on"}, "exclude": ["a"],
            "project_name": "1:30", "manage_roles": false,
        })
    );
    let file = file.unset("dev", &["debug", "project_name", "manage_roles"]);
    assert_eq!(file.stage("dev")["debug"], json!(false), "the base's again");
    assert_eq!(file.stage("prod"), json!({"memory_size": 512}));
}

#[test]
fn a_stage_is_added_to_a_yaml_file_in_any_layout() {
    for text in [
        YAML,
        "",
        "# only a comment\n",
        "---\n# a document\n",
        "a:\r\n  x: 1\r\n",
        "a: {x: 1}\n",
        "{\"a\": {\"x\": 1}}\n",
        "a:\n  x: 1",
        "new:\n",
        "new: {}\na:\n  x: 1\n",
    ] {
        let settings = json!({"region": "x", "tags": {"k": "v"}, "exclude": ["a", "b"], "n": 1});
        let file = File::new("zappa_settings.yml", text).set("new", &settings);
        assert_eq!(file.stage("new"), settings, "{text:?}");
        let text = file.text();
        assert!(!text.contains('\r') || !text.replace("\r\n", "").contains('\n'), "{text:?}");
        let file = file.set("new", &json!({"n": 2.5}));
        assert_eq!(file.stage("new")["n"], json!(2.5));
    }
    let file = File::new("zappa_settings.yml", "").set("dev", &json!({"x": [1, {"y": null}]}));
    assert!(!file.unset("dev", &["x"]).place.path.exists());
}

#[test]
fn an_edit_that_would_change_more_than_it_says_is_refused_and_nothing_is_written() {
    let text = "dev: &dev\n  x: 1\nprod: *dev\n";
    let file = File::new("zappa_settings.yaml", text);
    let settings = SectionSettings::from([("x".to_owned(), json!(2))]);
    for stage in ["dev", "prod"] {
        let problem = set_stage(&file.place, stage, &settings).unwrap_err();
        assert_eq!(problem.code, "SettingsNotChanged", "{stage}");
        assert_eq!(file.text(), text);
    }
}

#[test]
fn what_cannot_be_read_is_refused_with_its_place() {
    let error = |name: &str, text: &str| {
        let file = File::new(name, text);
        let problem = read(&file.place, "dev").unwrap_err();
        problem.message.replace(&file.place.name(), name)
    };
    assert_eq!(
        error("z.toml", "[dev]\nx = 1\nx = 2\n"),
        "z.toml is not valid TOML at line 3, column 1: duplicate key; correct it there"
    );
    assert!(error("z.yaml", "dev:\n\tx: 1\n").starts_with("z.yaml is not valid YAML at line 2, "));
    assert!(error("z.yaml", "- dev\n").contains("there is no mapping at the top level"));
    assert!(error("z.json", "{,}").contains("is not valid JSON at line 1, column 2"));
    assert!(error("z.yaml", "dev: text\n").starts_with("the stage dev of z.yaml is no group"));
}
