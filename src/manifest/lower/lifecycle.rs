//! Lowers the lifecycle rules of buckets.

use std::collections::BTreeSet;

use serde_json::json;

use super::Lowering;
use crate::call::s3;
use crate::manifest::decode::{Located, Whole};
use crate::manifest::names;
use crate::manifest::shape::{LifecycleRule, Transition};
use crate::value::Value;

const CLASSES: [&str; 6] =
    ["STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"];
/// S3's limit on rules of one bucket.
const MOST: usize = 1000;

impl Lowering<'_, '_, '_> {
    /// Returns the rules in normal form: sorted by id, their transitions by day.
    pub(super) fn lifecycle(&mut self, rules: &[Located<LifecycleRule>]) -> Value {
        let mut ids = BTreeSet::new();
        let mut lowered: Vec<s3::LifecycleRule> = Vec::with_capacity(rules.len());
        for rule in rules {
            let rule = self.rule(rule, &mut ids);
            lowered.push(rule);
        }
        if let Some(rule) = rules.get(MOST) {
            let message = format!("these are {} rules; S3 takes {MOST} for a bucket", rules.len());
            self.scope.error("out-of-range", &rule.spot, message, "put several rules into one");
        }
        lowered.sort_by(|one, other| one.id.cmp(&other.id));
        json!(lowered)
    }

    fn rule(
        &mut self,
        rule: &Located<LifecycleRule>,
        ids: &mut BTreeSet<String>,
    ) -> s3::LifecycleRule {
        let body = &rule.value;
        match &body.id {
            None => self.missing(
                "id",
                "a lifecycle rule",
                &rule.spot,
                "write for example `id: expire-old`",
            ),
            Some(id) => {
                let checked = names::length(&id.value, 1, 255, "the id of a lifecycle rule");
                self.check(checked, "bad-name", &id.spot, "choose another id");
                if !ids.insert(id.value.clone()) {
                    let message =
                        format!("a rule with the id `{}` is in this list already", id.value);
                    self.scope.error(
                        "duplicate-name",
                        &id.spot,
                        message,
                        "give each rule an id of its own",
                    );
                }
            }
        }
        let mut transitions: Vec<_> = body
            .transitions
            .iter()
            .flatten()
            .filter_map(|transition| self.transition(transition))
            .collect();
        transitions.sort();
        let lowered = s3::LifecycleRule {
            id: body.id.as_ref().map(|id| id.value.clone()).unwrap_or_default(),
            enabled: body.enabled.as_ref().is_none_or(|flag| flag.value),
            prefix: body.prefix.as_ref().map(|prefix| prefix.value.clone()).unwrap_or_default(),
            expiration_days: self.days(body.expiration_days.as_ref(), 1),
            noncurrent_expiration_days: self.days(body.noncurrent_expiration_days.as_ref(), 1),
            abort_multipart_days: self.days(body.abort_multipart_days.as_ref(), 1),
            transitions,
        };
        self.consistent(rule, &lowered);
        lowered
    }

    fn consistent(&mut self, rule: &Located<LifecycleRule>, lowered: &s3::LifecycleRule) {
        let days = [
            lowered.expiration_days,
            lowered.noncurrent_expiration_days,
            lowered.abort_multipart_days,
        ];
        let body = &rule.value;
        let said = body.expiration_days.is_some() || body.noncurrent_expiration_days.is_some();
        if !said
            && body.abort_multipart_days.is_none()
            && body.transitions.as_ref().is_none_or(Vec::is_empty)
        {
            let help = "write expiration_days, noncurrent_expiration_days, abort_multipart_days \
                or transitions";
            self.scope.error("missing-field", &rule.spot, "this lifecycle rule does nothing", help);
        }
        let last = lowered.transitions.iter().map(|transition| transition.days).max();
        if let (Some(expiration), Some(last), Some(said)) = (days[0], last, &body.expiration_days)
            && expiration <= last
        {
            let message = format!(
                "objects would expire after {expiration} days, but move to another class after \
                    {last}"
            );
            self.scope.error(
                "out-of-range",
                &said.spot,
                message,
                "let them expire after their last transition",
            );
        }
    }

    fn transition(&mut self, transition: &Located<Transition>) -> Option<s3::Transition> {
        let body = &transition.value;
        let (Some(days), Some(class)) = (&body.days, &body.storage_class) else {
            let field = if body.days.is_none() { "days" } else { "storage_class" };
            self.missing(
                field,
                "a transition",
                &transition.spot,
                "write {days: 30, storage_class: STANDARD_IA}",
            );
            return None;
        };
        self.one_of(class, &CLASSES, "a storage class that objects can move to");
        // S3 moves objects to the two IA classes only after thirty days.
        let least = if class.value.ends_with("_IA") { 30 } else { 0 };
        let days = self.days(Some(days), least)?;
        Some(s3::Transition { days, storage_class: class.value.clone() })
    }

    fn days(&mut self, days: Option<&Whole>, least: i64) -> Option<i32> {
        let days = days?;
        match i32::try_from(days.value) {
            Ok(number) if days.value >= least => Some(number),
            _ => {
                let message =
                    format!("{} days: S3 takes whole days from {least} up here", days.value);
                self.scope.error(
                    "out-of-range",
                    &days.spot,
                    message,
                    format!("write {least} or more"),
                );
                None
            }
        }
    }
}
