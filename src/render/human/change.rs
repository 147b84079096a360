//! One object of a plan.

use super::arranged::Arranged;
use super::line::{Line, Mark};
use super::reason::{name, phrase, remedy, verb};
use super::{Style, access, fields};
use crate::call::Write;
use crate::diff::{Action, Change, FieldDiff};
use crate::kind::Form;
use crate::render::text::{count, escape};
use crate::value::FieldChange;

/// Its heading, what it means for people, what else is to be said about it, and its fields.
pub fn block(plan: &Arranged<'_>, change: &Change, style: Style) -> Vec<Line> {
    let address = name(&change.address);
    let heading = style.bold(&format!("{address} {}", verb(change.action)));
    let mut lines = vec![Line::plain(2, format!("# {heading} ({})", phrase(plan, change)))];
    lines.extend(access::of_change(plan.sentences(&change.address), style));
    lines.extend(remedy(change).into_iter().map(|text| Line::plain(2, format!("# {text}"))));
    lines.extend(before_it(change));
    lines.extend(drift(change, &style.warn(DRIFTED), style));
    let mark = Mark::of(change.action);
    lines.push(Line::new(if mark == Mark::Replace { 0 } else { 2 }, mark, address));
    if matches!(change.action, Action::Create | Action::Update | Action::Replace | Action::Delete) {
        lines.extend(fields::lines(&change.fields, 6, style));
        lines.extend(unchanged(plan, change, style));
    }
    lines
}

/// What must go before it: whose it is, and the calls that remove it.
fn before_it(change: &Change) -> Vec<Line> {
    if change.before_it.is_empty() {
        return Vec::new();
    }
    let goes = change.action != Action::Refuse && change.action != Action::Blocked;
    let lines = change.before_it.iter().map(|it| {
        let owner = it.owner.as_ref().map_or("not made by relayctl".to_owned(), name);
        let calls: Vec<&str> = it.calls.iter().map(Write::action).collect();
        let calls = if calls.is_empty() { String::new() } else { format!(": {}", calls.join(", ")) };
        Line::plain(2, format!("#   {} ({owner}){calls}", escape(&it.what)))
    });
    let heading = if goes { "Before it go:" } else { "Before it would have to go:" };
    [Line::plain(2, format!("# {heading}"))].into_iter().chain(lines).collect()
}

const DRIFTED: &str = "changed outside relayctl since the last apply";

/// What somebody else did since the last apply, below a heading.
fn drift(change: &Change, heading: &str, style: Style) -> Vec<Line> {
    if change.drift.is_empty() {
        return Vec::new();
    }
    let diffs: Vec<_> = change.drift.iter().map(|field| with_form(change, field)).collect();
    let mut lines = vec![Line::plain(2, format!("# {heading} (recorded -> live):"))];
    let quiet = Style { verbose: false, ..style };
    let inner = fields::lines(&diffs, 2, quiet);
    lines.extend(inner.into_iter().map(|line| Line::plain(2, format!("# {}", line.render(style)))));
    lines
}

/// Drift comes without the form of its field; the same field's change tells it where there is one, and a policy
/// document shows by itself what it is.
fn with_form(change: &Change, field: &FieldChange) -> FieldDiff {
    let same = change.fields.iter().find(|diff| diff.change.field == field.field);
    FieldDiff { change: field.clone(), form: same.map_or(Form::Document, |diff| diff.form), forces_replacement: None }
}

fn unchanged(plan: &Arranged<'_>, change: &Change, style: Style) -> Vec<Line> {
    let shown = if style.verbose { kept(plan, change, style) } else { Vec::new() };
    if change.unchanged == 0 || !shown.is_empty() {
        return shown;
    }
    let what = count(change.unchanged, "unchanged attribute");
    vec![Line::plain(6, style.dim(&format!("# ({what} hidden)")))]
}

/// The attributes that stay as they are: a replacement makes them again, an update's are those of the object as the
/// plan saw it.
fn kept(plan: &Arranged<'_>, change: &Change, style: Style) -> Vec<Line> {
    if change.action == Action::Replace {
        let again = change.fields.iter().map(|diff| &diff.change).filter(|field| field.before == field.after);
        let rest: Vec<_> = again.filter_map(|field| Some((&*field.field, field.after.as_deref()?))).collect();
        return fields::kept(&rest, 8, style);
    }
    let seen = plan.update(&change.address).and_then(|step| step.before.as_ref());
    let attributes = seen.into_iter().flat_map(|seen| &seen.attributes);
    let rest: Vec<_> =
        attributes.filter(|(name, _)| !change.fields.iter().any(|diff| diff.change.field == *name)).collect();
    fields::kept(&rest, 8, style)
}

/// Notes on objects, whether something happens to them or not.
pub fn notes(change: &Change, style: Style) -> Vec<Line> {
    let address = name(&change.address);
    let alone = change.left_alone.iter().map(|text| Line::plain(2, format!("# {address}: {}", escape(text))));
    let mut lines: Vec<Line> = alone.collect();
    if change.action == Action::Nothing {
        let heading = format!("{address} is as the manifest says, but was {DRIFTED}");
        lines.extend(drift(change, &heading, style));
    }
    lines
}
