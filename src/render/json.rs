//! For machines: the plan object and the outcome, as JSON.

use crate::event::Outcome;
use crate::plan::Plan;

pub fn plan(_plan: &Plan) -> String {
    todo!()
}

pub fn outcome(_plan: &Plan, _outcome: &Outcome) -> String {
    todo!()
}
