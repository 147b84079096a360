//! Policy documents: from a file or inline, filled in, checked, in canonical form.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::decode::{DocumentSource, Text};
use super::node::{self, Node};
use super::scope::{Mode, Scope, Section};
use super::source::{self, File, Spot};
use crate::address::Address;
use crate::policy::{self, Usage};
use crate::value::Value;

/// A document that is fit to be sent.
#[derive(Clone, Debug)]
pub struct Document {
    /// In canonical form.
    pub value: Value,
    /// What its variables refer to.
    pub references: BTreeSet<Address>,
    /// Where it is said, for what concerns all of it.
    pub spot: Spot,
}

/// Where the parts of a document stand.
enum Origin {
    /// JSON text.
    Json(Arc<File>),
    Yaml(Node),
    /// Made by relayctl from something shorter.
    Made,
}

/// A document as it is read, before its variables are filled in.
struct Template {
    value: Value,
    origin: Origin,
    /// Where the manifest says it.
    said: Spot,
}

impl Template {
    /// Where a JSON pointer stands, or the nearest thing around it.
    fn locate(&self, pointer: &str) -> Spot {
        match &self.origin {
            Origin::Yaml(node) => node.locate(pointer),
            Origin::Made => self.said.clone(),
            Origin::Json(file) => {
                let mut pointer = pointer;
                loop {
                    if let Some((line, column, length)) = policy::locate(&file.text, pointer) {
                        return Spot { file: Arc::clone(file), line, column, length };
                    }
                    match pointer.rfind('/') {
                        Some(parent) => pointer = &pointer[..parent],
                        None => return Spot::top(file),
                    }
                }
            }
        }
    }
}

/// Reads, fills in and checks a document. `None` when it has a problem, which is then in the scope.
pub fn resolve(source: &DocumentSource, usage: Usage, scope: &mut Scope<'_>) -> Option<Document> {
    let template = match source {
        DocumentSource::Inline(node) => {
            Template { value: node.value(), origin: Origin::Yaml(node.clone()), said: node.spot.clone() }
        }
        DocumentSource::Path(path) => read(path, scope)?,
    };
    finish(&template, usage, scope)
}

/// Checks a document that was made from something shorter, said at `said`.
pub fn made(value: Value, said: &Spot, usage: Usage, scope: &mut Scope<'_>) -> Option<Document> {
    finish(&Template { value, origin: Origin::Made, said: said.clone() }, usage, scope)
}

fn read(path: &Text, scope: &mut Scope<'_>) -> Option<Template> {
    let relative = source::relative_to(&path.spot.file, &path.value);
    let file = match scope.files.read(&relative) {
        Ok(file) => file,
        Err(error) => {
            scope.error(error.code(), &path.spot, error.to_string(), error.help());
            return None;
        }
    };
    let said = path.spot.clone();
    let yaml = relative.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
    if yaml {
        let node = node::parse(&file, &mut scope.problems)?;
        return Some(Template { value: node.value(), origin: Origin::Yaml(node), said });
    }
    match policy::parse(&file.text) {
        Ok(value) => Some(Template { value, origin: Origin::Json(file), said }),
        Err(error) => {
            let spot = Spot { file, line: error.line, column: error.column, length: 1 };
            scope.error(
                "json-syntax",
                &spot,
                format!("this is not valid JSON: {}", error.message),
                "see json.org for the syntax; JSON has no comments and no comma after the last item",
            );
            None
        }
    }
}

fn finish(template: &Template, usage: Usage, scope: &mut Scope<'_>) -> Option<Document> {
    let outer = scope.take_references();
    let mut filler =
        Filler { template, scope, written: Vec::new(), filled: Vec::new(), renamed: Vec::new(), complete: true };
    let value = filler.fill(&template.value);
    let (renamed, complete) = (filler.renamed, filler.complete);
    let references = std::mem::replace(&mut scope.references, outer);
    if !complete {
        return None;
    }
    let findings = policy::validate(&value, usage);
    for finding in &findings {
        let spot = template.locate(&written(&finding.pointer, &renamed));
        scope.error(finding.code, &spot, finding.message.as_str(), finding.remedy());
    }
    if !findings.is_empty() {
        return None;
    }
    let value = policy::canonical(&value);
    Some(Document { value, references, spot: template.said.clone() })
}

