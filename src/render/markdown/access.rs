//! Renders changes of access, which come before anything else that a reviewer reads.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{CommentSection, code, prose};
use crate::plan::Plan;
use crate::render::access::{self, Detail, Sentence, TextRun, Tone, Turn, Weight};
use crate::render::attention;
use crate::render::text::{count, escape};

/// The number of items shown of a folded list.
const ITEMS: usize = 100;

/// The longest item, and the longest list of names.
const LONGEST: usize = 3_000;

/// The part of the section's room that is left for the names of those whose sentences have no room.
const NAMES: usize = 6_000;

/// Returns a heading, the summary, and an item for each sentence, the heaviest first. Of sentences
/// that have no room, the names are given; then what is left is counted.
pub fn section(plan: &Plan, room: usize) -> CommentSection {
    if access::is_settled(plan) && !attention::deletes_data(plan) {
        return CommentSection::whole(format!("\n{}\n", access::SETTLED));
    }
    let Some(summary) = access::summary(plan) else { return CommentSection::default() };
    let sentences = access::of_plan(plan);
    let mut out = format!("\n#### Access\n\n{}\n\n", dressed(&summary));
    let mut rest: BTreeMap<NamedGroup, Vec<String>> = BTreeMap::new();
    for sentence in &sentences {
        match item(sentence).filter(|item| out.len() + item.len() + NAMES <= room) {
            Some(item) => out.push_str(&item),
            None => rest.entry(NamedGroup::group_of(sentence)).or_default().push(names(sentence)),
        }
    }
    let mut cut = 0;
    for (group, names) in rest {
        let (line, left) = named_rest(group, &names, room.saturating_sub(out.len()));
        out.push_str(&line);
        cut += left;
    }
    let cut = (cut > 0).then(|| count(cut, "change") + " of access");
    CommentSection { text: out, cut: cut.into_iter().collect() }
}

/// The group in which a sentence without room is named.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum NamedGroup {
    Heavy(Weight),
    Other(Turn),
}

impl NamedGroup {
    fn group_of(sentence: &Sentence) -> Self {
        if sentence.is_heavy() { Self::Heavy(sentence.weight) } else { Self::Other(sentence.turn) }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Heavy(Weight::Everything) => "**Every action** also for",
            Self::Heavy(Weight::Outsider) => "**Let in from outside** also",
            Self::Heavy(Weight::Escalation | Weight::Identity | Weight::Ordinary) => {
                "**Ways to more permissions** also for"
            }
            Self::Other(Turn::Gain) => "More gains, of",
            Self::Other(Turn::Loss) => "More losses, of",
            Self::Other(Turn::Doubt { .. }) => "Not known, for",
        }
    }
}

/// Returns the line of a group, and the number of the names that have no room.
fn named_rest(group: NamedGroup, names: &[String], room: usize) -> (String, usize) {
    let mut line = format!("- {}: ", group.label());
    let fitting = |line: &String, name: &String| line.len() + name.len() + 40 <= room;
    let mut shown = 0;
    for name in names.iter().take_while(|name| name.len() <= LONGEST) {
        if !fitting(&line, name) {
            break;
        }
        line.push_str(if shown > 0 { ", " } else { "" });
        line.push_str(name);
        shown += 1;
    }
    let left = names.len() - shown;
    if left > 0 {
        line.push_str(if shown > 0 { ", … and " } else { "" });
        let _ = write!(line, "{left}{}", if shown > 0 { " more" } else { "" });
    }
    (line + "\n", left)
}

/// Returns the principals and roles of a sentence.
fn names(sentence: &Sentence) -> String {
    let is_name = |piece: &&TextRun| matches!(piece.tone, Tone::Name | Tone::Public);
    let names: Vec<&str> = (sentence.clause.iter().filter(is_name))
        .map(|piece| piece.text.trim_matches([' ', ':']))
        .collect();
    let through = sentence.through.as_ref().map(ToString::to_string);
    match (names.is_empty(), through) {
        (true, Some(through)) => code(&through),
        _ => code(&names.join(", ")),
    }
}

/// Returns the item of a sentence; without its lists if these are long. `None` if it is too long
/// even then.
fn item(sentence: &Sentence) -> Option<String> {
    let through = sentence
        .through
        .as_ref()
        .map(|it| format!(" · by {}", code(&it.to_string())))
        .unwrap_or_default();
    let line = format!("- {}{through}", dressed(&sentence.pieces())).trim_end().to_owned() + "\n";
    let folded = sentence.details.iter().filter(|detail| detail.folded).map(folded);
    let whole = folded.fold(line.clone(), |item, detail| item + &detail);
    [whole, line].into_iter().find(|item| item.len() <= LONGEST)
}

/// Returns the folded list, indented because it belongs to the item above it.
fn folded(detail: &Detail) -> String {
    let mut items: Vec<String> = detail.items.iter().take(ITEMS).map(|item| code(item)).collect();
    if detail.items.len() > ITEMS {
        items.push(format!("… and {} more", detail.items.len() - ITEMS));
    }
    format!(
        "  <details><summary>{}</summary>\n\n  {}\n\n  </details>\n",
        detail.label,
        items.join(", ")
    )
}

fn dressed(pieces: &[TextRun]) -> String {
    let piece = |piece: &TextRun| {
        let [before, words, behind] = piece.spaced();
        let words = match piece.tone {
            Tone::Plain => prose(&escape(words)),
            Tone::Name | Tone::Code => code(words),
            Tone::Gain | Tone::Loss | Tone::Doubt | Tone::Public => {
                format!("**{}**", prose(&escape(words)))
            }
        };
        format!("{before}{words}{behind}")
    };
    pieces.iter().map(piece).collect()
}
