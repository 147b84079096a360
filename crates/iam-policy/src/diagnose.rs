//! The problems of a document in a file, each with its place.

use std::path::Path;

use crate::Value;
use crate::diagnostic::{Diagnostic, SourceSpan};

use super::parse::SpanIndex;
use super::parse::SyntaxError;
use super::validation::{OF_KEYS, Violation, validate, validate_text};
use super::{Usage, parse};

/// Returns the problems for which AWS would refuse the document in `file`, sorted by place. The
/// size counted is that of the text as it is written.
pub fn diagnose(file: &Path, text: &str, usage: Usage) -> Vec<Diagnostic> {
    match parse(text) {
        Ok(document) => placed(file, text, validate_text(text, &document, usage)),
        Err(error) => {
            let aws = match usage {
                Usage::Trust | Usage::Bucket => "This policy contains invalid Json",
                Usage::Managed | Usage::UserInline | Usage::GroupInline | Usage::RoleInline => {
                    "Syntax errors in policy."
                }
                Usage::Limiting(_) => return vec![unparsed(file, &error)],
            };
            let broken = unparsed(file, &error);
            vec![Diagnostic { message: format!("{aws} ({})", broken.message), ..broken }]
        }
    }
}

/// Returns the same for a document that is already parsed. The size counted is that of the document
/// as relayctl sends it.
pub fn diagnose_parsed(file: &Path, text: &str, document: &Value, usage: Usage) -> Vec<Diagnostic> {
    placed(file, text, validate(document, usage))
}

fn placed(file: &Path, text: &str, violations: Vec<Violation>) -> Vec<Diagnostic> {
    let places = SpanIndex::of_text(text);
    let diagnostic = |violation: Violation| {
        let key = OF_KEYS.contains(&violation.code);
        let place = place(file, places.as_ref(), &violation.pointer, key);
        Diagnostic::error(violation.code, Some(place), violation.title()).help(violation.remedy())
    };
    let mut diagnostics: Vec<_> = violations.into_iter().map(diagnostic).collect();
    diagnostics.sort();
    diagnostics
}

/// Returns the diagnostic of a text that is no JSON object.
pub fn unparsed(file: &Path, error: &SyntaxError) -> Diagnostic {
    let place =
        SourceSpan { file: file.to_owned(), line: error.line, column: error.column, length: 1 };
    Diagnostic::error("json-syntax", Some(place), error.message.as_str()).help(error.help)
}

/// Returns the place of a JSON pointer, or of the nearest value around it.
fn place(file: &Path, places: Option<&SpanIndex>, pointer: &str, key: bool) -> SourceSpan {
    let mut pointer = pointer;
    loop {
        let found = |places: &SpanIndex| {
            if key { places.locate_key(pointer) } else { places.locate(pointer) }
        };
        if let Some((line, column, length)) = places.and_then(found) {
            return SourceSpan { file: file.to_owned(), line, column, length };
        }
        match pointer.rfind('/') {
            Some(parent) => pointer = &pointer[..parent],
            None => return SourceSpan { file: file.to_owned(), line: 1, column: 1, length: 1 },
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn problems_come_in_the_order_of_the_file() {
        let text = "{\"Version\": \"2012-10-17\",\n \"Statement\": {\"Effect\": \"Allow\",\n  \"Action\": \"x\", \"Resource\": \"y\", \"Sid\": \"a b\"}}";
        let found = diagnose(Path::new("p.json"), text, Usage::Managed);
        let places: Vec<_> = found
            .iter()
            .filter_map(|one| one.place.as_ref())
            .map(|at| (at.line, at.column))
            .collect();
        assert_eq!(places, [(3, 13), (3, 30), (3, 42)]);
        assert!(found.iter().all(|one| one.help.is_some()));
    }

    #[test]
    fn a_document_is_as_large_as_it_is_written() {
        let actions = vec!["s3:GetObject"; 450];
        let document = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": actions, "Resource": "*"}});
        let text = crate::pretty(&document);
        let found = diagnose(Path::new("p.json"), &text, Usage::Managed);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].message, "Cannot exceed quota for PolicySize: 6144");
        let help = "it has 6831 characters without white space, AWS's limit is 6144; as relayctl \
            sends it, it has 96";
        assert_eq!(found[0].help.as_deref(), Some(help));
        assert_eq!(diagnose_parsed(Path::new("p.json"), &text, &document, Usage::Managed), []);
    }

    #[test]
    fn text_that_is_no_json_has_its_place_too() {
        let found = diagnose(Path::new("p.json"), "{\n  \"Version\": }", Usage::Bucket);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].place.as_ref().map(|at| (at.line, at.column)), Some((2, 14)));
    }
}
