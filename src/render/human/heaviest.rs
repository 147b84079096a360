//! Repeats at the end of a long plan what a reader must not miss: those who gain the most, what
//! becomes public, where secrets go, what is deleted. A reader sees the end of a plan first.

use super::HumanStyle;
use super::access::dressed;
use super::line::PlanLine;
use crate::plan::Plan;
use crate::render::access::Sentence;
use crate::render::attention::{AttentionItem, AttentionTopic, attention_items};
use crate::render::text::{count, escape};

/// The number of lines from which on a plan does not fit on a screen.
const SCREEN: usize = 40;

/// The number of items of one topic that are named; the plan above has them all.
const NAMED: usize = 10;

/// Returns the lines for a plan of so many lines. In a short plan only what no other line of the
/// summary tells: that data is deleted.
pub fn lines(
    plan: &Plan,
    sentences: &[Sentence],
    length: usize,
    style: HumanStyle,
) -> Vec<PlanLine> {
    let is_long = length > SCREEN;
    let items = attention_items(plan);
    let topics = AttentionTopic::ALL.into_iter();
    let topics = topics.filter(|topic| is_long || *topic == AttentionTopic::Data);
    let topics = topics.filter_map(|topic| of_topic(topic, &items, style));
    let gains = if is_long { of_sentences(sentences, 0, style) } else { Vec::new() };
    gains.into_iter().chain(topics).collect()
}

/// Returns the sentences on those who gain the most.
pub fn of_sentences(sentences: &[Sentence], indent: usize, style: HumanStyle) -> Vec<PlanLine> {
    let heavy: Vec<&Sentence> = sentences.iter().filter(|it| it.is_heavy()).collect();
    let line = |sentence: &&Sentence| PlanLine::plain(indent, dressed(&sentence.pieces(), style));
    let mut lines: Vec<PlanLine> = heavy.iter().take(NAMED).map(line).collect();
    if heavy.len() > NAMED {
        let rest = count(heavy.len() - NAMED, "heavy gain");
        lines.push(PlanLine::plain(indent, style.bad(&format!("… and {rest} more, see above"))));
    }
    lines
}

/// Returns `Destroyed: user.ada, user.bob`.
pub fn of_topic(
    topic: AttentionTopic,
    items: &[AttentionItem],
    style: HumanStyle,
) -> Option<PlanLine> {
    let items: Vec<&AttentionItem> = items.iter().filter(|item| item.topic == topic).collect();
    if items.is_empty() {
        return None;
    }
    let text = |item: &&AttentionItem| match item.text.as_str() {
        "" => escape(&item.address.to_string()),
        text => escape(&format!("{} ({text})", item.address)),
    };
    let mut named: Vec<String> = items.iter().take(NAMED).map(text).collect();
    named.extend((items.len() > NAMED).then(|| format!("… and {} more", items.len() - NAMED)));
    let title = style.bad(&format!("{}:", topic.title()));
    Some(PlanLine::plain(0, format!("{title} {}", named.join(", "))))
}
