//! Renders one object of a plan.

use super::arranged::Arranged;
use super::line::{LineMark, PlanLine};
use super::reason::{action_phrase, address_text, phrase, remedy};
use super::{HumanStyle, access, fields};
use crate::call::Write;
use crate::diff::{ChangeAction, FieldDiff, ResourceChange};
use crate::kind::FieldForm;
use crate::render::text::{count, escape};
use crate::value::FieldChange;

/// Returns the change's heading, its effects on access, its remedies, prerequisites and drift, and
/// its fields.
pub fn block(plan: &Arranged<'_>, change: &ResourceChange, style: HumanStyle) -> Vec<PlanLine> {
    let address = address_text(&change.address);
    let heading = style.bold(&format!("{address} {}", action_phrase(change)));
    let mut lines = vec![PlanLine::plain(2, format!("# {heading} ({})", phrase(plan, change)))];
    lines.extend(access::of_change(plan.sentences(&change.address), style));
    lines.extend(
        remedy(plan, change).into_iter().map(|text| PlanLine::plain(2, format!("# {text}"))),
    );
    lines.extend(before_it(change));
    lines.extend(drift(change, &style.warn(DRIFTED), style));
    let mark = LineMark::of(change.action);
    lines.push(PlanLine::new(if mark == LineMark::Replace { 0 } else { 2 }, mark, address));
    if matches!(
        change.action,
        ChangeAction::Create | ChangeAction::Update | ChangeAction::Replace | ChangeAction::Delete
    ) {
        lines.extend(fields::lines(&change.fields, 6, style));
        lines.extend(unchanged(plan, change, style));
    }
    lines
}

/// Returns the objects that must be removed first, their owners, and the calls that remove them.
fn before_it(change: &ResourceChange) -> Vec<PlanLine> {
    if change.before_it.is_empty() {
        return Vec::new();
    }
    let goes = change.action != ChangeAction::Refuse && change.action != ChangeAction::Blocked;
    let lines = change.before_it.iter().map(|it| {
        let owner = it.owner.as_ref().map_or("not by this manifest".to_owned(), address_text);
        let calls: Vec<&str> = it.calls.iter().map(Write::action).collect();
        let calls =
            if calls.is_empty() { String::new() } else { format!(": {}", calls.join(", ")) };
        PlanLine::plain(2, format!("#   {} ({owner}){calls}", escape(&it.what)))
    });
    let heading = if goes { "Removed before it:" } else { "Must be removed before it:" };
    [PlanLine::plain(2, format!("# {heading}"))].into_iter().chain(lines).collect()
}

const DRIFTED: &str = "changed outside relayctl since the last apply";

/// Returns the changes made outside relayctl since the last apply, below a heading.
fn drift(change: &ResourceChange, heading: &str, style: HumanStyle) -> Vec<PlanLine> {
    if change.drift.is_empty() {
        return Vec::new();
    }
    let diffs: Vec<_> = change.drift.iter().map(|field| with_form(change, field)).collect();
    let mut lines = vec![PlanLine::plain(2, format!("# {heading} (recorded -> live):"))];
    let quiet = HumanStyle { verbose: false, ..style };
    let inner = fields::lines(&diffs, 2, quiet);
    lines.extend(
        inner.into_iter().map(|line| PlanLine::plain(2, format!("# {}", line.render(style)))),
    );
    lines
}

/// Adds the form of the field to its drift, which has none: the form in the same field's change if
/// there is one; otherwise [`FieldForm::Document`], because a policy document is recognised by its
/// content.
fn with_form(change: &ResourceChange, field: &FieldChange) -> FieldDiff {
    let same = change.fields.iter().find(|diff| diff.change.field == field.field);
    FieldDiff {
        change: field.clone(),
        form: same.map_or(FieldForm::Document, |diff| diff.form),
        forces_replacement: None,
    }
}

fn unchanged(plan: &Arranged<'_>, change: &ResourceChange, style: HumanStyle) -> Vec<PlanLine> {
    let shown = if style.verbose { kept(plan, change, style) } else { Vec::new() };
    if change.unchanged == 0 || !shown.is_empty() {
        return shown;
    }
    let what = count(change.unchanged, "unchanged attribute");
    vec![PlanLine::plain(6, style.dim(&format!("# ({what} hidden)")))]
}

/// Returns the attributes that stay as they are. A replacement makes them again; an update's are
/// those of the object as the plan saw it.
fn kept(plan: &Arranged<'_>, change: &ResourceChange, style: HumanStyle) -> Vec<PlanLine> {
    if change.action == ChangeAction::Replace {
        let again = change
            .fields
            .iter()
            .map(|diff| &diff.change)
            .filter(|field| field.before == field.after);
        let rest: Vec<_> =
            again.filter_map(|field| Some((&*field.field, field.after.as_deref()?))).collect();
        return fields::kept_fields(&rest, 8, style);
    }
    let seen = plan.update(&change.address).and_then(|step| step.before.as_ref());
    let attributes = seen.into_iter().flat_map(|seen| &seen.attributes);
    let rest: Vec<_> = attributes
        .filter(|(name, _)| !change.fields.iter().any(|diff| diff.change.field == *name))
        .collect();
    fields::kept_fields(&rest, 8, style)
}

/// Returns the notes on an object, even if nothing happens to it.
pub fn notes(change: &ResourceChange, style: HumanStyle) -> Vec<PlanLine> {
    let address = address_text(&change.address);
    let alone = change
        .left_alone
        .iter()
        .map(|text| PlanLine::plain(2, format!("# {address}: {}", escape(text))));
    let mut lines: Vec<PlanLine> = alone.collect();
    if change.action == ChangeAction::Nothing {
        let heading = format!("{address} matches the manifest, but was {DRIFTED}");
        lines.extend(drift(change, &heading, style));
    }
    lines
}
