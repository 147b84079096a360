//! A manifest's scope: texts are expanded in it, and what they refer to and what is wrong with them
//! is gathered.

mod declared;
mod section;
mod symbols;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

pub use self::section::Section;

use self::declared::Index;
use super::Inputs;
use super::node::Node;
use super::source::{SourceFiles, Span};
use super::template::{self, TemplatePart};
use crate::address::Address;
use crate::diagnostic::Diagnostic;

/// Where a text stands decides what may stand in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextPosition {
    Plain,
    /// A name or a path, which the ARNs of this manifest are made of, and so cannot be made of
    /// them.
    Name,
    /// Inside a policy document: IAM's own variables pass, and published placeholders are filled
    /// in.
    Document,
}

#[derive(Clone, Debug, Default)]
struct Expanded {
    text: String,
    references: BTreeSet<Address>,
}

/// Everything that decoding needs besides the nodes, and what it gathers on the way.
pub struct DecodeScope<'a> {
    inputs: &'a Inputs<'a>,
    root: &'a Node,
    pub files: SourceFiles,
    pub problems: Vec<Diagnostic>,
    /// What the texts that were expanded since somebody last took this refer to.
    pub references: BTreeSet<Address>,
    /// By symbol (`region`, `var.x`, `env.X`); `None` where it failed, which has been told.
    values: BTreeMap<String, Option<Expanded>>,
    evaluating: Vec<String>,
    index: Index,
}

/// Whether nothing in a text is to be filled in.
pub fn is_literal(text: &str) -> bool {
    !text.contains("${") && !text.contains('<')
}

impl<'a> DecodeScope<'a> {
    pub fn new(inputs: &'a Inputs<'a>, root: &'a Node, files: SourceFiles) -> Self {
        Self {
            inputs,
            root,
            files,
            problems: Vec::new(),
            references: BTreeSet::new(),
            values: BTreeMap::new(),
            evaluating: Vec::new(),
            index: Index::default(),
        }
    }

    pub fn error(
        &mut self,
        code: &'static str,
        spot: &Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.problems.push(Diagnostic::error(code, Some(spot.place()), message).help(help));
    }

    pub fn warning(
        &mut self,
        code: &'static str,
        spot: &Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.problems.push(Diagnostic::warning(code, Some(spot.place()), message).help(help));
    }

    /// A header field or variable; empty where it isn't known, which is reported elsewhere.
    pub fn value(&mut self, symbol: &str) -> String {
        let spot = self.root.spot.clone();
        self.evaluate(symbol, &|| spot.clone()).unwrap_or_default()
    }

    /// Reads a variable for what may be wrong with it.
    pub fn check_variable(&mut self, name: &str, spot: &Span) {
        self.evaluate(&format!("var.{name}"), &|| spot.clone());
    }

    pub fn region_from_outside(&self) -> bool {
        self.inputs.region.is_some()
    }

    /// The names of `--var`.
    pub fn given_variables(&self) -> Vec<String> {
        self.inputs.variables.keys().cloned().collect()
    }

    pub fn has_field(&self, name: &str) -> bool {
        self.root.field(name).is_some()
    }

    /// The beginning of the manifest, for what is missing in it.
    pub fn top(&self) -> Span {
        Span::top(&self.root.spot.file)
    }

