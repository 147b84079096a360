//! The budget of a whole question, however many comparisons it takes.

use std::cell::Cell;
use std::rc::Rc;

/// The steps that one question may take. A step is about 25 nanoseconds of work on an ordinary
/// machine: one place of a pattern by one character. Steps are counted, and not time, so that the
/// same question always has the same answer.
///
/// Clones share what is left: pass them to all comparisons of one question. What is asked after the
/// budget is spent is answered as undecided, never as a guess.
///
/// ```
/// use iam_policy::Budget;
/// use iam_policy::compare::{Comparer, Relation, Set};
///
/// let document = iam_policy::parse(
///     r#"{"Version": "2012-10-17", "Statement": {
///         "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}"#,
/// )?;
/// let policies = [document.compile("p")?];
/// let (before, after) = (Set::of(&[]), Set::of(&policies));
///
/// let enough = Comparer::within(Budget::default()).compare(&before, &after, None);
/// assert_eq!(enough.relation(), Relation::Wider);
/// let nothing = Comparer::within(Budget::with_steps(0)).compare(&before, &after, None);
/// assert_eq!(nothing.relation(), Relation::Unknown);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Budget(Rc<Cell<u64>>);

/// The steps of a question on a few policies: about a second of a processor.
const STEPS: u64 = 50_000_000;

/// The reason of doubts, and of findings, where the budget was spent.
pub const UNDECIDED: &str =
    "undecided: the policies take more steps to compare than one question may have";

impl Budget {
    /// Makes a budget of so many steps.
    pub fn with_steps(steps: u64) -> Self {
        Self(Rc::new(Cell::new(steps)))
    }

    /// Makes the budget of a question that has so many parts, each of which is entitled to some
    /// steps of its own: the holders of a manifest, the subjects of a plan. It grows in proportion
    /// to them, so that a long question is no harder to answer than a short one.
    pub fn for_parts(parts: usize, each: u64) -> Self {
        let parts = u64::try_from(parts).unwrap_or(u64::MAX);
        Self::with_steps(STEPS.saturating_add(parts.saturating_mul(each)))
    }

    /// Takes so many steps; false, and from then on always false, where fewer are left.
    pub fn spend(&self, steps: usize) -> bool {
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        let left = self.0.get().checked_sub(steps);
        self.0.set(left.unwrap_or(0));
        left.is_some() && !self.is_spent()
    }

    /// Returns the steps that are left.
    pub fn remaining(&self) -> u64 {
        self.0.get()
    }

    /// Returns true if nothing is left: what was asked last may be undecided.
    pub fn is_spent(&self) -> bool {
        self.0.get() == 0
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::with_steps(STEPS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_what_is_left_and_a_spent_budget_stays_spent() {
        let budget = Budget::with_steps(10);
        let other = budget.clone();
        assert!(budget.spend(4) && other.spend(5));
        assert!(!other.spend(5), "only one step is left");
        assert!(budget.is_spent() && !budget.spend(0));
        assert_eq!(Budget::for_parts(2, 5).remaining(), Budget::default().remaining() + 10);
        assert_eq!(Budget::for_parts(usize::MAX, u64::MAX).remaining(), u64::MAX);
    }
}
