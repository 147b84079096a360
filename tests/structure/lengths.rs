//! Checks of the lengths of functions and files.

use std::fmt;

use syn::visit::{self, Visit};
use syn::{ImplItemFn, ItemFn, TraitItemFn};

use super::source::{Crate, Source, lines};

/// The statistics of many lengths.
pub struct Lengths {
    /// The marks: for each, the report counts the longer ones. The last mark is the limit.
    marks: Vec<usize>,
    /// The lengths with their names, the longest last.
    sorted: Vec<(usize, String)>,
    /// The names that may be longer than the limit.
    exempt: Vec<String>,
}

impl Lengths {
    fn new(marks: &[usize], mut lengths: Vec<(usize, String)>) -> Self {
        lengths.sort();
        Self { marks: marks.to_vec(), sorted: lengths, exempt: Vec::new() }
    }

    fn percentile(&self, percent: usize) -> usize {
        let last = self.sorted.len().saturating_sub(1);
        self.sorted.get(last * percent / 100).map_or(0, |(length, _)| *length)
    }

    fn longer_than(&self, limit: usize) -> usize {
        self.sorted.iter().filter(|(length, _)| *length > limit).count()
    }

    /// Names the ones that are longer than the limit.
    pub fn over(&self) -> Vec<String> {
        let limit = self.marks.last().copied().unwrap_or(usize::MAX);
        let long = self.sorted.iter().filter(|(length, _)| *length > limit);
        let long = long.filter(|(_, name)| !self.exempt.contains(name));
        long.map(|(length, name)| format!("{name}: {length} lines")).collect()
    }
}

impl fmt::Display for Lengths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (median, ninth) = (self.percentile(50), self.percentile(90));
        write!(f, "{}, median {median}, 90 % up to {ninth}", self.sorted.len())?;
        for mark in &self.marks {
            write!(f, ", over {mark}: {}", self.longer_than(*mark))?;
        }
        match self.sorted.last() {
            Some((longest, name)) => write!(f, ", longest {longest} ({name})"),
            None => Ok(()),
        }
    }
}

/// Measures each function from its signature to its closing brace. `exempt` names the functions
/// that may be longer.
pub fn functions(crates: &[Crate], limit: usize, exempt: &[&str]) -> Lengths {
    let sources = crates.iter().flat_map(|it| &it.sources);
    let lengths = Lengths::new(&[20, limit], sources.flat_map(functions_in).collect());
    Lengths { exempt: exempt.iter().map(|&name| name.to_owned()).collect(), ..lengths }
}

pub fn files(crates: &[Crate], limit: usize) -> Lengths {
    let sources = crates.iter().flat_map(|it| &it.sources);
    Lengths::new(&[limit], sources.map(|source| (source.lines, source.path.clone())).collect())
}

fn functions_in(source: &Source) -> Vec<(usize, String)> {
    let mut found = Functions { path: &source.path, lengths: Vec::new() };
    source.items.iter().for_each(|item| found.visit_item(item));
    found.lengths
}

struct Functions<'s> {
    path: &'s str,
    lengths: Vec<(usize, String)>,
}

impl Functions<'_> {
    fn add(&mut self, signature: &syn::Signature, body: &syn::Block) {
        let to_brace = lines(signature) + lines(body) - 1;
        self.lengths.push((to_brace, format!("{}: {}", self.path, signature.ident)));
    }
}

impl<'a> Visit<'a> for Functions<'_> {
    fn visit_item_fn(&mut self, function: &'a ItemFn) {
        self.add(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'a ImplItemFn) {
        self.add(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'a TraitItemFn) {
        if let Some(body) = &function.default {
            self.add(&function.sig, body);
        }
        visit::visit_trait_item_fn(self, function);
    }
}

#[test]
fn functions_are_measured_from_the_signature_to_the_brace() {
    let text = "/// Says.\n#[inline]\nfn one() {}\nimpl X \
        {\n    fn three(\n    ) {\n    }\n}\ntrait Y {\n    fn none();\n    fn two() {\n    }\n}\n";
    let lengths = functions_in(&Source::parse("src/x.rs", &["x"], text));
    let lengths: Vec<usize> = lengths.into_iter().map(|(length, _)| length).collect();
    assert_eq!(lengths, [1, 3, 2]);
    let named = [3, 1, 2, 5].map(|length| (length, format!("f{length}"))).to_vec();
    let lengths = Lengths::new(&[2, 4], named);
    assert_eq!(
        lengths.to_string(),
        "4, median 2, 90 % up to 3, over 2: 2, over 4: 1, longest 5 (f5)"
    );
    assert_eq!(lengths.over(), ["f5: 5 lines"]);
}
