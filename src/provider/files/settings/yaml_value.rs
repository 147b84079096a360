//! The content of a YAML text as Zappa reads it: with PyYAML's `safe_load`, which knows YAML 1.1.
//! There, `on` and `no` are booleans, `0123` is octal and `1:30` is 90.

use std::collections::BTreeMap;

use granit_parser::{Event, Parser, ScalarStyle, Span, Tag};
use serde_json::Map;

use crate::value::Value;

/// The key of YAML 1.1 by which a mapping takes over the members of another.
const MERGE: &str = "<<";

/// The most values that a text may hold when its aliases are replaced by what they name.
const MOST_VALUES: usize = 100_000;

/// The reason why Zappa cannot read a text. Lines and columns count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not valid YAML at line {line}, column {column}: {what}")]
pub struct NotYaml {
    line: usize,
    column: usize,
    what: String,
}

impl NotYaml {
    pub fn at(line: usize, column: usize, what: &str) -> Self {
        Self { line, column, what: what.to_owned() }
    }

    fn in_span(span: Span, what: &str) -> Self {
        Self::at(span.start.line(), span.start.col() + 1, what)
    }
}

/// Parses a text with one document. Aliases are replaced by what they name; merge keys are kept as
/// members, see [`merged`].
pub fn parse(text: &str) -> Result<Value, NotYaml> {
    let options = granit_parser::options! { emit_comments: false };
    let mut reader = YamlReader {
        events: Parser::new_from_str_with_options(text, options),
        anchors: BTreeMap::new(),
        values: 0,
    };
    let mut document = None;
    loop {
        let (event, span) = reader.next()?;
        match event {
            Event::StreamStart | Event::DocumentEnd | Event::Comment(..) | Event::Anchor(..) => {}
            Event::StreamEnd => return Ok(document.unwrap_or(Value::Null)),
            Event::DocumentStart(..) if document.is_some() => {
                return Err(NotYaml::in_span(span, "a second document begins, Zappa reads one"));
            }
            Event::DocumentStart(..) => document = Some(Value::Null),
            Event::Alias(_)
            | Event::UnresolvedAlias(_)
            | Event::Scalar(..)
            | Event::SequenceStart(..)
            | Event::SequenceEnd
            | Event::MappingStart(..)
            | Event::MappingEnd => document = Some(reader.value(event, span)?),
            // The parser's events may become more.
            _ => return Err(NotYaml::in_span(span, "relayctl does not know this")),
        }
    }
}

struct YamlReader<'a> {
    events: Parser<'a, granit_parser::StrInput<'a>>,
    anchors: BTreeMap<usize, (Value, usize)>,
    /// The number of values so far.
    values: usize,
}

impl<'a> YamlReader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), NotYaml> {
        match self.events.next_event() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => {
                let at = error.marker();
                Err(NotYaml::at(at.line(), at.col() + 1, &error.info()))
            }
            None => Err(NotYaml::at(1, 1, "the text ends too early")),
        }
    }

    /// Returns the value that begins with this event. The parser limits the depth.
    fn value(&mut self, event: Event<'a>, span: Span) -> Result<Value, NotYaml> {
        let before = self.values;
        self.count(1, span)?;
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                (scalar(&text, style, tag.as_deref(), span)?, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                check_tag(tag.as_deref(), "seq", span)?;
                (self.sequence()?, anchor)
            }
            Event::MappingStart(_, anchor, tag) => {
                check_tag(tag.as_deref(), "map", span)?;
                (self.mapping()?, anchor)
            }
            Event::Alias(id) => {
                let (value, size) = self.anchors.get(&id).cloned().ok_or_else(|| {
                    NotYaml::in_span(span, "an alias stands inside what it names")
                })?;
                self.count(size, span)?;
                (value, 0)
            }
            Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(..)
            | Event::DocumentEnd
            | Event::UnresolvedAlias(_)
            | Event::Anchor(..)
            | Event::Comment(..)
            | Event::SequenceEnd
            | Event::MappingEnd => return Err(NotYaml::in_span(span, "a value is missing")),
            _ => return Err(NotYaml::in_span(span, "relayctl does not know this")),
        };
        if anchor != 0 {
            self.anchors.insert(anchor, (value.clone(), self.values - before));
        }
        Ok(value)
    }

    fn count(&mut self, values: usize, span: Span) -> Result<(), NotYaml> {
        self.values += values;
        if self.values > MOST_VALUES {
            return Err(NotYaml::in_span(span, "the aliases make the text too large"));
        }
        Ok(())
    }

    fn sequence(&mut self) -> Result<Value, NotYaml> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                return Ok(Value::Array(items));
            }
            items.push(self.value(event, span)?);
        }
    }

    /// Reads a mapping. If a name is there twice, the last one counts, as in PyYAML.
    fn mapping(&mut self) -> Result<Value, NotYaml> {
        let mut members = Map::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                return Ok(Value::Object(members));
            }
            let name = match self.value(event, span)? {
                Value::String(name) => name,
                // `on:` is a boolean in YAML 1.1, and no stage is found by it.
                other @ (Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::Array(_)
                | Value::Object(_)) => format!("!{other}"),
            };
            let (event, span) = self.next()?;
            members.insert(name, self.value(event, span)?);
        }
    }
}

