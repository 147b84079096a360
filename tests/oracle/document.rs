//! Policy documents as they are drawn, and as the JSON that the program is given.

use serde_json::{Map, Value, json};

use super::dice::Dice;

#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// Of version 2012-10-17, and not 2008-10-17.
    pub variables: bool,
    pub statements: Vec<Statement>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    pub allow: bool,
    pub principals: Option<Principals>,
    pub actions: List,
    /// None in trust policies.
    pub resources: Option<List>,
    pub tests: Vec<Test>,
}

/// `Action: […]` or `NotAction: […]`, and the same of resources.
#[derive(Clone, Debug, PartialEq)]
pub struct List {
    pub not: bool,
    pub items: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Principals {
    pub not: bool,
    /// With their types; `*` is of the type `AWS`.
    pub names: Vec<(&'static str, String)>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    pub operator: String,
    pub key: String,
    pub values: Vec<String>,
}

/// Documents that decide together: those attached to one principal or resource, and a boundary's.
pub type Layers = Vec<Vec<Document>>;

/// Two sets of documents that are compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    pub before: Layers,
    pub after: Layers,
}

impl Pair {
    pub fn statements(&self) -> impl Iterator<Item = (&Document, &Statement)> {
        let documents = self.before.iter().chain(&self.after).flatten();
        documents.flat_map(|document| {
            document.statements.iter().map(move |statement| (document, statement))
        })
    }
}

impl Document {
    /// Allows everything.
    pub fn everything() -> Self {
        let all = || List { not: false, items: vec!["*".to_owned()] };
        let (actions, resources) = (all(), Some(all()));
        let statement =
            Statement { allow: true, principals: None, actions, resources, tests: Vec::new() };
        Self { variables: true, statements: vec![statement] }
    }

    pub fn json(&self) -> Value {
        self.spelt(&mut Spelling(None))
    }

    /// As AWS takes it too.
    pub fn json_by_chance(&self, dice: &mut Dice) -> Value {
        self.spelt(&mut Spelling(Some(dice)))
    }

    fn spelt(&self, spelling: &mut Spelling<'_>) -> Value {
        let version = if self.variables { "2012-10-17" } else { "2008-10-17" };
        let statements =
            self.statements.iter().map(|statement| statement.spelt(spelling)).collect();
        json!({"Version": version, "Statement": spelling.many(statements)})
    }
}

/// Lists and texts, or by chance single values standing alone and true, false and numbers as
/// themselves.
struct Spelling<'d>(Option<&'d mut Dice>);

impl Spelling<'_> {
    fn otherwise(&mut self) -> bool {
        self.0.as_mut().is_some_and(|dice| dice.one_in(2))
    }

    fn many(&mut self, mut values: Vec<Value>) -> Value {
        match &mut values[..] {
            [one] if self.otherwise() => one.take(),
            _ => values.into(),
        }
    }

    fn tested(&mut self, values: &[String]) -> Value {
        let spelt = |text: &String| match serde_json::from_str(text) {
            Ok(value @ (Value::Bool(_) | Value::Number(_)))
                if format!("{value}") == *text && self.otherwise() =>
            {
                value
            }
            _ => text.as_str().into(),
        };
        let values = values.iter().map(spelt).collect();
        self.many(values)
    }
}

impl Statement {
    fn spelt(&self, spelling: &mut Spelling<'_>) -> Value {
        let mut json = Map::new();
        json.insert("Effect".to_owned(), if self.allow { "Allow" } else { "Deny" }.into());
        let mut insert = |name: &str, not: bool, value: Value| {
            json.insert(if not { format!("Not{name}") } else { name.to_owned() }, value);
        };
        if let Some(principals) = &self.principals {
            insert("Principal", principals.not, principals.spelt(spelling));
        }
        insert("Action", self.actions.not, spelling.many(texts(&self.actions.items)));
        if let Some(resources) = &self.resources {
            insert("Resource", resources.not, spelling.many(texts(&resources.items)));
        }
        if !self.tests.is_empty() {
            let mut operators = Map::new();
            for test in &self.tests {
                let keys = operators.entry(&test.operator).or_insert_with(|| json!({}));
                keys[&test.key] = spelling.tested(&test.values);
            }
            insert("Condition", false, operators.into());
        }
        json.into()
    }
}

impl Principals {
    fn spelt(&self, spelling: &mut Spelling<'_>) -> Value {
        let mut types: Map<String, Value> = Map::new();
        for (kind, _) in &self.names {
            let names: Vec<String> = self
                .names
                .iter()
                .filter(|it| it.0 == *kind)
                .map(|(_, name)| name.clone())
                .collect();
            types.entry(*kind).or_insert_with(|| spelling.many(texts(&names)));
        }
        // `"*"` and `{"AWS": "*"}` are the same principal: the former where the value stands alone.
        if types.len() == 1 && types.get("AWS").is_some_and(|names| names == "*") {
            "*".into()
        } else {
            types.into()
        }
    }
}

fn texts(items: &[String]) -> Vec<Value> {
    items.iter().map(|item| item.as_str().into()).collect()
}
