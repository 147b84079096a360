//! Resolves policy documents: reads them from a file or from the manifest, fills in variables,
//! validates them and puts them in canonical form.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::decode::{DocumentForm, ExpandedText};
use super::node::{self, Node};
use super::scope::{self, DecodeScope, Section, TextPosition};
use super::source::{self, SourceFile, Span};
use super::validation_cache::ValidationCache;
use crate::address::Address;
use crate::diagnostic::Place;
use crate::policy::{self, Usage};
use crate::value::{SharedValue, Value};

/// The sources of documents, by the resource that a document belongs to and the attribute that
/// holds it: `document`, `trust` or `policy`.
pub type Documents = BTreeMap<(Address, &'static str), DocumentSource>;

/// A valid document, ready to be sent to AWS.
#[derive(Clone, Debug)]
pub struct ResolvedDocument {
    /// The document in canonical form.
    pub value: SharedValue,
    /// The resources that its variables refer to.
    pub references: BTreeSet<Address>,
    pub source: DocumentSource,
}

/// A document as its author wrote it, with the place of each of its parts.
#[derive(Clone, Debug)]
pub struct DocumentSource {
    /// The document with its variables filled in, but not in canonical form, so that JSON pointers
    /// into it match the file.
    pub value: SharedValue,
    template: DocumentTemplate,
    /// Pointers with filled-in keys and the same pointers as written, where the two differ.
    renamed: Vec<(String, String)>,
}

/// The text that the places of a document's parts are looked up in.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    /// JSON text.
    Json(Arc<SourceFile>),
    Yaml(Node),
    /// A short form (`trust: {services: […]}`) from which relayctl made the document.
    Made,
}

/// The origin of a document, and its place in the manifest.
#[derive(Clone, Debug)]
struct DocumentTemplate {
    origin: Origin,
    /// The place in the manifest that names or holds the document.
    said: Span,
}

impl DocumentTemplate {
    /// Returns the place of a JSON pointer, or that of the nearest value around it.
    fn locate(&self, pointer: &str) -> Span {
        match &self.origin {
            Origin::Yaml(node) => node.locate(pointer),
            Origin::Made => self.said.clone(),
            Origin::Json(file) => {
                let mut pointer = pointer;
                loop {
                    let place = file.values().and_then(|values| values.locate(pointer));
                    if let Some((line, column, length)) = place {
                        return Span::new(file, line, column, length);
                    }
                    match pointer.rfind('/') {
                        Some(parent) => pointer = &pointer[..parent],
                        None => return Span::top(file),
                    }
                }
            }
        }
    }
}

impl DocumentSource {
    /// Returns the document's place in the manifest, for problems that concern all of it.
    pub(super) fn span(&self) -> &Span {
        &self.template.said
    }

    pub(super) fn origin(&self) -> &Origin {
        &self.template.origin
    }

    /// Returns the place of the key of a member.
    pub(super) fn locate_key(&self, pointer: &str) -> Span {
        let written = written(pointer, &self.renamed);
        match &self.template.origin {
            Origin::Json(file) => match file.values().and_then(|it| it.locate_key(&written)) {
                Some((line, column, length)) => Span::new(file, line, column, length),
                None => Span::top(file),
            },
            // The place of a map is that of its key.
            Origin::Yaml(_) | Origin::Made => self.template.locate(&written),
        }
    }

    /// Returns the place of a JSON pointer into [`Self::value`]; `None` if the pointer leads
    /// nowhere. A document that relayctl made from a short form (`trust: {services: […]}`) has the
    /// place of the short form.
    pub fn place(&self, pointer: &str) -> Option<Place> {
        self.value.pointer(pointer)?;
        Some(self.locate(pointer).place())
    }

    /// Returns the place of a statement by its number, from 1, in the document as written.
    pub fn statement(&self, number: usize) -> Option<Place> {
        self.place(&policy::statement_pointer(&self.value, number)?.to_string())
    }

    /// Returns the number of a statement in the document as written, given its number in canonical
    /// form, where statements are sorted. Of several equal statements, the first counts.
    pub fn written(&self, canonical: usize) -> Option<usize> {
        let sorted = policy::canonical(&self.value);
        let (_, wanted) = policy::statements(&sorted).nth(canonical.checked_sub(1)?)?;
        let same = |statement: &Value| policy::equivalent(&alone(statement), &alone(wanted));
        let found = policy::statements(&self.value).find(|(_, statement)| same(statement));
        found.map(|(pointer, _)| pointer.number())
    }

