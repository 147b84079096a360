//! The patterns of policies as token lists: actions, resources, and values of conditions.

use crate::Budget;
use crate::pattern::{Letter, letters};

use super::language::{PatternToken, includes};

pub(super) use super::language::Pattern;

/// A resource pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ResourcePattern {
    /// The texts that the pattern matches; for a pattern with variables, with any values of them.
    pub tokens: Pattern,
    /// True if the matches depend on the request.
    pub varies: bool,
}

/// The pattern of all actions that requests can have: `service:Name`, with no part empty.
pub(super) fn any_action() -> Pattern {
    [
        PatternToken::One(false),
        PatternToken::Star(false),
        PatternToken::Char(':'),
        PatternToken::One(false),
        PatternToken::Star(false),
    ]
    .to_vec()
}

/// The pattern of all ARNs: `arn:partition:service:region:account:resource`. Region and account may
/// be empty.
pub(super) fn any_arn() -> Pattern {
    let some = [PatternToken::One(false), PatternToken::Star(false), PatternToken::Char(':')];
    let maybe = [PatternToken::Star(false), PatternToken::Char(':')];
    [
        &literal("arn:")[..],
        &some,
        &some,
        &maybe,
        &maybe,
        &[PatternToken::One(true), PatternToken::Star(true)],
    ]
    .concat()
}

/// Returns the pattern of an action in lower case: AWS ignores the case of actions.
pub(super) fn action(text: &str) -> Pattern {
    self::literal_pattern(&text.to_lowercase())
}

pub(super) fn literal_pattern(text: &str) -> Pattern {
    text.chars().map(|c| wildcard(c, true)).collect()
}

/// Returns the pattern of a text of a condition, with `${*}`, `${?}` and `${$}` as those characters
/// if the document has variables. `wild` is true if `*` and `?` are wildcards.
pub(super) fn text_pattern(text: &str, variables: bool, wild: bool) -> Pattern {
    text_with(text, variables, wild, &mut |_| PatternToken::Star(true))
}

fn text_with(
    text: &str,
    variables: bool,
    wild: bool,
    variable: &mut dyn FnMut(&str) -> PatternToken,
) -> Pattern {
    let written = |c: char| if wild { wildcard(c, true) } else { PatternToken::Char(c) };
    if !variables {
        return text.chars().map(written).collect();
    }
    let token = |letter: Letter<'_>| match letter {
        Letter::Written(c) => written(c),
        Letter::Special(c) => PatternToken::Char(c),
        Letter::Variable(inside) => variable(inside),
    };
    letters(text).into_iter().map(token).collect()
}

/// Tells if `wide` matches every text that `narrow` matches, for all values of the variables. Each
/// has its text, true for variables, and true for wildcards.
pub(super) fn includes_unfilled_text(
    wide: (&str, bool, bool),
    narrow: (&str, bool, bool),
    budget: &Budget,
) -> bool {
    if [wide.0, narrow.0].iter().any(|text| has_placeholder_letter(text)) {
        return false;
    }
    let mut names: Vec<String> = Vec::new();
    let mut unfilled = |(text, variables, wild): (&str, bool, bool)| {
        text_with(text, variables, wild, &mut |name| place_of(&mut names, name))
    };
    let (wide, narrow) = (unfilled(wide), unfilled(narrow));
    !wide.iter().any(|token| matches!(token, PatternToken::One(_)))
        && includes(&wide, &narrow, budget)
}

/// The first letter of a private-use plane. Such letters stand for variables.
const FIRST_PLACEHOLDER: char = '\u{f0000}';

/// Returns true for a text that holds a letter which could be taken for that of a variable.
fn has_placeholder_letter(text: &str) -> bool {
    text.chars().any(|letter| letter >= FIRST_PLACEHOLDER)
}

/// Returns the token that stands for a variable: a private-use character. Texts that hold one
/// themselves are not compared ([`has_placeholder_letter`]).
fn place_of(names: &mut Vec<String>, name: &str) -> PatternToken {
    let index = names.iter().position(|known| known == name).unwrap_or_else(|| {
        names.push(name.to_owned());
        names.len() - 1
    });
    let place = char::from_u32(u32::from(FIRST_PLACEHOLDER) + u32::try_from(index).unwrap_or(0));
    PatternToken::Char(place.unwrap_or(FIRST_PLACEHOLDER))
}

pub(super) fn literal(text: &str) -> Pattern {
    text.chars().map(PatternToken::Char).collect()
}

/// Returns the pattern of a resource.
///
/// A wildcard in the first five parts of an ARN doesn't match a colon, and AWS completes a short
/// ARN with `*`. With `variables`, `${…}` is filled in by the request, and `${*}`, `${?}` and
/// `${$}` are those characters.
pub(super) fn resource(text: &str, variables: bool) -> ResourcePattern {
    tokens(text, variables, &mut |inside, colon| {
        let may_be_empty =
            inside.split_once(',').is_some_and(|(_, default)| default.trim() == "''");
        // "If a variable has no value", or an empty one, the pattern matches nothing.
        if may_be_empty {
            vec![PatternToken::Star(colon)]
        } else {
            vec![PatternToken::One(colon), PatternToken::Star(colon)]
        }
    })
}

