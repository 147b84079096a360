//! The properties that hold for any bytes. The fuzz targets search for counterexamples, and
//! `tests/policy/corpus.rs` checks them for the seeds and for random documents.

use std::path::Path;

use iam_policy::compare::{Relation, Set, compare};
use iam_policy::statement::Policy;
use iam_policy::{
    Usage, Value, canonical, compact, diagnose, document_size, equivalent, limit, locate, parse,
    pretty, tidy, validate,
};

const USAGES: [Usage; 6] = [
    Usage::Managed,
    Usage::UserInline,
    Usage::GroupInline,
    Usage::RoleInline,
    Usage::Trust,
    Usage::Bucket,
];

/// The separator of the two documents of a comparison.
const SEPARATOR: &str = "\n---\n";

/// Checks one document: parses it, validates it, and converts it into its other forms and back.
pub fn document(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = locate(text, "/Statement/0/Action");
    for usage in USAGES {
        places_are_in_the_text(text, usage);
    }
    match parse(text) {
        Ok(document) => {
            findings_have_their_place(text, &document);
            forms_are_the_same_document(&document);
            what_is_valid_compiles(&document);
        }
        // The two JSON parsers that `parse` uses agree on what JSON is.
        Err(error) => assert_ne!(error.message, "this is no JSON", "{text}"),
    }
}

fn places_are_in_the_text(text: &str, usage: Usage) {
    let lines: Vec<_> = text.strip_prefix('\u{feff}').unwrap_or(text).split('\n').collect();
    for problem in diagnose(Path::new("x.json"), text, usage) {
        let place = problem.place.expect("every problem of a document has its place");
        assert!(place.line >= 1 && place.column >= 1 && place.length >= 1, "{place:?}");
        assert!(place.line <= lines.len(), "{place:?} in {text}");
        // The column may be one past the end, for a missing part.
        assert!(place.column <= lines[place.line - 1].chars().count() + 1, "{place:?} in {text}");
        assert!(problem.help.is_some());
    }
}

fn findings_have_their_place(text: &str, document: &Value) {
    for finding in USAGES.iter().flat_map(|usage| validate(document, *usage)) {
        assert!(document.pointer(&finding.pointer).is_some(), "{finding:?}");
        assert!(locate(text, &finding.pointer).is_some(), "{finding:?} in {text}");
    }
}

fn forms_are_the_same_document(document: &Value) {
    let sent = canonical(document);
    assert_eq!(canonical(&sent), sent);
    assert!(equivalent(document, &sent));
    assert_eq!(parse(&compact(&sent)).as_deref(), Ok(&sent));

    let printed = pretty(document);
    assert_eq!(parse(&printed).as_deref(), Ok(document), "{printed}");

    let tidied = tidy(document);
    assert_eq!(tidy(&tidied), tidied);
    assert!(equivalent(document, &tidied));
    assert_eq!(canonical(&tidied), sent);
}

/// Checks that a valid document compiles, and that one that compiles does so in every form.
fn what_is_valid_compiles(document: &Value) {
    let sent = canonical(document);
    let compiled = Policy::compile("x", document);
    assert!(compiled.is_err() || Policy::compile("x", &sent).is_ok(), "{document}");
    for usage in USAGES {
        let findings = validate(document, usage);
        assert!(document_size(&sent, usage) <= limit(usage) || !findings.is_empty());
        if findings.is_empty() {
            assert!(compiled.is_ok(), "{compiled:?} although nothing is wrong with {document}");
            assert_eq!(validate(&sent, usage), [], "{document}");
        }
    }
}

/// Checks two documents: the gains of one are the losses of the other, and spelling makes no
/// difference.
pub fn comparison(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Some((one, other)) = text.split_once(SEPARATOR) else { return };
    let (Ok(one), Ok(other)) = (parse(one), parse(other)) else { return };
    let Some(there) = relation(&one, &other) else { return };
    let back = relation(&other, &one);
    let mirrored = match there {
        Relation::Wider => Relation::Narrower,
        Relation::Narrower => Relation::Wider,
        same @ (Relation::Equal | Relation::Changed | Relation::Unknown) => same,
    };
    assert_eq!(back, Some(mirrored), "{one} and {other}");
    assert_eq!(relation(&one, &one), Some(Relation::Equal), "{one}");
    assert_eq!(relation(&canonical(&one), &tidy(&other)), Some(there), "{one} and {other}");
    if equivalent(&one, &other) {
        assert_eq!(there, Relation::Equal, "{one} and {other}");
    }
}

/// Returns the relation; `None` if one of the documents can't be understood.
fn relation(before: &Value, after: &Value) -> Option<Relation> {
    let (before, after) =
        ([Policy::compile("x", before).ok()?], [Policy::compile("x", after).ok()?]);
    Some(compare(&Set::of(&before), &Set::of(&after), None).relation())
}
