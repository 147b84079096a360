//! Files, and modules, that use each other in a circle.

use std::collections::BTreeSet;

use petgraph::algo::tarjan_scc;
use petgraph::prelude::DiGraphMap;

use super::graph::{Arrows, arrows};
use super::source::{Crate, by_path};

/// Finds files of a crate that can't be read one after the other, and what ties them.
pub fn between_files(crates: &[Crate]) -> Vec<String> {
    crates.iter().flat_map(|one| circles(&arrows(one))).collect()
}

/// Finds top modules that use each other.
pub fn between_modules(crates: &[Crate]) -> Vec<String> {
    crates.iter().flat_map(|one| circles(&rooms(one))).collect()
}

/// The arrows between a crate's top modules; the root, which is made of them all, has none.
fn rooms(one: &Crate) -> Arrows<'_> {
    let sources = by_path(std::slice::from_ref(one));
    let mut rooms = Arrows::new();
    for ((from, to), names) in arrows(one) {
        let (from, to) = (sources[from], sources[to]);
        if from.room() != to.room() && !from.module.is_empty() && !to.module.is_empty() {
            rooms.entry((from.room(), to.room())).or_default().extend(names);
        }
    }
    rooms
}

fn circles(arrows: &Arrows<'_>) -> Vec<String> {
    let graph: DiGraphMap<&str, ()> = arrows.keys().map(|(from, to)| (*from, *to, ())).collect();
    let mut circles: Vec<Vec<&str>> =
        tarjan_scc(&graph).into_iter().filter(|circle| circle.len() > 1).collect();
    for circle in &mut circles {
        circle.sort_unstable();
    }
    circles.sort();
    circles.iter().map(|circle| told(circle, arrows)).collect()
}

fn told(circle: &[&str], arrows: &Arrows<'_>) -> String {
    let inside =
        arrows.iter().filter(|((from, to), _)| circle.contains(from) && circle.contains(to));
    let tie = |((from, to), names): (&(&str, &str), &BTreeSet<String>)| {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        format!("\n    {from} -> {to}: {}", names.join(", "))
    };
    let ties: String = inside.map(tie).collect();
    format!("{} in a circle: {}{ties}", circle.len(), circle.join(", "))
}

#[test]
fn circles_of_files_and_of_modules_are_told_apart() {
    let texts: &[(&str, &[&str], &str)] = &[
        ("lib", &[], "mod a;\nmod b;"),
        ("a", &["a"], "mod x;\nmod y;"),
        ("x", &["a", "x"], "use crate::b::B;\npub struct X;"),
        ("y", &["a", "y"], "pub struct Y;"),
        ("b", &["b"], "use crate::a::y::Y;\npub struct B;"),
    ];
    let found = [Crate::of(texts)];
    assert_eq!(between_files(&found), [""; 0]);
    assert_eq!(between_modules(&found), ["2 in a circle: a, b\n    a -> b: B\n    b -> a: Y"]);
}

#[test]
fn a_circle_of_files_says_what_ties_it() {
    let texts: &[(&str, &[&str], &str)] = &[
        ("lib", &[], "mod a;"),
        ("a", &["a"], "mod x;\nmod y;\nmod z;"),
        ("x", &["a", "x"], "pub struct X(super::y::Y);"),
        ("y", &["a", "y"], "use super::z::Z;\npub struct Y;"),
        ("z", &["a", "z"], "use super::x::X;\npub struct Z;"),
    ];
    let ties = "\n    x -> y: Y\n    y -> z: Z\n    z -> x: X";
    assert_eq!(between_files(&[Crate::of(texts)]), [format!("3 in a circle: x, y, z{ties}")]);
}
