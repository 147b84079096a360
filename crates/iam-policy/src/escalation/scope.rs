//! Relations of resource patterns: if they meet, if one contains the other, and their common part.
//!
//! `*` and `?` don't match a colon within the first five parts of an ARN, so patterns are compared
//! part by part. An ARN of fewer than six parts is completed with `*`, as AWS does.

use crate::Budget;
use crate::pattern::{self, Filling};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ScopeToken {
    Char(char),
    One,
    Any,
}

/// Tells if some text matches both patterns.
pub fn patterns_overlap(one: &str, other: &str, budget: &Budget) -> bool {
    pairs(one, other).iter().all(|(one, other)| overlap(&tokens(one), &tokens(other), budget))
}

/// Tells if `wide` matches everything that `narrow` matches. A variable in `wide` can't be relied
/// upon to match.
pub fn covers(wide: &str, narrow: &str) -> bool {
    holds(wide, narrow, &Budget::default())
}

/// Returns the same as [`covers`].
pub(super) fn holds(wide: &str, narrow: &str, budget: &Budget) -> bool {
    wide == "*"
        || (narrow != "*"
            && pairs(wide, narrow).iter().all(|(wide, narrow)| part_holds(wide, narrow, budget)))
}

/// Returns the same as [`covers`] for texts that are no ARNs.
pub fn holds_text(wide: &str, narrow: &str, budget: &Budget) -> bool {
    includes(&tokens(wide), &tokens(narrow), budget)
}

/// Tells if some text matches both patterns, which are no ARNs.
pub fn texts_overlap(one: &str, other: &str, budget: &Budget) -> bool {
    overlap(&tokens(one), &tokens(other), budget)
}

/// Returns the pattern of the texts that both match, part by part. Where neither part contains the
/// other, that of the first pattern is kept.
pub fn common(one: &str, other: &str, budget: &Budget) -> String {
    if one == "*" {
        return other.to_owned();
    }
    if other == "*" {
        return one.to_owned();
    }
    let narrower =
        |(one, other): (String, String)| if part_holds(&one, &other, budget) { other } else { one };
    pairs(one, other).into_iter().map(narrower).collect::<Vec<_>>().join(":")
}

/// Tells if the pattern matches more than one object of a kind: it has a wildcard within the name.
/// `function:relay:*` are the versions of one function, and `arn:aws:lambda:*:…:function:relay` is
/// one function in any region.
pub fn is_open(pattern: &str) -> bool {
    let parts = arn_parts(pattern);
    let Some(rest) = parts.get(5) else { return true };
    let is_wild = |text: &str| text.contains(['*', '?']) || text.contains("${");
    let segments: Vec<&str> = rest.split([':', '/']).collect();
    match segments.as_slice() {
        [only] => is_wild(only),
        // The path belongs to the name of an IAM object: `role/team/*` matches many. So does the
        // instance of IAM Identity Center to that of a permission set.
        all if matches!(parts.get(2), Some(&("iam" | "sso"))) => {
            all.iter().any(|segment| is_wild(segment))
        }
        // The domain of SageMaker stands before the user profile.
        ["user-profile", domain, profile] => is_wild(domain) || is_wild(profile),
        [kind, name, ..] => is_wild(kind) || is_wild(name),
        [] => true,
    }
}

fn arn_parts(pattern: &str) -> Vec<&str> {
    pattern::arn_parts(pattern, Filling::Anything)
}

/// Returns the parts of both ARNs in pairs, as many as the longer one has.
fn pairs(one: &str, other: &str) -> Vec<(String, String)> {
    if one == "*" || other == "*" {
        return vec![(one.to_owned(), other.to_owned())];
    }
    let (one, other) = (arn_parts(one), arn_parts(other));
    let part = |parts: &[&str], index: usize| parts.get(index).copied().unwrap_or("*").to_owned();
    (0..one.len().max(other.len())).map(|index| (part(&one, index), part(&other, index))).collect()
}

fn part_holds(wide: &str, narrow: &str, budget: &Budget) -> bool {
    // `${…}` in `wide` stands for one unknown text; as a wildcard it would match too much.
    if wide.contains("${") {
        wide == narrow
    } else {
        includes(&tokens(wide), &tokens(narrow), budget)
    }
}

/// Returns the tokens of a part. A variable matches any text.
fn tokens(part: &str) -> Vec<ScopeToken> {
    let mut tokens = Vec::new();
    let mut rest = part;
    loop {
        let (plain, after) =
            match rest.find("${").and_then(|at| Some((at, at + rest[at..].find('}')?))) {
                Some((start, end)) => (&rest[..start], Some(&rest[end + 1..])),
                None => (rest, None),
            };
        tokens.extend(plain.chars().map(|c| match c {
            '*' => ScopeToken::Any,
            '?' => ScopeToken::One,
            other => ScopeToken::Char(other),
        }));
        let Some(after) = after else { return tokens };
        tokens.push(ScopeToken::Any);
        rest = after;
    }
}

/// Evaluates `step` on all pairs of suffixes, from the ends, so that no pair of patterns takes more
/// than length × length steps. False where the budget is spent.
fn table(
    one: &[ScopeToken],
    other: &[ScopeToken],
    budget: &Budget,
    step: impl Fn(Option<ScopeToken>, Option<ScopeToken>, Ahead) -> bool,
) -> bool {
    // Most patterns differ in a letter at their beginning.
    let letters = |pair: &(&ScopeToken, &ScopeToken)| {
        matches!(pair, (ScopeToken::Char(_), ScopeToken::Char(_)))
    };
    let mut beginning = one.iter().zip(other).take_while(letters);
    if beginning.any(|(one, other)| one != other) {
        return false;
    }
    let (rows, columns) = (one.len(), other.len());
    if !budget.spend(1 + (rows + 1) * (columns + 1) / PLACES_IN_STEP) {
        return false;
    }
    // Only the row below is needed.
    let mut below = vec![false; columns + 1];
    for i in (0..=rows).rev() {
        let mut now = vec![false; columns + 1];
        for j in (0..=columns).rev() {
            let ahead = Ahead {
                down: i < rows && below[j],
                right: j < columns && now[j + 1],
                both: i < rows && j < columns && below[j + 1],
            };
            now[j] = step(one.get(i).copied(), other.get(j).copied(), ahead);
        }
        below = now;
    }
    below[0]
}

