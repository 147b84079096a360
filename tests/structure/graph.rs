//! The arrows between a crate's files: every path in the code, led back to the file that defines
//! the name.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemUse, Macro, Meta, Path, UseTree, VisRestricted};

use super::source::{Crate, Source};

/// Re-exports of re-exports end somewhere.
const DEEPEST: usize = 12;

/// The arrows between a crate's files, by path, and a name that each stands for.
pub type Arrows<'s> = BTreeMap<(&'s str, &'s str), BTreeSet<String>>;

struct Module<'s> {
    source: &'s Source,
    parent: Option<usize>,
    children: BTreeMap<String, usize>,
    /// The names that are defined here.
    names: BTreeSet<String>,
    /// The targets of each `use`, by the name that they have here.
    uses: BTreeMap<String, Vec<Vec<String>>>,
    globs: Vec<Vec<String>>,
}

/// The end of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Module(usize),
    /// Something defined in the module.
    Item(usize),
}

struct Tree<'s> {
    modules: Vec<Module<'s>>,
    /// The paths in each module's code.
    paths: Vec<(usize, Vec<String>)>,
}

/// Finds the arrows between the files of a crate. A module that names its own children's items is
/// put together of them: that is no arrow, or each `mod.rs` with a type in it would make a circle.
pub fn arrows(one: &Crate) -> Arrows<'_> {
    let tree = Tree::of(one);
    let mut arrows = Arrows::new();
    for (from, path) in &tree.paths {
        let Some((Target::Item(to), length)) = tree.follow(*from, path, 0) else { continue };
        let (from, to) = (tree.modules[*from].source, tree.modules[to].source);
        if from.path != to.path && !to.module.starts_with(&from.module) {
            arrows.entry((&from.path, &to.path)).or_default().insert(path[length - 1].clone());
        }
    }
    arrows
}

impl<'s> Tree<'s> {
    fn of(one: &'s Crate) -> Self {
        let mut tree = Self { modules: Vec::new(), paths: Vec::new() };
        let mut places: Vec<&Source> = one.sources.iter().collect();
        places.sort_by_key(|source| source.module.len());
        let mut known: BTreeMap<&[String], usize> = BTreeMap::new();
        for source in places {
            let parent =
                source.module.split_last().and_then(|(_, above)| known.get(above).copied());
            let own = tree.add(source, parent, source.module.last(), &source.items);
            known.insert(&source.module, own);
        }
        tree
    }

    fn add(
        &mut self,
        source: &'s Source,
        parent: Option<usize>,
        name: Option<&String>,
        items: &'s [Item],
    ) -> usize {
        let own = self.modules.len();
        if let (Some(parent), Some(name)) = (parent, name) {
            self.modules[parent].children.insert(name.clone(), own);
        }
        let (children, names, uses) = (BTreeMap::new(), BTreeSet::new(), BTreeMap::new());
        self.modules.push(Module { source, parent, children, names, uses, globs: Vec::new() });
        let mut found = Found::default();
        for item in items {
            self.modules[own].names.extend(name_of(item));
            match item {
                Item::Mod(inner) => {
                    if let Some((_, items)) = &inner.content {
                        self.add(source, Some(own), Some(&inner.ident.to_string()), items);
                    }
                }
                item => found.visit_item(item),
            }
        }
        for (bound, path) in found.uses {
            match bound {
                Some(bound) => self.modules[own].uses.entry(bound).or_default().push(path.clone()),
                None => self.modules[own].globs.push(path.clone()),
            }
            found.paths.insert(path);
        }
        self.paths.extend(found.paths.into_iter().map(|path| (own, path)));
        own
    }

    fn resolve(&self, from: usize, path: &[String], depth: usize) -> Option<Target> {
        self.follow(from, path, depth).map(|(target, _)| target)
    }

    /// Follows a path from a module, and tells how many names lead to the target: one of
    /// `Mode::Plain`. Macros' definitions are not seen: such a path ends at the module.
    fn follow(&self, from: usize, path: &[String], depth: usize) -> Option<(Target, usize)> {
        let anchors =
            path.iter().take_while(|name| ["crate", "self", "super"].contains(&&***name)).count();
        let mut at = from;
        for anchor in &path[..anchors] {
            at = match &**anchor {
                "crate" => 0,
                "super" => self.modules[at].parent?,
                _ => at,
            };
        }
        for (index, name) in path.iter().enumerate().skip(anchors) {
            match self.look_up(at, name, index + 1 == path.len(), depth) {
                Some(Target::Module(module)) => at = module,
                Some(item) => return Some((item, index + 1)),
                None if index > 0 => return Some((Target::Item(at), index + 1)),
                None => return None,
            }
        }
        Some((Target::Module(at), path.len()))
    }

    /// Looks a name up in a module. At a path's end a function comes before a module of the same
    /// name.
    fn look_up(&self, at: usize, name: &str, last: bool, depth: usize) -> Option<Target> {
        if depth > DEEPEST {
            return None;
        }
        let module = &self.modules[at];
        let item = module.names.contains(name).then_some(Target::Item(at));
        let child = module.children.get(name).map(|child| Target::Module(*child));
        let used = || {
            module
                .uses
                .get(name)
                .into_iter()
                .flatten()
                .filter_map(|path| self.resolve(at, path, depth + 1))
        };
        let mut found: Vec<Target> = item.into_iter().chain(child).chain(used()).collect();
        found.sort_by_key(|target| matches!(target, Target::Module(_)) == last);
        found
            .first()
            .copied()
            .or_else(|| module.globs.iter().find_map(|path| self.in_glob(at, path, name, depth)))
    }

