//! The rotation of old keys: the time of a new key, and the end of the old one.
//!
//! A rotation makes the second key, puts it into the sinks, proves it, and deactivates the old one,
//! which the state then remembers as retired. A later run deletes the retired key once it has been
//! inactive, and unused, for long enough.

use jiff::{SignedDuration, Span, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::call::iam::{AccessKey, LastUsed};
use crate::call::{IamWrite, Observed, Write};
use crate::kind::{FieldEffect, JudgedChange, LiveObject, Maintenance};
use crate::reads::{Facet, Snapshot};
use crate::value::{self, Attributes};

/// The time for which an old key is kept by default: within a week every weekly job runs once.
pub const RETIRE_AFTER: &str = "7d";

const DAY: i64 = 86_400;
const HOUR: i64 = 3_600;
const MINUTE: i64 = 60;

/// Parses a duration as manifests write it: `90d`, `12h`, `1d 12h`. The error names the valid
/// forms.
pub fn lasting(text: &str) -> Result<SignedDuration, String> {
    let help = || "write days, hours or minutes, for example 90d, 12h or 30m".to_owned();
    let span: Span = text.parse().map_err(|_| help())?;
    let (days, hours, minutes) =
        (i64::from(span.get_days()), i64::from(span.get_hours()), span.get_minutes());
    // Months and years vary in length, and nobody means seconds.
    let same = Span::new().days(days).hours(hours).minutes(minutes);
    if span.is_negative() || span.fieldwise() != same.fieldwise() {
        return Err(help());
    }
    let seconds = days * DAY + hours * HOUR + minutes * MINUTE;
    if seconds == 0 { Err(help()) } else { Ok(SignedDuration::from_secs(seconds)) }
}

/// Returns an attribute that is a duration, with its text. The manifest's durations are valid.
fn lasting_of(wanted: &Attributes, name: &str) -> Option<(SignedDuration, String)> {
    let text = value::optional_text(wanted, name)?;
    Some((lasting(&text).ok()?, text))
}

/// Judges the age at which a key is rotated: who has a copy of a key may use it until then.
pub(super) fn judge(change: &JudgedChange<'_>) -> FieldEffect {
    let age = |value: &value::Value| lasting(value.as_str()?).ok();
    match (change.before.and_then(age), age(change.after)) {
        (Some(before), after) if after.is_none_or(|after| after > before) => {
            FieldEffect::Gain("a key is valid for longer")
        }
        (Some(_) | None, _) => FieldEffect::None,
    }
}

fn retire_after(wanted: &Attributes) -> (SignedDuration, String) {
    let fallback = || (SignedDuration::from_secs(7 * DAY), RETIRE_AFTER.to_owned());
    lasting_of(wanted, "retire_after").unwrap_or_else(fallback)
}

/// Returns the facet that is read before a retired key is deleted: its last use.
pub(super) fn retired_facet(declared: &Attributes) -> Facet {
    let user = value::text_of(declared, "user").to_owned();
    Facet::LastUsed { user, id: "*".to_owned() }
}

/// A key whose place another one took, as the state remembers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RetiredKey {
    pub(super) id: String,
    /// The time of its deactivation, RFC 3339.
    pub(super) since: String,
}

impl RetiredKey {
    pub(super) fn remembered(attributes: &Attributes) -> Option<Self> {
        serde_json::from_value(attributes.get("retired")?.clone()).ok()
    }

    pub(super) fn noted(&self) -> (&'static str, value::Value) {
        ("retired", json!(self))
    }
}

/// The facts about a retired key in AWS on which the plan depends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SupersededKey {
    #[serde(flatten)]
    pub(super) key: RetiredKey,
    pub(super) active: bool,
    /// The last use; `None` also if it can't be told.
    used: Option<LastUsed>,
}

impl SupersededKey {
    pub(super) fn of(seen: &LiveObject) -> Option<Self> {
        serde_json::from_value(seen.internals.get("retired")?.clone()).ok()
    }

    /// Returns the id of the key if it is time to delete it.
    pub(super) fn goes(seen: &LiveObject) -> Option<String> {
        Self::of(seen).filter(|it| seen.is_overdue && !it.active).map(|it| it.key.id)
    }
}

/// Returns the facets of a key that is rotated by its age, or was rotated.
pub(super) fn facets(wanted: &Attributes) -> Vec<Facet> {
    let retired = RetiredKey::remembered(wanted);
    let timed = retired.is_some() || lasting_of(wanted, "rotate_after").is_some();
    let user = || value::text_of(wanted, "user").to_owned();
    let last_use = retired.map(|retired| Facet::LastUsed { user: user(), id: retired.id });
    timed.then_some(Facet::Clock).into_iter().chain(last_use).collect()
}

