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
    /// Returns true if sts:TagSession gets a statement of its own. The claims of a token are there
    /// for sts:TagSession, too ("Passing session tags using AssumeRoleWithWebIdentity", IAM User
    /// Guide), and IAM wants the subject of a shared issuer in each statement.
    fn has_tags_apart(&self) -> bool {
        !self.condition.is_empty() && !self.principals.contains_key("Federated")
    }

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
    let apart = statements.iter().filter(|statement| has_tags && statement.has_tags_apart());
    let tagging: Vec<Value> = apart
        .map(|it| json!({"Effect": "Allow", "Principal": it.principals, "Action": TAG_SESSION}))
        .collect();
    let made = statements.into_iter().map(|statement| {
        let has_tags = has_tags && !statement.has_tags_apart();
        statement.into_value(has_tags)
    });
    json!({"Version": "2012-10-17", "Statement": made.chain(tagging).collect::<Vec<_>>()})
}
