//! Renders a value before and after, at any depth of nesting.

use serde_json::Map;
use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::HumanStyle;
use super::line::{LineMark, PlanLine};
use crate::render::text::{count, key_text, quoted};
use crate::value::Value;

/// Returns `name = `, with the `=` in one column for all names of the list.
pub fn label(name: &str, width: usize) -> String {
    format!("{:<width$} = ", key_text(name))
}

/// Returns one value before and after; `label` is `name = `, or empty for an item of a list.
pub fn entry(
    label: &str,
    before: Option<&Value>,
    after: Option<&Value>,
    indent: usize,
    style: HumanStyle,
) -> Vec<PlanLine> {
    match (before, after) {
        (None, None) => Vec::new(),
        (None, Some(value)) => entire(LineMark::Create, label, value, indent),
        (Some(value), None) => {
            let mut lines = entire(LineMark::Delete, label, value, indent);
            if let (Some(last), false) = (lines.last_mut(), label.is_empty()) {
                last.text.push_str(" -> null");
            }
            lines
        }
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            enclosed(label, ('{', '}'), map(before, after, indent + 4, style), indent)
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) => {
            enclosed(label, ('[', ']'), list(before, after, indent + 4, style), indent)
        }
        (Some(before), Some(after)) => {
            let text = format!("{label}{} -> {}", inline(before), inline(after));
            vec![PlanLine::new(indent, LineMark::Update, text)]
        }
    }
}

fn enclosed(
    label: &str,
    brackets: (char, char),
    inner: Vec<PlanLine>,
    indent: usize,
) -> Vec<PlanLine> {
    let mut lines = vec![PlanLine::new(indent, LineMark::Update, format!("{label}{}", brackets.0))];
    lines.extend(inner);
    lines.push(PlanLine::plain(indent + 2, brackets.1));
    lines
}

/// Compares maps key by key; unchanged keys are counted.
fn map(
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    indent: usize,
    style: HumanStyle,
) -> Vec<PlanLine> {
    let mut keys: Vec<_> = before.keys().chain(after.keys()).collect();
    keys.sort();
    keys.dedup();
    let (same, changed): (Vec<_>, Vec<_>) =
        keys.into_iter().partition(|name| before.get(*name) == after.get(*name));
    let shown = || changed.iter().chain(if style.verbose { same.as_slice() } else { &[] });
    let width = shown().map(|name| key_text(name).chars().count()).max().unwrap_or(0);
    let of = |name: &String| label(name, width);
    let mut lines: Vec<_> = changed
        .iter()
        .flat_map(|name| entry(&of(name), before.get(*name), after.get(*name), indent, style))
        .collect();
    if style.verbose {
        lines.extend(
            same.iter()
                .flat_map(|name| entire(LineMark::None, &of(name), &before[*name], indent + 2)),
        );
    } else {
        lines.extend(hidden(same.len(), "unchanged key", indent, style));
    }
    lines
}

/// Compares lists item by item. If as many maps or lists are added as removed, each pair is shown
/// as one changed item.
fn list(before: &[Value], after: &[Value], indent: usize, style: HumanStyle) -> Vec<PlanLine> {
    let (one, other): (Vec<_>, Vec<_>) = (texts(before), texts(after));
    let mut lines = Vec::new();
    let mut same = 0;
    for op in capture_diff_slices(Algorithm::Myers, &one, &other) {
        let (old, new) = (&before[op.old_range()], &after[op.new_range()]);
        match op {
            DiffOp::Equal { len, .. } if !style.verbose => same += len,
            DiffOp::Equal { .. } => lines
                .extend(old.iter().flat_map(|item| entire(LineMark::None, "", item, indent + 2))),
            DiffOp::Replace { .. }
                if old.len() == new.len()
                    && old.iter().chain(new).all(|item| item.is_object() || item.is_array()) =>
            {
                let pairs = old.iter().zip(new);
                lines.extend(
                    pairs.flat_map(|(old, new)| entry("", Some(old), Some(new), indent, style)),
                );
            }
            DiffOp::Delete { .. } | DiffOp::Insert { .. } | DiffOp::Replace { .. } => {
                lines
                    .extend(old.iter().flat_map(|item| entry("", Some(item), None, indent, style)));
                lines
                    .extend(new.iter().flat_map(|item| entry("", None, Some(item), indent, style)));
            }
        }
    }
    lines.extend(hidden(same, "unchanged element", indent, style));
    lines
}

fn texts(items: &[Value]) -> Vec<String> {
    items.iter().map(Value::to_string).collect()
}

fn hidden(number: usize, noun: &str, indent: usize, style: HumanStyle) -> Option<PlanLine> {
    (number > 0)
        .then(|| PlanLine::plain(indent, style.dim(&format!("# ({} hidden)", count(number, noun)))))
}

/// Returns a whole value that is added, removed or unchanged. Without a symbol, `indent` is the
/// column of the text.
pub fn entire(mark: LineMark, label: &str, value: &Value, indent: usize) -> Vec<PlanLine> {
    let (closing, inner) =
        if mark == LineMark::None { (indent, indent + 2) } else { (indent + 2, indent + 4) };
    let (open, close, items) = match value {
        Value::Object(map) if !map.is_empty() => {
            let width = map.keys().map(|name| key_text(name).chars().count()).max().unwrap_or(0);
            let of = |(name, item): (&String, &Value)| {
                entire(mark, &self::label(name, width), item, inner)
            };
            ("{", "}", map.iter().flat_map(of).collect::<Vec<_>>())
        }
        Value::Array(list) if !list.is_empty() => {
            ("[", "]", list.iter().flat_map(|item| entire(mark, "", item, inner)).collect())
        }
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => {
            return vec![PlanLine::new(indent, mark, format!("{label}{}", inline(value)))];
        }
    };
    let mut lines = vec![PlanLine::new(indent, mark, format!("{label}{open}"))];
    lines.extend(items);
    lines.push(PlanLine::plain(closing, close));
    lines
}

/// Returns any value on one line.
fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", "))
        }
        Value::Object(map) if map.is_empty() => "{}".to_owned(),
        Value::Object(map) => {
            let pairs: Vec<_> = map
                .iter()
                .map(|(name, item)| format!("{} = {}", key_text(name), inline(item)))
                .collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}
