//! Decides for two values of conditions if one matches everything that the other matches, or
//! nothing of it.

use ipnet::IpNet;
use jiff::Timestamp;

use crate::Budget;
use crate::condition::{Number, holds, network, parse_date};
use crate::pattern::{Filling, arn_parts, has_variables};
use crate::statement::OperatorName::{
    self, ArnLike, Bool, DateEquals, DateGreaterThan, DateGreaterThanEquals, DateLessThan,
    DateLessThanEquals, IpAddress, NumericEquals, NumericGreaterThan, NumericGreaterThanEquals,
    NumericLessThan, NumericLessThanEquals, StringEquals, StringEqualsIgnoreCase, StringLike,
};
use crate::statement::{ConditionTest, Operator};

use super::language::{PatternToken, cells, includes};
use super::pattern::{self, Pattern, includes_unfilled_text};

/// The set of key values that a condition's value matches.
enum ValueMatch<'a> {
    Text(Pattern),
    /// A text in lower case; any case matches.
    AnyCase(String),
    Arn(Pattern),
    Bool(bool),
    Network(IpNet),
    Numbers(Range<Number<'a>>),
    Dates(Range<Timestamp>),
}

/// A range by its ends. The flag of an end is true if the end belongs to the range; an end that is
/// `None` is infinite.
struct Range<T> {
    low: Option<(T, bool)>,
    high: Option<(T, bool)>,
}

/// A positive comparison, its value, and true if variables in the value are filled in.
pub(super) type ValueTest<'a> = (OperatorName, &'a str, bool);

/// Tells if `wide` matches every value of the key that `narrow` matches. `false` where that isn't
/// known.
pub(super) fn covers(wide: ValueTest<'_>, narrow: ValueTest<'_>, budget: &Budget) -> bool {
    if wide == narrow || matches_anything(wide) {
        return true;
    }
    if [wide, narrow].iter().any(|(_, value, variables)| *variables && has_variables(value)) {
        return covers_unfilled(wide, narrow, budget);
    }
    if narrow.0 == StringEquals && !narrow.1.contains("${") {
        return matches_text(wide, narrow.1);
    }
    match (reach(wide), reach(narrow)) {
        (Some(ValueMatch::AnyCase(wide)), Some(ValueMatch::AnyCase(narrow))) => wide == narrow,
        (Some(ValueMatch::Text(wide)), Some(ValueMatch::AnyCase(_))) => {
            wide == [PatternToken::Star(true)]
        }
        (Some(ValueMatch::Text(wide)), Some(ValueMatch::Text(narrow)))
        | (Some(ValueMatch::Arn(wide)), Some(ValueMatch::Arn(narrow))) => {
            includes(&wide, &narrow, budget)
        }
        (Some(ValueMatch::Bool(wide)), Some(ValueMatch::Bool(narrow))) => wide == narrow,
        (Some(ValueMatch::Network(wide)), Some(ValueMatch::Network(narrow))) => {
            wide.contains(&narrow)
        }
        (Some(ValueMatch::Numbers(wide)), Some(ValueMatch::Numbers(narrow))) => wide.holds(&narrow),
        (Some(ValueMatch::Dates(wide)), Some(ValueMatch::Dates(narrow))) => wide.holds(&narrow),
        _ => false,
    }
}

/// Tells if a test without variables matches this value of the key.
fn matches_text((comparison, value, variables): ValueTest<'_>, text: &str) -> bool {
    let operator = Operator { quantifier: None, comparison, if_exists: false };
    let (key, values) = (String::new(), vec![value.to_owned()]);
    let context = [(key.clone(), vec![text.to_owned()])].into_iter().collect();
    holds(&ConditionTest { operator, key, values }, &context, variables)
}

/// Tells if the test matches any value.
fn matches_anything((comparison, value, _): ValueTest<'_>) -> bool {
    comparison == StringLike && !value.is_empty() && value.bytes().all(|byte| byte == b'*')
}

