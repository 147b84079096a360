//! Renders policy documents by statement. A reviewer of a changed statement must see its Effect,
//! Action and Resource, so these are printed even if they stay as they are.

use similar::{Algorithm, ChangeTag, DiffOp, capture_diff_slices};

use super::line::{LineMark, PlanLine};
use super::statement::{
    Element, Numbered, Pair, all, effect, elements, pair_statements, statement_sid,
};
use super::{HumanStyle, value};
use crate::policy::STATEMENT;
use crate::render::text::{count, key_text, quoted};
use crate::value::Value;

/// The column at which lines of listed values are broken.
const WIDTH: usize = 100;

/// The number of unchanged values of an element that are printed; of a longer list, the first few
/// and the number of the others.
const CONTEXT: usize = 4;

/// Returns the lines of a document; `None` if it is not a policy document, which is printed as any
/// other value.
pub fn lines(
    label: &str,
    before: Option<&Value>,
    after: Option<&Value>,
    indent: usize,
    style: HumanStyle,
) -> Option<Vec<PlanLine>> {
    match (before, after) {
        (None, None) => None,
        (None, Some(document)) => whole(LineMark::Create, label, document, indent, style),
        (Some(document), None) => whole(LineMark::Delete, label, document, indent, style),
        (Some(before), Some(after)) => changed(label, before, after, indent, style),
    }
}

/// Returns a whole document that is added, removed or unchanged.
pub fn whole(
    mark: LineMark,
    label: &str,
    document: &Value,
    indent: usize,
    style: HumanStyle,
) -> Option<Vec<PlanLine>> {
    let statements = all(document)?;
    let (inner, closing) =
        if mark == LineMark::None { (indent + 2, indent) } else { (indent + 4, indent + 2) };
    let mut lines = vec![PlanLine::new(indent, mark, format!("{label}{{"))];
    for (name, member) in frame(document) {
        lines.extend(value::entire(mark, &format!("{} = ", key_text(name)), member, inner));
    }
    for statement in statements {
        lines.extend(entire(mark, statement, inner, style));
    }
    lines.push(PlanLine::plain(closing, if mark == LineMark::Delete { "} -> null" } else { "}" }));
    Some(lines)
}

/// Returns the members of a document besides its statements: Version, Id.
fn frame(document: &Value) -> impl Iterator<Item = (&String, &Value)> {
    document.as_object().into_iter().flatten().filter(|(name, _)| *name != STATEMENT)
}

fn changed(
    label: &str,
    before: &Value,
    after: &Value,
    indent: usize,
    style: HumanStyle,
) -> Option<Vec<PlanLine>> {
    let pairs = pair_statements(&all(before)?, &all(after)?);
    let inner = indent + 4;
    let mut lines = vec![PlanLine::new(indent, LineMark::Update, format!("{label}{{"))];
    let gone = frame(before).filter(|(name, _)| after.get(*name).is_none());
    for (name, _) in
        frame(after).chain(gone).filter(|(name, _)| before.get(*name) != after.get(*name))
    {
        let text = |document: &Value| {
            document.get(name).map_or_else(|| "null".to_owned(), Value::to_string)
        };
        let text = format!("{} = {} -> {}", key_text(name), text(before), text(after));
        lines.push(PlanLine::new(inner, LineMark::Update, text));
    }
    let same = pairs.iter().filter(|pair| matches!(pair, Pair::Same)).count();
    for pair in pairs {
        match pair {
            Pair::Same => {}
            Pair::Added(statement) => {
                lines.extend(entire(LineMark::Create, statement, inner, style));
            }
            Pair::Removed(statement) => {
                lines.extend(entire(LineMark::Delete, statement, inner, style));
            }
            Pair::Changed(old, new) => lines.extend(statement(old, new, inner, style)),
        }
    }
    if same > 0 {
        let text = format!("# ({} hidden)", count(same, "unchanged statement"));
        lines.push(PlanLine::plain(inner, style.dim(&text)));
    }
    lines.push(PlanLine::plain(indent + 2, "}"));
    Some(lines)
}

fn title(number: usize, sid: Option<&str>) -> String {
    sid.map_or_else(
        || format!("statement {number}"),
        |sid| format!("statement {number} {}", quoted(sid)),
    )
}

/// Returns a complete statement that is added, removed or unchanged.
fn entire(mark: LineMark, numbered: Numbered, indent: usize, style: HumanStyle) -> Vec<PlanLine> {
    let Numbered { number, statement } = numbered;
    let heading =
        format!("{}: {}", title(number, statement_sid(statement)), style.bold(&effect(statement)));
    let inner = if mark == LineMark::None { indent + 2 } else { indent + 4 };
    let rest = elements(statement).into_iter().flat_map(|element| wrapped(mark, &element, inner));
    std::iter::once(PlanLine::new(indent, mark, heading)).chain(rest).collect()
}