/// The places of a table that take as long as one step of the budget.
const PLACES_IN_STEP: usize = 8;

/// The results for the rest: without the first token of one pattern, of the other, or of both.
struct Ahead {
    down: bool,
    right: bool,
    both: bool,
}

fn overlap(one: &[ScopeToken], other: &[ScopeToken], budget: &Budget) -> bool {
    table(one, other, budget, |one, other, ahead| match (one, other) {
        (None, None) => true,
        (Some(ScopeToken::Any), _) | (_, Some(ScopeToken::Any)) => ahead.down || ahead.right,
        (Some(ScopeToken::Char(one)), Some(ScopeToken::Char(other))) => one == other && ahead.both,
        (Some(_), Some(_)) => ahead.both,
        (None, Some(_)) | (Some(_), None) => false,
    })
}

/// Tells if `wide` matches everything that `narrow` matches. `true` is always right; `false` may be
/// wrong for entangled wildcards such as `*?` against `?*`.
fn includes(wide: &[ScopeToken], narrow: &[ScopeToken], budget: &Budget) -> bool {
    table(wide, narrow, budget, |wide, narrow, ahead| match (wide, narrow) {
        (None, None) => true,
        (Some(ScopeToken::Any), _) => ahead.down || ahead.right,
        (Some(ScopeToken::One), Some(ScopeToken::One | ScopeToken::Char(_))) => ahead.both,
        (Some(ScopeToken::Char(wide)), Some(ScopeToken::Char(narrow))) => {
            wide == narrow && ahead.both
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns_overlap(one: &str, other: &str) -> bool {
        super::patterns_overlap(one, other, &Budget::default())
    }

    fn holds(wide: &str, narrow: &str) -> bool {
        covers(wide, narrow)
    }

    fn common(one: &str, other: &str) -> String {
        super::common(one, other, &Budget::default())
    }

    const ROLES: &str = "arn:aws:iam::123456789012:role/*";

    #[test]
    fn patterns_meet_where_one_text_matches_both() {
        assert!(patterns_overlap("*", ROLES));
        assert!(patterns_overlap(
            "arn:aws:iam::*:role/*Zappa",
            "arn:aws:iam::123456789012:role/a*"
        ));
        assert!(patterns_overlap("arn:aws:iam", ROLES), "AWS completes a short ARN");
        assert!(patterns_overlap("arn:aws:iam::123456789012:role/${aws:username}", ROLES));
        assert!(!patterns_overlap("arn:aws:iam::123456789012:user/*", ROLES));
        assert!(!patterns_overlap("arn:aws:s3:::*", ROLES));
        assert!(!patterns_overlap("arn:aws:iam::210987654321:role/*", ROLES));
        assert!(!patterns_overlap("arn:*/*", ROLES), "a wildcard doesn't reach over a colon");
    }

    #[test]
    fn a_pattern_holds_a_narrower_one() {
        assert!(holds("*", ROLES));
        assert!(holds("arn:*:iam::*:role/*", ROLES));
        assert!(holds(
            "arn:aws:iam::123456789012:role/*Role",
            "arn:aws:iam::123456789012:role/*-ZappaRole"
        ));
        assert!(holds("arn:aws:iam::123456789012:role/a?", "arn:aws:iam::123456789012:role/ab"));
        assert!(!holds(ROLES, "*"));
        assert!(!holds(
            "arn:aws:iam::123456789012:role/*-ZappaRole",
            "arn:aws:iam::123456789012:role/*Role"
        ));
        assert!(!holds("arn:aws:iam::123456789012:role/a?", "arn:aws:iam::123456789012:role/a*"));
        assert!(!holds(
            "arn:aws:iam::123456789012:role/${aws:username}",
            "arn:aws:iam::123456789012:role/a"
        ));
    }

    #[test]
    fn what_two_patterns_have_in_common_is_the_narrower_of_each_part() {
        assert_eq!(common("*", ROLES), ROLES);
        assert_eq!(common("arn:aws:iam::*:role/x*", ROLES), "arn:aws:iam::123456789012:role/x*");
        assert_eq!(common(ROLES, "arn:aws:iam::*:role/x"), "arn:aws:iam::123456789012:role/x");
    }

    #[test]
    fn a_name_without_wildcards_is_one_object() {
        for open in [
            "*",
            ROLES,
            "arn:aws:iam::1:role/team/*",
            "arn:aws:lambda:*:*:function:*",
            "arn:aws:lambda",
            "arn:aws:sso:::permissionSet/ssoins-1/*",
            "arn:aws:sagemaker:*:1:user-profile/d-1/*",
        ] {
            assert!(is_open(open), "{open}");
        }
        let named = [
            "arn:aws:iam::1:role/team/x",
            "arn:aws:lambda:*:1:function:relay:*",
            "arn:aws:lambda:*:1:function:relay",
            "arn:aws:sso:::permissionSet/ssoins-1/ps-1",
            "arn:aws:sagemaker:*:1:user-profile/d-1/ada",
        ];
        for named in named {
            assert!(!is_open(named), "{named}");
        }
    }
}
