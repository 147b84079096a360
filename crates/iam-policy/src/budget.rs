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
    use std::fmt::Write;

    use serde_json::json;

    use super::*;
    use crate::compare::{Comparer, Relation, Set};
    use crate::lint::{redundant, shadowed};
    use crate::{Holder, Policy, Value, escalations};

    /// Wildcards and conditions that multiply each other, in less than AWS takes.
    fn costly(number: usize) -> Policy {
        let statement = |index: usize| {
            let letter = char::from(b'a' + u8::try_from(index % 26).unwrap());
            let effect = if index.is_multiple_of(3) { "Deny" } else { "Allow" };
            json!({"Effect": effect, "Action": "iam:*",
                "Resource": format!("arn:aws:iam::*:*{letter}*{number}{index}*"),
                "Condition": {"StringLike": {format!("aws:PrincipalTag/t{index}"): "*a*b*"}}})
        };
        let statements: Vec<Value> = (0..25).map(statement).collect();
        let document = json!({"Version": "2012-10-17", "Statement": statements});
        assert!(crate::document_size(&document, crate::Usage::Managed) < 6_144);
        Policy::compile("p", &document).unwrap()
    }

    #[test]
    fn what_costs_more_than_the_budget_is_undecided_the_same_way_each_time() {
        let (before, after) = ([costly(1)], [costly(2)]);
        let compare = |steps: u64| {
            let comparer = Comparer::within(Budget::with_steps(steps));
            let found = comparer.compare(&Set::of(&before), &Set::of(&after), None);
            (found, comparer.budget().is_spent())
        };
        for steps in [0, 1_000, 100_000, 1_000_000] {
            let (found, is_spent) = compare(steps);
            assert_eq!(found.relation(), Relation::Unknown, "{steps}");
            let is_told = found.doubts.iter().any(|doubt| doubt.reason == UNDECIDED);
            assert_eq!(is_told, is_spent, "{steps}: {:?}", found.doubts);
            assert_eq!(compare(steps).0, found);
        }
        assert!(compare(1_000).1);
    }

    #[test]
    fn a_question_of_many_comparisons_has_one_budget() {
        let comparer = Comparer::within(Budget::with_steps(300_000));
        let held = [costly(1), costly(2)];
        assert_eq!(redundant(&held, &comparer), []);
        assert!(comparer.budget().is_spent());
        assert_eq!(shadowed(&held, &comparer), []);
        let empty = Set::of(&[]);
        let equal = comparer.compare(&empty, &empty, None);
        assert_eq!(equal.relation(), Relation::Equal, "what takes no steps is still decided");
    }

    #[test]
    fn escalations_end_with_the_budget_too() {
        let mut resources = Vec::new();
        for index in 0..120 {
            let mut name = "arn:aws:iam::123456789012:role/*".to_owned();
            (0..8).for_each(|part| write!(name, "{index}*{part}*").unwrap());
            resources.push(name);
        }
        let statement = json!({"Effect": "Allow", "Action": "*", "Resource": resources});
        let deny = json!({"Effect": "Deny", "Action": "*", "Resource": resources,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}}});
        let document = json!({"Version": "2012-10-17", "Statement": [statement, deny]});
        let policies = [Policy::compile("p", &document).unwrap()];
        let budget = Budget::with_steps(100_000);
        let holder = Holder {
            arn: Some("arn:aws:iam::123456789012:user/ada"),
            partition: "aws",
            account: "123456789012",
            policies: &policies,
            boundary: None,
            attached: &[],
            budget: &budget,
        };
        escalations(&holder);
        assert!(budget.is_spent());
    }

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
