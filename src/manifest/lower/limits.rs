//! Lowers `limits:`, which limit the changes of one plan.

use crate::manifest::decode::Whole;
use crate::manifest::scope::DecodeScope;
use crate::manifest::shape;
use crate::model::{CountLimit, Limits};

pub fn read(limits: Option<&shape::Limits>, scope: &mut DecodeScope<'_>) -> Limits {
    let Some(limits) = limits else { return Limits::default() };
    let any = "write 0 or more, for example 5";
    let percent = "write a number from 0 to 100, for example 30";
    Limits {
        max_destroy: limits
            .max_destroy
            .as_ref()
            .and_then(|said| limit("max_destroy", said, i64::MAX, any, scope)),
        max_change_percent: limits
            .max_change_percent
            .as_ref()
            .and_then(|said| limit("max_change_percent", said, 100, percent, scope)),
    }
}

fn limit(
    name: &str,
    said: &Whole,
    most: i64,
    help: &str,
    scope: &mut DecodeScope<'_>,
) -> Option<CountLimit> {
    match usize::try_from(said.value) {
        Ok(value) if said.value <= most => {
            Some(CountLimit { value, place: Some(said.spot.place()) })
        }
        _ => {
            scope.error(
                "out-of-range",
                &said.spot,
                format!("`{name}` cannot be {}", said.value),
                help,
            );
            None
        }
    }
}