    /// Returns the place of a pointer, or that of the nearest value around it.
    pub(super) fn locate(&self, pointer: &str) -> Span {
        let spot = self.template.locate(&written(pointer, &self.renamed));
        match (&self.template.origin, self.value.pointer(pointer)) {
            // The short form has no pointers, but the texts in it are those of the document.
            (Origin::Made, Some(Value::String(text))) => spot.within(text),
            (Origin::Made | Origin::Json(_) | Origin::Yaml(_), _) => spot,
        }
    }
}

/// Returns a document of one statement.
fn alone(statement: &Value) -> Value {
    serde_json::json!({"Statement": [statement]})
}

/// Reads, fills in and checks a document. Returns `None` if it has a problem, which is then in the
/// scope.
pub fn resolve(
    form: &DocumentForm,
    usage: Usage,
    checked: &mut ValidationCache,
    scope: &mut DecodeScope<'_>,
) -> Option<ResolvedDocument> {
    let (value, template) = match form {
        DocumentForm::Inline(node) => (
            node.value(),
            DocumentTemplate { origin: Origin::Yaml(node.clone()), said: node.spot.clone() },
        ),
        DocumentForm::Path(path) => read(path, scope)?,
    };
    finish(value, template, usage, checked, scope)
}

/// Checks a document that was made from the short form at `said`.
pub fn build_document(
    value: Value,
    said: &Span,
    usage: Usage,
    checked: &mut ValidationCache,
    scope: &mut DecodeScope<'_>,
) -> Option<ResolvedDocument> {
    finish(
        value,
        DocumentTemplate { origin: Origin::Made, said: said.clone() },
        usage,
        checked,
        scope,
    )
}

fn read(path: &ExpandedText, scope: &mut DecodeScope<'_>) -> Option<(Value, DocumentTemplate)> {
    let relative = source::relative_to(&path.spot.file, &path.value);
    let file = match scope.files.read(&relative) {
        Ok(file) => file,
        Err(error) => {
            scope.error(error.code(), &path.spot, error.to_string(), error.help());
            return None;
        }
    };
    let said = path.spot.clone();
    scope.charge_document(&file.text, &said)?;
    let yaml =
        relative.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
    if yaml {
        let node = node::parse(&file, &mut scope.problems)?;
        return Some((node.value(), DocumentTemplate { origin: Origin::Yaml(node), said }));
    }
    match policy::parse(&file.text) {
        Ok(document) => {
            Some((document.into_value(), DocumentTemplate { origin: Origin::Json(file), said }))
        }
        Err(error) => {
            let spot = Span::new(&file, error.line, error.column, 1);
            scope.error("json-syntax", &spot, error.message, error.help);
            None
        }
    }
}

/// Fills in the variables of `value`, then checks it.
fn finish(
    value: Value,
    template: DocumentTemplate,
    usage: Usage,
    checked: &mut ValidationCache,
    scope: &mut DecodeScope<'_>,
) -> Option<ResolvedDocument> {
    let Filled { value, renamed, references } = filled(value, &template, scope)?;
    let source = DocumentSource { value: value.into(), template, renamed };
    if let Some(value) = checked.canonical(&source.value, usage) {
        return Some(ResolvedDocument { value, references, source });
    }
    let findings = checked.violations(&source.value, usage);
    for finding in &findings {
        scope.error(
            finding.code,
            &source.locate(&finding.pointer),
            finding.title(),
            finding.remedy(),
        );
    }
    if !findings.is_empty() {
        return None;
    }
    let canonical = policy::canonical(&source.value).into();
    checked.keep(&source.value, usage, &canonical);
    Some(ResolvedDocument { value: canonical, references, source })
}

/// A document with its variables filled in.
struct Filled {
    value: Value,
    renamed: Vec<(String, String)>,
    references: BTreeSet<Address>,
}

fn filled(
    value: Value,
    template: &DocumentTemplate,
    scope: &mut DecodeScope<'_>,
) -> Option<Filled> {
    if is_literal(&value) {
        return Some(Filled { value, renamed: Vec::new(), references: BTreeSet::new() });
    }
    let outer = scope.take_references();
    let mut filler = Filler {
        template,
        scope,
        written: Vec::new(),
        filled: Vec::new(),
        renamed: Vec::new(),
        complete: true,
    };
    let value = filler.fill(value);
    let (renamed, complete) = (filler.renamed, filler.complete);
    let references = std::mem::replace(&mut scope.references, outer);
    complete.then_some(Filled { value, renamed, references })
}

