//! Values of a pattern's variables with which it matches a resource.

use crate::pattern::{Filling, Letter, arn_parts, letters, variable_key};
use crate::request::Context;

/// The most steps of one search: a pattern of many wildcards would take for ever.
const MOST_STEPS: usize = 10_000;

/// The most wildcards and variables of a part of a pattern: the search goes as deep.
const MOST_WILD: usize = 100;

/// Returns values of the variables with which the pattern matches the resource; `None` if none were
/// found.
pub(super) fn fitting(pattern: &str, resource: &str) -> Option<Context> {
    let parts: Vec<Vec<char>> =
        resource.splitn(6, ':').map(|part| part.chars().collect()).collect();
    let patterns: Vec<Vec<Letter<'_>>> =
        arn_parts(pattern, Filling::Anything).into_iter().map(letters).collect();
    if parts.len() < patterns.len() || patterns.iter().any(|it| is_too_wild(it)) {
        return None;
    }
    let parts: Vec<(&[Letter<'_>], &[char])> =
        patterns.iter().zip(&parts).map(|(letters, part)| (&letters[..], &part[..])).collect();
    AssignmentSearch::default().values(&parts)
}

/// Returns the same for a pattern of texts, which have no parts.
pub(super) fn fitting_text(pattern: &str, text: &str) -> Option<Context> {
    let text: Vec<char> = text.chars().collect();
    let letters = letters(pattern);
    let search = || AssignmentSearch::default().values(&[(&letters, &text)]);
    if is_too_wild(&letters) { None } else { search() }
}

/// Returns true for a pattern with more wildcards and variables than a search may be deep.
fn is_too_wild(letters: &[Letter<'_>]) -> bool {
    letters.iter().filter(|letter| !is_written(letter)).count() > MOST_WILD
}

fn is_written(letter: &Letter<'_>) -> bool {
    match letter {
        Letter::Written(c) => !matches!(c, '*' | '?'),
        Letter::Special(_) => true,
        Letter::Variable(_) => false,
    }
}

#[derive(Default)]
struct AssignmentSearch {
    values: Context,
    steps: usize,
}

/// Returns what is left of a pattern and a text after the characters that the pattern begins with;
/// `None` where the text begins otherwise.
fn after_written<'l, 'a, 't>(
    mut letters: &'l [Letter<'a>],
    mut text: &'t [char],
) -> Option<(&'l [Letter<'a>], &'t [char])> {
    while let Some((letter, after)) = letters.split_first().filter(|(it, _)| is_written(it)) {
        let (Letter::Written(c) | Letter::Special(c)) = letter else { return None };
        let (first, rest) = text.split_first()?;
        if first != c {
            return None;
        }
        (letters, text) = (after, rest);
    }
    Some((letters, text))
}

impl AssignmentSearch {
    fn values(mut self, parts: &[(&[Letter<'_>], &[char])]) -> Option<Context> {
        self.fits(parts).then_some(self.values)
    }

    /// Tells if each part of the pattern matches all of its text. The values of the variables are
    /// left in `values`.
    fn fits(&mut self, parts: &[(&[Letter<'_>], &[char])]) -> bool {
        self.steps += 1;
        let Some(((letters, text), others)) = parts.split_first() else { return true };
        if self.steps > MOST_STEPS {
            return false;
        }
        let Some((letters, text)) = after_written(letters, text) else { return false };
        let mut with = |letters: &'_ [Letter<'_>], text: &'_ [char]| {
            self.fits(&[&[(letters, text)], others].concat())
        };
        match letters.split_first() {
            None => text.is_empty() && self.fits(others),
            Some((Letter::Written('*'), after)) => {
                (0..=text.len()).any(|length| with(after, &text[length..]))
            }
            Some((Letter::Written('?'), after)) => !text.is_empty() && with(after, &text[1..]),
            // These are taken before.
            Some((Letter::Written(_) | Letter::Special(_), _)) => false,
            Some((Letter::Variable(inside), after)) => (1..=text.len())
                .rev()
                .any(|length| self.takes(inside, &text[..length], after, &text[length..], others)),
        }
    }

    /// Tells if everything matches with this value of a variable.
    fn takes(
        &mut self,
        inside: &str,
        value: &[char],
        after: &[Letter<'_>],
        text: &[char],
        others: &[(&[Letter<'_>], &[char])],
    ) -> bool {
        let key = variable_key(inside);
        let value = vec![value.iter().collect::<String>()];
        let known = self.values.get(key).map(<[String]>::to_vec);
        if known.as_ref().is_some_and(|known| *known != value) {
            return false;
        }
        let is_new = known.is_none();
        self.values.set(key, value);
        let fits = self.fits(&[&[(after, text)], others].concat());
        if !fits && is_new {
            self.values = self.values.without(key);
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_stand_for_what_is_left() {
        let table = [
            (
                "arn:aws:s3:::home/${aws:username}/*",
                "arn:aws:s3:::home/bob/x/y",
                Some("aws:username=bob/x"),
            ),
            ("arn:aws:s3:::${aws:username}", "arn:aws:s3:::a:b", Some("aws:username=a:b")),
            (
                "arn:aws:s3:::${aws:username}-${AWS:UserName}",
                "arn:aws:s3:::a-b-a-b",
                Some("aws:username=a-b"),
            ),
            ("arn:aws:s3:::${aws:username}-${AWS:UserName}", "arn:aws:s3:::a-b", None),
            ("arn:aws:s3:::${a:b}?${c:d}", "arn:aws:s3:::xyz", Some("a:b=x c:d=z")),
            ("arn:aws:s3::${a:b}:x${*}", "arn:aws:s3::1:x*", Some("a:b=1")),
            ("arn:aws:s3::${a:b}:x${*}", "arn:aws:s3::1:xx", None),
            ("arn:aws:s3::${a:b}:x", "arn:aws:s3:::x", None),
            ("arn:aws:${a:b}", "arn:aws:s3:::x", Some("a:b=s3")),
        ];
        for (pattern, resource, expected) in table {
            let found = fitting(pattern, resource).map(|context| {
                context
                    .iter()
                    .map(|(key, values)| format!("{key}={}", values.join(",")))
                    .collect::<Vec<_>>()
                    .join(" ")
            });
            assert_eq!(found.as_deref(), expected, "{pattern} {resource}");
        }
    }

    #[test]
    fn texts_have_no_parts() {
        let found = fitting_text("*:${aws:username}", "a:b:c:d:e:f:g").unwrap();
        assert_eq!(found.get("aws:username"), Some(&["b:c:d:e:f:g".to_owned()][..]));
    }

    #[test]
    fn many_wildcards_are_given_up() {
        let pattern = format!("arn:aws:s3:::{}${{a:b}}x", "*a".repeat(30));
        assert_eq!(fitting(&pattern, &format!("arn:aws:s3:::{}", "a".repeat(60))), None);
    }
}
