//! Compares recorded with live objects, for a plan that only refreshes the state.

use std::borrow::Cow;

use super::carried::CARRIED;
use super::predecessors::Predecessors;
use super::takeover::Holders;
use super::{ChangeAction, DiffOptions, DiffSubject, PlannedChange, Reason};
use crate::address::Address;
use crate::call::Observed;
use crate::kind::{self, LiveObject, LiveResource};
use crate::model::{Desired, Live, Recorded, RecordedObject, Status};

/// Decides for every recorded object, in the order of addresses, what the state takes over from the
/// live one. Nothing but the state changes. `desired` says who the manifest is.
pub fn refresh<'a>(
    desired: &'a Desired,
    recorded: &'a Recorded,
    live: &'a Live,
    options: DiffOptions<'a>,
) -> Vec<PlannedChange<'a>> {
    let holders = Holders::find_holders(recorded, live);
    let predecessors = Predecessors::default();
    let decide = |(address, entry): (&'a Address, &'a RecordedObject)| {
        let subject = DiffSubject {
            kind: kind::kind_of(address.kind()),
            address,
            resource: None,
            entry: Some(entry),
            desired,
            recorded,
            live,
            holders: &holders,
            predecessors: &predecessors,
            options,
        };
        subject.refresh(entry, live.get(address))
    };
    recorded.iter().map(decide).collect()
}

impl<'a> DiffSubject<'a, '_> {
    fn refresh(
        &self,
        entry: &'a RecordedObject,
        sighting: Option<&'a LiveResource>,
    ) -> PlannedChange<'a> {
        if entry.status == Status::Intended || entry.attributes.contains_key(CARRIED) {
            // The next apply finishes what an interrupted run began.
            return self.decision(ChangeAction::Nothing, Reason::Interrupted, None);
        }
        match sighting.map(|sighting| &sighting.observed) {
            Some(Observed::Unknown(failure)) => {
                self.decision(ChangeAction::Blocked, Reason::Unknown(failure.clone()), None)
            }
            Some(Observed::Present(seen)) => self.refresh_existing(entry, seen),
            Some(Observed::Absent) | None => self.forgotten(entry, Reason::Vanished, None),
        }
    }

    fn refresh_existing(
        &self,
        entry: &'a RecordedObject,
        seen: &'a LiveObject,
    ) -> PlannedChange<'a> {
        if let Some(reason) = self.foreign(seen) {
            return self.forgotten(entry, reason, Some(seen));
        }
        let drift = self.drift(seen);
        let seen = Some(Cow::Borrowed(seen));
        if drift.is_empty() {
            return self.decision(ChangeAction::Nothing, Reason::Same, seen);
        }
        let mut attributes = entry.attributes.clone();
        for change in &drift {
            if let Some(live) = &change.after {
                attributes.share(&change.field, live.clone());
            }
        }
        let mut decision = self.decision(ChangeAction::Adopt, Reason::Drifted, seen);
        decision.change.drift = drift;
        decision.wanted = Some(Cow::Owned(attributes));
        decision
    }

    /// Decides for an object that is no longer there, or that is another one now. Its record stays
    /// if something that was made with it is left, such as the secret of a key: without the record
    /// nobody would know whose that is.
    fn forgotten(
        &self,
        entry: &RecordedObject,
        reason: Reason,
        seen: Option<&'a LiveObject>,
    ) -> PlannedChange<'a> {
        let action = if self.kind.leftovers(&entry.known()).is_empty() {
            ChangeAction::Forget
        } else {
            ChangeAction::Nothing
        };
        self.decision(action, reason, seen.map(Cow::Borrowed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::KindName;
    use crate::call::{Failure, FailureKind};
    use crate::value::{Attributes, Value};

    fn entry(status: Status, path: &str) -> RecordedObject {
        let attributes = [("name", "bob"), ("path", path)];
        RecordedObject {
            status,
            id: Some("AIDA1".to_owned()),
            attributes: attributes
                .map(|(name, text)| (name, Value::from(text)))
                .into_iter()
                .collect(),
            depends_on: [].into(),
        }
    }

    fn seen(id: &str, path: &str) -> LiveObject {
        let attributes: Attributes = [("name", "bob"), ("path", path)]
            .map(|(name, text)| (name, text.into()))
            .into_iter()
            .collect();
        let owner = Some("dev".to_owned());
        LiveObject { id: id.to_owned(), owner, attributes, ..LiveObject::default() }
    }

    fn decide(
        entry: RecordedObject,
        observed: Observed<LiveObject>,
    ) -> (ChangeAction, Reason, Option<Attributes>) {
        let address = Address::new(KindName::USER, "bob");
        let desired = Desired { name: "dev".to_owned(), ..Desired::default() };
        let recorded = Recorded::from([(address.clone(), entry)]);
        let live = Live::from([(address, LiveResource { observed, conflict: None })]);
        let decision = refresh(&desired, &recorded, &live, DiffOptions::default()).remove(0);
        let wanted = decision.wanted.map(Cow::into_owned);
        (decision.change.action, decision.change.reason, wanted)
    }

    #[test]
    fn a_changed_object_is_recorded_with_its_live_values() {
        let (action, reason, wanted) =
            decide(entry(Status::Done, "/"), Observed::Present(seen("AIDA1", "/moved/")));
        assert_eq!((action, reason), (ChangeAction::Adopt, Reason::Drifted));
        assert_eq!(wanted, Some(entry(Status::Done, "/moved/").attributes));
    }

    #[test]
    fn an_unchanged_object_stays_as_it_is_recorded() {
        let (action, reason, _) =
            decide(entry(Status::Done, "/"), Observed::Present(seen("AIDA1", "/")));
        assert_eq!((action, reason), (ChangeAction::Nothing, Reason::Same));
    }

    #[test]
    fn an_object_that_is_gone_is_forgotten() {
        let (action, reason, _) = decide(entry(Status::Done, "/"), Observed::Absent);
        assert_eq!((action, reason), (ChangeAction::Forget, Reason::Vanished));
    }

    #[test]
    fn an_object_that_could_not_be_read_is_neither_changed_nor_gone() {
        let failure = Failure::new(FailureKind::AccessDenied, "iam:GetUser", "AccessDenied", "no");
        let (action, reason, _) =
            decide(entry(Status::Done, "/"), Observed::Unknown(failure.clone()));
        assert_eq!((action, reason), (ChangeAction::Blocked, Reason::Unknown(failure)));
    }

    #[test]
    fn what_an_interrupted_run_began_is_left_to_the_next_apply() {
        let (action, reason, _) = decide(entry(Status::Intended, "/"), Observed::Absent);
        assert_eq!((action, reason), (ChangeAction::Nothing, Reason::Interrupted));
    }
}
