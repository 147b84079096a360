//! Wildcard patterns as languages: a set of patterns divides all texts into cells.
//!
//! Two texts are in the same cell when the same patterns match them. So a question about all texts
//! becomes one about finitely many cells, each with a shortest text as its witness. The cells are
//! the reachable states of the patterns' common deterministic automaton, grouped by the patterns
//! that they accept.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::OnceLock;

use fixedbitset::FixedBitSet;

use crate::Budget;

/// One element of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum PatternToken {
    Char(char),
    /// A lower-case letter that matches in its other cases, too.
    AnyCase(char),
    /// `?`; true if it matches a colon.
    One(bool),
    /// `*`; true if it matches colons.
    Star(bool),
    /// One character of a class.
    OneOf(CharClass),
    /// Any number of characters of a class.
    ManyOf(CharClass),
}

/// A class of characters that names and ids are made of. No policy spells a class: they are in the
/// patterns of what a value can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum CharClass {
    /// The digits of account ids.
    Digit,
    /// The characters of the names of users and roles: `[\w+=,.@-]`.
    Name,
}

impl CharClass {
    fn contains(self, c: char) -> bool {
        match self {
            Self::Digit => c.is_ascii_digit(),
            Self::Name => c.is_ascii_alphanumeric() || "_+=,.@-".contains(c),
        }
    }
}

pub(super) type Pattern = Vec<PatternToken>;

/// A cell: the texts that exactly these of the patterns match.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub accepts: FixedBitSet,
    /// A shortest text of the cell.
    pub witness: String,
}

/// The most steps of a search, about a tenth of a second; a step is one position by one character.
/// Patterns that begin with `*` can multiply each other's states, so a longer search is given up.
/// The largest policies that AWS has take a tenth of these steps.
const MOST_STEPS: usize = 4_000_000;

/// The most states of a search, which bounds its memory.
const MOST_STATES: usize = 300_000;

/// The steps that a new state costs: it is stored and looked up.
const STATE_STEPS: usize = 6;

/// A state: a small sorted list of positions. A position packs the pattern and the place in it.
type AutomatonState = Rc<[u64]>;

/// Returns the cells of `universe`; `None` where the patterns take more than `MOST_STEPS`, or than
/// the budget has.
pub(super) fn cells(
    universe: &[PatternToken],
    patterns: &[&[PatternToken]],
    budget: &Budget,
) -> Option<Vec<Cell>> {
    let alone: Vec<Vec<usize>> = (0..patterns.len()).map(|index| vec![index]).collect();
    cells_of(universe, patterns, &alone, budget)
}

/// A cache of cells. Where a program writes the manifest, a thousand users have the same policies,
/// whose patterns divide the texts in the same way each time.
#[derive(Debug, Default)]
pub(super) struct PatternCache {
    pub budget: Budget,
    known: RefCell<KnownCells>,
}

#[derive(Debug, Default)]
struct KnownCells {
    answers: HashMap<Question, Option<Rc<[Cell]>>>,
    /// The number of all cells in the answers.
    size: usize,
}

/// The key of the cache: universe, patterns, lists.
type Question = (Pattern, Vec<Pattern>, Vec<Vec<usize>>);

/// The most entries of the cache. Policies that recur do so soon, so that more entries would not
/// help.
const MOST_KNOWN: usize = 64;

/// The most cells of the cache, which bounds its memory.
const MOST_KNOWN_CELLS: usize = 200_000;

impl PatternCache {
    pub fn within(budget: Budget) -> Self {
        Self { budget, known: RefCell::default() }
    }

    /// Returns the same as [`cells_of`], from the cache if possible.
    pub fn cells_of(
        &self,
        universe: &[PatternToken],
        patterns: &[&[PatternToken]],
        lists: &[Vec<usize>],
    ) -> Option<Rc<[Cell]>> {
        let question =
            (universe.to_vec(), patterns.iter().map(|it| it.to_vec()).collect(), lists.to_vec());
        if let Some(cells) = self.known.borrow().answers.get(&question) {
            return cells.clone();
        }
        let cells: Option<Rc<[Cell]>> =
            cells_of(universe, patterns, lists, &self.budget).map(Into::into);
        let mut known = self.known.borrow_mut();
        let size = cells.as_ref().map_or(0, |cells| cells.len());
        if known.answers.len() >= MOST_KNOWN || known.size + size > MOST_KNOWN_CELLS {
            *known = KnownCells::default();
        }
        known.size += size;
        known.answers.insert(question, cells.clone());
        cells
    }
}

