//! Wildcards and policy variables, after the IAM User Guide's pages "IAM JSON policy elements:
//! Resource" and "IAM policy elements: Variables and tags".

use super::request::Circumstances;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Element {
    /// A character that the author wrote.
    Written(char),
    /// A character that a variable stands for: a colon here doesn't end a part of an ARN.
    Filled(char),
    One,
    Many,
}

/// A pattern of resources, ready to be compared.
pub enum Pattern {
    Everything,
    /// By part of an ARN.
    Parts(Vec<Glob>),
}

/// A pattern of texts: each of its places is a bit.
pub struct Glob {
    one: u64,
    many: u64,
    letters: Vec<(char, u64)>,
    end: u64,
}

/// Actions know no case.
pub fn action_matches(pattern: &str, action: &str) -> bool {
    let pattern: Vec<Element> = pattern.to_ascii_lowercase().chars().map(element).collect();
    Glob::of(&pattern).matches(&action.to_ascii_lowercase())
}

/// As StringLike compares. None for the circumstances: the document has no variables.
pub fn text_matches(pattern: &str, text: &str, circumstances: Option<&Circumstances>) -> bool {
    elements(pattern, circumstances).is_some_and(|pattern| Glob::of(&pattern).matches(text))
}

pub fn resource_matches(
    pattern: &str,
    resource: &str,
    circumstances: Option<&Circumstances>,
) -> bool {
    let parts: Vec<&str> = resource.splitn(6, ':').collect();
    Pattern::of(pattern, circumstances).is_some_and(|pattern| pattern.matches(&parts))
}

/// As ArnLike compares: "each of the six colon-delimited components of the ARN is checked
/// separately".
pub fn arn_matches(pattern: &str, arn: &str, circumstances: Option<&Circumstances>) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match elements(pattern, circumstances).map(|pattern| split(&pattern)) {
        Some(globs) => globs.len() == 6 && Pattern::Parts(globs).matches(&parts),
        None => false,
    }
}

impl Pattern {
    /// None where a variable has no value: then it matches nothing.
    pub fn of(text: &str, circumstances: Option<&Circumstances>) -> Option<Self> {
        if text == "*" {
            Some(Self::Everything)
        } else {
            Some(Self::Parts(split(&elements(text, circumstances)?)))
        }
    }

    /// `*` is everything. Otherwise "you cannot use a wildcard to match a colon" between the parts
    /// of an ARN, and parts that are left out are `*`.
    pub fn matches(&self, resource: &[&str]) -> bool {
        match self {
            Self::Everything => true,
            Self::Parts(globs) => {
                resource.len() == 6
                    && globs.iter().zip(resource).all(|(glob, part)| glob.matches(part))
            }
        }
    }
}

/// Fills in the pattern's variables and marks the characters that come from them. None: a variable
/// has no value.
pub fn spelt(pattern: &str, circumstances: Option<&Circumstances>) -> Option<String> {
    if circumstances.is_none() || !pattern.contains("${") {
        return Some(pattern.to_owned());
    }
    let mut spelt = String::new();
    for element in elements(pattern, circumstances)? {
        match element {
            Element::Written(character) => spelt.push(character),
            Element::Filled(character) => spelt.extend(['=', character]),
            Element::One => spelt.push('?'),
            Element::Many => spelt.push('*'),
        }
    }
    Some(spelt)
}

/// The text with its variables filled in, wildcards being characters like any other; none where a
/// variable has no value.
pub fn filled(text: &str, circumstances: Option<&Circumstances>) -> Option<String> {
    let Some(circumstances) = circumstances else { return Some(text.to_owned()) };
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, name, after)) = next_variable(rest) {
        filled.push_str(before);
        filled.push_str(&value(name, circumstances)?);
        rest = after;
    }
    Some(filled + rest)
}

fn elements(pattern: &str, circumstances: Option<&Circumstances>) -> Option<Vec<Element>> {
    let Some(circumstances) = circumstances else {
        return Some(pattern.chars().map(element).collect());
    };
    let mut elements = Vec::new();
    let mut rest = pattern;
    while let Some((before, name, after)) = next_variable(rest) {
        elements.extend(before.chars().map(element));
        elements.extend(value(name, circumstances)?.chars().map(Element::Filled));
        rest = after;
    }
    elements.extend(rest.chars().map(element));
    Some(elements)
}

fn split(pattern: &[Element]) -> Vec<Glob> {
    pattern.splitn(6, |element| *element == Element::Written(':')).map(Glob::of).collect()
}

fn next_variable(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("${")?;
    let (name, after) = rest.split_once('}')?;
    Some((before, name, after))
}

/// "If a variable has no value there is nothing to match", unless it has a default; keys with
/// several values can't be variables.
fn value(name: &str, circumstances: &Circumstances) -> Option<String> {
    if ["*", "?", "$"].contains(&name) {
        return Some(name.to_owned());
    }
    let (key, default) = match name.split_once(", '") {
        Some((key, default)) => (key, default.strip_suffix('\'')),
        None => (name, None),
    };
    match circumstances.values(key) {
        [] => default.map(str::to_owned),
        [one] if one.is_empty() => default.map(str::to_owned),
        [one] => Some(one.clone()),
        _ => None,
    }
}

fn element(character: char) -> Element {
    match character {
        '*' => Element::Many,
        '?' => Element::One,
        other => Element::Written(other),
    }
}

impl Glob {
    fn of(pattern: &[Element]) -> Self {
        assert!(pattern.len() < 64, "the alphabet's patterns are short");
        let mut glob = Self { one: 0, many: 0, letters: Vec::new(), end: 1 << pattern.len() };
        for (place, element) in pattern.iter().enumerate() {
            match element {
                Element::One => glob.one |= 1 << place,
                Element::Many => glob.many |= 1 << place,
                Element::Written(letter) | Element::Filled(letter) => {
                    glob.letters.push((*letter, 1 << place))
                }
            }
        }
        glob
    }

    /// The places that the text so far leads to, all at once.
    fn matches(&self, text: &str) -> bool {
        let mut reached = self.without_more(1);
        for character in text.chars() {
            let mut same = self.one;
            for (letter, place) in &self.letters {
                if *letter == character {
                    same |= place;
                }
            }
            reached = self.without_more((reached & self.many) | ((reached & same) << 1));
        }
        reached & self.end != 0
    }

    /// And the places behind each `*` that stands for nothing, or for nothing more.
    fn without_more(&self, mut reached: u64) -> u64 {
        loop {
            let further = reached | ((reached & self.many) << 1);
            if further == reached {
                return reached;
            }
            reached = further;
        }
    }
}
