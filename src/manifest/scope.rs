//! What `${…}` means: the manifest's header, its variables, the environment, and the ARNs of what it declares.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::Inputs;
use super::node::Node;
use super::source::{Files, Spot};
use super::suggest;
use super::template::{self, Part};
use crate::address::{Address, KindName};
use crate::call::partition;
use crate::diagnostic::Diagnostic;

/// Where a text stands decides what may stand in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Plain,
    /// A name or a path, which the ARNs of this manifest are made of, and so cannot be made of them.
    Name,
    /// Inside a policy document: IAM's own variables pass, and published placeholders are filled in.
    Document,
}

/// The parts of a manifest whose ARNs can be referred to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    Policies,
    Users,
    Roles,
    Buckets,
}

impl Section {
    pub const ALL: [Self; 4] = [Self::Policies, Self::Users, Self::Roles, Self::Buckets];

    pub fn key(self) -> &'static str {
        match self {
            Self::Policies => "policies",
            Self::Users => "users",
            Self::Roles => "roles",
            Self::Buckets => "buckets",
        }
    }

    pub fn kind(self) -> KindName {
        match self {
            Self::Policies => KindName::Policy,
            Self::Users => KindName::USER,
            Self::Roles => KindName::ROLE,
            Self::Buckets => KindName::Bucket,
        }
    }
}

#[derive(Clone, Debug, Default)]
struct Expanded {
    text: String,
    references: BTreeSet<Address>,
}

/// Names and their ARNs.
#[derive(Debug)]
enum Index {
    Unknown,
    /// Names are being read: they can't refer to themselves.
    Building,
    Known {
        arns: BTreeMap<(Section, String), String>,
        owners: BTreeMap<String, (Section, String)>,
    },
}

/// Everything that decoding needs besides the nodes, and what it gathers on the way.
pub struct Scope<'a> {
    inputs: &'a Inputs<'a>,
    root: &'a Node,
    pub files: Files,
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

impl<'a> Scope<'a> {
    pub fn new(inputs: &'a Inputs<'a>, root: &'a Node, files: Files) -> Self {
        Self {
            inputs,
            root,
            files,
            problems: Vec::new(),
            references: BTreeSet::new(),
            values: BTreeMap::new(),
            evaluating: Vec::new(),
            index: Index::Unknown,
        }
    }

    pub fn error(&mut self, code: &'static str, spot: &Spot, message: impl Into<String>, help: impl Into<String>) {
        self.problems.push(Diagnostic::error(code, Some(spot.place()), message).help(help));
    }

    pub fn warning(&mut self, code: &'static str, spot: &Spot, message: impl Into<String>, help: impl Into<String>) {
        self.problems.push(Diagnostic::warning(code, Some(spot.place()), message).help(help));
    }

    /// A header field or variable; empty where it isn't known, which is reported elsewhere.
    pub fn value(&mut self, symbol: &str) -> String {
        let spot = self.root.spot.clone();
        self.evaluate(symbol, &|| spot.clone()).unwrap_or_default()
    }

