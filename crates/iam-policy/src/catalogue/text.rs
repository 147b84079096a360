//! The format in which the catalogue is compiled in. `data/refresh.py` writes and describes it.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use miniz_oxide::inflate::decompress_to_vec_zlib;

use crate::pattern::action_matches;

use super::{AccessLevel, Action, ResourceUse, ValueType};

static WHOLE: &[u8] = include_bytes!("../../data/iam-catalogue.packs");

const FORMAT: &str = "relayctl-iam-catalogue 2";

/// The index of the catalogue: it is read without unpacking anything.
#[derive(Default)]
pub(super) struct Book {
    pub date: &'static str,
    pub source: &'static str,
    /// The services by prefix.
    places: BTreeMap<&'static str, ServiceEntry>,
    packs: Vec<Pack>,
}

struct ServiceEntry {
    name: &'static str,
    /// The index of its pack.
    pack: usize,
    lines: OnceLock<&'static str>,
    actions: OnceLock<Vec<Action>>,
}

/// Some services that are packed together. A pack is unpacked when one of its services is first
/// used.
struct Pack {
    packed: &'static [u8],
    text: OnceLock<String>,
}

/// One service of the catalogue. Most programs never use most services.
#[derive(Clone, Copy)]
pub(super) struct Shelf {
    pub prefix: &'static str,
    pub name: &'static str,
    pack: &'static Pack,
    place: &'static ServiceEntry,
}

/// Returns the catalogue. Data that can't be read would be an empty catalogue; a test reads all of
/// it.
pub(super) fn load_catalogue() -> &'static Book {
    static BOOK: OnceLock<Book> = OnceLock::new();
    BOOK.get_or_init(|| opened(WHOLE).unwrap_or_default())
}

fn opened(whole: &'static [u8]) -> Option<Book> {
    let (index, packs) = whole.split_at_checked(whole.iter().position(|&byte| byte == 0)?)?;
    let (header, index) = std::str::from_utf8(index).ok()?.split_once('\n')?;
    let mut header = header.split('\t');
    if header.next() != Some(FORMAT) {
        return None;
    }
    let mut book = Book { date: header.next()?, source: header.next()?, ..Book::default() };
    let mut rest = packs.get(1..)?;
    for line in index.lines() {
        if let Some(length) = line.strip_prefix('#') {
            let (packed, behind) = rest.split_at_checked(length.parse().ok()?)?;
            book.packs.push(Pack { packed, text: OnceLock::new() });
            rest = behind;
        } else {
            let (prefix, name) = line.split_once('\t')?;
            let pack = book.packs.len().checked_sub(1)?;
            book.places.insert(
                prefix,
                ServiceEntry { name, pack, lines: OnceLock::new(), actions: OnceLock::new() },
            );
        }
    }
    Some(book)
}

impl Book {
    /// Returns the service of that prefix. AWS ignores the case of a prefix.
    pub fn shelf(&'static self, prefix: &str) -> Option<Shelf> {
        let (prefix, place) = self.places.get_key_value(prefix.to_lowercase().as_str())?;
        Some(self.at(prefix, place))
    }

    /// Returns all services, by prefix.
    pub fn shelves(&'static self) -> impl Iterator<Item = Shelf> {
        self.places.iter().map(|(prefix, place)| self.at(prefix, place))
    }

    /// Returns the number of packs that were unpacked so far.
    pub fn unpacked(&self) -> usize {
        self.packs.iter().filter(|pack| pack.text.get().is_some()).count()
    }

    fn at(&'static self, prefix: &'static str, place: &'static ServiceEntry) -> Shelf {
        Shelf { prefix, name: place.name, pack: &self.packs[place.pack], place }
    }
}

impl Pack {
    fn text(&self) -> &str {
        self.text.get_or_init(|| {
            let text = decompress_to_vec_zlib(self.packed)
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok());
            text.unwrap_or_default()
        })
    }
}

impl Shelf {
    pub fn actions(self) -> &'static [Action] {
        self.place.actions.get_or_init(|| {
            let mut actions = Reader::new(self.lines())
                .map(|reader| reader.actions(self.prefix))
                .unwrap_or_default();
            // The binary search ignores case; Python's order, in which the file is, doesn't.
            actions.sort_by_cached_key(|action| action.name.to_lowercase());
            actions
        })
    }

    /// Tells if a pattern, with the service's prefix, matches an action.
    pub fn has_match(self, pattern: &str) -> bool {
        let mut lines = self.lines().lines().skip(2);
        let resources = lines.next().and_then(|count| count.parse().ok()).unwrap_or_default();
        let names = lines.skip(resources).filter_map(|line| line.split('\t').next());
        names.into_iter().any(|name| action_matches(pattern, &format!("{}:{name}", self.prefix)))
    }

    fn lines(self) -> &'static str {
        self.place.lines.get_or_init(|| {
            let chapters = self.pack.text().strip_prefix('#').unwrap_or_default();
            let own = |chapter: &'static str| chapter.strip_prefix(self.prefix)?.strip_prefix('\n');
            chapters.split("\n#").find_map(own).unwrap_or_default()
        })
    }

    #[cfg(test)]
    pub fn lines_of_actions(self) -> usize {
        let resources: usize =
            self.lines().lines().nth(2).and_then(|count| count.parse().ok()).unwrap();
        self.lines().lines().count() - 3 - resources
    }

    /// Returns the formats of the ARNs of the service's resources.
    pub fn arn_formats(self) -> impl Iterator<Item = &'static str> {
        let mut lines = self.lines().lines().skip(2);
        let count = lines.next().and_then(|count| count.parse().ok()).unwrap_or_default();
        lines.take(count).filter_map(|line| line.split('\t').nth(1))
    }

    /// Returns the condition keys that the service lists, each with its type.
    pub fn keys(self) -> impl Iterator<Item = (&'static str, ValueType)> {
        keys(self.lines()).filter_map(|key| Some((key.get(1..)?, value_type(key.chars().next()?)?)))
    }
}

