//! A statement, with the JSON pointer of each of its parts.

use serde_json::Map;

use crate::Value;
use crate::layout;
use crate::statement::{ConditionTest, OperatorName, Policy, Quantifier, Statement};

pub(super) struct Site<'a> {
    pub statement: &'a Statement,
    pub elements: &'a Map<String, Value>,
    pub pointer: String,
}

impl<'a> Site<'a> {
    /// Returns all statements of a document; `policy` is the document, compiled.
    pub fn all(document: &'a Value, policy: &'a Policy) -> Vec<Self> {
        let objects = layout::statements(document)
            .filter_map(|(pointer, statement)| Some((pointer.to_string(), statement.as_object()?)));
        let site = |(statement, (pointer, elements))| Self { statement, elements, pointer };
        policy.statements.iter().zip(objects).map(site).collect()
    }

    /// Returns the pointer of an element that may be negated: `Action` or `NotAction`.
    pub fn element(&self, name: &str) -> String {
        let negated = format!("Not{name}");
        let name = if self.elements.contains_key(&negated) { &negated } else { name };
        format!("{}/{name}", self.pointer)
    }

    /// Returns the pointer of one value of such an element.
    pub fn value(&self, name: &str, index: usize) -> String {
        let element = self.element(name);
        let key = element.rsplit('/').next().unwrap_or_default();
        let listed = self.elements.get(key).is_some_and(Value::is_array);
        if listed { format!("{element}/{index}") } else { element }
    }

    /// Returns the pointer of the name of a principal.
    pub fn principal(&self, name: &str) -> String {
        let element = self.element("Principal");
        let key = element.rsplit('/').next().unwrap_or_default();
        let Some(Value::Object(types)) = self.elements.get(key) else { return element };
        let places = types
            .iter()
            .flat_map(|(kind, names)| layout::one_or_many(names, &layout::member(&element, kind)));
        places
            .into_iter()
            .find(|(_, value)| value.as_str() == Some(name))
            .map_or(element, |(pointer, _)| pointer)
    }

    /// Returns the pointer of a key of the Condition.
    pub fn condition(&self, key: &str) -> String {
        let element = format!("{}/Condition", self.pointer);
        let operators =
            self.elements.get("Condition").and_then(Value::as_object).into_iter().flatten();
        let mut naming = operators.filter(|(_, keys)| keys.get(key).is_some());
        let place =
            |(operator, _): (&String, _)| layout::member(&layout::member(&element, operator), key);
        naming.next().map_or_else(|| element.clone(), place)
    }

    /// Returns the tests that only chosen values pass: no negated test, and none that a missing key
    /// passes.
    pub fn demands(&self) -> impl Iterator<Item = &'a ConditionTest> {
        self.statement.conditions.iter().filter(|test| demands(test))
    }
}

fn demands(test: &ConditionTest) -> bool {
    use OperatorName as C;
    let chosen = matches!(
        test.operator.comparison,
        C::StringEquals
            | C::StringEqualsIgnoreCase
            | C::StringLike
            | C::ArnEquals
            | C::ArnLike
            | C::IpAddress
            | C::Bool
    );
    let everything = |value: &String| value == "*" || value == "0.0.0.0/0" || value == "::/0";
    // A request without the key meets `ForAllValues`.
    let certain =
        !test.operator.if_exists && test.operator.quantifier != Some(Quantifier::ForAllValues);
    chosen && certain && !test.values.iter().any(everything)
}
