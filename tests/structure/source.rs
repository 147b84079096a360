//! The sources of a crate as a tree of modules, parsed, without their tests.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use syn::spanned::Spanned;
use syn::{Attribute, ImplItem, Item, ItemMod, Meta};

/// A file without its tests.
pub struct Source {
    /// Relative to the project, with `/`.
    pub path: String,
    /// The modules that lead to the file: `["plan", "build"]`; none for the crate's root.
    pub module: Vec<String>,
    pub lines: usize,
    /// The attributes of the file itself: its module comment.
    pub attributes: Vec<Attribute>,
    pub items: Vec<Item>,
}

impl Source {
    pub fn parse(path: &str, module: &[&str], text: &str) -> Self {
        let module = module.iter().map(|&name| name.to_owned()).collect();
        let parsed = syn::parse_file(text).unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut tests = 0;
        let (attributes, items) = (parsed.attrs, without_tests(parsed.items, &mut tests));
        Self {
            path: path.to_owned(),
            module,
            lines: text.lines().count() - tests,
            attributes,
            items,
        }
    }

    /// The crate's top module that the file belongs to: `plan`; of the root itself, the file's
    /// name.
    pub fn room(&self) -> &str {
        self.module.first().map_or(&self.path, String::as_str)
    }
}

/// The root and all that it declares with `mod`.
pub struct Crate {
    pub sources: Vec<Source>,
}

impl Crate {
    pub fn of(texts: &[(&str, &[&str], &str)]) -> Self {
        let parse =
            |(path, module, text): &(&str, &[&str], &str)| Source::parse(path, module, text);
        Self { sources: texts.iter().map(parse).collect() }
    }
}

/// Reads the project's crates: `src` and every one under `crates`.
pub fn crates(project: &Path) -> Vec<Crate> {
    let mut roots = vec![project.join("src")];
    let others = fs::read_dir(project.join("crates")).into_iter().flatten();
    roots.extend(others.map(|entry| entry.unwrap().path().join("src")));
    roots.sort();
    let named = |root: &PathBuf| ["lib.rs", "main.rs"].map(|name| root.join(name));
    let found = roots.iter().flat_map(named).filter(|root| root.is_file());
    found.map(|root| Crate { sources: Reader { project, found: Vec::new() }.read(&root) }).collect()
}

struct Reader<'p> {
    project: &'p Path,
    found: Vec<Source>,
}

impl Reader<'_> {
    fn read(mut self, root: &Path) -> Vec<Source> {
        self.file(root, root.parent().unwrap(), &[]);
        self.found
    }

    /// Adds a file and those of its modules, which lie in `folder`.
    fn file(&mut self, file: &Path, folder: &Path, module: &[&str]) {
        let path = file.strip_prefix(self.project).unwrap().to_string_lossy().replace('\\', "/");
        let source = Source::parse(&path, module, &fs::read_to_string(file).unwrap());
        for declared in declared(&source.items) {
            let name = declared.ident.to_string();
            let inside = folder.join(&name);
            let candidates = [folder.join(format!("{name}.rs")), inside.join("mod.rs")];
            let found = candidates.into_iter().find(|candidate| candidate.is_file());
            let found =
                found.unwrap_or_else(|| panic!("{path} declares {name}, which has no file"));
            self.file(&found, &inside, &[module, &[&*name]].concat());
        }
        self.found.push(source);
    }
}

/// The modules that have a file of their own.
fn declared(items: &[Item]) -> impl Iterator<Item = &ItemMod> {
    items.iter().filter_map(|item| match item {
        Item::Mod(module) if module.content.is_none() => Some(module),
        _ => None,
    })
}

fn without_tests(items: Vec<Item>, tests: &mut usize) -> Vec<Item> {
    let mut kept = Vec::with_capacity(items.len());
    for mut item in items {
        if attributes(&item).iter().any(is_for_tests) {
            *tests += lines(&item);
            continue;
        }
        match &mut item {
            Item::Mod(ItemMod { content: Some((_, inner)), .. }) => {
                *inner = without_tests(std::mem::take(inner), tests);
            }
            Item::Impl(block) => block.items.retain(|item| {
                let test =
                    matches!(item, ImplItem::Fn(method) if method.attrs.iter().any(is_for_tests));
                *tests += if test { lines(item) } else { 0 };
                !test
            }),
            _ => {}
        }
        kept.push(item);
    }
    kept
}

/// Counts the lines of an item, its comments and attributes with it.
pub fn lines(node: &impl Spanned) -> usize {
    let span = node.span();
    span.end().line - span.start().line + 1
}

/// `#[test]`, `#[cfg(test)]` and what asks for tests among other things, but not
/// `#[cfg(not(test))]`.
fn is_for_tests(attribute: &Attribute) -> bool {
    if attribute.path().is_ident("test") {
        return true;
    }
    let Meta::List(list) = &attribute.meta else { return false };
    let condition = list.tokens.to_string();
    attribute.path().is_ident("cfg") && condition.contains("test") && !condition.contains("not")
}

pub fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(it) => &it.attrs,
        Item::Enum(it) => &it.attrs,
        Item::Fn(it) => &it.attrs,
        Item::Impl(it) => &it.attrs,
        Item::Macro(it) => &it.attrs,
        Item::Mod(it) => &it.attrs,
        Item::Static(it) => &it.attrs,
        Item::Struct(it) => &it.attrs,
        Item::Trait(it) => &it.attrs,
        Item::Type(it) => &it.attrs,
        Item::Use(it) => &it.attrs,
        _ => &[],
    }
}

/// By path, for what is told of a file.
pub fn by_path(crates: &[Crate]) -> BTreeMap<&str, &Source> {
    crates.iter().flat_map(|it| &it.sources).map(|source| (&*source.path, source)).collect()
}

#[test]
fn tests_are_left_out() {
    let text = "use a::B;\nfn kept() {}\n#[cfg(test)]\nuse c::D;\nimpl B \
        {\n    fn kept() {}\n    #[cfg(test)]\n    fn gone() {}\n}\n#[cfg(not(test))]\nfn \
        kept_too() {}\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn gone() {}\n}\n";
    let source = Source::parse("src/x.rs", &["x"], text);
    assert_eq!((source.items.len(), source.lines), (4, 7));
    assert_eq!(source.room(), "x");
}
