//! Describes changes of access in sentences: who may do what after a change that they may not do
//! before it.
//!
//! A sentence is made once, of text runs with tones; the terminal, the pull request and the page
//! each format them in their own way. Text in the runs is not escaped: each output format escapes
//! it.

mod already;
mod condition;
mod fold;
mod grant;
mod names;
mod sentence;
mod summary;
#[cfg(test)]
mod tests;
mod weight;

use std::collections::BTreeMap;

use crate::address::Address;
use crate::policy::compare::{Comparison, Side};

pub use sentence::of_plan;
pub use summary::{SETTLED, gainers, is_settled, perhaps_gainers, summary};
pub use weight::Weight;

/// The meaning of a [`TextRun`], which decides its format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// relayctl's own words, and reasons.
    Plain,
    /// The principal that gains or loses.
    Name,
    /// An action, an ARN, a condition.
    Code,
    Gain,
    Loss,
    Doubt,
    /// The whole world.
    Public,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextRun {
    pub tone: Tone,
    pub text: String,
}

/// The direction in which access changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Turn {
    Gain,
    Loss,
    /// It isn't known if access changes.
    Doubt {
        /// True if it may be a gain.
        may_widen: bool,
    },
}

/// One thing that somebody gains or loses, or that isn't known.
#[derive(Clone, Debug, PartialEq)]
pub struct Sentence {
    pub turn: Turn,
    /// The change that causes it.
    pub through: Option<Address>,
    pub clause: Vec<TextRun>,
    /// The condition, the access before the change, the reason.
    pub remarks: Vec<Vec<TextRun>>,
    pub details: Vec<Detail>,
    /// Decides the place among the sentences.
    pub weight: Weight,
}

/// The items that a sentence leaves out because there are too many, or the evidence for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    pub label: &'static str,
    pub items: Vec<String>,
    /// True if the sentence itself only counts or shortens the items.
    pub folded: bool,
}

impl TextRun {
    /// Returns the space before its words, the words, and the space after them: spaces are not
    /// underlined or coloured.
    pub fn spaced(&self) -> [&str; 3] {
        let words = self.text.trim_matches(' ');
        let lead = self.text.len() - self.text.trim_start_matches(' ').len();
        match words {
            "" => ["", &self.text, ""],
            _ => [&self.text[..lead], words, &self.text[lead + words.len()..]],
        }
    }
}

impl Sentence {
    /// Returns true if somebody gains by it, or may gain.
    pub fn widens(&self) -> bool {
        matches!(self.turn, Turn::Gain | Turn::Doubt { may_widen: true })
    }

    /// Returns true if somebody gains by it, or may gain, so much that it is always named.
    pub fn is_heavy(&self) -> bool {
        self.widens() && self.weight.is_heavy()
    }

    /// Returns the clause and the remarks as one row of text runs.
    pub fn pieces(&self) -> Vec<TextRun> {
        let spaced = |remark: &Vec<TextRun>| {
            std::iter::once(plain(" ")).chain(remark.clone()).collect::<Vec<_>>()
        };
        self.clause.iter().cloned().chain(self.remarks.iter().flat_map(spaced)).collect()
    }
}

/// Returns the sentences about each change.
pub fn by_change(sentences: &[Sentence]) -> BTreeMap<&Address, Vec<&Sentence>> {
    let mut by_change: BTreeMap<&Address, Vec<&Sentence>> = BTreeMap::new();
    for sentence in sentences {
        if let Some(through) = &sentence.through {
            by_change.entry(through).or_default().push(sentence);
        }
    }
    by_change
}

/// Returns the sentences of a comparison of two documents: `gains …`, `loses …`. They name no
/// principal that the documents are attached to.
pub fn of_comparison(comparison: &Comparison) -> Vec<Sentence> {
    let gains = comparison.gained.iter().map(|it| sentence::bare_sentence(Side::Gained, it));
    let losses = comparison.lost.iter().map(|it| sentence::bare_sentence(Side::Lost, it));
    gains.chain(losses).chain(sentence::doubts(&comparison.doubts)).collect()
}

fn plain(text: impl Into<String>) -> TextRun {
    TextRun { tone: Tone::Plain, text: text.into() }
}

fn code(text: impl Into<String>) -> TextRun {
    TextRun { tone: Tone::Code, text: text.into() }
}

fn name(text: impl Into<String>) -> TextRun {
    TextRun { tone: Tone::Name, text: text.into() }
}

/// Joins items: `a, b and c`.
fn series(items: Vec<TextRun>) -> Vec<TextRun> {
    let last = items.len().saturating_sub(1);
    let separated = items.into_iter().enumerate().flat_map(|(position, item)| {
        let separator = match position {
            0 => None,
            _ if position == last => Some(plain(" and ")),
            _ => Some(plain(", ")),
        };
        separator.into_iter().chain([item])
    });
    separated.collect()
}

#[cfg(test)]
fn read(pieces: &[TextRun]) -> String {
    pieces.iter().map(|piece| piece.text.as_str()).collect()
}
