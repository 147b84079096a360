//! Fills the variables of a manifest into documents that it doesn't name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::defaults;
use super::extends;
use super::scope::{DecodeScope, TextPosition};
use super::source::{SourceFile, SourceFiles, Span};
use super::template::{self, TemplatePart};
use super::{Inputs, Value};
use crate::allowed_files::AllowedFiles;
use crate::diagnostic::Diagnostic;

/// The texts of documents with variables filled in, and the problems in them.
pub struct FilledTexts {
    /// The texts in the order of the documents; of a document with problems, its text as it was.
    pub texts: Vec<String>,
    pub diagnostics: Vec<Diagnostic>,
    /// The text of the manifest and of the documents, for the snippets of diagnostics.
    pub sources: BTreeMap<PathBuf, Arc<str>>,
}

/// Fills in the variables and placeholders of documents, each a name and a JSON text, as if the
/// manifest at `path` named them. IAM's own policy variables stay.
pub fn fill_texts(
    path: &Path,
    inputs: &Inputs<'_>,
    documents: &[(PathBuf, String)],
) -> FilledTexts {
    let allowed = AllowedFiles::of_manifest(path, &inputs.files);
    let mut files = SourceFiles::new(path.parent().unwrap_or(Path::new("")), allowed);
    let mut diagnostics = Vec::new();
    let name = path.file_name().map_or(Path::new("."), Path::new);
    let root = extends::read(name, &mut files, &mut diagnostics).map(defaults::apply);
    let (texts, mut sources) = match &root {
        None => (Vec::new(), files.texts()),
        Some(root) => {
            let mut scope = DecodeScope::new(inputs, root, files);
            let texts = documents.iter().map(|(name, text)| fill_text(name, text, &mut scope));
            let texts = texts.collect();
            diagnostics.append(&mut scope.problems);
            (texts, scope.files.texts())
        }
    };
    sources.extend(documents.iter().map(|(name, text)| (name.clone(), text.as_str().into())));
    diagnostics.sort();
    diagnostics.dedup();
    FilledTexts { texts, diagnostics, sources }
}

/// Fills in the account, where nothing else is known: `${account}` and `<ACCOUNT_ID>`.
pub fn fill_account(text: &str, account: &str) -> String {
    let part = |part: TemplatePart<'_>| match part {
        TemplatePart::Variable { body: "account", .. }
        | TemplatePart::Placeholder("<ACCOUNT_ID>") => account.to_owned(),
        TemplatePart::Literal(whole)
        | TemplatePart::Variable { whole, .. }
        | TemplatePart::Placeholder(whole)
        | TemplatePart::Unclosed(whole) => whole.to_owned(),
    };
    template::parts(text).into_iter().map(part).collect()
}

fn fill_text(name: &Path, text: &str, scope: &mut DecodeScope<'_>) -> String {
    let file = Arc::new(SourceFile::new(name.to_owned(), name.to_owned(), text));
    if scope.charge_document(text, &Span::top(&file)).is_none() {
        return text.to_owned();
    }
    let (mut filled, mut at) = (String::with_capacity(text.len()), 0);
    for part in template::parts(text) {
        let (TemplatePart::Literal(whole)
        | TemplatePart::Variable { whole, .. }
        | TemplatePart::Placeholder(whole)
        | TemplatePart::Unclosed(whole)) = part;
        if matches!(part, TemplatePart::Literal(_)) {
            filled.push_str(whole);
        } else {
            let spot = || place_of(&file, at);
            match scope.expand(whole, TextPosition::Document, &spot) {
                Some(value) if value != whole => filled.push_str(&inside_quotes(&value)),
                Some(_) | None => filled.push_str(whole),
            }
        }
        at += whole.len();
    }
    filled
}

/// Returns the place of a byte of the text.
fn place_of(file: &Arc<SourceFile>, at: usize) -> Span {
    let before = &file.text[..at];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Span::new(file, line, column, 1)
}

/// Returns a value as it stands between the quotes of a JSON text.
fn inside_quotes(value: &str) -> String {
    let quoted = Value::from(value).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const MANIFEST: &str = "name: relay\naccount: \"123456789012\"\nregion: eu-west-1\nvariables:\n  stage: d\"v\nbuckets:\n  photos-${account}: {}\n";

    fn filled(texts: &[&str]) -> FilledTexts {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dev.yaml");
        fs::write(&path, MANIFEST).unwrap();
        let named = |(number, text): (usize, &&str)| {
            (PathBuf::from(format!("{number}.json")), (*text).to_owned())
        };
        let documents: Vec<_> = texts.iter().enumerate().map(named).collect();
        fill_texts(&path, &Inputs::default(), &documents)
    }

    #[test]
    fn variables_and_placeholders_are_filled_in_and_iams_own_stay() {
        let found = filled(&[
            r#"["${account}:<ACCOUNT_ID>:<REGION>:${partition}", "${var.stage}"]"#,
            r#"["${aws:username}", "${*}", "a < b"]"#,
            r#"["${buckets.photos-${account}.arn}"]"#,
        ]);
        assert_eq!(found.diagnostics, []);
        assert_eq!(
            found.texts,
            [
                r#"["123456789012:123456789012:eu-west-1:aws", "d\"v"]"#,
                r#"["${aws:username}", "${*}", "a < b"]"#,
                r#"["arn:aws:s3:::photos-123456789012"]"#,
            ]
        );
    }

    #[test]
    fn what_cannot_be_filled_in_is_an_error_with_its_place() {
        let found = filled(&["[\n  \"${var.stagge}\", \"<BUCKET>\"]"]);
        let places: Vec<_> = found
            .diagnostics
            .iter()
            .map(|it| {
                let place = it.place.as_ref().unwrap();
                (it.code, place.line, place.column)
            })
            .collect();
        assert_eq!(places, [("unknown-variable", 2, 4), ("unfilled-placeholder", 2, 21)]);
    }

    #[test]
    fn with_an_account_alone_the_rest_stays() {
        let text = "${account} <ACCOUNT_ID> ${region} <REGION> ${aws:username}";
        assert_eq!(
            fill_account(text, "123456789012"),
            "123456789012 123456789012 ${region} <REGION> ${aws:username}"
        );
    }
}