/// Tells if `wide` matches everything that `narrow` matches, for all values of the variables: a
/// variable of `narrow` is matched by the same variable or by a `*`. Both patterns hold variables.
pub(super) fn includes_unfilled(wide: &str, narrow: &str, budget: &Budget) -> bool {
    if [wide, narrow].iter().any(|text| has_placeholder_letter(text)) {
        return false;
    }
    let mut names: Vec<String> = Vec::new();
    let mut unfilled = |text: &str| {
        let resource = tokens(text, true, &mut |name, _| vec![place_of(&mut names, name)]);
        resource.tokens
    };
    let (wide, narrow) = (unfilled(wide), unfilled(narrow));
    // `?` would match the private character, but not every value.
    !wide.iter().any(|token| matches!(token, PatternToken::One(_)))
        && includes(&wide, &narrow, budget)
}

fn wildcard(c: char, colon: bool) -> PatternToken {
    match c {
        '*' => PatternToken::Star(colon),
        '?' => PatternToken::One(colon),
        other => PatternToken::Char(other),
    }
}

fn tokens(
    text: &str,
    variables: bool,
    variable: &mut dyn FnMut(&str, bool) -> Vec<PatternToken>,
) -> ResourcePattern {
    if !text.is_empty() && text.chars().all(|c| c == '*') {
        return ResourcePattern { tokens: vec![PatternToken::Star(true)], varies: false };
    }
    let mut tokens = Vec::new();
    let (mut parts, mut varies) = (1, false);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let inside =
            rest.strip_prefix("${").and_then(|inner| inner.split_once('}')).filter(|_| variables);
        if let Some((name, after)) = inside {
            match name {
                "*" | "?" | "$" => tokens.extend(name.chars().map(PatternToken::Char)),
                _ => {
                    varies = true;
                    tokens.extend(variable(name, parts == 6));
                }
            }
            rest = after;
            continue;
        }
        if c == ':' && parts < 6 {
            parts += 1;
        }
        tokens.push(wildcard(c, parts == 6));
        rest = &rest[c.len_utf8()..];
    }
    if parts < 6 {
        tokens.extend([PatternToken::Char(':'), PatternToken::Star(true)]);
    }
    ResourcePattern { tokens, varies }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn includes(wide: &[PatternToken], narrow: &[PatternToken]) -> bool {
        super::includes(wide, narrow, &Budget::default())
    }

    fn includes_unfilled(wide: &str, narrow: &str) -> bool {
        super::includes_unfilled(wide, narrow, &Budget::default())
    }

    fn inside(wide: &str, narrow: &str) -> bool {
        includes(&resource(wide, true).tokens, &resource(narrow, true).tokens)
    }

    #[test]
    fn resources_are_matched_part_by_part() {
        assert!(inside("arn:aws:iam::1:role/*Zappa", "arn:aws:iam::1:role/*-Zappa"));
        assert!(inside("arn:*:s3:*:*:*", "arn:aws:s3:::b/k:l"));
        assert!(inside("arn:aws:s3", "arn:aws:s3:::b/*"), "a short ARN is completed");
        assert!(!inside("arn:*:b", "arn:aws:s3:::b"), "a wildcard doesn't reach over a colon");
        assert!(inside("*", "arn:aws:s3:::b"));
        assert!(!inside("arn:aws:s3:::a${*}", "arn:aws:s3:::ab"));
        assert!(inside("arn:aws:s3:::a*", "arn:aws:s3:::a${*}"));
    }

    #[test]
    fn variables_are_taken_for_anything_or_for_the_same() {
        let home = resource("arn:aws:s3:::home/${aws:username}/*", true);
        assert!(home.varies);
        assert!(includes(&home.tokens, &literal("arn:aws:s3:::home/bob/x")));
        assert!(!resource("arn:aws:s3:::home/${aws:username}/*", false).varies);
        assert!(
            !includes(&home.tokens, &literal("arn:aws:s3:::home//x")),
            "an empty value is none"
        );
        let nobody = resource("arn:aws:s3:::home/${aws:username, ''}/*", true);
        assert!(includes(&nobody.tokens, &literal("arn:aws:s3:::home//x")));
        let mine = "arn:aws:s3:::home/${aws:username}/*";
        assert!(includes_unfilled(mine, "arn:aws:s3:::home/${aws:username}/a*"));
        assert!(!includes_unfilled("arn:aws:s3:::home/${aws:username}/a*", mine));
        assert!(!includes_unfilled(mine, "arn:aws:s3:::home/${aws:userid}/*"));
        // A letter that stands for a variable may also be a user's own.
        let letter = "arn:aws:s3:::home/\u{f0000}/*";
        assert!(!includes_unfilled(mine, letter) && !includes_unfilled(letter, mine));
        let text = ("${aws:userid}", true, true);
        let own = ("\u{f0000}", false, true);
        let includes = |wide, narrow| includes_unfilled_text(wide, narrow, &Budget::default());
        assert!(includes(text, text) && !includes(text, own) && !includes(own, text));
        assert!(!includes_unfilled(
            "arn:aws:s3:::?/${aws:username}",
            "arn:aws:s3:::${aws:userid}/${aws:username}"
        ));
    }

    #[test]
    fn the_universes_hold_what_can_be_asked() {
        assert!(includes(&any_action(), &action("s3:GetObject")));
        assert!(!includes(&any_action(), &action("s3*")));
        assert!(includes(&any_arn(), &literal("arn:aws:s3:::b/k:l")));
        assert!(!includes(&any_arn(), &literal("arn:aws:s3:::")));
        assert!(!includes(&any_arn(), &literal("*")));
    }
}
