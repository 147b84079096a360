//! Simplifies the conditions of a policy for requests in which the values of some keys are known.

use crate::policy::decision::{Policies, Verdict};
use crate::policy::request::{Caller, Context, Request};
use crate::policy::statement::{Clause, ConditionTest, Effect, Policy, Statement};

/// Returns the policy for requests that carry `context`. A test of a key in it is settled; a
/// statement with a failed test doesn't apply to these requests and is removed.
pub fn specialise(policy: Policy, context: &Context, caller: &Caller) -> Policy {
    if context.is_empty() {
        return policy;
    }
    let statements = policy
        .statements
        .into_iter()
        .filter_map(|statement| settle(statement, context, caller))
        .collect();
    Policy { name: policy.name, statements }
}

fn settle(mut statement: Statement, context: &Context, caller: &Caller) -> Option<Statement> {
    let (settled, open) = statement.conditions.into_iter().partition(|test| {
        // A `${…}` in a value may be about a key that isn't known.
        let fixed = !statement.variables || test.values.iter().all(|value| !value.contains("${"));
        fixed && context.get(&test.key).is_some()
    });
    statement.conditions = open;
    let settled: Vec<ConditionTest> = settled;
    settled.into_iter().all(|test| holds(test, context, caller)).then_some(statement)
}

/// Decides a statement whose only condition is this test.
fn holds(test: ConditionTest, context: &Context, caller: &Caller) -> bool {
    let everything = || Clause { not: false, patterns: vec!["*".to_owned()] };
    let statement = Statement {
        number: 1,
        sid: None,
        effect: Effect::Allow,
        principals: None,
        actions: everything(),
        resources: Some(everything()),
        conditions: vec![test],
        variables: false,
    };
    let identity = [Policy { name: String::new(), statements: vec![statement] }];
    let request = Request {
        principal: caller.clone(),
        action: "s3:ListAllMyBuckets".to_owned(),
        resource: "*".to_owned(),
        context: context.clone(),
    };
    let policies = Policies { identity: &identity, ..Policies::default() };
    policies.decide(&request).verdict == Verdict::Allowed
}
