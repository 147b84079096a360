//! Comparison of the access that two sets of policies allow, over all requests.

mod caller_keys;
mod case;
mod comparison;
mod condition_context;
#[cfg(test)]
mod condition_tests;
mod example;
mod filling;
mod formula;
#[cfg(test)]
mod formula_tests;
mod grants;
mod implication;
mod key_theory;
mod language;
mod membership;
mod naming;
mod pattern;
mod principals;
mod sat_solver;
mod search;
mod set;
mod space;
#[cfg(test)]
mod tests;
mod value_class;
mod verdict;

use std::collections::HashMap;
use std::rc::Rc;

use crate::budget::{Budget, UNDECIDED};
use crate::request::Caller;
use crate::statement::Effect;

use case::{RegionCase, VerdictKey};
use grants::{DiffRegion, Direction};
use language::PatternCache;
use membership::MemberTest;
use set::are_equal_sets;
use space::{Entangled, Space};
use value_class::ClassCache;
use verdict::RegionVerdict;

pub use comparison::{Cause, Comparison, Doubt, Grant, GrantPart, Relation, Side};
pub use set::Set;

/// Returns the access that `after` allows and `before` doesn't, and the reverse, over all requests,
/// with an example of each. `caller` is the principal that policies without principals are attached
/// to; the examples name it.
///
/// ```
/// use iam_policy::compare::Relation;
/// use iam_policy::{Set, compare, parse};
///
/// let old = parse(
///     r#"{"Version": "2012-10-17", "Statement": {
///         "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::media/*"}}"#,
/// )?;
/// let new = parse(
///     r#"{"Version": "2012-10-17", "Statement": {
///         "Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::media/*"}}"#,
/// )?;
/// let (before, after) = ([old.compile("old")?], [new.compile("new")?]);
///
/// let comparison = compare(&Set::of(&before), &Set::of(&after), None);
/// assert_eq!(comparison.relation(), Relation::Wider);
/// assert_eq!(comparison.gained[0].actions, ["s3:Get*"]);
/// assert_eq!(comparison.gained[0].already[0].action, "s3:GetObject");
/// assert_eq!(comparison.gained[0].example.action, "s3:GetExample");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn compare(before: &Set<'_>, after: &Set<'_>, caller: Option<&Caller>) -> Comparison {
    Comparer::default().compare(before, after, caller)
}

/// A comparer of many pairs of sets: it keeps the cells of patterns from one pair for the next, and
/// all pairs have one budget together.
#[derive(Debug)]
pub struct Comparer {
    cells: PatternCache,
    classes: ClassCache,
}

impl Default for Comparer {
    fn default() -> Self {
        Self::within(Budget::default())
    }
}

impl Comparer {
    /// Makes a comparer that takes its steps from this budget.
    pub fn within(budget: Budget) -> Self {
        Self { cells: PatternCache::within(budget.clone()), classes: ClassCache::within(budget) }
    }

    /// Returns the budget that all comparisons have together.
    pub fn budget(&self) -> &Budget {
        &self.cells.budget
    }

    /// Returns the same as [`compare`]; with doubts on both sides where the budget is spent.
    pub fn compare(
        &self,
        before: &Set<'_>,
        after: &Set<'_>,
        caller: Option<&Caller>,
    ) -> Comparison {
        if are_equal_sets(before, after) {
            return Comparison::default();
        }
        let budget = &self.cells.budget;
        let statements = [before, after].into_iter().flat_map(|set| &set.layers).copied().flatten();
        let size: usize = statements.map(|policy| policy.statements.len()).sum();
        // A spent budget is not asked any more, whatever is known already.
        if !budget.spend(NEW_STEPS + STATEMENT_STEPS * size) {
            return Comparison::undecided(after, UNDECIDED);
        }
        match Space::new(before, after, caller, (&self.cells, &self.classes)) {
            Ok(space) => {
                let mut comparison = compared(&space);
                if budget.is_spent() {
                    comparison.doubts.extend(Comparison::undecided(after, UNDECIDED).doubts);
                }
                comparison
            }
            Err(Entangled) if budget.is_spent() => Comparison::undecided(after, UNDECIDED),
            Err(Entangled) => Comparison::undecided(after, ENTANGLED),
        }
    }
}

/// The steps that it takes to prepare a comparison, and each of its statements.
const NEW_STEPS: usize = 200;
const STATEMENT_STEPS: usize = 40;

const ENTANGLED: &str = "the wildcard patterns are too entangled to be compared exactly";

fn compared(space: &Space<'_>) -> Comparison {
    let regions = regions(space);
    let [gained, lost] = [Side::Gained, Side::Lost].map(|side| Direction { space, side });
    let mut comparison = Comparison {
        gained: gained.grants(&regions),
        lost: lost.grants(&regions),
        doubts: [gained.doubts(&regions), lost.doubts(&regions)].concat(),
    };
    for grant in &mut comparison.gained {
        example::improve(space, true, grant);
    }
    for grant in &mut comparison.lost {
        example::improve(space, false, grant);
    }
    comparison
}

/// Returns the regions in which somebody allows or denies something, each with its verdict. Regions
/// with the same statements share a verdict.
fn regions<'s>(space: &'s Space<'_>) -> Vec<DiffRegion<'s>> {
    let mut known: HashMap<VerdictKey, Rc<RegionVerdict>> = HashMap::new();
    let mut regions = Vec::new();
    for group in &space.groups {
        for place in group.places.iter() {
            if !space.budget().spend(group.rows.len() * (2 + space.callers.len())) {
                return regions;
            }
            let members = |caller: usize| -> Vec<(usize, MemberTest<'_>)> {
                let rows = group.rows.iter();
                rows.map(|row| (*row, MemberTest::of(space, &space.rows[*row], place, caller)))
                    .collect()
            };
            let shared = members(0);
            for caller in 0..space.callers.len() {
                let own = space.fills_for_callers.then(|| members(caller));
                let rows = own.as_ref().unwrap_or(&shared);
                let case =
                    RegionCase { space, rows, place, caller, action: &group.cells[0].witness };
                if !case.is_allowed_something() {
                    continue;
                }
                let verdict = known.entry(case.key()).or_insert_with(|| Rc::new(case.verdict()));
                // A region that a Deny always forbids is needed, too: grants leave it out of what
                // they report.
                let denied =
                    || case.members().any(|(_, row, _)| row.statement.effect == Effect::Deny);
                if verdict.allowed != [false, false] || denied() {
                    let verdict = Rc::clone(verdict);
                    let rows = case.members().map(|(index, _, _)| index).collect();
                    regions.push(DiffRegion { group, place, caller, rows, verdict });
                }
            }
        }
    }
    regions
}
