//! The statements of a trust policy that is made from a short form.

use serde_json::{Map, json};

use crate::value::Value;

const TAG_SESSION: &str = "sts:TagSession";

/// A statement that lets principals assume the role.
pub(super) struct TrustStatement {
    /// The Principal element: lists of names by their type.
    pub principals: Map<String, Value>,
    pub action: &'static str,
    /// The Condition element, without anything in it where there is none.
    pub condition: Map<String, Value>,
}

impl TrustStatement {
    fn into_value(self, has_tags: bool) -> Value {
        let action = if has_tags { json!([self.action, TAG_SESSION]) } else { json!(self.action) };
        let mut statement =
            json!({"Effect": "Allow", "Principal": self.principals, "Action": action});
        if !self.condition.is_empty() {
            statement["Condition"] = self.condition.into();
        }
        statement
    }
}

/// Returns the trust policy of these statements. Where a statement on accounts, users and roles has
/// a condition, sts:TagSession gets a statement of its own: a tag gives nothing to those who cannot
/// assume the role, and a condition that holds for the one action need not hold for the other
/// ("Passing session tags in AWS STS", IAM User Guide).
pub(super) fn make_document(statements: Vec<TrustStatement>, has_tags: bool) -> Value {
    let mut tagging: Map<String, Value> = Map::new();
    let mut made = Vec::with_capacity(statements.len() + 1);
    for statement in statements {
        // The claims of a token are there for sts:TagSession, too ("Passing session tags using
        // AssumeRoleWithWebIdentity", IAM User Guide), and IAM wants the subject of a shared issuer
        // in each statement.
        let is_apart =
            !statement.condition.is_empty() && !statement.principals.contains_key("Federated");
        if has_tags && is_apart {
            add_principals(&mut tagging, &statement.principals);
        }
        made.push(statement.into_value(has_tags && !is_apart));
    }
    if !tagging.is_empty() {
        made.push(json!({"Effect": "Allow", "Principal": tagging, "Action": TAG_SESSION}));
    }
    json!({"Version": "2012-10-17", "Statement": made})
}

/// Adds the principals that are not there yet.
fn add_principals(to: &mut Map<String, Value>, principals: &Map<String, Value>) {
    for (kind, names) in principals {
        let Value::Array(known) = to.entry(kind).or_insert_with(|| json!([])) else { continue };
        let listed = names.as_array().map_or_else(|| std::slice::from_ref(names), Vec::as_slice);
        for name in listed {
            if !known.contains(name) {
                known.push(name.clone());
            }
        }
    }
}
