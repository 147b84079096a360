//! The choice of the next step. AWS limits each operation by itself, so a throttled operation must
//! not take the places of steps that need other operations.

use std::collections::{BTreeMap, BTreeSet};

use crate::call::Write;
use crate::plan::{Step, StepId};

/// The steps that can begin, each in the lane of its first operation.
pub struct ReadyQueue<'a> {
    width: usize,
    running: usize,
    by_operation: BTreeMap<&'static str, OperationQueue<'a>>,
}

#[derive(Default)]
struct OperationQueue<'a> {
    ready: BTreeMap<&'a StepId, &'a Step>,
    running: usize,
}

impl<'a> ReadyQueue<'a> {
    /// Allows `width` steps at once in each lane and in all lanes together. Steps that only wait
    /// are not counted.
    pub fn new(width: usize) -> Self {
        Self { width: width.max(1), running: 0, by_operation: BTreeMap::new() }
    }

    pub fn add_step(&mut self, step: &'a Step) {
        self.by_operation.entry(operation(step)).or_default().ready.insert(&step.id, step);
    }

    /// Takes the next step to begin, in order of address. `wait` is the number of calls of running
    /// steps that wait for AWS to accept more.
    pub fn take_next(&mut self, wait: usize) -> Option<&'a Step> {
        if self.running.saturating_sub(wait) >= self.width {
            return None;
        }
        let open = self.by_operation.values_mut().filter(|lane| lane.running < self.width);
        let lane = open
            .filter(|lane| !lane.ready.is_empty())
            .min_by_key(|lane| lane.ready.keys().next().copied())?;
        let (_, step) = lane.ready.pop_first()?;
        lane.running += 1;
        self.running += 1;
        Some(step)
    }

    pub fn finish_step(&mut self, step: &Step) {
        if let Some(lane) = self.by_operation.get_mut(operation(step)) {
            lane.running -= 1;
            self.running -= 1;
        }
    }

    /// Returns the steps that were not begun, in order.
    pub fn into_unstarted(self) -> BTreeSet<&'a StepId> {
        self.by_operation.into_values().flat_map(|lane| lane.ready.into_keys()).collect()
    }
}

/// Returns the first operation of a step. Local files are not limited, and come after the limited
/// operations.
fn operation(step: &Step) -> &'static str {
    let first =
        step.calls.iter().find(|call| !matches!(call, Write::File(_))).or(step.calls.first());
    first.map_or("", Write::action)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::address::Address;
    use crate::call::IamWrite;
    use crate::plan::{Expect, StepPhase};

    fn step(kind: &str, name: usize, call: Write) -> Step {
        Step {
            id: StepId {
                address: Address::new(kind.parse().unwrap(), format!("{name:03}")),
                phase: StepPhase::Create,
            },
            calls: vec![call],
            after: BTreeSet::new(),
            expect: Expect::Absent,
            before: None,
            record: None,
            wanted: crate::value::Attributes::new(),
            carried: crate::value::Attributes::new(),
            successor: None,
            moved_from: None,
            removal: false,
        }
    }

    fn steps(count: usize) -> Vec<Step> {
        let user = || "u".to_owned();
        let key =
            |name| step("access_key", name, Write::Iam(IamWrite::CreateAccessKey { user: user() }));
        let deletion = |name| step("user", name, Write::Iam(IamWrite::DeleteUser { user: user() }));
        (0..count).flat_map(|name| [key(name), deletion(name)]).collect()
    }

    fn queue(steps: &[Step], width: usize) -> ReadyQueue<'_> {
        let mut queue = ReadyQueue::new(width);
        for step in steps {
            queue.add_step(step);
        }
        queue
    }

    fn begun(queue: &mut ReadyQueue<'_>, wait: usize) -> Vec<String> {
        std::iter::from_fn(|| queue.take_next(wait))
            .map(|step| step.id.address.to_string())
            .collect()
    }

    #[test]
    fn without_waiting_as_many_begin_as_there_are_places_in_order_of_address() {
        let steps = steps(5);
        let mut queue = queue(&steps, 4);
        let first: Vec<String> = (0..4).map(|name| format!("access_key.{name:03}")).collect();
        assert_eq!(begun(&mut queue, 0), first);
        queue.finish_step(&steps[0]);
        assert_eq!(begun(&mut queue, 0), ["access_key.004"]);
        assert_eq!(queue.into_unstarted().len(), 5);
    }

    #[test]
    fn steps_that_only_wait_leave_their_places_to_those_of_other_operations() {
        let steps = steps(9);
        let mut queue = queue(&steps, 4);
        assert_eq!(begun(&mut queue, 0).len(), 4);
        let others: Vec<String> = (0..3).map(|name| format!("user.{name:03}")).collect();
        assert_eq!(begun(&mut queue, 3), others, "and no more of the operation that waits");
        assert_eq!(begun(&mut queue, 7), ["user.003"]);
    }

    #[test]
    fn one_at_a_time_is_one_at_a_time() {
        let steps = steps(2);
        let mut queue = queue(&steps, 1);
        assert_eq!(begun(&mut queue, 0), ["access_key.000"]);
        queue.finish_step(&steps[0]);
        assert_eq!(begun(&mut queue, 0), ["access_key.001"]);
    }
}