fn keys(lines: &'static str) -> impl Iterator<Item = &'static str> {
    lines.lines().next().unwrap_or_default().split('\t').filter(|key| !key.is_empty())
}

/// The tables of one service, and then its actions.
struct Reader {
    /// The sets of condition keys, by number.
    sets: Vec<Vec<&'static str>>,
    resources: Vec<(&'static str, &'static str, usize)>,
    actions: Vec<&'static str>,
}

impl Reader {
    fn new(text: &'static str) -> Option<Self> {
        let keys: Vec<&str> = keys(text).filter_map(|key| key.get(1..)).collect();
        let mut lines = text.lines().skip(1);
        let key = |number: &str| Some(*keys.get(number.parse::<usize>().ok()?)?);
        let set = |numbers: &'static str| numbers.split(',').filter_map(key).collect();
        let sets = lines.next()?.split('\t').map(set).collect();
        let count: usize = lines.next()?.parse().ok()?;
        let resource = |line: &'static str| {
            let mut fields = line.split('\t');
            Some((fields.next()?, fields.next()?, fields.next()?.parse().ok()?))
        };
        let resources = lines.by_ref().take(count).filter_map(resource).collect();
        Some(Self { sets, resources, actions: lines.collect() })
    }

    fn actions(&self, prefix: &str) -> Vec<Action> {
        self.actions.iter().filter_map(|line| self.action(prefix, line)).collect()
    }

    /// Reads the line of an action: `CreateFunction <tab> W3! <tab> 7 <tab> iam:PassRole`.
    fn action(&self, prefix: &str, line: &str) -> Option<Action> {
        let mut fields = line.split('\t');
        let name = format!("{prefix}:{}", fields.next()?);
        let (level, uses) = fields.next()?.split_at_checked(1)?;
        let condition_keys = self.set(fields.next()?).to_vec();
        let whole = |name: &str| {
            if name.contains(':') { name.to_owned() } else { format!("{prefix}:{name}") }
        };
        Some(Action {
            name,
            access: access(level)?,
            resources: uses
                .split_whitespace()
                .filter_map(|written| self.resource(written))
                .collect(),
            condition_keys,
            dependent: fields.next().unwrap_or_default().split_whitespace().map(whole).collect(),
        })
    }

    /// Reads a resource type by number: `3`, `3!` for a required one, `3+5` with the additional
    /// keys of set 5.
    fn resource(&self, written: &str) -> Option<ResourceUse> {
        let (number, further) = written.split_once('+').unwrap_or((written, ""));
        let required = number.ends_with('!');
        let (name, format, own) =
            *self.resources.get(number.trim_end_matches('!').parse::<usize>().ok()?)?;
        let mut condition_keys = self.sets.get(own).cloned().unwrap_or_default();
        condition_keys.extend(self.set(further));
        Some(ResourceUse { name, required, arn: pattern(format), format, condition_keys })
    }

    fn set(&self, number: &str) -> &[&'static str] {
        number
            .parse::<usize>()
            .ok()
            .and_then(|number| self.sets.get(number))
            .map_or(&[], Vec::as_slice)
    }
}

/// Returns the format with `*` in place of each `${…}`.
fn pattern(format: &str) -> String {
    let mut pattern = String::with_capacity(format.len());
    let mut rest = format;
    while let Some((before, after)) = rest.split_once("${") {
        pattern.push_str(before);
        pattern.push('*');
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    pattern + rest
}

fn access(letter: &str) -> Option<AccessLevel> {
    Some(match letter {
        "L" => AccessLevel::List,
        "R" => AccessLevel::Read,
        "W" => AccessLevel::Write,
        "P" => AccessLevel::PermissionsManagement,
        "T" => AccessLevel::Tagging,
        _ => return None,
    })
}

fn value_type(letter: char) -> Option<ValueType> {
    Some(match letter {
        's' => ValueType::String,
        'S' => ValueType::ArrayOfString,
        'a' => ValueType::Arn,
        'A' => ValueType::ArrayOfArn,
        'b' => ValueType::Bool,
        'B' => ValueType::ArrayOfBool,
        'n' => ValueType::Numeric,
        'd' => ValueType::Date,
        'i' => ValueType::IpAddress,
        _ => return None,
    })
}