/// Tells the same as [`covers`], for all values of the variables.
fn covers_unfilled(wide: ValueTest<'_>, narrow: ValueTest<'_>, budget: &Budget) -> bool {
    let is_text = |test: ValueTest<'_>| matches!(test.0, StringEquals | StringLike);
    let is_arn = |(comparison, value, _): ValueTest<'_>| {
        comparison == ArnLike && arn_parts(value, Filling::Anything).len() == 6
    };
    let text = |(comparison, value, variables)| (value, variables, comparison == StringLike);
    if is_text(wide) && is_text(narrow) {
        return includes_unfilled_text(text(wide), text(narrow), budget);
    }
    // A document without variables would have `${…}` as it is.
    is_arn(wide)
        && is_arn(narrow)
        && wide.2 == narrow.2
        && pattern::includes_unfilled(wide.1, narrow.1, budget)
}

/// Tells if no value of the key matches both. `false` where that isn't known.
pub(super) fn excludes(one: ValueTest<'_>, other: ValueTest<'_>, budget: &Budget) -> bool {
    let is_open = |(_, value, variables): ValueTest<'_>| variables && value.contains("${");
    if is_open(one) || is_open(other) {
        return false;
    }
    for (text, test) in [(one, other), (other, one)] {
        if text.0 == StringEquals {
            return !matches_text(test, text.1);
        }
    }
    match (reach(one), reach(other)) {
        (Some(ValueMatch::AnyCase(one)), Some(ValueMatch::AnyCase(other))) => one != other,
        (Some(ValueMatch::AnyCase(any)), Some(ValueMatch::Text(text)))
        | (Some(ValueMatch::Text(text)), Some(ValueMatch::AnyCase(any))) => {
            // A letter beyond ASCII may become several in lower case.
            any.is_ascii() && apart(&in_lower_case(&text), &pattern::literal(&any), budget)
        }
        (Some(ValueMatch::Text(one)), Some(ValueMatch::Text(other)))
        | (Some(ValueMatch::Arn(one)), Some(ValueMatch::Arn(other))) => apart(&one, &other, budget),
        (Some(ValueMatch::Bool(one)), Some(ValueMatch::Bool(other))) => one != other,
        (Some(ValueMatch::Network(one)), Some(ValueMatch::Network(other))) => {
            !one.contains(&other) && !other.contains(&one)
        }
        (Some(ValueMatch::Numbers(one)), Some(ValueMatch::Numbers(other))) => {
            one.ends_before(&other) || other.ends_before(&one)
        }
        (Some(ValueMatch::Dates(one)), Some(ValueMatch::Dates(other))) => {
            one.ends_before(&other) || other.ends_before(&one)
        }
        _ => false,
    }
}

