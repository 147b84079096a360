//! Policies for requests of which some condition keys are known.

use crate::condition::holds;
use crate::pattern::{KnownVariable, VariableForm, filled_as_known, has_variables};
use crate::request::Context;
use crate::statement::{Clause, ConditionTest, Policy, Statement};

impl Policy {
    /// Returns what the policy says about requests in which these keys have these values: their
    /// variables are filled in, and the tests on them are settled. A statement with a test that
    /// fails applies to none of these requests, and is left out.
    ///
    /// ```
    /// let document = iam_policy::parse(
    ///     r#"{"Version": "2012-10-17", "Statement": {
    ///         "Effect": "Allow", "Action": "s3:GetObject",
    ///         "Resource": "arn:aws:s3:::${aws:PrincipalTag/team}/*",
    ///         "Condition": {"StringEquals": {"aws:PrincipalTag/team": ["red", "blue"]}}}}"#,
    /// )?;
    /// let tag = |value: &str| {
    ///     [("aws:PrincipalTag/team".to_owned(), vec![value.to_owned()])].into_iter().collect()
    /// };
    /// let policy = document.compile("p")?;
    /// let red = policy.given(&tag("red"));
    /// assert_eq!(red.statements[0].resources.as_ref().unwrap().patterns, ["arn:aws:s3:::red/*"]);
    /// assert!(red.statements[0].conditions.is_empty());
    /// assert!(policy.given(&tag("green")).statements.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn given(&self, context: &Context) -> Self {
        let statements = self.statements.iter().filter_map(|statement| statement.given(context));
        Self { name: self.name.clone(), statements: statements.collect() }
    }
}

impl Statement {
    fn given(&self, context: &Context) -> Option<Self> {
        let mut conditions = Vec::new();
        for test in &self.conditions {
            let test = if self.variables { test.filled(context) } else { test.clone() };
            let is_open = self.variables && test.values.iter().any(|it| has_variables(it));
            if context.get(&test.key).is_none() || is_open {
                conditions.push(test);
            } else if !holds(&test, context, self.variables) {
                return None;
            }
        }
        let resources = self
            .resources
            .as_ref()
            .map(|clause| if self.variables { clause.filled(context) } else { clause.clone() });
        // A variable without a value matches nothing.
        if resources.as_ref().is_some_and(|clause| !clause.not && clause.patterns.is_empty()) {
            return None;
        }
        Some(Self { resources, conditions, ..self.clone() })
    }
}

impl Clause {
    fn filled(&self, context: &Context) -> Self {
        let known = |key: &str| known(context, key);
        let patterns = self.patterns.iter();
        let patterns =
            patterns.filter_map(|pattern| filled_as_known(pattern, VariableForm::Arn, &known));
        Self { not: self.not, patterns: patterns.collect() }
    }
}

impl ConditionTest {
    fn filled(&self, context: &Context) -> Self {
        let known = |key: &str| known(context, key);
        let Some(form) = self.operator.comparison.variable_form() else { return self.clone() };
        let values = self.values.iter();
        let values = values.filter_map(|value| filled_as_known(value, form, &known));
        Self { values: values.collect(), ..self.clone() }
    }
}

/// Returns the value of a variable.
fn known(context: &Context, key: &str) -> KnownVariable {
    match context.get(key) {
        None => KnownVariable::Open,
        Some([value]) => KnownVariable::Value(value.clone()),
        Some([]) => KnownVariable::Missing,
        Some(_) => KnownVariable::Several,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn given(statement: &Value, keys: &[(&str, &[&str])]) -> Vec<Statement> {
        let document = json!({"Version": "2012-10-17", "Statement": statement});
        let keys = keys.iter().map(|(key, values)| {
            ((*key).to_owned(), values.iter().map(ToString::to_string).collect())
        });
        Policy::compile("p", &document).unwrap().given(&keys.collect()).statements
    }

    fn statement(condition: &Value) -> Value {
        json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition})
    }

    #[test]
    fn a_settled_test_goes_and_a_failed_one_takes_its_statement_with_it() {
        let both = statement(&json!({"StringEquals": {"k:a": "x", "k:b": "y"}}));
        let left = given(&both, &[("K:A", &["x"])]);
        assert_eq!(left[0].conditions.len(), 1);
        assert_eq!(left[0].conditions[0].key, "k:b");
        assert!(given(&both, &[("k:a", &["y"])]).is_empty());
        assert!(
            given(&statement(&json!({"Null": {"k:a": "true"}})), &[("k:a", &["y"])]).is_empty()
        );
    }

    #[test]
    fn a_variable_of_a_known_key_is_filled_in_as_text() {
        let same = statement(&json!({"StringLike": {"k:a": "${k:b}*"}}));
        let left = given(&same, &[("k:b", &["x*"])]);
        assert_eq!(left[0].conditions[0].values, ["x${*}*"]);
        assert!(given(&same, &[("k:a", &["x"]), ("k:b", &["x"])])[0].conditions.is_empty());
        assert_eq!(given(&same, &[("k:a", &["x"])])[0].conditions.len(), 1, "its value is open");
        assert!(given(&same, &[("k:a", &["x"]), ("k:b", &["x", "y"])]).is_empty());
        let resource = |element: &str| {
            json!({"Effect": "Deny", "Action": "*",
            element: "arn:aws:s3:::${k:a}"})
        };
        let two: &[(&str, &[&str])] = &[("k:a", &["x", "y"])];
        assert!(given(&resource("Resource"), two).is_empty());
        // A default is for keys without a value, not for those with several.
        let or_none = |keys| {
            let statement = json!({"Effect": "Allow", "Action": "*",
                "Resource": "arn:aws:s3:::${k:a, 'none'}"});
            given(&statement, keys)
        };
        assert!(or_none(two).is_empty());
        assert_eq!(
            or_none(&[("k:a", &[])])[0].resources.as_ref().unwrap().patterns,
            ["arn:aws:s3:::none"]
        );
        assert_eq!(given(&resource("NotResource"), two).len(), 1);
    }
}