/// Returns true if no text and no key has anything to fill in.
fn is_literal(value: &Value) -> bool {
    match value {
        Value::String(text) => scope::is_literal(text),
        Value::Array(items) => items.iter().all(is_literal),
        Value::Object(fields) => {
            fields.iter().all(|(key, value)| scope::is_literal(key) && is_literal(value))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}

/// Turns a pointer into the filled-in document into a pointer into the written one: keys may hold
/// variables, too.
fn written(pointer: &str, renamed: &[(String, String)]) -> String {
    let longest = renamed
        .iter()
        .filter(|(filled, _)| pointer == filled || pointer.starts_with(&format!("{filled}/")));
    match longest.max_by_key(|(filled, _)| filled.len()) {
        Some((filled, original)) => format!("{original}{}", &pointer[filled.len()..]),
        None => pointer.to_owned(),
    }
}

struct Filler<'f, 's, 'a> {
    template: &'f DocumentTemplate,
    scope: &'s mut DecodeScope<'a>,
    /// The pointer, as written, to the value that is being filled in.
    written: Vec<String>,
    /// The same pointer with its keys filled in.
    filled: Vec<String>,
    /// Pointers with filled-in keys and the same pointers as written, where the two differ.
    renamed: Vec<(String, String)>,
    complete: bool,
}

impl Filler<'_, '_, '_> {
    fn fill(&mut self, value: Value) -> Value {
        match value {
            Value::String(text) => self.text(text).into(),
            Value::Array(items) => {
                let item = |(index, item): (usize, Value)| {
                    self.child(index.to_string(), index.to_string(), item)
                };
                items.into_iter().enumerate().map(item).collect()
            }
            Value::Object(fields) => {
                let mut filled = serde_json::Map::new();
                for (key, value) in fields {
                    let new = self.key(&key);
                    let value = self.child(escape(&key), escape(&new), value);
                    filled.insert(new, value);
                }
                filled.into()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value,
        }
    }

    fn child(&mut self, written: String, filled: String, value: Value) -> Value {
        self.written.push(written);
        self.filled.push(filled);
        let value = self.fill(value);
        self.written.pop();
        self.filled.pop();
        value
    }

    fn key(&mut self, key: &str) -> String {
        self.written.push(escape(key));
        let new = self.text(key.to_owned());
        self.written.pop();
        if new != key {
            let filled = format!("{}/{}", join(&self.filled), escape(&new));
            self.renamed.push((filled, format!("{}/{}", join(&self.written), escape(key))));
        }
        new
    }

    fn text(&mut self, text: String) -> String {
        let (template, pointer) = (self.template, &self.written);
        let at = || template.locate(&join(pointer));
        match self.scope.expand(&text, TextPosition::Document, &at) {
            // Most texts have nothing to fill in.
            Some(Cow::Borrowed(_)) => text,
            Some(Cow::Owned(filled)) => filled,
            None => {
                self.complete = false;
                String::new()
            }
        }
    }
}

fn join(segments: &[String]) -> String {
    segments.iter().flat_map(|segment| ["/", segment]).collect()
}

fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Returns the users, roles and OIDC providers of this manifest that a document names as
/// principals. AWS refuses a trust policy or a bucket policy that names a principal which doesn't
/// exist yet.
pub fn principals(document: &Value, scope: &mut DecodeScope<'_>) -> BTreeSet<Address> {
    let of = |statement: &Value| -> Vec<Value> {
        let principals =
            ["Principal", "NotPrincipal"].into_iter().filter_map(|it| statement.get(it));
        let named = |it: &Value| ["AWS", "Federated"].map(|kind| it.get(kind).map(listed));
        principals
            .flat_map(|it| named(it).into_iter().flatten().flatten().collect::<Vec<_>>())
            .collect()
    };
    let named: Vec<Value> =
        policy::statements(document).flat_map(|(_, statement)| of(statement)).collect();
    let address = |arn: &Value| match scope.by_arn(arn.as_str()?) {
        Some((section @ (Section::Users | Section::Roles | Section::OidcProviders), name)) => {
            Some(Address::new(section.kind(), name))
        }
        _ => None,
    };
    named.iter().filter_map(address).collect()
}

/// Returns all resources that a document names.
pub fn resources(document: &Value) -> Vec<String> {
    let of = |statement: &Value| -> Vec<Value> {
        ["Resource", "NotResource"]
            .iter()
            .filter_map(|name| statement.get(name).map(listed))
            .flatten()
            .collect()
    };
    let resources = policy::statements(document).flat_map(|(_, statement)| of(statement));
    resources.filter_map(|resource| resource.as_str().map(str::to_owned)).collect()
}

fn listed(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_else(|| vec![value.clone()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_lead_back_through_keys_that_were_filled_in() {
        let renamed = vec![
            ("/a/b~1x".to_owned(), "/a/${k}".to_owned()),
            ("/a".to_owned(), "/${a}".to_owned()),
        ];
        assert_eq!(written("/a/b~1x/0", &renamed), "/a/${k}/0");
        assert_eq!(written("/a/b", &renamed), "/${a}/b");
        assert_eq!(written("/ab", &renamed), "/ab");
    }
}
