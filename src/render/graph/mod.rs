//! Draws the dependency graph: every declared object, with arrows to the objects it depends on.

mod svg;

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::address::Address;
use crate::model::Desired;
use crate::render::text::escape;

pub use svg::render_svg;

/// Returns the graph in Graphviz's DOT language.
pub fn render_dot(desired: &Desired) -> String {
    let quoted =
        |text: &str| format!("\"{}\"", escape(text).replace('\\', "\\\\").replace('"', "\\\""));
    let mut out = format!(
        "digraph {} {{\n  rankdir = \"LR\";\n  node [shape = \"box\"];\n",
        quoted(&desired.name)
    );
    for node in nodes(desired) {
        let _ = writeln!(out, "  {};", quoted(&node.to_string()));
    }
    for (from, to) in edges(desired) {
        let _ = writeln!(out, "  {} -> {};", quoted(&from.to_string()), quoted(&to.to_string()));
    }
    out.push_str("}\n");
    out
}

/// Returns the graph in Mermaid's language: GitHub and GitLab draw it in Markdown.
pub fn mermaid(desired: &Desired) -> String {
    let nodes: Vec<_> = nodes(desired).into_iter().collect();
    // Names hold characters that Mermaid takes for syntax, so nodes are numbered and the name is a
    // label.
    let number = |address: &Address| nodes.binary_search(&address).unwrap_or_default();
    let mut out = "flowchart LR\n".to_owned();
    for (index, node) in nodes.iter().enumerate() {
        let _ = writeln!(out, "  n{index}[\"{}\"]", entities(&node.to_string()));
    }
    for (from, to) in edges(desired) {
        let _ = writeln!(out, "  n{} --> n{}", number(from), number(to));
    }
    out
}

/// Returns all declared objects and all objects that they depend on, in the order of addresses.
fn nodes(desired: &Desired) -> BTreeSet<&Address> {
    desired
        .resources
        .keys()
        .chain(desired.resources.values().flat_map(|resource| &resource.depends_on))
        .collect()
}

fn edges(desired: &Desired) -> impl Iterator<Item = (&Address, &Address)> {
    desired
        .resources
        .iter()
        .flat_map(|(from, resource)| resource.depends_on.iter().map(move |to| (from, to)))
}

/// Escapes the characters that would end a label or be markup in it, as Mermaid's entities.
fn entities(text: &str) -> String {
    let mut out = String::new();
    for c in escape(text).chars() {
        match c {
            '"' | '#' | '&' | '<' | '>' | '`' | '\\' | ';' => {
                let _ = write!(out, "#{};", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out
}
