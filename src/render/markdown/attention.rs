//! Renders what a reader must not miss besides access: secrets, deletions, what becomes public.

use std::fmt::Write;

use super::{CommentSection, code, prose};
use crate::plan::Plan;
use crate::render::attention::{AttentionItem, AttentionTopic, attention_items};
use crate::render::text::{count, escape};

/// The longest text behind an address.
const LONGEST: usize = 500;

/// Returns a heading, and an item for each topic with the objects by name, the heaviest first.
/// Objects that have no room are counted. No topic can push another out.
pub fn section(plan: &Plan, room: usize) -> CommentSection {
    let items = attention_items(plan);
    if items.is_empty() {
        return CommentSection::default();
    }
    let mut out = "\n#### Look at\n\n".to_owned();
    let mut cut = 0;
    for topic in AttentionTopic::ALL {
        let of_topic = items.iter().filter(|item| item.topic == topic).map(described);
        let (mut shown, mut left, mut length) = (Vec::new(), 0, 0);
        for text in of_topic {
            if length + text.len() > room / AttentionTopic::ALL.len() {
                left += 1;
            } else {
                length += text.len();
                shown.push(text);
            }
        }
        shown.extend((left > 0).then(|| format!("… and {left} more")));
        if !shown.is_empty() {
            let _ = writeln!(out, "- **{}**: {}", topic.title(), shown.join(", "));
        }
        cut += left;
    }
    let cut = (cut > 0).then(|| count(cut, "object") + " to look at");
    CommentSection { text: out, cut: cut.into_iter().collect() }
}

fn described(item: &AttentionItem) -> String {
    let named = code(&item.address.to_string());
    let text = prose(&escape(&item.text));
    if text.is_empty() || text.len() > LONGEST { named } else { format!("{named} ({text})") }
}