    fn in_glob(&self, at: usize, path: &[String], name: &str, depth: usize) -> Option<Target> {
        match self.resolve(at, path, depth + 1)? {
            Target::Module(module) if module != at => self.look_up(module, name, true, depth + 1),
            Target::Module(_) | Target::Item(_) => None,
        }
    }
}

fn name_of(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(it) => &it.ident,
        Item::Enum(it) => &it.ident,
        Item::Fn(it) => &it.sig.ident,
        Item::Macro(it) => it.ident.as_ref()?,
        Item::Static(it) => &it.ident,
        Item::Struct(it) => &it.ident,
        Item::Trait(it) => &it.ident,
        Item::Type(it) => &it.ident,
        Item::Union(it) => &it.ident,
        _ => return None,
    };
    Some(name.to_string())
}

/// The paths of a module's code.
#[derive(Default)]
struct Found {
    paths: BTreeSet<Vec<String>>,
    /// With the name that each has here; none for `*`.
    uses: Vec<(Option<String>, Vec<String>)>,
}

impl Found {
    /// A name that stands alone is a variable, if it isn't written as a type or a constant.
    fn add(&mut self, path: Vec<String>) {
        let is_type = path[0].starts_with(|first: char| first.is_ascii_uppercase());
        if path.len() > 1 || is_type {
            self.paths.insert(path);
        }
    }

    fn tree(&mut self, prefix: &[String], tree: &UseTree) {
        let longer = |name: &syn::Ident| [prefix, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(path) => self.tree(&longer(&path.ident), &path.tree),
            UseTree::Name(name) if name.ident == "self" => {
                self.uses.push((prefix.last().cloned(), prefix.to_vec()));
            }
            UseTree::Name(name) => {
                self.uses.push((Some(name.ident.to_string()), longer(&name.ident)));
            }
            UseTree::Rename(name) => {
                self.uses.push((Some(name.rename.to_string()), longer(&name.ident)));
            }
            UseTree::Glob(_) => self.uses.push((None, prefix.to_vec())),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.tree(prefix, tree)),
        }
    }

    /// The paths in what a macro is given.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(name) => {
                    if colons != 2 {
                        self.end(&mut path);
                    }
                    path.push(name.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' && !path.is_empty() => {
                    colons += 1;
                }
                TokenTree::Group(group) => {
                    self.end(&mut path);
                    self.tokens(group.stream());
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => self.end(&mut path),
            }
        }
        self.end(&mut path);
    }

    fn end(&mut self, path: &mut Vec<String>) {
        if !path.is_empty() {
            self.add(std::mem::take(path));
        }
    }
}

impl<'a> Visit<'a> for Found {
    fn visit_item_use(&mut self, item: &'a ItemUse) {
        if item.leading_colon.is_none() {
            self.tree(&[], &item.tree);
        }
    }

    fn visit_path(&mut self, path: &'a Path) {
        if path.leading_colon.is_none() {
            self.add(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, invoked: &'a Macro) {
        self.visit_path(&invoked.path);
        self.tokens(invoked.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'a Attribute) {
        if let Meta::List(list) = &attribute.meta {
            self.tokens(list.tokens.clone());
        }
    }

    /// `pub(in crate::x)` says who may use something, not what it uses.
    fn visit_vis_restricted(&mut self, _: &'a VisRestricted) {}
}

#[cfg(test)]
fn told(texts: &[(&str, &[&str], &str)]) -> Vec<String> {
    let found = Crate::of(texts);
    arrows(&found).keys().map(|(from, to)| format!("{from} -> {to}")).collect()
}

#[test]
fn a_path_leads_to_the_file_that_defines_what_it_names() {
    let texts: &[(&str, &[&str], &str)] = &[
        ("lib", &[], "pub mod a;\npub mod b;"),
        (
            "a",
            &["a"],
            "mod x;\nmod y;\npub use self::x::{X, make as made};\nuse y::Hidden;\npub fn own() {}",
        ),
        (
            "x",
            &["a", "x"],
            "pub struct X;\npub fn make() {}\nmacro_rules! wide { () => { $crate::b::B } }",
        ),
        ("y", &["a", "y"], "pub struct Hidden;\nuse crate::a::X;"),
        (
            "b",
            &["b"],
            "use crate::a;\npub struct B;\nfn f() \
                { a::own(); html!(a::made()); crate::a::x::made_by_macro(); }",
        ),
    ];
    assert_eq!(told(texts), ["b -> a", "b -> x", "x -> b", "y -> x"]);
}

#[test]
fn a_module_is_made_of_its_children() {
    let texts: &[(&str, &[&str], &str)] = &[
        ("lib", &[], "mod a;"),
        ("a", &["a"], "mod x;\nmod y;\npub struct A;\nfn f() { x::f(); }"),
        (
            "x",
            &["a", "x"],
            "use super::{A, y};\npub fn f() { y::g(); }\npub(in crate::a) fn h(fields: u8) \
                { fields; }",
        ),
        ("y", &["a", "y"], "use super::*;\npub fn g(a: A) { std::fmt::f(); }\nfn fields() {}"),
    ];
    assert_eq!(told(texts), ["x -> a", "x -> y", "y -> a"]);
}
