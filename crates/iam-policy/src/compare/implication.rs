//! When one value of a condition matches whatever another matches, and when nothing that another matches.

use ipnet::IpNet;
use jiff::Timestamp;

use crate::condition::{Number, date, network};
use crate::statement::Comparison::{
    self, ArnLike, Bool, DateEquals, DateGreaterThan, DateGreaterThanEquals, DateLessThan, DateLessThanEquals,
    IpAddress, NumericEquals, NumericGreaterThan, NumericGreaterThanEquals, NumericLessThan, NumericLessThanEquals,
    StringEquals, StringEqualsIgnoreCase, StringLike,
};

use super::language::{Token, cells, includes};
use super::pattern::{self, Pattern};

/// What a value matches of those that a key may have.
enum Reach<'a> {
    Text(Pattern),
    /// In lower case, whatever the case.
    AnyCase(String),
    Arn(Pattern),
    Bool(bool),
    Network(IpNet),
    Numbers(Range<Number<'a>>),
    Dates(Range<Timestamp>),
}

/// Its ends, each with whether it belongs to it; none where it goes on for ever.
struct Range<T> {
    low: Option<(T, bool)>,
    high: Option<(T, bool)>,
}

/// A positive comparison with a value, and whether variables in it are filled in.
pub(super) type Wanted<'a> = (Comparison, &'a str, bool);

/// Whether every value of the key that `narrow` matches is matched by `wide`. `false` where that isn't known.
pub(super) fn covers(wide: Wanted<'_>, narrow: Wanted<'_>) -> bool {
    if wide == narrow {
        return true;
    }
    match (reach(wide), reach(narrow)) {
        (Some(Reach::AnyCase(wide)), Some(Reach::AnyCase(narrow))) => wide == narrow,
        (Some(Reach::AnyCase(wide)), Some(Reach::Text(_))) => {
            narrow.0 == StringEquals && wide == narrow.1.to_lowercase()
        }
        (Some(Reach::Text(wide)), Some(Reach::AnyCase(_))) => wide == [Token::Star(true)],
        (Some(Reach::Text(wide)), Some(Reach::Text(narrow))) | (Some(Reach::Arn(wide)), Some(Reach::Arn(narrow))) => {
            includes(&wide, &narrow)
        }
        (Some(Reach::Bool(wide)), Some(Reach::Bool(narrow))) => wide == narrow,
        (Some(Reach::Network(wide)), Some(Reach::Network(narrow))) => wide.contains(&narrow),
        (Some(Reach::Numbers(wide)), Some(Reach::Numbers(narrow))) => wide.holds(&narrow),
        (Some(Reach::Dates(wide)), Some(Reach::Dates(narrow))) => wide.holds(&narrow),
        _ => false,
    }
}

/// Whether no value of the key is matched by both. `false` where that isn't known.
pub(super) fn excludes(one: Wanted<'_>, other: Wanted<'_>) -> bool {
    match (reach(one), reach(other)) {
        (Some(Reach::AnyCase(one)), Some(Reach::AnyCase(other))) => one != other,
        (Some(Reach::AnyCase(any)), Some(Reach::Text(text))) | (Some(Reach::Text(text)), Some(Reach::AnyCase(any))) => {
            // Other letters may become several in lower case.
            any.is_ascii() && apart(&in_lower_case(&text), &pattern::literal(&any))
        }
        (Some(Reach::Text(one)), Some(Reach::Text(other))) | (Some(Reach::Arn(one)), Some(Reach::Arn(other))) => {
            apart(&one, &other)
        }
        (Some(Reach::Bool(one)), Some(Reach::Bool(other))) => one != other,
        (Some(Reach::Network(one)), Some(Reach::Network(other))) => !one.contains(&other) && !other.contains(&one),
        (Some(Reach::Numbers(one)), Some(Reach::Numbers(other))) => one.ends_before(&other) || other.ends_before(&one),
        (Some(Reach::Dates(one)), Some(Reach::Dates(other))) => one.ends_before(&other) || other.ends_before(&one),
        _ => false,
    }
}

/// None where nothing is known of it: what ARNs of fewer than six parts match isn't documented, what can't be read matches
/// nothing, and what depends on variables may match anything.
fn reach((comparison, value, variables): Wanted<'_>) -> Option<Reach<'_>> {
    if variables && value.contains("${") {
        return None;
    }
    Some(match comparison {
        StringEquals => Reach::Text(pattern::literal(value)),
        StringLike => Reach::Text(pattern::text(value)),
        StringEqualsIgnoreCase => Reach::AnyCase(value.to_lowercase()),
        ArnLike if value.splitn(6, ':').count() == 6 => Reach::Arn(pattern::resource(value, false).tokens),
        Bool => Reach::Bool(value.to_ascii_lowercase().parse().ok()?),
        IpAddress => Reach::Network(network(value)?),
        NumericEquals | NumericLessThan | NumericLessThanEquals | NumericGreaterThan | NumericGreaterThanEquals => {
            Reach::Numbers(Range::of(comparison, Number::parse(value)?))
        }
        DateEquals | DateLessThan | DateLessThanEquals | DateGreaterThan | DateGreaterThanEquals => {
            Reach::Dates(Range::of(comparison, date(value)?))
        }
        _ => return None,
    })
}

fn apart(one: &[Token], other: &[Token]) -> bool {
    cells(one, &[other]).is_some_and(|cells| cells.iter().all(|cell| !cell.accepts.contains(0)))
}

fn in_lower_case(pattern: &[Token]) -> Pattern {
    let lower = |token: &Token| match token {
        Token::Char(c) => c.to_lowercase().map(Token::Char).collect(),
        Token::One(_) | Token::Star(_) => vec![*token],
    };
    pattern.iter().flat_map(lower).collect()
}

impl<T: Copy + Ord> Range<T> {
    fn of(comparison: Comparison, point: T) -> Self {
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
            narrow.low.is_some_and(|(other, other_closed)| other > end || other == end && (closed || !other_closed))
        });
        low && self.high.is_none_or(|(end, closed)| {
            narrow.high.is_some_and(|(other, other_closed)| other < end || other == end && (closed || !other_closed))
        })
    }

    fn ends_before(&self, other: &Self) -> bool {
        let ends = self.high.zip(other.low);
        ends.is_some_and(|((end, closed), (start, open))| end < start || end == start && !(closed && open))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            (DateGreaterThan, "2024-01-01T00:00:00Z", DateGreaterThanEquals, "2024-01-01T00:00:01Z"),
        ];
        for (wide, w, narrow, n) in covered {
            assert!(covers((wide, w, true), (narrow, n, true)), "{wide:?} {w} covers {narrow:?} {n}");
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
            (StringLike, "${aws:username}*", StringLike, "${aws:username}/x"),
            (StringLike, "*", StringEquals, "${aws:username}"),
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
            assert!(!covers((wide, w, true), (narrow, n, true)), "{wide:?} {w} covers {narrow:?} {n}");
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
                excludes((one, a, true), (other, b, true)) && excludes((other, b, true), (one, a, true)),
                "{a} {b}"
            );
        }
        let not = [
            (StringEquals, "a", StringLike, "?"),
            (StringEqualsIgnoreCase, "a", StringLike, "A"),
            (ArnLike, "arn:aws:s3:::a*", ArnLike, "arn:aws:s3:::*b"),
            (IpAddress, "10.0.0.0/8", IpAddress, "10.1.0.0/16"),
            (NumericLessThanEquals, "5", NumericGreaterThanEquals, "5"),
            (StringEquals, "a", Bool, "true"),
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