/// Returns the set of values that a test matches; `None` where it isn't known. AWS doesn't document
/// what ARNs of fewer than six parts match, a value that can't be read matches nothing, and a value
/// with variables may match anything.
fn reach((comparison, value, variables): ValueTest<'_>) -> Option<ValueMatch<'_>> {
    if variables && value.contains("${") {
        return None;
    }
    Some(match comparison {
        StringEquals => ValueMatch::Text(pattern::literal(value)),
        StringLike => ValueMatch::Text(pattern::literal_pattern(value)),
        StringEqualsIgnoreCase => ValueMatch::AnyCase(value.to_lowercase()),
        ArnLike if value.splitn(6, ':').count() == 6 => {
            ValueMatch::Arn(pattern::resource(value, false).tokens)
        }
        Bool => ValueMatch::Bool(value.to_ascii_lowercase().parse().ok()?),
        IpAddress => ValueMatch::Network(network(value)?),
        NumericEquals
        | NumericLessThan
        | NumericLessThanEquals
        | NumericGreaterThan
        | NumericGreaterThanEquals => {
            ValueMatch::Numbers(Range::of(comparison, Number::parse(value)?))
        }
        DateEquals
        | DateLessThan
        | DateLessThanEquals
        | DateGreaterThan
        | DateGreaterThanEquals => ValueMatch::Dates(Range::of(comparison, parse_date(value)?)),
        _ => return None,
    })
}

fn apart(one: &[PatternToken], other: &[PatternToken], budget: &Budget) -> bool {
    cells(one, &[other], budget)
        .is_some_and(|cells| cells.iter().all(|cell| !cell.accepts.contains(0)))
}

fn in_lower_case(pattern: &[PatternToken]) -> Pattern {
    let lower = |token: &PatternToken| match token {
        PatternToken::Char(c) => c.to_lowercase().map(PatternToken::Char).collect(),
        other => vec![*other],
    };
    pattern.iter().flat_map(lower).collect()
}

impl<T: Copy + Ord> Range<T> {
    fn of(comparison: OperatorName, point: T) -> Self {
        let (low, high) = match comparison {
            NumericLessThan | DateLessThan => (None, Some((point, false))),
            NumericLessThanEquals | DateLessThanEquals => (None, Some((point, true))),
            NumericGreaterThan | DateGreaterThan => (Some((point, false)), None),
            NumericGreaterThanEquals | DateGreaterThanEquals => (Some((point, true)), None),
            _ => (Some((point, true)), Some((point, true))),
        };
        Self { low, high }
    }

    fn holds(&self, narrow: &Self) -> bool {
        let low = self.low.is_none_or(|(end, closed)| {
            narrow.low.is_some_and(|(other, other_closed)| {
                other > end || other == end && (closed || !other_closed)
            })
        });
        low && self.high.is_none_or(|(end, closed)| {
            narrow.high.is_some_and(|(other, other_closed)| {
                other < end || other == end && (closed || !other_closed)
            })
        })
    }

    fn ends_before(&self, other: &Self) -> bool {
        let ends = self.high.zip(other.low);
        ends.is_some_and(|((end, closed), (start, open))| {
            end < start || end == start && !(closed && open)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(wide: ValueTest<'_>, narrow: ValueTest<'_>) -> bool {
        super::covers(wide, narrow, &Budget::default())
    }

    fn excludes(one: ValueTest<'_>, other: ValueTest<'_>) -> bool {
        super::excludes(one, other, &Budget::default())
    }

    #[test]
    fn what_covers_what() {
        let covered = [
            (StringLike, "a*", StringEquals, "abc"),
            (StringLike, "*a*", StringLike, "*ab*"),
            (StringEquals, "a", StringLike, "a"),
            (StringEqualsIgnoreCase, "A", StringEquals, "a"),
            (ArnLike, "arn:aws:iam::*:role/*", ArnLike, "arn:aws:iam::1:role/x*"),
            (Bool, "true", Bool, "True"),
            (IpAddress, "10.0.0.0/8", IpAddress, "10.1.2.3"),
            (IpAddress, "2001:db8::/32", IpAddress, "2001:db8:1::/48"),
            (IpAddress, "0.0.0.0/0", IpAddress, "1.2.3.4/5"),
            (NumericLessThanEquals, "5", NumericLessThan, "5"),
            (NumericLessThan, "6", NumericEquals, "5"),
            (NumericLessThan, "0.2", NumericLessThan, "0.1"),
            (NumericGreaterThanEquals, "-1", NumericGreaterThan, "-1.0"),
            (DateLessThanEquals, "2024-01-02", DateLessThan, "2024-01-02T00:00:00Z"),
            (StringLike, "*", StringEqualsIgnoreCase, "a"),
            (StringLike, "*", StringEquals, "${aws:username}"),
            (StringLike, "${aws:username}*", StringLike, "${aws:username}/x"),
            (StringLike, "home/*", StringEquals, "home/${aws:username}"),
            (ArnLike, "arn:aws:iam::1:user/*", ArnLike, "arn:aws:iam::1:user/${aws:username}"),
            (
                DateGreaterThan,
                "2024-01-01T00:00:00Z",
                DateGreaterThanEquals,
                "2024-01-01T00:00:01Z",
            ),
        ];
        for (wide, w, narrow, n) in covered {
            assert!(
                covers((wide, w, true), (narrow, n, true)),
                "{wide:?} {w} covers {narrow:?} {n}"
            );
            assert!(
                !covers((narrow, n, true), (wide, w, true)) || w.eq_ignore_ascii_case(n),
                "{narrow:?} {n} is narrower"
            );
        }
    }

    #[test]
    fn what_does_not() {
        let not = [
            (StringEquals, "a", StringEqualsIgnoreCase, "a"),
            (StringEquals, "a", StringEquals, "A"),
            (StringLike, "${aws:username}?*", StringLike, "${aws:username}/x"),
            (StringLike, "${aws:userid}*", StringEquals, "${aws:username}"),
            (StringLike, "home/?*", StringLike, "home/${aws:username}"),
            (ArnLike, "arn:aws:iam::*", ArnLike, "arn:aws:iam::1:role/x"),
            (IpAddress, "10.0.0.0/8", IpAddress, "11.0.0.0"),
            (IpAddress, "0.0.0.0/0", IpAddress, "::1"),
            (NumericLessThan, "5", NumericLessThanEquals, "5"),
            (NumericEquals, "5", DateEquals, "5"),
            (NumericLessThan, "5", NumericGreaterThan, "4"),
            (NumericLessThan, "five", NumericLessThan, "four"),
            (StringEqualsIgnoreCase, "a", StringLike, "a"),
        ];
        for (wide, w, narrow, n) in not {
            assert!(
                !covers((wide, w, true), (narrow, n, true)),
                "{wide:?} {w} covers {narrow:?} {n}"
            );
        }
    }

    #[test]
    fn what_excludes_what() {
        let excluded = [
            (StringEquals, "a", StringEquals, "b"),
            (StringLike, "a*b", StringLike, "?a"),
            (StringEquals, "a", StringEqualsIgnoreCase, "B"),
            (StringLike, "A*", StringEqualsIgnoreCase, "ba"),
            (ArnLike, "arn:aws:s3:::*", ArnLike, "arn:aws:sqs:*:*:*"),
            (Bool, "true", Bool, "False"),
            (IpAddress, "10.0.0.0/8", IpAddress, "11.0.0.0/8"),
            (IpAddress, "0.0.0.0/0", IpAddress, "2001:db8::/32"),
            (NumericLessThan, "5", NumericGreaterThanEquals, "5"),
            (DateEquals, "2024-01-02", DateLessThan, "2024-01-02T00:00:00Z"),
        ];
        for (one, a, other, b) in excluded {
            assert!(
                excludes((one, a, true), (other, b, true))
                    && excludes((other, b, true), (one, a, true)),
                "{a} {b}"
            );
        }
        let not = [
            (StringEquals, "a", StringLike, "?"),
            (StringEqualsIgnoreCase, "a", StringLike, "A"),
            (ArnLike, "arn:aws:s3:::a*", ArnLike, "arn:aws:s3:::*b"),
            (IpAddress, "10.0.0.0/8", IpAddress, "10.1.0.0/16"),
            (NumericLessThanEquals, "5", NumericGreaterThanEquals, "5"),
            (Bool, "maybe", Bool, "true"),
        ];
        for (one, a, other, b) in not {
            assert!(!excludes((one, a, true), (other, b, true)), "{a} {b}");
        }
        let variable = "${aws:username}";
        assert!(!excludes((StringEquals, variable, true), (StringEquals, "b", false)));
        assert!(excludes((StringEquals, variable, false), (StringEquals, "b", true)));
    }
}
