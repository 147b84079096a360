//! Renders what a person should have before their eyes when they agree to a plan: what is
//! destroyed, and who gains access.

use super::access::dressed;
use super::heaviest::{of_sentences, of_topic};
use super::line::PlanLine;
use super::reason::address_text;
use super::{HumanStyle, ordered};
use crate::diff::{ChangeAction, ResourceChange};
use crate::plan::Plan;
use crate::render::access;
use crate::render::attention::{AttentionTopic, attention_items};

/// The number of destroyed objects that are named; the plan above has them all.
const NAMED: usize = 10;

/// Returns the lines; none if nothing is destroyed and nobody gains access.
pub fn lines(plan: &Plan, style: HumanStyle) -> Vec<PlanLine> {
    let mut lines = destroyed(plan, style);
    let data = of_topic(AttentionTopic::Data, &attention_items(plan), style);
    lines.extend(data.map(|line| PlanLine { indent: 2, ..line }));
    for (label, who) in [
        (style.warn("Gains access:"), access::gainers(plan)),
        (style.warn("Perhaps gains access:"), access::perhaps_gainers(plan)),
    ] {
        let who = who.map(|who| dressed(&who, style));
        lines.extend(who.map(|who| PlanLine::plain(2, format!("{label} {who}"))));
    }
    lines.extend(of_sentences(&access::of_plan(plan), 4, style));
    lines
}

fn destroyed(plan: &Plan, style: HumanStyle) -> Vec<PlanLine> {
    let is_destroyed = |change: &&ResourceChange| {
        matches!(change.action, ChangeAction::Delete | ChangeAction::Replace)
    };
    let changes: Vec<_> = ordered(plan).into_iter().filter(is_destroyed).collect();
    if changes.is_empty() {
        return Vec::new();
    }
    let name = |change: &&ResourceChange| {
        let address = address_text(&change.address);
        let again = if change.action == ChangeAction::Replace { ", and made anew" } else { "" };
        PlanLine::plain(4, format!("{address}{again}"))
    };
    let mut lines = vec![PlanLine::plain(2, style.bad("Destroyed:"))];
    // One more line is shorter than saying that there is one more.
    let named = if changes.len() == NAMED + 1 { changes.len() } else { NAMED };
    lines.extend(changes.iter().take(named).map(name));
    if changes.len() > named {
        lines.push(PlanLine::plain(4, format!("and {} more", changes.len() - named)));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::{Address, KindName};
    use crate::diff::Reason;
    use crate::model::Desired;
    use crate::plan::{PlanHeader, PlanMode, StateStamp, Summary};

    fn plan(changes: Vec<ResourceChange>) -> Plan {
        Plan {
            header: PlanHeader::new(&Desired::default(), PlanMode::Apply),
            state: StateStamp::of(None),
            changes,
            steps: Vec::new(),
            access: Vec::new(),
            notes: Vec::new(),
            summary: Summary::default(),
        }
    }

    fn change(name: &str, action: ChangeAction) -> ResourceChange {
        ResourceChange::new(Address::new(KindName::USER, name), action, Reason::Undeclared)
    }

    fn text(plan: &Plan) -> String {
        let style = HumanStyle::default();
        let lines = lines(plan, style);
        lines.iter().map(|line| line.render(style) + "\n").collect()
    }

    #[test]
    fn what_is_destroyed_is_named_and_what_is_made_is_not() {
        let changes = vec![
            change("ada", ChangeAction::Create),
            change("bob", ChangeAction::Delete),
            change("eve", ChangeAction::Replace),
        ];
        assert_eq!(
            text(&plan(changes)),
            "  Destroyed:\n    user.bob\n    user.eve, and made anew\n"
        );
        assert_eq!(text(&plan(vec![change("ada", ChangeAction::Update)])), "");
    }

    #[test]
    fn of_many_destroyed_objects_ten_are_named() {
        let many = |number: usize| {
            let changes = (0..number).map(|at| change(&format!("u{at:02}"), ChangeAction::Delete));
            text(&plan(changes.collect()))
        };
        assert_eq!(many(11).lines().count(), 12);
        assert!(many(12).ends_with("    user.u09\n    and 2 more\n"), "{}", many(12));
    }
}
