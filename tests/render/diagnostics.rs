//! Diagnostics with the lines they speak of.

use std::collections::BTreeMap;
use std::path::PathBuf;

use insta::assert_snapshot;
use relayctl::diagnostic::{Diagnostic, Place};
use relayctl::render::diagnostic;

fn manifest() -> (Vec<Diagnostic>, BTreeMap<PathBuf, String>) {
    let text = "version: 1\nname: dev\nusers:\n  server\u{1b}less:\n    polices: [A]\n\tpath: x\n";
    let place =
        |line, column, length| Place { file: "manifests/dev.yaml".into(), line, column, length };
    let diagnostics = vec![
        Diagnostic::warning("retired-runtime", Some(place(6, 2, 4)), "python3.7 is retired"),
        Diagnostic::error("unknown-field", Some(place(5, 5, 7)), "unknown field `polices`")
            .help("did you mean `policies`?"),
        Diagnostic::error(
            "no-file",
            Some(Place { file: "gone.json".into(), line: 3, column: 2, length: 1 }),
            "cut off",
        ),
        Diagnostic::error("end", Some(place(2, 40, 3)), "behind the line's end"),
        Diagnostic::error(
            "account-mismatch",
            None,
            "the account is 1, the manifest says 2\u{1b}[2J",
        )
        .help("use another profile"),
    ];
    (diagnostics, [(PathBuf::from("manifests/dev.yaml"), text.to_owned())].into())
}

#[test]
fn diagnostics_show_the_lines_they_speak_of() {
    let (diagnostics, sources) = manifest();
    let text = diagnostic::list_diagnostics(&diagnostics, &sources, false);
    assert!(!text.contains('\u{1b}'));
    assert!(diagnostic::list_diagnostics(&diagnostics, &sources, true).contains("\u{1b}["));
    assert_eq!(diagnostic::list_diagnostics(&[], &sources, false), "");
    assert_snapshot!(text);
}
