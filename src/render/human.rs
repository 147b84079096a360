//! For people at a terminal.

use crate::call::Caller;
use crate::event::{Event, Outcome};
use crate::plan::{Header, Plan};

#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    pub color: bool,
    /// `-v`: unchanged fields and every call with its arguments' object.
    pub verbose: bool,
}

/// The whole plan: header, changes, calls, summary.
pub fn plan(_plan: &Plan, _style: Style) -> String {
    todo!()
}

/// Manifest, account, caller, region; and that it is a sandbox.
pub fn header(_header: &Header, _style: Style) -> String {
    todo!()
}

/// One line for one event: `user.serverless: Creating...`, as Terraform's users know it.
pub fn event(_event: &Event, _style: Style) -> String {
    todo!()
}

/// `Apply complete! Resources: 7 added, 0 changed, 0 destroyed.`, or what was done, failed and skipped.
pub fn outcome(_plan: &Plan, _outcome: &Outcome, _style: Style) -> String {
    todo!()
}

/// `account 123456789012 as arn:…`
pub fn caller(_caller: &Caller) -> String {
    todo!()
}
