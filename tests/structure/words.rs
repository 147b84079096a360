//! Checks of the words in the code: the openings of doc comments, type names that are shared, names
//! that say nothing in a search, and lines that are too wide.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use syn::visit::{self, Visit};
use syn::{Attribute, Expr, ExprLit, Field, ImplItemFn, Item, ItemFn, Lit, Meta, TraitItemFn};
use syn::{Variant, Visibility};

use super::source::{Crate, Source};

/// The words that make a doc comment ask a question instead of naming the thing.
const RELATIVE: &[&str] = &[
    "What", "Whatever", "Whether", "Who", "Whoever", "Whom", "Whose", "How", "Why", "Which",
    "Where", "When",
];

/// The number of doc comments, and those that begin with a relative clause.
pub struct Docs {
    pub all: usize,
    pub relative: Vec<String>,
}

/// Collects each file's module comment, and each run of `///` on an item, a field, a variant or
/// a method.
pub fn docs(crates: &[Crate]) -> Docs {
    let mut docs = Docs { all: 0, relative: Vec::new() };
    for source in sources(crates) {
        let mut found = Comments::default();
        found.add(&source.attributes);
        source.items.iter().for_each(|item| found.visit_item(item));
        docs.all += found.openings.len();
        let relative = found.openings.into_iter().filter(|text| is_relative(text));
        docs.relative.extend(relative.map(|text| format!("{}: {text}", source.path)));
    }
    docs
}

fn is_relative(text: &str) -> bool {
    let first = text.split(|c: char| !c.is_alphabetic()).find(|word| !word.is_empty());
    first.is_some_and(|word| RELATIVE.contains(&word))
}

#[derive(Default)]
struct Comments {
    /// The first line of each run.
    openings: Vec<String>,
}

impl<'a> Visit<'a> for Comments {
    fn visit_item(&mut self, item: &'a Item) {
        self.add(super::source::attributes(item));
        visit::visit_item(self, item);
    }

    fn visit_field(&mut self, field: &'a Field) {
        self.add(&field.attrs);
        visit::visit_field(self, field);
    }

    fn visit_variant(&mut self, variant: &'a Variant) {
        self.add(&variant.attrs);
        visit::visit_variant(self, variant);
    }

    fn visit_impl_item(&mut self, item: &'a syn::ImplItem) {
        match item {
            syn::ImplItem::Fn(it) => self.add(&it.attrs),
            syn::ImplItem::Const(it) => self.add(&it.attrs),
            syn::ImplItem::Type(it) => self.add(&it.attrs),
            _ => {}
        }
        visit::visit_impl_item(self, item);
    }

    fn visit_trait_item(&mut self, item: &'a syn::TraitItem) {
        match item {
            syn::TraitItem::Fn(it) => self.add(&it.attrs),
            syn::TraitItem::Const(it) => self.add(&it.attrs),
            syn::TraitItem::Type(it) => self.add(&it.attrs),
            _ => {}
        }
        visit::visit_trait_item(self, item);
    }
}

impl Comments {
    fn add(&mut self, attributes: &[Attribute]) {
        self.openings.extend(attributes.iter().find_map(doc));
    }
}

/// Returns the text of a `///`.
fn doc(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else { return None };
    let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &pair.value else { return None };
    attribute.path().is_ident("doc").then(|| text.value().trim().to_owned())
}

/// Returns the names of types that are declared in two modules or more, with the files.
pub fn shared_names(crates: &[Crate]) -> Vec<String> {
    let mut files: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for source in sources(crates) {
        for name in source.items.iter().filter_map(type_name) {
            files.entry(name).or_default().insert(&source.path);
        }
    }
    let shared = files.into_iter().filter(|(_, files)| files.len() > 1);
    shared.map(|(name, files)| format!("{name}: {}", Vec::from_iter(files).join(", "))).collect()
}

fn type_name(item: &Item) -> Option<String> {
    let name = match item {
        Item::Enum(it) => &it.ident,
        Item::Struct(it) => &it.ident,
        Item::Trait(it) => &it.ident,
        Item::Type(it) => &it.ident,
        _ => return None,
    };
    Some(name.to_string())
}