/// Returns the cells where patterns count only together, as the lists that contain them. For each
/// list, a cell tells if any of its patterns matches, and at least one that does. Lists such as
/// `…/*/models/*`, `…/*/stages/*` would otherwise have a cell for each of their subsets.
fn cells_of(
    universe: &[PatternToken],
    patterns: &[&[PatternToken]],
    lists: &[Vec<usize>],
    budget: &Budget,
) -> Option<Vec<Cell>> {
    Automaton::new(universe, patterns, lists).explore(budget, MOST_STEPS)
}

/// Returns the same as [`cells_of`], within fewer steps.
pub(super) fn few_cells_of(
    universe: &[PatternToken],
    patterns: &[&[PatternToken]],
    lists: &[Vec<usize>],
    budget: &Budget,
    most_steps: usize,
) -> Option<Vec<Cell>> {
    Automaton::new(universe, patterns, lists).explore(budget, most_steps)
}

/// Tells if `wide` matches every text that `narrow` matches. `false` also where the search is given
/// up.
pub(super) fn includes(wide: &[PatternToken], narrow: &[PatternToken], budget: &Budget) -> bool {
    cells(narrow, &[wide], budget)
        .is_some_and(|cells| cells.iter().all(|cell| cell.accepts.contains(0)))
}

struct Automaton<'a> {
    /// The universe, then the patterns.
    patterns: Vec<&'a [PatternToken]>,
    /// For each pattern, the lists that contain it.
    lists: Vec<Vec<usize>>,
    list_count: usize,
    seen: HashSet<AutomatonState>,
    /// Each state, with the index of the state from which it was reached, and by which character.
    nodes: Vec<(AutomatonState, usize, char)>,
}