/// A pointer into the filled-in document as a pointer into what was written: keys may hold variables too.
fn written(pointer: &str, renamed: &[(String, String)]) -> String {
    let longest = renamed.iter().filter(|(filled, _)| pointer == filled || pointer.starts_with(&format!("{filled}/")));
    match longest.max_by_key(|(filled, _)| filled.len()) {
        Some((filled, original)) => format!("{original}{}", &pointer[filled.len()..]),
        None => pointer.to_owned(),
    }
}

struct Filler<'f, 's, 'a> {
    template: &'f Template,
    scope: &'s mut Scope<'a>,
    /// The pointer to what is being filled in, as written.
    written: Vec<String>,
    /// The same with its keys filled in.
    filled: Vec<String>,
    /// Pointers with the keys filled in, and as written, where they differ.
    renamed: Vec<(String, String)>,
    complete: bool,
}

impl Filler<'_, '_, '_> {
    fn fill(&mut self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.text(text).into(),
            Value::Array(items) => {
                let item = |(index, item): (usize, &Value)| self.child(index.to_string(), index.to_string(), item);
                items.iter().enumerate().map(item).collect()
            }
            Value::Object(fields) => {
                let mut filled = serde_json::Map::new();
                for (key, value) in fields {
                    let new = self.key(key);
                    let value = self.child(escape(key), escape(&new), value);
                    filled.insert(new, value);
                }
                filled.into()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }

    fn child(&mut self, written: String, filled: String, value: &Value) -> Value {
        self.written.push(written);
        self.filled.push(filled);
        let value = self.fill(value);
        self.written.pop();
        self.filled.pop();
        value
    }

    fn key(&mut self, key: &str) -> String {
        self.written.push(escape(key));
        let new = self.text(key);
        self.written.pop();
        if new != key {
            let filled = format!("{}/{}", join(&self.filled), escape(&new));
            self.renamed.push((filled, format!("{}/{}", join(&self.written), escape(key))));
        }
        new
    }

    fn text(&mut self, text: &str) -> String {
        let (template, pointer) = (self.template, &self.written);
        let at = || template.locate(&join(pointer));
        let filled = self.scope.expand(text, Mode::Document, &at);
        self.complete &= filled.is_some();
        filled.map(std::borrow::Cow::into_owned).unwrap_or_default()
    }
}

fn join(segments: &[String]) -> String {
    segments.iter().flat_map(|segment| ["/", segment]).collect()
}

fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The users and roles of this manifest that a document names by ARN. AWS refuses a trust policy or a bucket policy
/// that names a principal which doesn't exist yet.
pub fn principals(document: &Value, scope: &mut Scope<'_>) -> BTreeSet<Address> {
    let statements = document.get("Statement").map(listed).unwrap_or_default();
    let of = |statement: &Value| {
        ["Principal", "NotPrincipal"]
            .iter()
            .filter_map(|name| statement.get(name)?.get("AWS").map(listed))
            .flatten()
            .collect()
    };
    let named: Vec<Value> = statements.iter().flat_map(|statement| -> Vec<Value> { of(statement) }).collect();
    let address = |arn: &Value| match scope.by_arn(arn.as_str()?) {
        Some((section @ (Section::Users | Section::Roles), name)) => Some(Address::new(section.kind(), name)),
        _ => None,
    };
    named.iter().filter_map(address).collect()
}

/// All resources that a document speaks of.
pub fn resources(document: &Value) -> Vec<String> {
    let statements = document.get("Statement").map(listed).unwrap_or_default();
    let of = |statement: &Value| -> Vec<Value> {
        ["Resource", "NotResource"].iter().filter_map(|name| statement.get(name).map(listed)).flatten().collect()
    };
    statements.iter().flat_map(of).filter_map(|resource| resource.as_str().map(str::to_owned)).collect()
}

fn listed(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items.clone(),
        single => vec![single.clone()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_lead_back_through_keys_that_were_filled_in() {
        let renamed = vec![("/a/b~1x".to_owned(), "/a/${k}".to_owned()), ("/a".to_owned(), "/${a}".to_owned())];
        assert_eq!(written("/a/b~1x/0", &renamed), "/a/${k}/0");
        assert_eq!(written("/a/b", &renamed), "/${a}/b");
        assert_eq!(written("/ab", &renamed), "/ab");
    }
}