/// Returns the functions of at most four letters that other files may call.
pub fn short_names(crates: &[Crate]) -> Vec<String> {
    let named = sources(crates).flat_map(|source| {
        let mut found = Functions::default();
        source.items.iter().for_each(|item| found.visit_item(item));
        found.names.into_iter().map(|name| format!("{}: {name}", source.path))
    });
    named.collect()
}

#[derive(Default)]
struct Functions {
    names: Vec<String>,
}

impl Functions {
    fn add(&mut self, visibility: &Visibility, name: &syn::Ident) {
        let name = name.to_string();
        if !matches!(visibility, Visibility::Inherited)
            && name.len() <= 4
            && !STANDARD.contains(&&*name)
        {
            self.names.push(name);
        }
    }
}

/// The names that Rust's own types have.
const STANDARD: &[&str] = &[
    "all", "any", "get", "iter", "keys", "len", "map", "max", "min", "new", "none", "push", "read",
    "take",
];

impl<'a> Visit<'a> for Functions {
    fn visit_item_fn(&mut self, function: &'a ItemFn) {
        self.add(&function.vis, &function.sig.ident);
    }

    fn visit_impl_item_fn(&mut self, function: &'a ImplItemFn) {
        self.add(&function.vis, &function.sig.ident);
    }

    fn visit_trait_item_fn(&mut self, function: &'a TraitItemFn) {
        self.add(&Visibility::Public(syn::token::Pub::default()), &function.sig.ident);
    }
}

/// Returns the lines of more than so many columns, in every Rust file of this project.
pub fn wide_lines(project: &Path, columns: usize) -> Vec<String> {
    wide(project, &|line| line.chars().count() > columns)
}

/// The wide lines that are comments.
pub fn wide_comments(project: &Path, columns: usize) -> Vec<String> {
    wide(project, &|line| line.trim_start().starts_with("//") && line.chars().count() > columns)
}

fn wide(project: &Path, is_wide: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for folder in ["src", "crates", "tests", "benches", "examples", "fuzz"] {
        wide_in(project, &project.join(folder), is_wide, &mut found);
    }
    found
}

fn wide_in(project: &Path, folder: &Path, is_wide: &dyn Fn(&str) -> bool, found: &mut Vec<String>) {
    let mut entries: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() && path.file_name().is_none_or(|name| name != "target") {
            wide_in(project, &path, is_wide, found);
        } else if path.extension().is_some_and(|it| it == "rs") {
            let shown = path.strip_prefix(project).unwrap().display();
            let text = fs::read_to_string(&path).unwrap();
            let wide = text.lines().enumerate().filter(|(_, line)| is_wide(line));
            found.extend(wide.map(|(index, _)| format!("{shown}:{}", index + 1)));
        }
    }
}

fn sources(crates: &[Crate]) -> impl Iterator<Item = &Source> {
    crates.iter().flat_map(|it| &it.sources)
}

#[test]
fn openings_names_and_runs_are_told_apart() {
    let one = "/// What it is.\n/// Whether it was.\npub struct A \
        {\n    /// How long.\n    a: u8,\n    /// The other.\n    b: u8,\n}\n\
               impl A \
               {\n    /// Returns it.\n    pub fn told(&self) {}\n    fn own(&self) {}\n    pub fn keys(&self) {}\n}\n";
    let other = "pub enum A { /// Whose?\n B }\ntype C = u8;\npub trait D \
        { fn of(); }\n#[cfg(test)]\nmod tests { struct C; }\n";
    let crates = [Crate::of(&[("src/x.rs", &["x"], one), ("src/y.rs", &["y"], other)])];
    let docs = docs(&crates);
    assert_eq!((docs.all, docs.relative.len()), (5, 3), "{:?}", docs.relative);
    assert_eq!(shared_names(&crates), ["A: src/x.rs, src/y.rs"]);
    assert_eq!(short_names(&crates), ["src/x.rs: told", "src/y.rs: of"]);
}
