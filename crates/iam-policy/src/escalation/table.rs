//! The table of the published escalation paths: `data/escalation-paths.json`, which is compiled in
//! and parsed on first use.
//!
//! `data/refresh_escalations.py` compares it with the newest lists. A path that only adds actions
//! to another path of the table is left out: the shorter path covers it.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use super::path::Path;
use super::publication::{ListEdition, PublishedList};

const TEXT: &str = include_str!("../../data/escalation-paths.json");

/// Its texts are those of the file.
#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'static"))]
struct PathTable {
    lists: BTreeMap<PublishedList, ListEdition>,
    paths: Vec<Path>,
}

/// Returns the table. A test parses it, so that a broken file never gets here; it would be an
/// empty table.
fn load_table() -> &'static PathTable {
    static TABLE: OnceLock<PathTable> = OnceLock::new();
    let empty = || PathTable { lists: BTreeMap::new(), paths: Vec::new() };
    TABLE.get_or_init(|| serde_json::from_str(TEXT).unwrap_or_else(|_| empty()))
}

/// Returns all published paths.
///
/// ```
/// use iam_policy::escalation::all;
///
/// let path = all().find(|path| path.name == "escalation-pass-role-ecs-start-task-override");
/// let first = path.and_then(|path| path.publications().next()).expect("it is published");
/// assert_eq!((first.list.title(), first.id), ("pathfinding.cloud", "ecs-009"));
/// ```
pub fn all() -> impl Iterator<Item = &'static Path> {
    load_table().paths.iter()
}

/// Returns the lists with which the paths were compared, each in the state that was read.
pub fn lists() -> impl Iterator<Item = (PublishedList, ListEdition)> {
    load_table().lists.iter().map(|(list, edition)| (*list, *edition))
}

#[cfg(test)]
mod tests;