/// The keys of one user, with their ages.
pub(super) struct Ages<'a> {
    pub(super) wanted: &'a Attributes,
    pub(super) snapshot: &'a Snapshot,
    pub(super) current: &'a AccessKey,
    /// The retired key, if it still exists.
    pub(super) retired: Option<(RetiredKey, &'a AccessKey)>,
}

impl Ages<'_> {
    fn used(&self, id: &str) -> Observed<Option<LastUsed>> {
        self.snapshot.last_used(value::text_of(self.wanted, "user"), id)
    }

    pub(super) fn lingering(&self) -> Option<SupersededKey> {
        let (key, live) = self.retired.as_ref()?;
        let used = self.used(&key.id).present().flatten();
        Some(SupersededKey { key: key.clone(), active: is_active(live), used })
    }

    /// Returns the maintenance that is due, and the remarks on what isn't due yet.
    pub(super) fn upkeep(&self) -> (Option<Maintenance>, Vec<String>) {
        let mut remarks = Vec::new();
        if !is_active(self.current) {
            remarks.push(format!(
                "the key {} is inactive: somebody deactivated it, and relayctl does not activate \
                    it again; rotating the key makes another one",
                self.current.id
            ));
        }
        let due = self.due().filter(|_| is_active(self.current));
        let Some(lingering) = self.lingering() else {
            return (due.map(Maintenance::Renew), remarks);
        };
        let upkeep = match self.retirement(&lingering) {
            Ok(tend) => Some(Maintenance::Tend(tend)),
            Err(remark) => {
                remarks.push(remark);
                remarks.extend(
                    due.map(|why| format!("{why}: it waits until the retired key is deleted")),
                );
                None
            }
        };
        (upkeep, remarks)
    }

    /// Returns the reason for a new key, if one is due.
    fn due(&self) -> Option<String> {
        let (limit, text) = lasting_of(self.wanted, "rotate_after")?;
        let made: Timestamp = self.current.created.parse().ok()?;
        let age = self.snapshot.clock().present()?.duration_since(made);
        (age >= limit).then(|| format!("the key is {} old, rotate_after is {text}", in_words(age)))
    }

    /// Returns the reason to deactivate or delete the retired key; the error is the reason to keep
    /// it.
    fn retirement(&self, lingering: &SupersededKey) -> Result<String, String> {
        let SupersededKey { key: RetiredKey { id, since }, active, used } = lingering;
        if *active {
            return Ok(format!("the key {id} was retired, and is active"));
        }
        if !is_active(self.current) {
            return Err(format!("the retired key {id} is kept, because its successor is inactive"));
        }
        if let Observed::Unknown(failure) = self.used(id) {
            return Err(format!(
                "the retired key {id} is kept, because its last use is not known: {failure}"
            ));
        }
        let (quiet, text) = retire_after(self.wanted);
        let kept =
            || format!("the retired key {id} is kept, because its retirement date is not known");
        let retired: Timestamp = since.parse().map_err(|_| kept())?;
        // A request that was refused because the key is inactive counts as a use, too, and so does
        // one of a time when somebody had activated the key.
        let used =
            used.as_ref().filter(|used| used.at.parse::<Timestamp>().is_ok_and(|at| at > retired));
        let last = used.and_then(|used| used.at.parse().ok()).unwrap_or(retired);
        let end = last.checked_add(quiet).map_err(|_| kept())?;
        let said = match used {
            Some(used) => {
                format!(
                    "was last used at {} ({}, {}), after it was retired",
                    used.at, used.service, used.region
                )
            }
            None => format!("has been inactive since {since}, and was not used"),
        };
        match self.snapshot.clock() {
            Observed::Present(now) if now >= end => {
                Ok(format!("the retired key {id} {said}; retire_after is {text}"))
            }
            Observed::Present(_) | Observed::Absent | Observed::Unknown(_) => Err(format!(
                "the retired key {id} {said}: it goes after {end}, if nobody uses it until then"
            )),
        }
    }
}

fn is_active(key: &AccessKey) -> bool {
    key.status != "Inactive"
}

/// Returns the age in words, in its largest unit only: `97 days`, `13 hours`, `5 minutes`.
pub fn in_words(age: SignedDuration) -> String {
    let seconds = age.as_secs().max(0);
    let (number, unit) = match seconds {
        ..HOUR => (seconds / MINUTE, "minute"),
        HOUR..DAY => (seconds / HOUR, "hour"),
        _ => (seconds / DAY, "day"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

/// Returns the call for a retired key whose time has come.
pub(super) fn tended(seen: &LiveObject) -> Option<Write> {
    let lingering = SupersededKey::of(seen).filter(|_| seen.is_overdue)?;
    let (user, id) = (value::text_of(&seen.attributes, "user").to_owned(), lingering.key.id);
    Some(Write::Iam(if lingering.active {
        IamWrite::UpdateAccessKey { user, id, active: false }
    } else {
        IamWrite::DeleteAccessKey { user, id }
    }))
}
