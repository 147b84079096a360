//! What AWS would refuse, in its own words where it has them, at the element that is to blame.
//!
//! Refusing too little costs a failed call; refusing too much costs the user a valid policy. Where AWS's rule isn't
//! documented, nothing is said.

mod action;
mod condition;
mod principal;
mod resource;
mod statement;

use crate::value::Value;

use super::canonical::canonical;
use super::document::{ELEMENTS, STATEMENT_ELEMENTS, member, one_or_many};
use super::{Finding, Usage, limit, size};

/// What AWS would refuse.
pub fn validate(document: &Value, usage: Usage) -> Vec<Finding> {
    let mut report = Report { usage, findings: Vec::new() };
    report.document(document);
    report.findings
}

struct Report {
    usage: Usage,
    findings: Vec<Finding>,
}

/// IAM says no more than its first sentence; what exactly is wrong follows it.
const SYNTAX: &str = "Syntax errors in policy.";

impl Report {
    fn add(&mut self, pointer: &str, code: &'static str, message: impl Into<String>, help: Option<String>) {
        self.findings.push(Finding { pointer: pointer.to_owned(), code, message: message.into(), help });
    }

    fn syntax(&mut self, pointer: &str, detail: &str) {
        self.add(pointer, "policy-syntax", format!("{SYNTAX} {detail}"), None);
    }

    fn document(&mut self, document: &Value) {
        let Some(elements) = document.as_object() else {
            return self.syntax("", "A policy document is a JSON object.");
        };
        for name in elements.keys().filter(|name| !ELEMENTS.contains(&name.as_str())) {
            let help = if STATEMENT_ELEMENTS.contains(&name.as_str()) {
                Some(format!("`{name}` belongs into a statement"))
            } else {
                did_you_mean(name, ELEMENTS)
            };
            self.unknown(&member("", name), "a policy document", name, help);
        }
        self.version(elements.get("Version"));
        if elements.get("Id").is_some_and(|id| !id.is_string()) {
            self.syntax("/Id", "Id is a text.");
        }
        match elements.get("Statement") {
            None => self.syntax("", "The document has no Statement."),
            Some(Value::Array(list)) if list.is_empty() => {
                self.syntax("/Statement", "The list of statements is empty.");
            }
            Some(statements) => self.statements(&one_or_many(statements, "/Statement")),
        }
        self.characters(document);
        self.size(document);
    }

    fn unknown(&mut self, pointer: &str, of: &str, name: &str, help: Option<String>) {
        self.add(pointer, "policy-unknown-element", format!("{SYNTAX} `{name}` is no element of {of}."), help);
    }

    /// A missing version is 2008-10-17, which IAM still takes in trust policies and S3 in bucket policies.
    fn version(&mut self, version: Option<&Value>) {
        let message = match version.map(Value::as_str) {
            Some(Some("2012-10-17")) => return,
            None | Some(Some("2008-10-17")) if !self.usage.is_identity() => return,
            None | Some(Some("2008-10-17")) => "Policy document must be version 2012-10-17 or greater.".to_owned(),
            Some(_) => format!("{SYNTAX} Version is one of AWS's two: 2012-10-17 or 2008-10-17."),
        };
        let pointer = if version.is_some() { "/Version" } else { "" };
        self.add(pointer, "policy-version", message, Some("write \"Version\": \"2012-10-17\"".to_owned()));
    }

    /// IAM's documents hold characters up to U+00FF only.
    fn characters(&mut self, document: &Value) {
        if self.usage == Usage::Bucket {
            return;
        }
        let mut open = vec![(String::new(), document)];
        let mut found = Vec::new();
        while let Some((pointer, value)) = open.pop() {
            match value {
                Value::String(text) => found.extend(beyond_latin(text).map(|c| (pointer, c))),
                Value::Array(_) => open.extend(one_or_many(value, &pointer)),
                Value::Object(members) => {
                    for (key, value) in members {
                        let pointer = member(&pointer, key);
                        found.extend(beyond_latin(key).map(|c| (pointer.clone(), c)));
                        open.push((pointer, value));
                    }
                }
                _ => {}
            }
        }
        found.sort();
        for (pointer, character) in found {
            let message =
                "The specified value for policyDocument is invalid. It must contain only printable ASCII characters.";
            self.add(&pointer, "policy-characters", message, Some(format!("`{character}` is not one")));
        }
    }

    fn size(&mut self, document: &Value) {
        let (limit, size) = (limit(self.usage), size(&canonical(document), self.usage));
        if size <= limit {
            return;
        }
        let message = match self.usage {
            Usage::Managed => format!("Cannot exceed quota for PolicySize: {limit}"),
            Usage::UserInline => format!("Maximum policy size of {limit} bytes exceeded for user"),
            Usage::RoleInline => format!("Maximum policy size of {limit} bytes exceeded for role"),
            Usage::Trust => format!("Cannot exceed quota for ACLSizePerRole: {limit}"),
            Usage::Bucket => "Policy exceeds the maximum allowed document size.".to_owned(),
        };
        let unit = if self.usage == Usage::Bucket { "bytes" } else { "characters without white space" };
        self.add("", "policy-size", message, Some(format!("it has {size} {unit}, AWS's limit is {limit}")));
    }
}

fn beyond_latin(text: &str) -> Option<char> {
    text.chars().find(|c| *c > '\u{ff}')
}

/// The nearest name, if it is near enough to be a slip.
fn did_you_mean(name: &str, known: &[&str]) -> Option<String> {
    let near = |candidate: &&str| strsim::jaro_winkler(&candidate.to_lowercase(), &name.to_lowercase());
    let best = known.iter().max_by(|a, b| near(a).total_cmp(&near(b)))?;
    (near(best) > 0.8).then(|| format!("did you mean `{best}`?"))
}

#[cfg(test)]
mod tests;
