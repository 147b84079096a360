//! A manifest's scope: expands texts, and gathers the resources that they refer to and the problems
//! in them.

mod budget;
mod declared;
mod section;
mod symbols;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

pub use self::section::Section;

use self::budget::{ExpansionBudget, Overrun};
use self::declared::Index;
use super::Inputs;
use super::node::Node;
use super::source::{SourceFiles, Span};
use super::template::{self, TemplatePart};
use crate::address::Address;
use crate::diagnostic::Diagnostic;

/// The position of a text, which decides the variables that it may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextPosition {
    Plain,
    /// A name or a path. The ARNs of this manifest are made of it, so it cannot be made of them.
    Name,
    /// Inside a policy document: IAM's own variables pass unchanged, and the placeholders of
    /// published documents are filled in.
    Document,
}

#[derive(Clone, Debug, Default)]
struct Expanded {
    text: String,
    references: BTreeSet<Address>,
}

/// Everything that decoding needs besides the nodes, and everything that it gathers.
pub struct DecodeScope<'a> {
    inputs: &'a Inputs<'a>,
    root: &'a Node,
    pub files: SourceFiles,
    pub problems: Vec<Diagnostic>,
    /// The resources that texts referred to since [`Self::take_references`] was last called.
    pub references: BTreeSet<Address>,
    /// The values by symbol (`region`, `var.x`, `env.X`); `None` if evaluation failed, which has
    /// been reported.
    values: BTreeMap<String, Option<Expanded>>,
    evaluating: Vec<String>,
    index: Index,
    /// The values of `variables:`, by name.
    variables: BTreeMap<&'a str, &'a Node>,
    budget: ExpansionBudget,
    /// Tells that an overrun of the budget has been reported: one is enough.
    is_overrun: bool,
}

/// Returns true if a text has nothing to fill in.
pub fn is_literal(text: &str) -> bool {
    !text.contains("${") && !text.contains('<')
}

impl<'a> DecodeScope<'a> {
    pub fn new(inputs: &'a Inputs<'a>, root: &'a Node, files: SourceFiles) -> Self {
        let variables = root.field("variables").map(Node::entries).unwrap_or_default();
        Self {
            inputs,
            root,
            variables: variables.iter().map(|entry| (&*entry.key, &entry.node)).collect(),
            budget: ExpansionBudget::for_files_of(inputs.files.max_size),
            is_overrun: false,
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

    /// Returns a header field or variable; empty if it isn't known, which is reported elsewhere.
    pub fn value(&mut self, symbol: &str) -> String {
        let spot = self.root.spot.clone();
        self.evaluate(symbol, &|| spot.clone()).unwrap_or_default()
    }

    /// Evaluates a variable only to report the problems in it.
    pub fn check_variable(&mut self, name: &str, spot: &Span) {
        self.evaluate(&format!("var.{name}"), &|| spot.clone());
    }

    pub fn region_from_outside(&self) -> bool {
        self.inputs.region.is_some()
    }

    /// Returns the names given by `--var`.
    pub fn given_variables(&self) -> Vec<String> {
        self.inputs.variables.keys().cloned().collect()
    }

    pub fn has_field(&self, name: &str) -> bool {
        self.root.field(name).is_some()
    }

    /// Returns the beginning of the manifest, the place of problems about missing fields.
    pub fn top(&self) -> Span {
        Span::top(&self.root.spot.file)
    }

    /// Returns the symbols that were used and their values, for the digest.
    pub fn used(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.as_ref()?.text.as_str())))
    }

    pub fn variable_names(&self) -> Vec<&'a str> {
        self.variables.keys().copied().collect()
    }

    /// Takes the references that were gathered since the last call.
    pub fn take_references(&mut self) -> BTreeSet<Address> {
        std::mem::take(&mut self.references)
    }

    /// Fills in a text. Returns `None` if something in it is wrong, which is then in `problems`;
    /// `at` is called only in that case.
    pub fn expand<'t>(
        &mut self,
        text: &'t str,
        mode: TextPosition,
        at: &dyn Fn() -> Span,
    ) -> Option<Cow<'t, str>> {
        if is_literal(text) {
            return Some(Cow::Borrowed(text));
        }
        let entered = self.budget.enter();
        self.within_budget(entered, at)?;
        let filled = self.fill(text, mode, at);
        self.budget.leave();
        filled.map(Cow::Owned)
    }

    fn fill(&mut self, text: &str, mode: TextPosition, at: &dyn Fn() -> Span) -> Option<String> {
        let mut result = Some(String::with_capacity(text.len()));
        for part in template::parts(text) {
            let filled = self.part(part, mode, at);
            // All parts are expanded, so that all problems are reported.
            result = result.zip(filled).map(|(text, part)| text + &part);
            let length = result.as_ref().map_or(0, String::len);
            self.within_budget(ExpansionBudget::check_text(length), at)?;
        }
        let spent = self.budget.spend(result.as_ref().map_or(0, String::len));
        self.within_budget(spent, at)?;
        result
    }

    /// Takes a document out of the manifest's budget: one file may be named many times.
    pub fn charge_document(&mut self, text: &str, spot: &Span) -> Option<()> {
        let spent = self.budget.spend(text.len());
        self.within_budget(spent, &|| spot.clone())
    }

    /// Reports the first overrun of the budget.
    fn within_budget(&mut self, result: Result<(), Overrun>, at: &dyn Fn() -> Span) -> Option<()> {
        let overrun = result.err();
        if let Some(overrun) = overrun.filter(|_| !self.is_overrun) {
            let (message, help) = overrun.words();
            self.error("expansion-too-large", &at(), message, help);
            self.is_overrun = true;
        }
        if overrun.is_some() { None } else { Some(()) }
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
        // A symbol that nobody declares is an error at every place, and is reported each time.
        if text.is_some() || self.is_declared(symbol) {
            self.values
                .insert(symbol.to_owned(), text.clone().map(|text| Expanded { text, references }));
        }
        text
    }

    fn is_declared(&self, symbol: &str) -> bool {
        match symbol.strip_prefix("var.") {
            Some(name) => self.variables.contains_key(name),
            None => matches!(symbol, "account" | "region" | "partition" | "name" | "unique"),
        }
    }
}
