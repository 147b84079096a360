use serde_json::json;

use super::*;

fn section(name: &'static str) -> impl Fn(&str) -> bool {
    move |header| header == name
}

fn edited(text: &str, edit: impl FnOnce(&mut IniFile)) -> String {
    let mut document = IniFile::parse(text);
    edit(&mut document);
    document.text().to_string()
}

fn set(text: &str, name: &'static str, key: &str, value: &str) -> String {
    edited(text, |document| document.set(&section(name), name, key, value).unwrap())
}

const ODD: &str = "\u{feff}# mine\r\n\r\nstray = 1\n[a] ; first\r\n  Key:  one  # \
    why\n\t\n[b\nnonsense\n= x\n[ c ]\nk=v";

#[test]
fn what_is_not_edited_keeps_its_bytes() {
    assert_eq!(edited(ODD, |_| ()), ODD);
    assert_eq!(edited(ODD, |document| document.unset(&section("nobody"), "key")), ODD);
    assert_eq!(set(ODD, " c ", "k", "v"), ODD, "the value is that already");
}

#[test]
fn keys_are_found_in_any_case_and_headers_and_values_are_those_of_configparser() {
    let document = IniFile::parse(ODD);
    assert_eq!(document.value(&section("a"), "key").as_deref(), Some("one  # why"));
    assert!(document.has_more(&section("a"), "key"));
    assert_eq!(document.value(&section(" c "), "K").as_deref(), Some("v"));
    assert_eq!(document.value(&section("c"), "K"), None);
    assert_eq!(document.value(&section("a"), "stray"), None);
    let document = IniFile::parse("[a]\nurl = https://x/#top;y\nempty =\ncomment = # c\n");
    assert_eq!(document.value(&section("a"), "url").as_deref(), Some("https://x/#top;y"));
    assert!(!document.has_more(&section("a"), "url"));
    assert_eq!(document.value(&section("a"), "empty"), None);
    assert_eq!(document.value(&section("a"), "comment").as_deref(), Some("# c"));
    assert!(IniFile::parse("[a]\nk = v\n  w\n").has_more(&section("a"), "k"));
    assert!(IniFile::parse("[a] # [b]\nx = 1\n").has(&section("a] # [b")));
}

#[test]
fn a_change_touches_the_value_only_and_a_comment_behind_it_gets_its_own_line() {
    let changed = ODD.replace("  Key:  one  # why", "  # why\r\n  Key:  two");
    assert_eq!(set(ODD, "a", "key", "two"), changed);
    assert_eq!(set("[a]\nx = # c\n", "a", "x", "9"), "[a]\n# c\nx = 9\n");
    assert_eq!(set("[a]\nx=1\r\ny=2\n", "a", "x", "9"), "[a]\nx=9\r\ny=2\n");
    assert_eq!(set("[a]\nx =\n", "a", "x", "9"), "[a]\nx = 9\n");
}

#[test]
fn a_new_setting_goes_below_the_last_one_not_below_the_next_sections_comment() {
    assert_eq!(
        set("[a]\r\nx = 1\r\n\r\n# about b\r\n[b]\r\n", "a", "y", "2"),
        "[a]\r\nx = 1\r\ny = 2\r\n\r\n# about b\r\n[b]\r\n"
    );
    assert_eq!(set("[a]\n[b]\n", "a", "y", "2"), "[a]\ny = 2\n[b]\n");
    assert_eq!(set("[a]", "a", "y", "2"), "[a]\ny = 2\n");
    // A line that is indented less than the one above it is a setting of its own; one that is
    // indented more would be a part of that setting.
    assert_eq!(set("[a]\n  x = 1\n", "a", "y", "2"), "[a]\n  x = 1\n  y = 2\n");
    assert_eq!(
        set("[a]\ns3 =\n  x = 1\n  # c\n  z = 1\n\n", "a", "y", "2"),
        "[a]\ns3 =\n  x = 1\n  # c\n  z = 1\ny = 2\n\n"
    );
}

#[test]
fn a_new_section_goes_to_the_end_and_removing_it_restores_the_file() {
    for text in ["", "[a]\nx = 1\n", "[a]\nx = 1\n\n", "# only a comment\n", "[a]\r\n"] {
        let with = set(text, "new", "k", "v");
        assert!(with.starts_with(text) && with.contains("[new]"), "{with:?}");
        let without = edited(&with, |document| {
            document.unset(&section("new"), "k");
            document.drop_empty(&section("new"));
        });
        assert_eq!(without, text);
    }
    assert_eq!(set("[a]\nx = 1", "new", "k", "v"), "[a]\nx = 1\n\n[new]\nk = v\n");
}