/// Returns `Label: a, b, c`, broken at the width and continued under the first value.
fn wrapped(mark: LineMark, element: &Element, indent: usize) -> Vec<PlanLine> {
    let column = if mark == LineMark::None { indent } else { indent + 2 };
    let hanging = column + element.label.chars().count() + 2;
    let mut lines = Vec::new();
    let mut row = String::new();
    let mut push = |row: String| {
        let first = || PlanLine::new(indent, mark, format!("{}: {row}", element.label));
        lines.push(if lines.is_empty() { first() } else { PlanLine::plain(hanging, row) });
    };
    for (position, item) in element.items.iter().enumerate() {
        let comma = if position + 1 < element.items.len() { "," } else { "" };
        if !row.is_empty() && hanging + row.chars().count() + item.chars().count() + 2 > WIDTH {
            push(std::mem::take(&mut row));
        }
        let space = if row.is_empty() { "" } else { " " };
        row.extend([space, item, comma]);
    }
    push(if element.items.is_empty() { "(none)".to_owned() } else { row });
    lines
}

/// Returns a statement of which some elements change, with the others as context.
fn statement(old: Numbered, new: Numbered, indent: usize, style: HumanStyle) -> Vec<PlanLine> {
    let arrow = |old: String, new: String| if old == new { new } else { format!("{old} -> {new}") };
    let name =
        |statement: &Value| statement_sid(statement).map_or_else(|| "no Sid".to_owned(), quoted);
    let title = if statement_sid(old.statement) == statement_sid(new.statement) {
        title(new.number, statement_sid(new.statement))
    } else {
        format!("{} {}", title(new.number, None), arrow(name(old.statement), name(new.statement)))
    };
    let effect = style.bold(&arrow(effect(old.statement), effect(new.statement)));
    let mut lines = vec![PlanLine::new(indent, LineMark::Update, format!("{title}: {effect}"))];
    let (before, after) = (elements(old.statement), elements(new.statement));
    let find =
        |list: &[Element], label: &str| list.iter().find(|element| element.label == label).cloned();
    let gone = before.iter().filter(|element| find(&after, &element.label).is_none());
    for element in after.iter().chain(gone) {
        let (old, new) = (find(&before, &element.label), find(&after, &element.label));
        lines.extend(match (old, new) {
            (Some(old), Some(new)) if old == new => context(&new, indent + 4, style),
            (Some(old), Some(new)) => items(&old, &new, indent + 4, style),
            (Some(old), None) => wrapped(LineMark::Delete, &old, indent + 2),
            (None, new) => {
                wrapped(LineMark::Create, &new.unwrap_or_else(|| element.clone()), indent + 2)
            }
        });
    }
    lines
}

/// Returns an unchanged element; of a long list, the beginning.
fn context(element: &Element, indent: usize, style: HumanStyle) -> Vec<PlanLine> {
    let Element { label, items } = element;
    if items.len() <= CONTEXT || style.verbose {
        return wrapped(LineMark::None, element, indent);
    }
    let noun =
        if label.ends_with("Action") { "more unchanged action" } else { "more unchanged value" };
    let more = style.dim(&format!("… {}", count(items.len() - 3, noun)));
    vec![PlanLine::plain(indent, format!("{label}: {}, {more}", items[..3].join(", ")))]
}

/// Returns the values of an element that are added or removed.
fn items(old: &Element, new: &Element, indent: usize, style: HumanStyle) -> Vec<PlanLine> {
    let mut lines = vec![PlanLine::plain(indent, format!("{}:", new.label))];
    let ops = capture_diff_slices(Algorithm::Myers, &old.items, &new.items);
    let same: usize = ops
        .iter()
        .filter(|op| matches!(op, DiffOp::Equal { .. }))
        .map(|op| op.new_range().len())
        .sum();
    let shown = same <= CONTEXT || style.verbose;
    for change in ops.iter().flat_map(|op| op.iter_changes(&old.items, &new.items)) {
        match change.tag() {
            ChangeTag::Equal if shown => lines.push(PlanLine::plain(indent + 4, change.value())),
            ChangeTag::Equal => {}
            ChangeTag::Delete => {
                lines.push(PlanLine::new(indent + 2, LineMark::Delete, change.value()));
            }
            ChangeTag::Insert => {
                lines.push(PlanLine::new(indent + 2, LineMark::Create, change.value()));
            }
        }
    }
    if !shown {
        lines.push(PlanLine::plain(indent + 4, style.dim(&format!("# ({same} unchanged)"))));
    }
    lines
}
