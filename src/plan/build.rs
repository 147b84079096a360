//! Changes and the graph -> Plan.

use super::{Header, Plan, Stamp};
use crate::diff::Decision;
use crate::graph::Cycle;
use crate::model::{Desired, Recorded};

/// Orders the decisions into steps with their calls. `header.targets` restricts it to those and their dependencies.
pub fn build(
    _header: Header,
    _state: Stamp,
    _decisions: Vec<Decision>,
    _desired: &Desired,
    _recorded: &Recorded,
) -> Result<Plan, Cycle> {
    todo!()
}