#[test]
fn a_section_with_a_setting_or_a_comment_left_is_kept() {
    let drop = |text: &str| {
        edited(text, |document| {
            document.unset(&section("a"), "x");
            document.drop_empty(&section("a"));
        })
    };
    assert_eq!(drop("[a]\nx = 1\ny = 2\n"), "[a]\ny = 2\n");
    assert_eq!(drop("[a]\nx = 1\n# note\n"), "[a]\n# note\n");
    assert_eq!(drop("[o]\n\n[a]\nx = 1\n\n[b]\n"), "[o]\n\n[b]\n");
}

#[test]
fn of_a_section_that_is_there_twice_the_later_setting_counts_and_is_changed() {
    let text = "[a]\nx = 1\nk = old\n[b]\n[a]\nk = new\n";
    assert_eq!(IniFile::parse(text).value(&section("a"), "k").as_deref(), Some("new"));
    assert_eq!(set(text, "a", "k", "3"), "[a]\nx = 1\n[b]\n[a]\nk = 3\n");
    assert_eq!(
        edited(text, |document| document.unset(&section("a"), "k")),
        "[a]\nx = 1\n[b]\n[a]\n"
    );
}

#[test]
fn nested_settings_belong_to_the_setting_above_them() {
    let text = "[a]\nS3 =\n  region = x\n  # c\n  Max = 2\nregion = y\nlist =\n  one\n  two\n[b]\n";
    let document = IniFile::parse(text);
    assert_eq!(document.value(&section("a"), "region").as_deref(), Some("y"));
    assert_eq!(
        document.settings(&section("a")),
        [
            ("s3".to_owned(), json!({"region": "x", "max": "2"})),
            ("region".to_owned(), json!("y")),
            ("list".to_owned(), json!("\none\ntwo")),
        ]
    );
    assert_eq!(
        edited(text, |document| document.unset(&section("a"), "s3")),
        "[a]\n  # c\nregion = y\nlist =\n  one\n  two\n[b]\n"
    );
    assert_eq!(set(text, "a", "list", "z"), text.replace("list =\n  one\n  two", "list = z"));
}

#[test]
fn nothing_can_be_smuggled_in_through_a_name_or_a_value() {
    let mut document = IniFile::parse("[a]\n");
    for value in ["x\n[admin]", "x\ry", " x", "x ", "x # y", "x ; y"] {
        assert!(document.set(&section("a"), "a", "k", value).is_err(), "{value:?}");
    }
    for header in ["a]\n[b", "a\nb", "a]", " "] {
        assert!(document.set(&|_| false, header, "k", "v").is_err(), "{header:?}");
    }
    assert!(document.set(&section("a"), "a", "k = v\nother", "v").is_err());
    assert_eq!(document.text().as_str(), "[a]\n");
}

#[test]
fn a_refused_value_is_not_quoted() {
    let problem =
        IniFile::parse("").set(&|_| false, "a", "aws_secret_access_key", "hush\nhush").unwrap_err();
    assert!(!problem.message.contains("hush"), "{}", problem.message);
}

proptest::proptest! {
    #[test]
    fn in_any_file_without_a_fault_a_set_setting_reads_back_and_no_other_line_changes(
        lines in proptest::collection::vec(
            proptest::sample::select(vec![
                "", " ", "# c", "  ; c", "[a]", "[b]", "[a] # x", "k = v", "  k = v", "K=w # c", "k:", "k =", "\tx = y",
                "    deep = 1", "y = 1 ; c", "z:", "[ a ]", "junk",
            ]),
            0..8,
        ),
        ending in proptest::sample::select(vec!["\n", "\r\n"]),
        ended in proptest::bool::ANY,
    ) {
        let text = lines.join(ending) + if ended { ending } else { "" };
        let before = IniFile::parse(&text);
        proptest::prop_assert_eq!(before.text().to_string(), text.clone());
        if before.fault().is_some() {
            // Nothing is written to such a file.
            return Ok(());
        }
        let after = set(&text, "a", "k", "new/+value");
        let reread = IniFile::parse(&after);
        proptest::prop_assert_eq!(reread.value(&section("a"), "k"), Some("new/+value".to_owned()));
        proptest::prop_assert_eq!(set(&after, "a", "k", "new/+value"), after.clone(), "a second \
            time changes nothing");
        let others = |document: &IniFile| {
            let mut settings = document.settings(&section("a"));
            settings.retain(|(key, _)| key != "k");
            (settings, document.settings(&section("b")))
        };
        proptest::prop_assert_eq!(others(&reread), others(&before));
        let comments = |text: &str| text.lines().filter(|line| line.trim().starts_with(['#', ';'])).count();
        proptest::prop_assert!(comments(&after) >= comments(&text));
        proptest::prop_assert_eq!(reread.fault(), None);
    }
}
