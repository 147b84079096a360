//! The effect of the writes on real files in a folder, with the calls that the apply sends (except
//! for their names).

use std::fs;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::*;
use crate::value::{SectionSettings, Value};

mod refused;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

struct Home {
    folder: tempfile::TempDir,
    files: Files,
}

fn home() -> Home {
    let folder = tempfile::tempdir().unwrap();
    let files = Files {
        credentials: folder.path().join(".aws/credentials"),
        config: folder.path().join(".aws/config"),
        base: folder.path().join("project"),
        overlay: None,
        allowed: AllowedFiles::below(folder.path()),
    };
    fs::create_dir(&files.base).unwrap();
    Home { folder, files }
}

impl Home {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn put(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn change(&self, write: &FileWrite) -> Result<(), Problem> {
        self.files.change(write, &carried("AKIANEW")).map(drop)
    }

    /// Returns the key whose place the new one takes: its id and its secret.
    fn replaced(&self, write: &FileWrite, key: &str) -> Option<(String, String)> {
        let reply = self.files.change(write, &carried(key)).unwrap();
        if let Reply::Replaced(key) = reply {
            return Some((key.id, key.secret.expose_secret().to_owned()));
        }
        assert!(matches!(reply, Reply::Done), "{reply:?}");
        None
    }

    fn key_id(&self) -> Result<FileReply, Problem> {
        self.files.answer(&FileRead::Credentials { profile: "serverless".into() })
    }
}

fn carried(id: &str) -> StepOutput {
    let secret = SecretString::from(SECRET);
    StepOutput { key: Some(NewKey { user: "serverless".into(), id: id.into(), secret }) }
}

fn store(replaces: Option<&str>, replace_profile: bool) -> FileWrite {
    FileWrite::StoreCredentials {
        profile: "serverless".into(),
        replaces: replaces.map(Into::into),
        replace_profile,
    }
}

fn remove(key: &str) -> FileWrite {
    FileWrite::RemoveCredentials { profile: "serverless".into(), key: key.into() }
}

fn settings_of(value: Value) -> SectionSettings {
    serde_json::from_value(value).unwrap()
}

fn set_profile(profile: &str, settings: Value) -> FileWrite {
    FileWrite::SetProfile { profile: profile.into(), settings: settings_of(settings) }
}

fn file(name: &str) -> LocalFile {
    LocalFile::Path(name.into())
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

const CREDENTIALS: &str = "# by hand\r\n[default]\r\naws_access_key_id = \
    AKIADEFAULT\r\n\r\n[serverless]\r\n\
                           AWS_ACCESS_KEY_ID=AKIAOLD\r\naws_secret_access_key=old\r\naws_session_token=stale\r\n\
                           # keep\r\nregion = eu-west-1\r\n\r\n[last]\r\nx = 1";

#[test]
fn a_key_is_written_into_its_profile_and_everything_else_stays() {
    let home = home();
    home.put(".aws/credentials", CREDENTIALS);
    home.change(&store(Some("AKIAOLD"), false)).unwrap();
    let expected = CREDENTIALS
        .replace("AKIAOLD", "AKIANEW")
        .replace("=old", &format!("={SECRET}"))
        .replace("aws_session_token=stale\r\n", "");
    assert_eq!(home.text(".aws/credentials"), expected);
    assert_eq!(home.key_id(), Ok(FileReply::KeyId(Some("AKIANEW".into()))));
}

#[test]
fn a_key_whose_place_another_one_takes_is_handed_back_whole() {
    let home = home();
    home.put(".aws/credentials", CREDENTIALS);
    let old = Some(("AKIAOLD".to_owned(), "old".to_owned()));
    assert_eq!(home.replaced(&store(Some("AKIAOLD"), false), "AKIANEW"), old);
    assert_eq!(
        home.replaced(&store(None, false), "AKIANEW"),
        None,
        "the same key again takes nobody's place"
    );
    let csv = |replaces: Option<&str>| FileWrite::StoreKeyCsv {
        file: file("key.csv"),
        replaces: replaces.map(Into::into),
    };
    assert_eq!(home.replaced(&csv(None), "AKIANEW"), None, "there was none");
    let new = Some(("AKIANEW".to_owned(), SECRET.to_owned()));
    assert_eq!(home.replaced(&csv(Some("AKIANEW")), "AKIANEWER"), new);
}

#[test]
fn a_profile_that_holds_another_key_is_not_overwritten_unless_told_to() {
    let home = home();
    home.put(".aws/credentials", CREDENTIALS);
    for replaces in [None, Some("AKIAOTHER")] {
        let problem = home.change(&store(replaces, false)).unwrap_err();
        assert_eq!((problem.kind, problem.code), (FailureKind::Refused, "ProfileHoldsAnotherKey"));
        assert!(
            problem
                .message
                .contains("(AKIAOLD): name another profile, or set replace_profile: true")
        );
    }
    assert_eq!(home.text(".aws/credentials"), CREDENTIALS);
    home.change(&store(None, true)).unwrap();
    home.change(&store(None, false)).expect("its own key may be written again");
}

#[test]
fn a_missing_file_is_made_and_emptied_again() {
    let home = home();
    assert_eq!(home.key_id().unwrap_err().kind, FailureKind::NotFound);
    home.change(&remove("AKIANEW")).expect("nothing to remove is no error");
    assert!(!home.path(".aws").exists(), "and makes nothing");
    home.change(&store(None, false)).unwrap();
    assert_eq!(
        home.text(".aws/credentials"),
        format!("[serverless]\naws_access_key_id = AKIANEW\naws_secret_access_key = {SECRET}\n")
    );
    home.change(&remove("AKIAOTHER")).unwrap();
    assert_eq!(home.key_id(), Ok(FileReply::KeyId(Some("AKIANEW".into()))));
    home.change(&remove("AKIANEW")).unwrap();
    assert_eq!(home.text(".aws/credentials"), "");
}

#[test]
fn removing_a_key_leaves_the_profiles_other_settings() {
    let home = home();
    home.put(".aws/credentials", CREDENTIALS);
    home.change(&remove("AKIAOLD")).unwrap();
    let text = home.text(".aws/credentials");
    assert!(text.contains("[serverless]\r\n# keep\r\nregion = eu-west-1\r\n\r\n[last]"), "{text}");
    assert_eq!(home.key_id(), Ok(FileReply::KeyId(None)));
}

#[cfg(unix)]
#[test]
fn secrets_are_for_their_owner_only_and_links_are_followed() {
    let home = home();
    home.put("dotfiles/credentials", "[default]\n");
    fs::create_dir(home.path(".aws")).unwrap();
    std::os::unix::fs::symlink("../dotfiles/credentials", home.path(".aws/credentials")).unwrap();
    home.change(&store(None, false)).unwrap();
    home.change(&set_profile("x", json!({"region": "r"}))).unwrap();
    home.change(&FileWrite::StoreKeyCsv { file: file("k.csv"), replaces: None }).unwrap();
    assert!(home.path(".aws/credentials").is_symlink());
    assert!(home.text("dotfiles/credentials").contains("AKIANEW"));
    for path in ["dotfiles/credentials", ".aws/config", "project/k.csv"] {
        assert_eq!(mode(&home.path(path)), 0o600, "{path}");
    }
    assert_eq!(
        fs::read_dir(home.path(".aws")).unwrap().count(),
        2,
        "no lock or temporary file stays"
    );
    assert_eq!(fs::read_dir(home.path("dotfiles")).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn a_credentials_file_that_others_can_read_is_closed_to_them() {
    use std::os::unix::fs::PermissionsExt;
    let home = home();
    home.change(&store(None, false)).unwrap();
    fs::set_permissions(home.path(".aws/credentials"), fs::Permissions::from_mode(0o644)).unwrap();
    home.change(&store(None, false)).unwrap();
    assert_eq!(mode(&home.path(".aws/credentials")), 0o600);
}

#[cfg(unix)]
#[test]
fn a_config_file_keeps_its_mode_unless_somebody_keeps_a_secret_in_it() {
    use std::os::unix::fs::PermissionsExt;
    let home = home();
    let after = |text: &str| {
        home.put(".aws/config", text);
        fs::set_permissions(home.path(".aws/config"), fs::Permissions::from_mode(0o644)).unwrap();
        home.change(&set_profile("x", json!({"region": "r"}))).unwrap();
        mode(&home.path(".aws/config"))
    };
    assert_eq!(after("[default]\nregion = y\n"), 0o644);
    assert_eq!(after("[default]\naws_secret_access_key = theirs\n"), 0o600);
    let told = home.files.answer(&FileRead::Profile { profile: "default".into() });
    assert_eq!(told, Ok(FileReply::Settings(Vec::new())), "nor does it go any further");
}

#[cfg(unix)]
#[test]
fn a_link_to_another_users_file_gets_no_secret_and_stays_as_it_is() {
    let home = home();
    let theirs = home.path("theirs");
    // Only root can give a file away; everybody else has a file of root's.
    let to = match fs::write(&theirs, "theirs")
        .and_then(|()| std::os::unix::fs::chown(&theirs, Some(1), None))
    {
        Ok(()) => theirs,
        Err(_) => PathBuf::from("/etc/hostname"),
    };
    let before = fs::read(&to).unwrap();
    fs::create_dir(home.path(".aws")).unwrap();
    for link in [".aws/credentials", ".aws/config", "project/k.csv"] {
        std::os::unix::fs::symlink(&to, home.path(link)).unwrap();
    }
    let csv = FileWrite::StoreKeyCsv { file: file("k.csv"), replaces: None };
    for refused in [store(None, true), remove("AKIANEW"), csv] {
        assert_eq!(home.change(&refused).unwrap_err().code, "LinkToAnotherOwner");
    }
    assert_eq!(home.key_id().unwrap_err().code, "LinkToAnotherOwner", "the plan says so already");
    let read = home.files.answer(&FileRead::Profile { profile: "x".into() });
    assert_eq!(read.unwrap_err().code, "UnreadableFile", "what holds no secret is read as ever");
    assert!(home.path(".aws/credentials").is_symlink());
    assert_eq!(fs::read(&to).unwrap(), before);
}

#[cfg(unix)]
#[test]
fn what_a_killed_run_left_behind_goes_with_the_next_change() {
    let home = home();
    home.put(".aws/.relayctl-private-Xy12", SECRET);
    home.change(&store(None, false)).unwrap();
    assert_eq!(fs::read_dir(home.path(".aws")).unwrap().count(), 1);
}

#[test]
fn profiles_are_found_by_every_spelling_of_their_header() {
    let home = home();
    let config = "[default]\nregion = hidden\n[profile default]\nregion = d\n[profile \
        plain]\nregion = p\n[profile \"a b\"]\nregion = q\n[profile 'c d']\nregion = \
        s\n[plain]\nregion = no\n[sso-session x]\n";
    home.put(".aws/config", config);
    let region = |profile: &str| home.files.answer(&FileRead::Profile { profile: profile.into() });
    for (profile, expected) in [("default", "d"), ("plain", "p"), ("a b", "q"), ("c d", "s")] {
        assert_eq!(
            region(profile),
            Ok(FileReply::Settings(vec![("region".into(), json!(expected))])),
            "{profile}"
        );
    }
    assert_eq!(region("x").unwrap_err().kind, FailureKind::NotFound);
}

#[test]
fn a_profiles_settings_are_set_and_unset_among_others() {
    let home = home();
    let config =
        "[default]\nregion = x\n\n[profile serverless]\n# mine\ncli_pager =\ns3 =\n  max = 1\n";
    home.put(".aws/config", config);
    home.change(&set_profile("serverless", json!({"output": "json", "region": "us-east-1"})))
        .unwrap();
    home.change(&set_profile("new one", json!({"region": "us-east-1", "retries": 3}))).unwrap();
    home.change(&set_profile("default", json!({"region": "y"}))).unwrap();
    assert_eq!(
        home.text(".aws/config"),
        config.replace("= x", "= y")
            + "output = json\nregion = us-east-1\n\n[profile \"new one\"]\nregion = \
                us-east-1\nretries = 3\n"
    );
    let unset = |profile: &str| FileWrite::UnsetProfile {
        profile: profile.into(),
        settings: ["region", "output", "retries"].map(Into::into).into(),
    };
    home.change(&unset("serverless")).unwrap();
    home.change(&unset("new one")).unwrap();
    assert_eq!(home.text(".aws/config"), config.replace("= x", "= y"));
    home.change(&set_profile("default", json!({"region": null}))).unwrap_err();
    home.change(&set_profile("x]\n[y", json!({"region": "r"}))).unwrap_err();
}

#[test]
fn a_key_csv_is_the_consoles_and_never_covers_another_key() {
    let home = home();
    let store = |replaces: Option<&str>| FileWrite::StoreKeyCsv {
        file: file("k.csv"),
        replaces: replaces.map(Into::into),
    };
    let read = || home.files.answer(&FileRead::KeyCsv { file: file("k.csv") });
    assert_eq!(read().unwrap_err().kind, FailureKind::NotFound);
    home.change(&store(None)).unwrap();
    assert_eq!(
        home.text("project/k.csv"),
        format!("Access key ID,Secret access key\r\nAKIANEW,{SECRET}\r\n")
    );
    assert_eq!(read(), Ok(FileReply::KeyId(Some("AKIANEW".into()))));

    let old = "\u{feff}User name,Password,Access key ID,Secret access \
        key\r\nserverless,,AKIAOLD,hush\r\n";
    home.put("project/k.csv", old);
    assert_eq!(read(), Ok(FileReply::KeyId(Some("AKIAOLD".into()))));
    let problem = home.change(&store(None)).unwrap_err();
    assert_eq!(problem.code, "FileHoldsAnotherKey");
    assert!(!problem.message.contains("hush"));
    home.change(&FileWrite::RemoveKeyCsv { file: file("k.csv"), key: "AKIANEW".into() }).unwrap();
    assert_eq!(home.text("project/k.csv"), old, "not ours");
    home.change(&store(Some("AKIAOLD"))).unwrap();
    home.change(&FileWrite::RemoveKeyCsv { file: file("k.csv"), key: "AKIANEW".into() }).unwrap();
    assert!(!home.path("project/k.csv").exists());

    home.put("project/k.csv", "budget,2026\n");
    assert_eq!(home.change(&store(None)).unwrap_err().code, "NotAKeyFile");
    assert_eq!(read().unwrap_err().kind, FailureKind::Refused);
}

const ZAPPA: &str = r#"{
    "dev": {
        "app_function": "app.app",
        "exclude": [".*", "*.json"],

        "keep_warm": false,
        "runtime": "python3.7"
    },
    "prod": {"extends": "dev", "cors": { "max_age" : 10 }}
}
"#;

fn set_stage(stage: &str, settings: Value) -> FileWrite {
    FileWrite::SetStage {
        file: file("zappa_settings.json"),
        stage: stage.into(),
        settings: settings_of(settings),
    }
}

fn unset_stage(stage: &str, settings: &[&str]) -> FileWrite {
    let settings = settings.iter().copied().map(Into::into).collect();
    FileWrite::UnsetStage { file: file("zappa_settings.json"), stage: stage.into(), settings }
}

#[test]
fn a_stage_is_edited_in_place() {
    let home = home();
    home.put("project/zappa_settings.json", ZAPPA);
    home.change(&set_stage(
        "dev",
        json!({"keep_warm": false, "runtime": "python3.12", "tags": ["a", "b"]}),
    ))
    .unwrap();
    home.change(&set_stage("prod", json!({"debug": true}))).unwrap();
    home.change(&set_stage("test", json!({"runtime": "python3.12"}))).unwrap();
    let expected = ZAPPA
        .replace("\"python3.7\"\n", "\"python3.12\",\n        \"tags\": [\"a\", \"b\"]\n")
        .replace(
            "}}\n}",
            "}, \"debug\": true},\n    \"test\": {\n        \"runtime\": \"python3.12\"\n    }\n}",
        );
    assert_eq!(home.text("project/zappa_settings.json"), expected);

    let read = |stage: &str| {
        home.files
            .answer(&FileRead::Stage { file: file("zappa_settings.json"), stage: stage.into() })
    };
    assert_eq!(
        read("test"),
        Ok(FileReply::Settings(vec![("runtime".into(), json!("python3.12"))]))
    );
    assert_eq!(read("nope").unwrap_err().code, "NoSuchStage");

    home.change(&unset_stage("test", &["runtime"])).unwrap();
    home.change(&unset_stage("prod", &["debug"])).unwrap();
    home.change(&unset_stage("dev", &["tags"])).unwrap();
    home.change(&unset_stage("nope", &["tags"])).unwrap();
    assert_eq!(home.text("project/zappa_settings.json"), ZAPPA.replace("python3.7", "python3.12"));
}

#[test]
fn a_missing_settings_file_is_made_and_deleted_with_its_last_stage() {
    let home = home();
    home.change(&unset_stage("dev", &["a"])).unwrap();
    home.change(&set_stage("dev", json!({"a": 1, "b": {"c": []}}))).unwrap();
    assert_eq!(
        home.text("project/zappa_settings.json"),
        "{\n    \"dev\": {\n        \"a\": 1,\n        \"b\": {\n            \"c\": []\n        }\n    }\n}\n"
    );
    home.change(&unset_stage("dev", &["a"])).unwrap();
    home.change(&unset_stage("dev", &["b"])).unwrap();
    assert!(!home.path("project/zappa_settings.json").exists());
}

#[test]
fn settings_that_zappa_could_not_read_are_an_error_with_place_and_remedy() {
    let home = home();
    let broken = "{\n    \"dev\": {\n        // a comment\n    }\n}\n";
    home.put("project/zappa_settings.json", broken);
    let problem = home.change(&set_stage("dev", json!({"a": 1}))).unwrap_err();
    assert_eq!((problem.kind, problem.code), (FailureKind::Refused, "UnreadableSettings"));
    assert!(problem.message.contains("at line 3, column 9"), "{}", problem.message);
    assert!(problem.message.ends_with("without comments or trailing commas"));
    assert_eq!(home.text("project/zappa_settings.json"), broken);
    home.put("project/zappa_settings.json", "{\"dev\": 1}");
    assert_eq!(home.change(&set_stage("dev", json!({"a": 1}))).unwrap_err().code, "NotAStage");
}

#[cfg(unix)]
#[test]
fn a_settings_file_keeps_its_mode() {
    use std::os::unix::fs::PermissionsExt;
    let home = home();
    home.put("project/zappa_settings.json", ZAPPA);
    fs::set_permissions(
        home.path("project/zappa_settings.json"),
        fs::Permissions::from_mode(0o664),
    )
    .unwrap();
    home.change(&set_stage("dev", json!({"a": 1}))).unwrap();
    assert_eq!(mode(&home.path("project/zappa_settings.json")), 0o664);
}

#[test]
fn a_sandbox_merges_into_its_own_copy_and_leaves_the_real_files_alone() {
    let mut home = home();
    home.put("project/zappa_settings.json", ZAPPA);
    home.put(".aws/credentials", CREDENTIALS);
    home.files.overlay = Some(home.path("box"));
    home.change(&set_stage("dev", json!({"runtime": "python3.12"}))).unwrap();
    home.change(&store(Some("AKIAOLD"), false)).unwrap();
    assert_eq!(home.text("project/zappa_settings.json"), ZAPPA);
    assert_eq!(home.text(".aws/credentials"), CREDENTIALS);
    let copy = home.files.place(&file("zappa_settings.json")).unwrap().path;
    assert!(copy.starts_with(home.path("box/files")));
    assert_eq!(fs::read_to_string(&copy).unwrap(), ZAPPA.replace("python3.7", "python3.12"));
    assert_eq!(home.key_id(), Ok(FileReply::KeyId(Some("AKIANEW".into()))));

    // The file is deleted in the sandbox, and the real file must not show through.
    home.put("project/zappa_settings.json", "{\"dev\": {\"a\": 1}}");
    fs::remove_file(&copy).unwrap();
    home.change(&unset_stage("dev", &["a"])).unwrap();
    assert_eq!(fs::read_to_string(&copy).unwrap(), "{}\n");
    assert_eq!(home.text("project/zappa_settings.json"), "{\"dev\": {\"a\": 1}}");
}

#[test]
fn no_secret_is_in_what_a_failure_says() {
    let home = home();
    home.put("project/taken", "");
    let blocked =
        Files { credentials: home.path("project/taken/credentials"), ..home.files.clone() };
    let problem = blocked.change(&store(None, false), &carried("AKIANEW")).unwrap_err();
    assert_eq!(problem.kind, FailureKind::Refused);
    let failure = problem.into_failure("file:StoreCredentials");
    assert!(!format!("{failure} {failure:?} {:?}", carried("AKIANEW")).contains(SECRET));
    assert_eq!(fs::read_dir(home.path("project")).unwrap().count(), 1);
}

#[test]
fn a_key_that_was_not_handed_over_is_an_error() {
    let problem = home().files.change(&store(None, false), &StepOutput::default()).unwrap_err();
    assert_eq!(problem.code, "NoKey");
}

#[test]
fn writers_of_the_same_file_do_not_lose_each_others_changes() {
    let home = home();
    std::thread::scope(|scope| {
        for number in 0..8 {
            let home = &home;
            scope.spawn(move || {
                home.change(&set_profile(&format!("p{number}"), json!({"region": "r"}))).unwrap();
            });
        }
    });
    let text = home.text(".aws/config");
    assert_eq!(text.matches("region = r").count(), 8, "{text}");
}

fn read_secret(key: &str, from: SecretSource) -> FileWrite {
    FileWrite::ReadSecret { user: "serverless".into(), key: key.into(), from }
}

#[test]
fn a_secret_is_read_back_from_a_profile_or_a_csv_that_holds_its_key() {
    let home = home();
    home.put(".aws/credentials", CREDENTIALS);
    let csv = FileWrite::StoreKeyCsv { file: file("key.csv"), replaces: None };
    home.change(&csv).unwrap();
    let profile = |name: &str| SecretSource::Profile(name.into());
    for (key, from, secret) in [
        ("AKIAOLD", profile("serverless"), "old"),
        ("AKIANEW", SecretSource::Csv(file("key.csv")), SECRET),
    ] {
        let reply = home.files.change(&read_secret(key, from), &StepOutput::default()).unwrap();
        assert!(!format!("{reply:?}").contains(secret), "{reply:?}");
        let Reply::Secret(read) = reply else { panic!("{reply:?}") };
        assert_eq!((read.id.as_str(), read.secret.expose_secret()), (key, secret));
    }
    for (key, from) in [
        ("AKIAOTHER", profile("serverless")),
        ("AKIADEFAULT", profile("default")),
        ("AKIAOLD", profile("missing")),
        ("AKIAOLD", SecretSource::Csv(file("key.csv"))),
        ("AKIAOLD", SecretSource::Csv(file("missing.csv"))),
    ] {
        let problem = home.change(&read_secret(key, from.clone())).unwrap_err();
        assert_eq!(problem.code, "NoSecret", "{key} in {from}");
        assert!(problem.message.contains("relayctl keys rotate"), "{problem:?}");
    }
}
