//! Files that the AWS CLI, boto3 and Zappa could not read afterwards, and what is no file at all:
//! refused at the read already, and left as they are.

use super::*;

fn read(home: &Home, profile: &str) -> Result<FileReply, Problem> {
    home.files.answer(&FileRead::Credentials { profile: profile.to_owned() })
}

fn settings(home: &Home, profile: &str) -> Result<FileReply, Problem> {
    home.files.answer(&FileRead::Profile { profile: profile.to_owned() })
}

fn source(home: &Home, profile: &str) -> Result<FileReply, Problem> {
    home.files.answer(&FileRead::CredentialSource { profile: profile.to_owned() })
}

#[test]
fn a_file_that_botocore_cannot_read_is_refused_and_left_as_it_is() {
    let home = home();
    for text in [
        "[x]\naws_access_key_id = AKIAX\n[x]\naws_secret_access_key = y\n",
        "[x]\naws_access_key_id = AKIAX\nAWS_access_key_id = AKIAY\n",
        "aws_access_key_id = AKIAX\n[default]\n",
        "\u{feff}[default]\n",
    ] {
        home.put(".aws/credentials", text);
        for problem in [
            read(&home, "serverless").unwrap_err(),
            source(&home, "serverless").unwrap_err(),
            home.change(&store(None, true)).unwrap_err(),
            home.change(&remove("AKIAX")).unwrap_err(),
        ] {
            assert_eq!(problem.code, "UnreadableFile", "{text}");
            let place = format!("{}: line ", home.path(".aws/credentials").display());
            assert!(problem.message.starts_with(&place), "{}", problem.message);
            assert!(!problem.message.contains("AKIA"), "{}", problem.message);
        }
        assert_eq!(home.text(".aws/credentials"), text);
    }
    home.put(".aws/config", "[profile a]\nregion = x\n[profile a]\n");
    let write = set_profile("b", json!({"region": "r"}));
    for problem in [settings(&home, "b").unwrap_err(), home.change(&write).unwrap_err()] {
        assert_eq!(problem.code, "UnreadableFile");
        assert!(problem.message.ends_with("; join the two sections"), "{}", problem.message);
    }
}

#[test]
fn a_header_that_means_this_profile_to_some_tools_only_is_refused() {
    let home = home();
    for header in ["[ relay ]", "[relay ]", "[\trelay]"] {
        home.put(".aws/credentials", &format!("{header}\nregion = x\n"));
        let problem = read(&home, "relay").unwrap_err();
        assert_eq!(problem.code, "AmbiguousProfile", "{header}");
        assert!(problem.message.ends_with("write [relay]"), "{}", problem.message);
        assert_eq!(read(&home, "other").unwrap_err().code, "NoSuchProfile");
    }
    for header in ["[ profile relay]", "[ profile relay ]", "[ profile 'relay']"] {
        home.put(".aws/config", &format!("{header}\ns3 =\n  max = 1\n"));
        assert_eq!(settings(&home, "relay").unwrap_err().code, "AmbiguousProfile", "{header}");
    }
    for header in ["[profile  relay]", "[profile relay ]", "[profile \"relay\"]"] {
        home.put(".aws/config", &format!("{header}\nregion = x\n"));
        assert!(settings(&home, "relay").is_ok(), "{header}");
    }
    for two in [
        "[profile relay]\n[profile 'relay']\n",
        "[profile default]\nregion = a\n[default]\nregion = b\n",
    ] {
        home.put(".aws/config", two);
        let profile = if two.contains("default") { "default" } else { "relay" };
        assert_eq!(settings(&home, profile).unwrap_err().code, "AmbiguousProfile", "{two}");
    }
}

#[test]
fn a_comment_that_botocore_reads_as_a_part_of_the_key_is_refused() {
    let home = home();
    home.put(
        ".aws/credentials",
        "[a]\naws_access_key_id = AKIAX # mine\n[b]\naws_access_key_id = \
            AKIAX\naws_secret_access_key = hush ; old\n[d]\naws_access_key_id = AKIAX\n  \
            more\n[c]\naws_access_key_id = AKIAX\n",
    );
    for profile in ["a", "b", "d"] {
        let problem = read(&home, profile).unwrap_err();
        assert_eq!(problem.code, "KeyHasMore");
        assert!(!problem.message.contains("hush"), "{}", problem.message);
    }
    assert_eq!(read(&home, "c"), Ok(FileReply::KeyId(Some("AKIAX".to_owned()))));
}

#[test]
fn what_is_used_before_a_key_is_found_in_both_files() {
    let home = home();
    assert_eq!(source(&home, "relay").unwrap_err().kind, FailureKind::NotFound);
    home.put(".aws/config", "[profile relay]\nregion = x\ncredential_process = y\n");
    home.put(".aws/credentials", "[relay]\nrole_arn = arn:aws:iam::123456789012:role/A\n");
    let place = home.path(".aws/credentials").display().to_string();
    let found = json!({
        "file": place,
        "line": 2,
        "value": "arn:aws:iam::123456789012:role/A",
    });
    let expected = FileReply::Settings(vec![("role_arn".to_owned(), found)]);
    assert_eq!(source(&home, "relay"), Ok(expected.clone()));
    let cached = ProfileCache::default();
    let read = FileRead::CredentialSource { profile: "relay".to_owned() };
    assert_eq!(cached.answer(&home.files, &read), Ok(expected));
}

#[cfg(unix)]
#[test]
fn a_device_a_pipe_and_a_folder_are_refused_and_stay_what_they_are() {
    use std::os::unix::fs::FileTypeExt;
    let mut home = home();
    let pipe = home.path("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    home.files.credentials = pipe.clone();
    fs::create_dir_all(home.path(".aws/config")).unwrap();
    let writable = |file| home.files.answer(&FileRead::Writable { file }).map(drop);
    for (problem, what) in [
        (home.key_id().unwrap_err(), "a pipe"),
        (home.change(&store(None, true)).unwrap_err(), "a pipe"),
        (writable(LocalFile::Credentials).unwrap_err(), "a pipe"),
        (settings(&home, "x").unwrap_err(), "a folder"),
    ] {
        assert_eq!(problem.code, "NotARegularFile");
        assert!(problem.message.contains(what), "{}", problem.message);
    }
    let replaced = disk::replace(&pipe, b"x", &disk::FileMode::Private);
    assert!(replaced.unwrap_err().to_string().contains("a pipe"));
    assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
    let null = Path::new("/dev/null").metadata().unwrap();
    assert_eq!(crate::allowed_files::irregular(&null), Some("a device"));
}

#[test]
fn whether_a_file_can_be_written_is_known_before_and_leaves_nothing_behind() {
    let home = home();
    let writable = |path: &str| home.files.answer(&FileRead::Writable { file: file(path) });
    assert_eq!(writable("new/folder/key.csv"), Ok(FileReply::Writable));
    assert_eq!(fs::read_dir(home.path("project")).unwrap().count(), 0);
    home.put("project/taken", "a file");
    home.put("project/k.csv", "old");
    assert_eq!(writable("k.csv"), Ok(FileReply::Writable));
    assert_eq!(home.text("project/k.csv"), "old");
}
