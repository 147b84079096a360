//! Reports the questions that the budget of a run left open.

use super::ManifestFinding;
use super::rules::{UNDECIDED, phrase};
use crate::address::Address;

/// The number of names that a finding shows.
const SHOWN: usize = 5;

/// The subjects whose questions were not decided.
#[derive(Debug, Default)]
pub(super) struct UndecidedParts {
    escalations: Vec<String>,
    redundancies: Vec<String>,
}

impl UndecidedParts {
    /// Notes that the escalations of a principal, or of whoever holds a policy, are not known.
    pub fn escalation(&mut self, address: &Address) {
        self.escalations.push(address.to_string());
    }

    /// Notes that the statements of a policy were not held against those beside them.
    pub fn redundancy(&mut self, policy: &str) {
        self.redundancies.push(policy.to_owned());
    }

    pub fn findings(self) -> impl Iterator<Item = ManifestFinding> {
        let Self { escalations, redundancies } = self;
        let parts = [
            (escalations, "if they can give themselves more"),
            (redundancies, "if their statements add anything to the others"),
        ];
        parts.into_iter().filter_map(|(who, what)| finding(who, what))
    }
}

fn finding(mut who: Vec<String>, what: &str) -> Option<ManifestFinding> {
    who.sort();
    who.dedup();
    let more = who.len().saturating_sub(SHOWN);
    let names = who.get(..SHOWN).unwrap_or(&who).join(", ");
    let others = if more == 0 { String::new() } else { format!(" and {more} more") };
    let message = format!(
        "undecided for {names}{others}: {what}. The policies take more steps to compare than one \
            run may have"
    );
    (!who.is_empty()).then(|| ManifestFinding {
        rule: UNDECIDED.name,
        severity: UNDECIDED.severity,
        on: "*".to_owned(),
        also_on: Vec::new(),
        place: None,
        message,
        remedy: phrase(UNDECIDED.remedy),
        related: Vec::new(),
        accepted: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::KindName;

    #[test]
    fn what_is_left_is_named_and_the_rest_counted() {
        assert_eq!(UndecidedParts::default().findings().count(), 0);
        let mut parts = UndecidedParts::default();
        for number in 0..7 {
            parts.escalation(&Address::new(KindName::USER, format!("u{number}")));
            parts.redundancy("policy.P");
        }
        let told: Vec<String> = parts.findings().map(|it| it.message).collect();
        assert!(
            told[0].starts_with(
                "undecided for user.u0, user.u1, user.u2, user.u3, user.u4 and 2 more: if they"
            ),
            "{told:?}"
        );
        assert!(told[1].starts_with("undecided for policy.P: if their statements"), "{told:?}");
    }
}
