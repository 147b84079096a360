//! A statement, with the JSON pointer of each of its parts.

use serde_json::Map;

use crate::Value;
use crate::catalogue::{self, ConditionKey};
use crate::layout;
use crate::statement::{
    ConditionTest, Effect, OperatorName, Policy, PrincipalType, Principals, Quantifier, Statement,
};

pub(super) struct Site<'a> {
    pub statement: &'a Statement,
    pub elements: &'a Map<String, Value>,
    pub pointer: String,
}

/// A test of a Condition, with the JSON pointers of its parts.
pub(super) struct TestSite<'a> {
    pub test: &'a ConditionTest,
    /// The value or the list of values, as it is written.
    pub written: &'a Value,
    /// The pointer of the key.
    pub pointer: String,
    /// The key, if AWS has it.
    pub known: Option<ConditionKey>,
}

impl TestSite<'_> {
    /// Returns the pointer of one value.
    pub fn value(&self, index: usize) -> String {
        if self.written.is_array() {
            format!("{}/{index}", self.pointer)
        } else {
            self.pointer.clone()
        }
    }

    /// Tells if the test is on this key, in any case.
    pub fn is_on(&self, key: &str) -> bool {
        self.test.key.eq_ignore_ascii_case(key)
    }

    /// Tells if the test is one of these comparisons or the negation of one.
    pub fn compares_by(&self, positive: &[OperatorName]) -> bool {
        positive.contains(&self.test.operator.comparison.positive().0)
    }

    pub fn is_negated(&self) -> bool {
        self.test.operator.comparison.positive().1
    }

    /// Tells if a request without the key passes.
    pub fn passes_without_key(&self) -> bool {
        let operator = self.test.operator;
        operator.if_exists || operator.quantifier == Some(Quantifier::ForAllValues)
    }
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
        element_pointer(&self.pointer, self.elements, name)
    }

    /// Returns the pointer of one value of such an element.
    pub fn value(&self, name: &str, index: usize) -> String {
        value_pointer(&self.pointer, self.elements, name, index)
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

    /// Returns the tests of the Condition, each with its place, in the order of the statement.
    pub fn tests(&self) -> Vec<TestSite<'a>> {
        let element = format!("{}/Condition", self.pointer);
        let operators =
            self.elements.get("Condition").and_then(Value::as_object).into_iter().flatten();
        let places = operators.flat_map(|(operator, keys)| {
            let operator = layout::member(&element, operator);
            let keys = keys.as_object().into_iter().flatten();
            keys.map(move |(key, values)| (layout::member(&operator, key), values))
        });
        let site = |(test, (pointer, written)): (&'a ConditionTest, _)| {
            let known = catalogue::condition_key(&test.key);
            TestSite { test, written, pointer, known }
        };
        self.statement.conditions.iter().zip(places).map(site).collect()
    }

    /// Tells if the statement allows something to everyone, as far as its conditions hold.
    pub fn allows_everyone(&self) -> bool {
        let everyone = |principals: &Principals| {
            principals.names.iter().any(|(kind, _)| *kind == PrincipalType::Everyone)
        };
        self.statement.effect == Effect::Allow
            && self.statement.principals.as_ref().is_some_and(everyone)
    }

    /// Returns the texts of `Resource` or `NotResource`, each with its pointer.
    pub fn resources(&self) -> Vec<(String, &'a str)> {
        let patterns = self.statement.resources.iter().flat_map(|clause| &clause.patterns);
        let place = |(index, pattern): (usize, &'a String)| {
            (self.value("Resource", index), pattern.as_str())
        };
        patterns.enumerate().map(place).collect()
    }

    /// Returns the tests that only chosen values pass: no negated test, and none that a missing key
    /// passes.
    pub fn demands(&self) -> impl Iterator<Item = &'a ConditionTest> {
        self.statement.conditions.iter().filter(|test| demands(test))
    }
}

/// Returns the pointer of an element of a statement that may be negated.
fn element_pointer(statement: &str, elements: &Map<String, Value>, name: &str) -> String {
    let negated = format!("Not{name}");
    let name = if elements.contains_key(&negated) { &negated } else { name };
    format!("{statement}/{name}")
}

/// Returns the pointer of one value of such an element.
pub(super) fn value_pointer(
    statement: &str,
    elements: &Map<String, Value>,
    name: &str,
    index: usize,
) -> String {
    let element = element_pointer(statement, elements, name);
    let key = element.rsplit('/').next().unwrap_or_default();
    let listed = elements.get(key).is_some_and(Value::is_array);
    if listed { format!("{element}/{index}") } else { element }
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
