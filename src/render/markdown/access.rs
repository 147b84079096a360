//! Renders changes of access, which come before anything else that a reviewer reads.

use std::fmt::Write;

use super::{code, prose};
use crate::plan::Plan;
use crate::render::access::{self, Detail, Sentence, TextRun, Tone};
use crate::render::text::{count, escape};

/// The number of items shown of a folded list.
const ITEMS: usize = 100;

/// Returns a heading, the summary, and an item for each sentence. Sentences that have no room are
/// counted.
pub fn section(plan: &Plan, room: usize) -> String {
    if access::is_settled(plan) {
        return format!("\n{}\n", access::SETTLED);
    }
    let Some(summary) = access::summary(plan) else { return String::new() };
    let sentences = access::of_plan(plan);
    let mut out = format!("\n#### Access\n\n{}\n\n", dressed(&summary));
    for (number, sentence) in sentences.iter().enumerate() {
        let item = item(sentence);
        if out.len() + item.len() > room {
            let rest = count(sentences.len() - number, "more change");
            let _ = writeln!(out, "- … and {rest} of access: see the whole plan");
            break;
        }
        out.push_str(&item);
    }
    out
}

fn item(sentence: &Sentence) -> String {
    let through = sentence
        .through
        .as_ref()
        .map(|it| format!(" · by {}", code(&it.to_string())))
        .unwrap_or_default();
    let mut out =
        format!("- {}{through}", dressed(&sentence.pieces())).trim_end().to_owned() + "\n";
    for detail in sentence.details.iter().filter(|detail| detail.folded) {
        out.push_str(&folded(detail));
    }
    out
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