fn check_tag(tag: Option<&Tag>, expected: &str, span: Span) -> Result<(), NotYaml> {
    match tag {
        Some(tag) if tag.core_suffix() != Some(expected) => {
            Err(NotYaml::in_span(span, &format!("Zappa does not read the tag {tag}")))
        }
        _ => Ok(()),
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Result<Value, NotYaml> {
    match tag.map(|tag| (tag, tag.core_suffix())) {
        None if style == ScalarStyle::Plain => Ok(resolve(text)),
        None | Some((_, Some("str"))) => Ok(text.into()),
        Some((_, Some("bool" | "float" | "int" | "null"))) => Ok(resolve(text)),
        Some((tag, _)) => {
            Err(NotYaml::in_span(span, &format!("Zappa does not read the tag {tag}")))
        }
    }
}

/// Returns the value of a text without quotes, by the rules of PyYAML's `Resolver`. What JSON does
/// not have (a date, infinity) becomes an object that no setting equals.
pub fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Value::Bool(true);
        }
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Value::Bool(false);
        }
        // It has a type of its own in YAML 1.1, which `safe_load` refuses.
        "=" => return foreign(text),
        _ => {}
    }
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return text.into();
    }
    integer(text).or_else(|| float(text)).or_else(|| date(text)).unwrap_or_else(|| text.into())
}

fn foreign(text: &str) -> Value {
    Value::from_iter([("yaml".to_owned(), Value::from(text))])
}

/// Takes the sign off: true for a minus.
fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

fn only(text: &str, is: impl Fn(char) -> bool) -> bool {
    !text.is_empty() && text.chars().all(|c| c == '_' || is(c))
}

fn integer(text: &str) -> Option<Value> {
    let (negative, digits) = sign(text);
    let radix = |digits: &str, radix| {
        let digits = digits.replace('_', "");
        i128::from_str_radix(&digits, radix).ok()
    };
    let is_decimal = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_digit()) && only(text, |c| c.is_ascii_digit())
    };
    let number = if let Some(bits) = digits.strip_prefix("0b") {
        only(bits, |c| matches!(c, '0' | '1')).then(|| radix(bits, 2))?
    } else if let Some(hex) = digits.strip_prefix("0x") {
        only(hex, |c| c.is_ascii_hexdigit()).then(|| radix(hex, 16))?
    } else if digits.len() > 1 && digits.starts_with('0') {
        only(&digits[1..], |c| ('0'..='7').contains(&c)).then(|| radix(&digits[1..], 8))?
    } else if digits.contains(':') {
        sexagesimal(digits)
    } else {
        is_decimal(digits).then(|| radix(digits, 10))?
    };
    let signed = number.map(|number| if negative { -number } else { number });
    let json = signed.and_then(|number| {
        i64::try_from(number)
            .map(Value::from)
            .or_else(|_| u64::try_from(number).map(Value::from))
            .ok()
    });
    match (json, digits.contains(':')) {
        (Some(json), _) => Some(json),
        // Python's integers have no end.
        (None, false) => Some(foreign(text)),
        (None, true) => None,
    }
}