impl<'a> Automaton<'a> {
    fn new(
        universe: &'a [PatternToken],
        patterns: &[&'a [PatternToken]],
        lists: &[Vec<usize>],
    ) -> Self {
        let patterns: Vec<&[PatternToken]> =
            std::iter::once(universe).chain(patterns.iter().copied()).collect();
        let mut of_pattern = vec![Vec::new(); patterns.len()];
        for (list, members) in lists.iter().enumerate() {
            for member in members {
                of_pattern[member + 1].push(list);
            }
        }
        Self {
            patterns,
            lists: of_pattern,
            list_count: lists.len(),
            seen: HashSet::new(),
            nodes: Vec::new(),
        }
    }

    fn explore(mut self, budget: &Budget, most_steps: usize) -> Option<Vec<Cell>> {
        let start: Vec<u64> = (0..self.patterns.len()).map(|pattern| pack(pattern, 0)).collect();
        let start = self.closed(&start).into();
        self.visit(start, 0, '\0');
        let mut found: HashMap<FixedBitSet, usize> = HashMap::new();
        let mut order = Vec::new();
        let (mut index, mut steps) = (0, 0);
        while index < self.nodes.len() {
            if let Some(accepts) = self.accepts(&self.nodes[index].0) {
                found.entry(accepts).or_insert_with_key(|accepts| {
                    order.push((accepts.clone(), index));
                    index
                });
            }
            let alphabet = self.alphabet(&self.nodes[index].0);
            let now = alphabet.len() * self.nodes[index].0.len();
            steps += now;
            let is_within = steps <= most_steps && self.nodes.len() <= MOST_STATES;
            if !is_within || !budget.spend(now + STATE_STEPS) {
                return None;
            }
            for character in alphabet {
                let next = self.step(&self.nodes[index].0, character).into();
                self.visit(next, index, character);
            }
            index += 1;
        }
        Some(
            order
                .into_iter()
                .map(|(accepts, node)| Cell { accepts, witness: self.witness(node) })
                .collect(),
        )
    }

    fn visit(&mut self, state: AutomatonState, from: usize, by: char) {
        if state.is_empty() || self.seen.contains(&state) {
            return;
        }
        self.seen.insert(Rc::clone(&state));
        self.nodes.push((state, from, by));
    }

    /// Returns the characters that make a difference in this state, and one that stands for all
    /// others.
    fn alphabet(&self, state: &[u64]) -> Vec<char> {
        let mut characters = Vec::new();
        let mut classes = Vec::new();
        for position in state {
            let (pattern, place) = unpack(*position);
            let spelt = match self.patterns[pattern].get(place) {
                Some(PatternToken::Char(c)) => std::slice::from_ref(c),
                Some(PatternToken::AnyCase(c)) => cases(*c),
                Some(PatternToken::OneOf(class) | PatternToken::ManyOf(class)) => {
                    classes.push(*class);
                    &[]
                }
                Some(PatternToken::One(_) | PatternToken::Star(_)) | None => &[],
            };
            for c in spelt {
                if *c != ':' && !characters.contains(c) {
                    characters.push(*c);
                }
            }
        }
        // Sorted, so that witnesses don't depend on the order of the patterns.
        characters.sort_unstable();
        // One for each set of classes: of none, of names alone, of both.
        let mut kinds: Vec<Vec<bool>> = Vec::new();
        for free in LETTERS.chars().chain("0123456789!/".chars()).chain('\u{100}'..) {
            let kind: Vec<bool> = classes.iter().map(|class| class.contains(free)).collect();
            let is_last = free > '\u{100}';
            if is_last && kinds.iter().any(|known| !known.contains(&true)) {
                break;
            }
            if !characters.contains(&free) && !kinds.contains(&kind) {
                characters.push(free);
                kinds.push(kind);
            }
            if classes.is_empty() && !kinds.is_empty() {
                break;
            }
        }
        // Last, so that no witness has more colons than it needs.
        characters.push(':');
        characters
    }

    fn step(&self, state: &[u64], character: char) -> Vec<u64> {
        let mut next = Vec::with_capacity(state.len());
        for position in state {
            let (pattern, place) = unpack(*position);
            if pattern > 0 && next.is_empty() {
                // Texts outside of the universe don't count.
                return next;
            }
            match self.patterns[pattern].get(place) {
                Some(PatternToken::Char(c)) if *c == character => {
                    next.push(pack(pattern, place + 1));
                }
                Some(PatternToken::AnyCase(c)) if cases(*c).contains(&character) => {
                    next.push(pack(pattern, place + 1));
                }
                Some(PatternToken::One(colon)) if *colon || character != ':' => {
                    next.push(pack(pattern, place + 1));
                }
                Some(PatternToken::Star(colon)) if *colon || character != ':' => {
                    next.push(*position);
                }
                Some(PatternToken::OneOf(class)) if class.contains(character) => {
                    next.push(pack(pattern, place + 1));
                }
                Some(PatternToken::ManyOf(class)) if class.contains(character) => {
                    next.push(*position);
                }
                _ => {}
            }
        }
        self.closed(&next)
    }

    /// Adds the places after each `*`, and removes those before it.
    ///
    /// Everything that a pattern matches from an earlier place it also matches from its latest `*`,
    /// since every match from the earlier place leads through that `*`. Colons don't change that:
    /// all places of one pattern that one text reaches are in the same part of the ARN. A class of
    /// characters matches less than `*`, and removes nothing. The places come in order.
    fn closed(&self, reached: &[u64]) -> Vec<u64> {
        let mut kept: Vec<u64> = Vec::with_capacity(reached.len() + 4);
        let (mut current, mut start) = (usize::MAX, 0);
        for position in reached {
            let (pattern, mut place) = unpack(*position);
            if pattern != current {
                (current, start) = (pattern, kept.len());
            }
            loop {
                let is_new = kept[start..].last().is_none_or(|last| *last < pack(pattern, place));
                let token = self.patterns[pattern].get(place);
                let is_star = matches!(token, Some(PatternToken::Star(_)));
                if is_new && is_star {
                    kept.truncate(start);
                }
                if is_new {
                    kept.push(pack(pattern, place));
                }
                if !is_star && !matches!(token, Some(PatternToken::ManyOf(_))) {
                    break;
                }
                place += 1;
            }
        }
        self.settled(kept)
    }

    /// Removes the patterns that make no difference any more: in each of their lists another
    /// pattern has reached its final `*`, and so matches any rest.
    fn settled(&self, mut state: Vec<u64>) -> Vec<u64> {
        let mut lists = FixedBitSet::with_capacity(self.list_count);
        let mut settling = Vec::new();
        for position in &state {
            let (pattern, place) = unpack(*position);
            if pattern > 0 && self.patterns[pattern][place..] == [PatternToken::Star(true)] {
                lists.extend(self.lists[pattern].iter().copied());
                settling.push(pattern);
            }
        }
        if !settling.is_empty() {
            state.retain(|position| {
                let (pattern, _) = unpack(*position);
                let open = || self.lists[pattern].iter().any(|list| !lists.contains(*list));
                pattern == 0 || settling.binary_search(&pattern).is_ok() || open()
            });
        }
        state
    }

    /// Returns the patterns that match the texts of this state; `None` where the texts aren't in
    /// the universe.
    fn accepts(&self, state: &[u64]) -> Option<FixedBitSet> {
        let mut accepts = FixedBitSet::with_capacity(self.patterns.len() - 1);
        let mut inside = false;
        for position in state {
            let (pattern, place) = unpack(*position);
            if place == self.patterns[pattern].len() {
                match pattern.checked_sub(1) {
                    None => inside = true,
                    Some(index) => accepts.insert(index),
                }
            }
        }
        inside.then_some(accepts)
    }

    fn witness(&self, mut node: usize) -> String {
        let mut characters = Vec::new();
        while node != 0 {
            let (_, from, by) = &self.nodes[node];
            characters.push(*by);
            node = *from;
        }
        characters.iter().rev().collect()
    }
}

/// The characters that stand for all others, as far as no pattern spells them.
const LETTERS: &str = "xyzabcdefghijklmnopqrstuvw";

/// Returns the letters that are this one in lower case: `k`, `K` and the sign of kelvin.
fn cases(lower: char) -> &'static [char] {
    static OF_ASCII: OnceLock<LetterCases> = OnceLock::new();
    static OF_ALL: OnceLock<LetterCases> = OnceLock::new();
    let known = if lower.is_ascii() {
        // A walk over all letters takes long, and hardly any text has others than these.
        OF_ASCII.get_or_init(|| letter_cases(('\0'..='\u{7f}').chain([KELVIN])))
    } else {
        OF_ALL.get_or_init(|| letter_cases('\0'..=char::MAX))
    };
    known.get(&lower).map_or(&[], Vec::as_slice)
}

