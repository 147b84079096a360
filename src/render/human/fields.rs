//! Renders attributes before and after, with `=` in one column.

use super::line::{LineMark, PlanLine};
use super::value::{entire, entry, label};
use super::{HumanStyle, document};
use crate::diff::FieldDiff;
use crate::kind::FieldForm;
use crate::render::text::key_text;
use crate::value::Value;

/// Returns the lines of changed attributes, with their symbols at the column `indent`.
pub fn lines(diffs: &[FieldDiff], indent: usize, style: HumanStyle) -> Vec<PlanLine> {
    let shown: Vec<_> = diffs
        .iter()
        .filter(|diff| set(diff.change.before.as_deref()) != set(diff.change.after.as_deref()))
        .collect();
    let width =
        shown.iter().map(|diff| key_text(&diff.change.field).chars().count()).max().unwrap_or(0);
    shown.into_iter().flat_map(|diff| field(diff, width, indent, style)).collect()
}

/// Returns attributes that stay as they are, without symbols.
pub fn kept_fields(
    attributes: &[(&str, &Value)],
    indent: usize,
    style: HumanStyle,
) -> Vec<PlanLine> {
    let width =
        attributes.iter().map(|(name, _)| key_text(name).chars().count()).max().unwrap_or(0);
    let whole = attributes.iter().flat_map(|(name, value)| {
        let label = label(name, width);
        document::whole(LineMark::None, &label, value, indent, style)
            .unwrap_or_else(|| entire(LineMark::None, &label, value, indent))
    });
    whole.collect()
}

/// Removes null, which is AWS's "not set" in an attribute.
fn set(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| !value.is_null())
}

fn field(diff: &FieldDiff, width: usize, indent: usize, style: HumanStyle) -> Vec<PlanLine> {
    let (before, after) = (set(diff.change.before.as_deref()), set(diff.change.after.as_deref()));
    let label = label(&diff.change.field, width);
    let by_statement = match diff.form {
        FieldForm::Document => document::lines(&label, before, after, indent, style),
        FieldForm::Plain
        | FieldForm::Keyed
        | FieldForm::Identity
        | FieldForm::Setting
        | FieldForm::Recorded => None,
    };
    let mut lines = by_statement.unwrap_or_else(|| entry(&label, before, after, indent, style));
    if let (Some(why), Some(first)) = (&diff.forces_replacement, lines.first_mut()) {
        let why = format!("# forces replacement: {}", crate::render::text::escape(why));
        first.text = format!("{} {}", first.text, style.bad(&why));
    }
    lines
}
