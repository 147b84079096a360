//! Renders changes of access as comments above the change that causes them.

use std::collections::BTreeSet;

use super::HumanStyle;
use super::line::PlanLine;
use crate::access::uncompared_gains;
use crate::address::Address;
use crate::diff::ChangeAction;
use crate::plan::Plan;
use crate::policy::compare::Comparison;
use crate::render::access::{self, Detail, Sentence, TextRun, Tone, Turn};
use crate::render::attention;
use crate::render::text::{count, escape};

/// The column at which remarks move to a line of their own.
const WIDTH: usize = 100;

/// The number of sentences shown above one change; a reader in a hurry reads no more.
const SENTENCES: usize = 20;

/// Returns the lines of the sentences about one change.
pub fn of_change(sentences: &[&Sentence], style: HumanStyle) -> Vec<PlanLine> {
    commented(&limited(sentences, style))
}

/// Returns the lines of the sentences that belong to no change shown above, so that none is lost.
pub fn of_nothing(sentences: &[Sentence], plan: &Plan, style: HumanStyle) -> Vec<PlanLine> {
    let shown = plan
        .changes
        .iter()
        .filter(|change| change.action != ChangeAction::Nothing)
        .map(|change| &change.address);
    let shown: BTreeSet<&Address> = shown.collect();
    let is_shown = |through: &Address| shown.contains(through);
    let other: Vec<_> =
        sentences.iter().filter(|it| !it.through.as_ref().is_some_and(is_shown)).collect();
    let lines = commented(&limited(&other, style));
    if lines.is_empty() {
        return lines;
    }
    [PlanLine::blank(), PlanLine::plain(0, "Access that no change above shows:")]
        .into_iter()
        .chain(lines)
        .collect()
}

/// Returns `Access: serverless gains; old loses.`
pub fn summary(plan: &Plan, style: HumanStyle) -> Option<PlanLine> {
    if access::is_settled(plan) && !attention::deletes_data(plan) {
        return Some(PlanLine::plain(0, access::SETTLED));
    }
    access::summary(plan)
        .map(|it| PlanLine::plain(0, format!("{} {}", style.bold("Access:"), dressed(&it, style))))
}

/// Returns the differences in access between two documents.
pub fn comparison(comparison: &Comparison, style: HumanStyle) -> Vec<PlanLine> {
    access::of_comparison(comparison).iter().flat_map(|it| sentence(it, style)).collect()
}

/// Returns the access that a plan gives, or may give: the gains of the comparison, then those that
/// it doesn't show.
pub fn widening(plan: &Plan, style: HumanStyle) -> Vec<PlanLine> {
    let sentences = access::of_plan(plan);
    let compared = sentences.iter().filter(|it| it.widens()).flat_map(|it| sentence(it, style));
    let others = uncompared_gains(&plan.changes, &plan.header.account).into_iter().map(|it| {
        let address = style.bold(&escape(&it.address.to_string()));
        PlanLine::plain(0, format!("{address}: {}", escape(&it.reason)))
    });
    compared.chain(others).collect()
}

fn commented(lines: &[PlanLine]) -> Vec<PlanLine> {
    lines
        .iter()
        .map(|line| PlanLine::plain(2, format!("# {}", line.render(HumanStyle::default()))))
        .collect()
}

fn limited(sentences: &[&Sentence], style: HumanStyle) -> Vec<PlanLine> {
    let most =
        if style.verbose || sentences.len() <= SENTENCES + 1 { sentences.len() } else { SENTENCES };
    let (shown, hidden) = sentences.split_at(most);
    let mut lines: Vec<PlanLine> = shown.iter().flat_map(|it| sentence(it, style)).collect();
    if !hidden.is_empty() {
        let of = |turn: fn(Turn) -> bool| hidden.iter().filter(|it| turn(it.turn)).count();
        let numbers = [
            (of(|turn| turn == Turn::Gain), "gain"),
            (of(|turn| turn == Turn::Loss), "loss"),
            (of(|turn| matches!(turn, Turn::Doubt { .. })), "doubt"),
        ];
        let named = numbers.iter().filter(|(number, _)| *number > 0);
        let parts: Vec<_> = named.map(|(number, what)| counted(*number, what)).collect();
        lines.push(PlanLine::plain(
            0,
            style.warn(&format!("… and {}: -v shows all", parts.join(", "))),
        ));
    }
    lines
}

fn counted(number: usize, what: &str) -> String {
    if what == "loss" && number != 1 { format!("{number} losses") } else { count(number, what) }
}

/// Renders the clause on one line, so that it can be searched for, and the remarks below it if the
/// line would be too long.
fn sentence(sentence: &Sentence, style: HumanStyle) -> Vec<PlanLine> {
    let mut lines = vec![PlanLine::plain(0, dressed(&sentence.clause, style))];
    let mut width = length(&sentence.clause);
    for remark in &sentence.remarks {
        let text = dressed(remark, style);
        width += 1 + length(remark);
        match lines.last_mut() {
            Some(last) if width <= WIDTH => last.text = format!("{} {text}", last.text),
            _ => {
                width = 4 + length(remark);
                lines.push(PlanLine::plain(4, text));
            }
        }
    }
    if style.verbose {
        lines.extend(sentence.details.iter().flat_map(|it| detail(it, style)));
    }
    lines
}

fn detail(detail: &Detail, style: HumanStyle) -> Vec<PlanLine> {
    let label = if detail.folded { format!("{}:", detail.label) } else { detail.label.to_owned() };
    let hanging = 4 + label.chars().count() + 1;
    let mut rows: Vec<String> = Vec::new();
    for (position, item) in detail.items.iter().enumerate() {
        let comma = if position + 1 < detail.items.len() { "," } else { "" };
        let item = format!("{}{comma}", escape(item));
        match rows.last_mut() {
            Some(row) if hanging + row.chars().count() + item.chars().count() < WIDTH => {
                row.extend([" ", &item]);
            }
            _ => rows.push(item),
        }
    }
    let line = |(position, row): (usize, &String)| match position {
        0 => PlanLine::plain(4, style.dim(&format!("{label} {row}"))),
        _ => PlanLine::plain(hanging, style.dim(row)),
    };
    rows.iter().enumerate().map(line).collect()
}

fn length(pieces: &[TextRun]) -> usize {
    pieces.iter().map(|piece| escape(&piece.text).chars().count()).sum()
}

pub(super) fn dressed(pieces: &[TextRun], style: HumanStyle) -> String {
    let piece = |piece: &TextRun| {
        let [before, words, behind] = piece.spaced();
        let words = escape(words);
        let words = match piece.tone {
            Tone::Plain | Tone::Code => words,
            Tone::Name => style.bold(&words),
            Tone::Gain => style.good(&words),
            Tone::Loss | Tone::Public => style.bad(&words),
            Tone::Doubt => style.warn(&words),
        };
        format!("{before}{words}{behind}")
    };
    pieces.iter().map(piece).collect()
}