/// The only letter beyond ASCII with a lower case in ASCII.
const KELVIN: char = '\u{212a}';

/// Letters in lower case, each with all its cases.
type LetterCases = HashMap<char, Vec<char>>;

fn letter_cases(letters: impl Iterator<Item = char>) -> LetterCases {
    let mut cases = LetterCases::new();
    for letter in letters {
        let mut lower = letter.to_lowercase();
        if let (Some(one), None) = (lower.next(), lower.next())
            && one != letter
        {
            cases.entry(one).or_insert_with(|| vec![one]).push(letter);
        }
    }
    cases
}

/// Returns the pattern of the texts that are this one in lower case; `None` where a letter depends
/// on those beside it: a sigma ends a word in another form, and a dot above may be a part of the
/// letter before it.
pub(super) fn any_case(text: &str) -> Option<Pattern> {
    let lower = text.to_lowercase();
    let token = |c: char| match c {
        'σ' | 'ς' | '\u{307}' => None,
        c if cases(c).is_empty() => Some(PatternToken::Char(c)),
        c => Some(PatternToken::AnyCase(c)),
    };
    lower.chars().map(token).collect()
}

fn pack(pattern: usize, place: usize) -> u64 {
    ((pattern as u64) << 32) | place as u64
}

fn unpack(position: u64) -> (usize, usize) {
    ((position >> 32) as usize, (position & 0xffff_ffff) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        text.chars()
            .map(|c| match c {
                '*' => PatternToken::Star(true),
                '?' => PatternToken::One(true),
                other => PatternToken::Char(other),
            })
            .collect()
    }

    fn divided(patterns: &[&str]) -> Vec<(Vec<usize>, String)> {
        let patterns: Vec<Pattern> = patterns.iter().map(|text| pattern(text)).collect();
        let patterns: Vec<&[PatternToken]> = patterns.iter().map(Vec::as_slice).collect();
        let cells = cells(&pattern("*"), &patterns, &Budget::default()).unwrap();
        let mut found: Vec<_> = cells
            .into_iter()
            .map(|cell| (cell.accepts.ones().collect::<Vec<_>>(), cell.witness))
            .collect();
        found.sort();
        found
    }

    #[test]
    fn the_cases_of_ascii_letters_are_those_of_all_letters() {
        let all = letter_cases('\0'..=char::MAX);
        for letter in '\0'..='\u{7f}' {
            assert_eq!(cases(letter), all.get(&letter).map_or(&[][..], Vec::as_slice));
        }
    }

    #[test]
    fn cells_are_the_possible_combinations_with_a_shortest_witness() {
        assert_eq!(
            divided(&["ab*", "*b", "abc"]),
            [
                (vec![], String::new()),
                (vec![0], "abx".to_owned()),
                (vec![0, 1], "ab".to_owned()),
                (vec![0, 2], "abc".to_owned()),
                (vec![1], "b".to_owned()),
            ]
        );
    }

    #[test]
    fn inclusion_is_exact() {
        let inside = |wide: &str, narrow: &str| {
            includes(&pattern(wide), &pattern(narrow), &Budget::default())
        };
        assert!(inside("*Zappa*", "*-Zappa"));
        assert!(inside("a*b", "a?b"));
        assert!(inside("*a*b*", "*ab*"));
        assert!(inside("??*", "*??"));
        assert!(!inside("*-Zappa*", "*Zappa*"));
        assert!(!inside("a?b", "a*b"));
        assert!(!inside("*ab*", "*a*b*"));
    }

    #[test]
    fn colons_stop_the_wildcards_that_do_not_reach_over_them() {
        let part = [PatternToken::Star(false), PatternToken::Char(':'), PatternToken::Star(true)];
        let budget = Budget::default();
        let cells = cells(&pattern("*"), &[&part, &pattern("*:*")], &budget).unwrap();
        // Both need a colon, and any text with a colon matches both.
        assert_eq!(cells.len(), 2);
        let two = [PatternToken::Star(false), PatternToken::Char(':'), PatternToken::Star(false)];
        assert!(!includes(&two, &pattern("*:*"), &budget));
        assert!(includes(&pattern("*:*"), &two, &budget));
    }

    #[test]
    fn a_class_matches_its_characters_and_removes_no_wildcard() {
        let name = [PatternToken::OneOf(CharClass::Name), PatternToken::ManyOf(CharClass::Name)];
        let path = [&pattern("*/")[..], &name].concat();
        let budget = Budget::default();
        for (text, expected) in
            [("a/b", true), ("a/b/c", true), ("/b-1", true), ("a/", false), ("a/b:c", false)]
        {
            assert_eq!(includes(&path, &pattern(text), &budget), expected, "{text}");
        }
        let id = [PatternToken::OneOf(CharClass::Digit); 3];
        let found = cells(&id, &[&pattern("1*"), &pattern("*x*")], &budget).unwrap();
        let witnesses: Vec<&str> = found.iter().map(|cell| &*cell.witness).collect();
        assert_eq!(witnesses, ["100", "000"], "no id has a letter");
        assert!(includes(&name, &id, &budget) && !includes(&id, &name, &budget));
    }

    #[test]
    fn entangled_patterns_are_given_up_and_not_guessed() {
        let patterns: Vec<Pattern> = (0..26u8)
            .map(|index| pattern(&format!("*{0}{0}*", char::from(b'a' + index))))
            .collect();
        let patterns: Vec<&[PatternToken]> = patterns.iter().map(Vec::as_slice).collect();
        let budget = Budget::default();
        assert!(cells(&pattern("*"), &patterns, &budget).is_none());
        assert!(!budget.is_spent(), "one search is given up before the whole question");
    }

    #[test]
    fn many_literal_prefixes_cost_no_more_than_their_letters() {
        let patterns: Vec<Pattern> =
            (0..2_000).map(|index| pattern(&format!("service{index}:get*"))).collect();
        let patterns: Vec<&[PatternToken]> = patterns.iter().map(Vec::as_slice).collect();
        assert_eq!(cells(&pattern("*"), &patterns, &Budget::default()).unwrap().len(), 2_001);
    }
}
