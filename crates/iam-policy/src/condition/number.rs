//! Decimal numbers of any length, compared exactly: `0.10` is `0.1`, and nothing is rounded.

use std::cmp::Ordering;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number<'a> {
    negative: bool,
    /// The digits before the point, without leading zeros.
    whole: &'a str,
    /// The digits after the point, without trailing zeros.
    fraction: &'a str,
}

impl<'a> Number<'a> {
    /// Parses a number: `12`, `-0.5`, `+3.`, `.5`. `None` for any other text.
    pub fn parse(text: &'a str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let some = !whole.is_empty() || !fraction.is_empty();
        if !some || !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        let zero = whole.is_empty() && fraction.is_empty();
        Some(Self { negative: negative && !zero, whole, fraction })
    }

    /// Returns a number between two, of which this is the smaller one: a whole one, if there
    /// is any.
    pub fn between(self, larger: Self) -> String {
        let is_between = |text: &String| {
            Number::parse(text).is_some_and(|number| self < number && number < larger)
        };
        let next = self.whole_number().and_then(|whole| whole.checked_add(1));
        let whole = next.map(|whole| whole.to_string()).filter(is_between);
        whole.unwrap_or_else(|| {
            if self.negative && !larger.negative && larger != Self::ZERO {
                return "0".to_owned();
            }
            // The digits of the number nearer to zero, and half of a unit of their last place more.
            let (nearer, sign) = if self.negative { (larger, "-") } else { (self, "") };
            let places = self.fraction.len().max(larger.fraction.len());
            let whole = if nearer.whole.is_empty() { "0" } else { nearer.whole };
            format!("{sign}{whole}.{:0<places$}5", nearer.fraction)
        })
    }

    /// Returns a smaller whole number.
    pub fn below(self) -> String {
        match self.whole_number().and_then(|whole| whole.checked_sub(1)) {
            // It is not negative where that isn't needed.
            Some(whole) if whole < 0 && self > Self::ZERO => "0".to_owned(),
            Some(whole) => whole.to_string(),
            None => format!("-1{}", "0".repeat(self.whole.len())),
        }
    }

    /// Returns a larger whole number.
    pub fn above(self) -> String {
        match self.whole_number().and_then(|whole| whole.checked_add(1)) {
            Some(whole) => whole.to_string(),
            None => format!("1{}", "0".repeat(self.whole.len())),
        }
    }

    const ZERO: Number<'static> = Number { negative: false, whole: "", fraction: "" };

    /// Returns the largest whole number that isn't larger than this one; `None` for a long one.
    pub fn whole_number(self) -> Option<i64> {
        let whole: i64 = if self.whole.is_empty() { 0 } else { self.whole.parse().ok()? };
        match (self.negative, self.fraction.is_empty()) {
            (false, _) => Some(whole),
            (true, true) => Some(-whole),
            (true, false) => whole.checked_neg()?.checked_sub(1),
        }
    }

    /// Compares the absolute values. Digits compare like text where they begin at the same place.
    fn size(&self, other: &Self) -> Ordering {
        let whole = self.whole.len().cmp(&other.whole.len()).then(self.whole.cmp(other.whole));
        whole.then(self.fraction.cmp(other.fraction))
    }
}

impl Ord for Number<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.size(other),
            (true, true) => other.size(self),
        }
    }
}

impl PartialOrd for Number<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_in_order_and_exact() {
        let ascending = [
            "-10.5",
            "-10",
            "-0.10",
            "-0.01",
            "0",
            "0.09",
            "0.1",
            "1",
            "9",
            "10",
            "123456789012345678901.0",
        ];
        for (one, a) in ascending.iter().enumerate() {
            for (other, b) in ascending.iter().enumerate() {
                let found = Number::parse(a).unwrap().cmp(&Number::parse(b).unwrap());
                assert_eq!(found, one.cmp(&other), "{a} {b}");
            }
        }
        for (a, b) in [("0", "-0"), ("1", "1.000"), ("+5", "05"), (".5", "0.50"), ("3.", "3")] {
            assert_eq!(Number::parse(a), Number::parse(b), "{a} {b}");
        }
        let (long, longer) =
            ("12345678901234567890.1", "12345678901234567890.10000000000000000001");
        assert_eq!(
            Number::parse(long).unwrap().cmp(&Number::parse(longer).unwrap()),
            Ordering::Less
        );
    }

    #[test]
    fn there_is_a_number_between_any_two_and_beyond_each() {
        let ascending = [
            "-123456789012345678901.5",
            "-10",
            "-1.25",
            "-1.2",
            "-0.5",
            "0",
            "0.05",
            "0.1",
            "1",
            "1.5",
            "3",
            "123456789012345678901",
            "123456789012345678901.01",
        ];
        let number = |text: &'static str| Number::parse(text).unwrap();
        for (index, smaller) in ascending.iter().enumerate() {
            for larger in &ascending[index + 1..] {
                let found = number(smaller).between(number(larger));
                let between = Number::parse(&found).unwrap();
                assert!(number(smaller) < between && between < number(larger), "{found}");
            }
            let (below, above) = (number(smaller).below(), number(smaller).above());
            assert!(Number::parse(&below).unwrap() < number(smaller), "{below}");
            assert!(Number::parse(&above).unwrap() > number(smaller), "{above}");
        }
        assert_eq!(number("1").between(number("3")), "2", "a whole number comes first");
        assert_eq!(number("0.5").below(), "0");
    }

    #[test]
    fn what_is_no_decimal_number_is_none() {
        for text in ["", "-", ".", "1e3", "0x10", "1,5", "1.2.3", " 1", "--1", "NaN", "٣"] {
            assert_eq!(Number::parse(text), None, "{text}");
        }
    }
}