    /// The symbols that were used and what they came to, for the digest.
    pub fn used(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.as_ref()?.text.as_str())))
    }

    pub fn variable_names(&self) -> Vec<&'a str> {
        let variables = self.root.field("variables").map(Node::entries).unwrap_or_default();
        variables.iter().map(|entry| &*entry.key).collect()
    }

    /// Takes what was referred to since the last time.
    pub fn take_references(&mut self) -> BTreeSet<Address> {
        std::mem::take(&mut self.references)
    }

    /// Fills in a text. `None` when something in it is wrong, which is then in `problems`; `at` is
    /// asked only then.
    pub fn expand<'t>(
        &mut self,
        text: &'t str,
        mode: TextPosition,
        at: &dyn Fn() -> Span,
    ) -> Option<Cow<'t, str>> {
        if is_literal(text) {
            return Some(Cow::Borrowed(text));
        }
        let mut result = Some(String::with_capacity(text.len()));
        for part in template::parts(text) {
            let filled = self.part(part, mode, at);
            // All parts are looked at, so that all that is wrong is told.
            result = result.zip(filled).map(|(text, part)| text + &part);
        }
        result.map(Cow::Owned)
    }

    fn part(
        &mut self,
        part: TemplatePart<'_>,
        mode: TextPosition,
        at: &dyn Fn() -> Span,
    ) -> Option<String> {
        match part {
            TemplatePart::Literal(text) => Some(text.to_owned()),
            TemplatePart::Variable { whole, body } => self.substitute(whole, body, mode, at),
            TemplatePart::Placeholder(whole) => match (mode, whole) {
                (TextPosition::Document, "<ACCOUNT_ID>") => self.evaluate("account", at),
                (TextPosition::Document, "<REGION>") => self.evaluate("region", at),
                _ => {
                    let help = match whole {
                        "<ACCOUNT_ID>" => {
                            "write ${account}: <ACCOUNT_ID> is filled in only inside policy \
                                documents"
                        }
                        "<REGION>" => {
                            "write ${region}: <REGION> is filled in only inside policy documents"
                        }
                        _ => {
                            "write the value in its place, or a variable such as ${var.x}; only \
                                <ACCOUNT_ID> and <REGION> are known"
                        }
                    };
                    self.error(
                        "unfilled-placeholder",
                        &at().within(whole),
                        format!("{whole} is not filled in"),
                        help,
                    );
                    None
                }
            },
            TemplatePart::Unclosed(rest) => {
                let start: String = rest.chars().take(12).collect();
                let help = "write ${name}; a `$` without a brace needs nothing";
                self.error("unknown-variable", &at().within(&start), "`${` has no `}`", help);
                None
            }
        }
    }

    fn substitute(
        &mut self,
        whole: &str,
        body: &str,
        mode: TextPosition,
        at: &dyn Fn() -> Span,
    ) -> Option<String> {
        let inner = self.expand(body, TextPosition::Plain, at)?;
        if mode == TextPosition::Document
            && (inner.contains(':') || matches!(&*inner, "*" | "?" | "$"))
        {
            return Some(format!("${{{inner}}}"));
        }
        if mode == TextPosition::Name && Section::of_symbol(&inner).is_some() {
            self.reference_in_name(&at().within(whole));
            return None;
        }
        self.evaluate(&inner, &|| at().within(whole))
    }

    fn evaluate(&mut self, symbol: &str, at: &dyn Fn() -> Span) -> Option<String> {
        if let Some(section) = Section::of_symbol(symbol) {
            return self.reference(section, symbol, at);
        }
        if let Some(known) = self.values.get(symbol) {
            let known = known.as_ref()?;
            self.references.extend(known.references.iter().cloned());
            return Some(known.text.clone());
        }
        if let Some(start) = self.evaluating.iter().position(|open| open == symbol) {
            let chain: Vec<_> =
                self.evaluating[start..].iter().map(String::as_str).chain([symbol]).collect();
            let message = format!("these variables are made of each other: {}", chain.join(" -> "));
            self.error("variable-cycle", &at(), message, "give one of them a value of its own");
            return None;
        }
        self.evaluating.push(symbol.to_owned());
        let outer = self.take_references();
        let text = self.compute(symbol, at);
        let references = std::mem::replace(&mut self.references, outer);
        self.evaluating.pop();
        self.references.extend(references.iter().cloned());
        // What nobody declares is wrong wherever it stands, and is told each time.
        if text.is_some() || self.is_declared(symbol) {
            self.values
                .insert(symbol.to_owned(), text.clone().map(|text| Expanded { text, references }));
        }
        text
    }

    fn is_declared(&self, symbol: &str) -> bool {
        match symbol.strip_prefix("var.") {
            Some(name) => self.variable_names().contains(&name),
            None => matches!(symbol, "account" | "region" | "partition" | "name" | "unique"),
        }
    }
}