    /// Reads a variable for what may be wrong with it.
    pub fn check_variable(&mut self, name: &str, spot: &Spot) {
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
    pub fn top(&self) -> Spot {
        Spot::top(&self.root.spot.file)
    }

    /// The symbols that were used and what they came to, for the digest.
    pub fn used(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_ref()?.text.as_str())))
    }

    pub fn variable_names(&self) -> Vec<&'a str> {
        let variables = self.root.field("variables").map(Node::entries).unwrap_or_default();
        variables.iter().map(|entry| &*entry.key).collect()
    }

    /// Takes what was referred to since the last time.
    pub fn take_references(&mut self) -> BTreeSet<Address> {
        std::mem::take(&mut self.references)
    }

    /// The ARN of something declared.
    pub fn arn(&mut self, section: Section, name: &str) -> Option<String> {
        self.build_index();
        match &self.index {
            Index::Known { arns, .. } => arns.get(&(section, name.to_owned())).cloned(),
            Index::Unknown | Index::Building => None,
        }
    }

    /// The names that a section declares.
    pub fn names(&mut self, section: Section) -> Vec<String> {
        self.build_index();
        match &self.index {
            Index::Known { arns, .. } => {
                arns.keys().filter(|(of, _)| *of == section).map(|(_, name)| name.clone()).collect()
            }
            Index::Unknown | Index::Building => Vec::new(),
        }
    }

    /// The user, role, policy or bucket of this manifest that has the ARN.
    pub fn by_arn(&mut self, arn: &str) -> Option<(Section, String)> {
        self.build_index();
        match &self.index {
            Index::Known { owners, .. } => owners.get(arn).cloned(),
            Index::Unknown | Index::Building => None,
        }
    }

    /// Fills in a text. `None` when something in it is wrong, which is then in `problems`; `at` is asked only then.
    pub fn expand<'t>(&mut self, text: &'t str, mode: Mode, at: &dyn Fn() -> Spot) -> Option<Cow<'t, str>> {
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

    fn part(&mut self, part: Part<'_>, mode: Mode, at: &dyn Fn() -> Spot) -> Option<String> {
        match part {
            Part::Literal(text) => Some(text.to_owned()),
            Part::Variable { whole, body } => self.substitute(whole, body, mode, at),
            Part::Placeholder(whole) => match (mode, whole) {
                (Mode::Document, "<ACCOUNT_ID>") => self.evaluate("account", at),
                (Mode::Document, "<REGION>") => self.evaluate("region", at),
                _ => {
                    let help = match whole {
                        "<ACCOUNT_ID>" => "write ${account}: <ACCOUNT_ID> is filled in only inside policy documents",
                        "<REGION>" => "write ${region}: <REGION> is filled in only inside policy documents",
                        _ => {
                            "write the value in its place, or a variable such as ${var.x}; only <ACCOUNT_ID> and <REGION> are known"
                        }
                    };
                    self.error("unfilled-placeholder", &at().within(whole), format!("{whole} is not filled in"), help);
                    None
                }
            },
            Part::Unclosed(rest) => {
                let start: String = rest.chars().take(12).collect();
                let help = "write ${name}; a `$` without a brace needs nothing";
                self.error("unknown-variable", &at().within(&start), "`${` has no `}`", help);
                None
            }
        }
    }

    fn substitute(&mut self, whole: &str, body: &str, mode: Mode, at: &dyn Fn() -> Spot) -> Option<String> {
        let inner = self.expand(body, Mode::Plain, at)?;
        if mode == Mode::Document && (inner.contains(':') || matches!(&*inner, "*" | "?" | "$")) {
            return Some(format!("${{{inner}}}"));
        }
        if mode == Mode::Name && Section::ALL.into_iter().any(|section| prefixed(&inner, section.key())) {
            self.reference_in_name(&at().within(whole));
            return None;
        }
        self.evaluate(&inner, &|| at().within(whole))
    }

    fn evaluate(&mut self, symbol: &str, at: &dyn Fn() -> Spot) -> Option<String> {
        if let Some(section) = Section::ALL.into_iter().find(|section| prefixed(symbol, section.key())) {
            return self.reference(section, symbol, at);
        }
        if let Some(known) = self.values.get(symbol) {
            let known = known.as_ref()?;
            self.references.extend(known.references.iter().cloned());
            return Some(known.text.clone());
        }
        if let Some(start) = self.evaluating.iter().position(|open| open == symbol) {
            let chain: Vec<_> = self.evaluating[start..].iter().map(String::as_str).chain([symbol]).collect();
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
            self.values.insert(symbol.to_owned(), text.clone().map(|text| Expanded { text, references }));
        }
        text
    }

    fn is_declared(&self, symbol: &str) -> bool {
        match symbol.strip_prefix("var.") {
            Some(name) => self.variable_names().contains(&name),
            None => matches!(symbol, "account" | "region" | "partition" | "name" | "unique"),
        }
    }

    fn compute(&mut self, symbol: &str, at: &dyn Fn() -> Spot) -> Option<String> {
        match symbol {
            "region" if self.inputs.region.is_some() => self.inputs.region.clone(),
            "account" | "name" | "region" => self.scalar(self.root.field(symbol)?),
            "partition" => Some(partition(&self.evaluate("region", at)?).to_owned()),
            "unique" => {
                let account = self.evaluate("account", at)?;
                let name = self.evaluate("name", at)?;
                Some(unique(&account, &name))
            }
            _ => match symbol.split_once('.') {
                Some(("var", name)) => self.variable(name, at),
                Some(("env", name)) => self.environment(name, at),
                _ => {
                    self.unknown_symbol(symbol, at);
                    None
                }
            },
        }
    }

    fn scalar(&mut self, node: &Node) -> Option<String> {
        let Some(written) = node.written() else {
            let message = format!("a variable is text, a number or a boolean, but this is {}", node.kind());
            self.error("wrong-type", &node.spot, message, "write one value; lists and maps cannot be put into text");
            return None;
        };
        self.expand(&written, Mode::Plain, &|| node.spot.clone()).map(Cow::into_owned)
    }

    fn variable(&mut self, name: &str, at: &dyn Fn() -> Spot) -> Option<String> {
        let variables = self.root.field("variables").map(Node::entries).unwrap_or_default();
        let declared = variables.iter().find(|entry| &*entry.key == name);
        match (self.inputs.variables.get(name), declared) {
            (Some(given), Some(_)) => Some(given.clone()),
            (None, Some(entry)) => self.scalar(&entry.node),
            (_, None) => {
                let help = suggest::help(name, self.variable_names(), "variables");
                let message = format!("there is no variable `{name}` in `variables:`");
                self.error("unknown-variable", &at(), message, help);
                None
            }
        }
    }

    fn environment(&mut self, name: &str, at: &dyn Fn() -> Spot) -> Option<String> {
        let value = (self.inputs.environment)(name);
        if value.is_none() {
            let message = format!("the environment variable {name} is not set");
            let help =
                format!("set it before running relayctl, or use a variable with a value of its own: ${{var.{name}}}");
            self.error("unset-environment", &at(), message, help);
        }
        value
    }

    fn unknown_symbol(&mut self, symbol: &str, at: &dyn Fn() -> Spot) {
        const KNOWN: [&str; 5] = ["account", "region", "partition", "name", "unique"];
        let help = if symbol.contains(':') {
            "IAM's own policy variables mean something only inside policy documents".to_owned()
        } else if self.variable_names().contains(&symbol) {
            format!("write ${{var.{symbol}}}")
        } else if let Some(near) = suggest::nearest(symbol, KNOWN) {
            format!("did you mean ${{{near}}}?")
        } else {
            "known are ${account}, ${region}, ${partition}, ${name}, ${unique}, ${var.X}, ${env.X}, \
             and ${policies.X.arn}, ${users.X.arn}, ${roles.X.arn}, ${buckets.X.arn}"
                .to_owned()
        };
        self.error("unknown-variable", &at(), format!("`${{{symbol}}}` is not known"), help);
    }

    fn reference(&mut self, section: Section, symbol: &str, at: &dyn Fn() -> Spot) -> Option<String> {
        let rest = &symbol[section.key().len() + 1..];
        let Some(name) = rest.strip_suffix(".arn") else {
            // `${roles.X.name}` means a role X that is declared, and a field that can't be asked for.
            let name = match rest.rsplit_once('.') {
                Some((name, _)) if self.arn(section, rest).is_none() => name,
                _ => rest,
            };
            let help = format!("write ${{{}.{name}.arn}}: only ARNs can be referred to", section.key());
            self.error("unknown-variable", &at(), format!("`${{{symbol}}}` does not end in `.arn`"), help);
            return None;
        };
        self.build_index();
        let Index::Known { arns, .. } = &self.index else {
            self.reference_in_name(&at());
            return None;
        };
        if let Some(arn) = arns.get(&(section, name.to_owned())) {
            self.references.insert(Address::new(section.kind(), name));
            return Some(arn.clone());
        }
        self.unknown_name(section, name, &at());
        None
    }

    fn reference_in_name(&mut self, spot: &Spot) {
        let message = "a name or a path cannot hold the ARN of a resource";
        self.error("reference-in-name", spot, message, "use plain variables in names: ${var.x}, ${unique}");
    }

    pub fn unknown_name(&mut self, section: Section, name: &str, spot: &Spot) {
        let names = self.names(section);
        let help = suggest::help(name, names.iter().map(String::as_str), section.key());
        let message = format!("there is no {} `{name}` in this manifest", section.kind());
        self.error("unknown-reference", spot, message, help);
    }

    fn build_index(&mut self) {
        if !matches!(self.index, Index::Unknown) {
            return;
        }
        self.index = Index::Building;
        let outer = self.take_references();
        let mut arns = BTreeMap::new();
        let root = self.root;
        for section in Section::ALL {
            for entry in root.field(section.key()).map(Node::entries).unwrap_or_default() {
                let Some(name) = self.expand(&entry.key, Mode::Name, &|| entry.key_spot.clone()) else { continue };
                let path = entry.node.field("path").and_then(|path| {
                    let text = path.text()?;
                    self.expand(text, Mode::Name, &|| path.spot.clone())
                });
                let arn = self.make_arn(section, path.as_deref().unwrap_or("/"), &name);
                arns.insert((section, name.into_owned()), arn);
            }
        }
        self.references = outer;
        let owners = arns.iter().map(|(key, arn)| (arn.clone(), key.clone())).collect();
        self.index = Index::Known { arns, owners };
    }

    fn make_arn(&mut self, section: Section, path: &str, name: &str) -> String {
        let partition = self.value("partition");
        if section == Section::Buckets {
            return format!("arn:{partition}:s3:::{name}");
        }
        format!("arn:{partition}:iam::{}:{}{path}{name}", self.value("account"), section.kind())
    }
}

fn prefixed(symbol: &str, section: &str) -> bool {
    symbol.strip_prefix(section).is_some_and(|rest| rest.starts_with('.'))
}

/// Eight characters that only account and manifest name decide, so that a bucket's name with them in it is free in
/// all the world and never changes.
fn unique(account: &str, name: &str) -> String {
    const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let digest = Sha256::digest(format!("{account}/{name}"));
    let mut number = digest.iter().take(16).fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    let mut text = String::new();
    for _ in 0..8 {
        let digit = usize::try_from(number % 36).unwrap_or_default();
        text.push(char::from(ALPHABET[digit]));
        number /= 36;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unique_depends_on_account_and_name_only() {
        let one = unique("123456789012", "relay");
        assert_eq!(one.len(), 8);
        assert!(one.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()));
        // It is in the names of buckets that exist: it must never come out otherwise.
        assert_eq!(one, "hcdbg0em");
        assert_ne!(one, unique("123456789013", "relay"));
        assert_ne!(one, unique("123456789012", "relay2"));
    }
}