/// Reads an integer of base 60, such as `1:30`: `[1-9][0-9_]*(:[0-5]?[0-9])+`.
fn sexagesimal(digits: &str) -> Option<i128> {
    let mut parts = digits.split(':');
    let first =
        parts.next().filter(|first| first.starts_with(|c: char| ('1'..='9').contains(&c)))?;
    if !only(first, |c| c.is_ascii_digit()) {
        return None;
    }
    let first = first.replace('_', "").parse::<i128>().ok()?;
    parts.try_fold(first, |sum, part| {
        let is_part = (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        let part = part.parse::<i128>().ok().filter(|part| is_part && *part < 60)?;
        sum.checked_mul(60)?.checked_add(part)
    })
}

/// Reads a float. It needs a point, and its exponent a sign: `1e5` is a text in YAML 1.1.
fn float(text: &str) -> Option<Value> {
    let (negative, digits) = sign(text);
    if matches!(digits, ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN") {
        return Some(foreign(text));
    }
    let (mantissa, exponent) = match digits.find(['e', 'E']) {
        Some(at) => (&digits[..at], &digits[at + 1..]),
        None => (digits, "+0"),
    };
    let (whole, fraction) = mantissa.split_once('.')?;
    let is_exponent = exponent.starts_with(['+', '-'])
        && exponent.len() > 1
        && exponent[1..].bytes().all(|byte| byte.is_ascii_digit());
    let is_digits = |part: &str| part.is_empty() || only(part, |c| c.is_ascii_digit());
    if whole.contains(':') && is_digits(fraction) && sexagesimal(whole).is_some() {
        return Some(foreign(text));
    }
    let begins = if whole.is_empty() { fraction } else { whole };
    let is_signed = text.len() > digits.len();
    let is_float = !(whole.is_empty() && is_signed)
        && begins.starts_with(|c: char| c.is_ascii_digit())
        && is_digits(whole)
        && is_digits(fraction)
        && is_exponent;
    let number = format!("{whole}.{fraction}e{exponent}").replace('_', "");
    let number = is_float.then(|| number.parse::<f64>().ok())??;
    let signed = if negative { -number } else { number };
    Some(serde_json::Number::from_f64(signed).map_or_else(|| foreign(text), Value::Number))
}

/// Reads a date, `2026-01-31`, with or without a time behind it.
fn date(text: &str) -> Option<Value> {
    let (date, time) = match text.find(['T', 't', ' ', '\t']) {
        Some(at) => (&text[..at], Some(text[at + 1..].trim_start())),
        None => (text, None),
    };
    let is_number = |part: &str, least: usize, most: usize| {
        (least..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    let parts: Vec<&str> = date.split('-').collect();
    let [year, month, day] = parts[..] else { return None };
    // Without a time, a month and a day have two digits.
    let least = if time.is_some() { 1 } else { 2 };
    let is_date = is_number(year, 4, 4) && is_number(month, least, 2) && is_number(day, least, 2);
    let is_time = time.is_none_or(|time| {
        let parts: Vec<&str> = time.splitn(3, ':').collect();
        matches!(parts[..], [hour, minute, second]
            if is_number(hour, 1, 2) && is_number(minute, 2, 2)
                && second.get(..2).is_some_and(|second| is_number(second, 2, 2)))
    });
    (is_date && is_time).then(|| foreign(text))
}

/// Returns a value with the members that its merge keys take over, as PyYAML has them: a mapping's
/// own members win, then those of the first mapping that is named.
pub fn merged(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut whole = Map::new();
            let sources = match members.get(MERGE) {
                Some(Value::Array(sources)) => sources.iter().collect(),
                Some(source) => vec![source],
                None => Vec::new(),
            };
            for source in sources.into_iter().rev() {
                if let Value::Object(source) = merged(source) {
                    whole.extend(source);
                }
            }
            let own = members.iter().filter(|(name, _)| *name != MERGE);
            whole.extend(own.map(|(name, value)| (name.clone(), merged(value))));
            Value::Object(whole)
        }
        Value::Array(items) => items.iter().map(merged).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_means_what_pyyaml_reads() {
        let text = "bool: [yes, No, on, OFF, true, y]\nint: [12, -0x1F, 0o14, 014, 0b101, 1_000, \
            1:30, +7, 08]\nfloat: [1.5, .5, 1e5, 1.0e+5, -2.]\nnothing: [~, null]\ntext: ['on', \
            \"1\", 1.2.3, a-b, '=', python3.12, -.5]\n";
        let value = parse(text).unwrap();
        assert_eq!(value["bool"], json!([true, false, true, false, true, "y"]));
        assert_eq!(value["int"], json!([12, -31, "0o14", 12, 5, 1000, 90, 7, "08"]));
        assert_eq!(value["float"], json!([1.5, 0.5, "1e5", 100_000.0, -2.0]));
        assert_eq!(value["nothing"], json!([null, null]));
        assert_eq!(value["text"], json!(["on", "1", "1.2.3", "a-b", "=", "python3.12", "-.5"]));
        for odd in ["2026-01-31", "2026-01-31 10:00:00", ".inf", "99999999999999999999", "="] {
            assert!(resolve(odd).is_object(), "{odd}");
        }
    }

    #[test]
    fn merge_keys_and_aliases_are_what_zappa_sees() {
        let text = "base: &b {region: x, keep: &k [1]}\ndev:\n  <<: *b\n  region: y\n  more: *k\n\
            prod:\n  <<: [{a: 1}, {a: 2, b: 3}]\n";
        let value = parse(text).unwrap();
        assert_eq!(value["dev"]["<<"], json!({"region": "x", "keep": [1]}));
        assert_eq!(merged(&value["dev"]), json!({"region": "y", "keep": [1], "more": [1]}));
        assert_eq!(merged(&value["prod"]), json!({"a": 1, "b": 3}));
    }

    #[test]
    fn what_zappa_cannot_read_is_refused_with_its_place() {
        let error = |text: &str| parse(text).unwrap_err().to_string();
        assert!(error("dev:\n\tx: 1\n").starts_with("is not valid YAML at line 2, column "));
        assert!(error("a: 1\n---\nb: 2\n").ends_with("a second document begins, Zappa reads one"));
        assert!(error("a: !own x\n").contains("line 1, column"), "{}", error("a: !own x\n"));
        assert!(error("a: &a [*a]\n").ends_with("an alias stands inside what it names"));
        let bomb: String =
            (1..10).fold("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned(), |text, n| {
                let alias = format!("*a{}", n - 1);
                format!("{text}a{n}: &a{n} [{}]\n", [alias.as_str(); 10].join(", "))
            });
        assert!(error(&bomb).ends_with("the aliases make the text too large"));
    }
}
