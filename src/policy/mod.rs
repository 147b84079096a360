//! IAM policy documents as values: parsing with places, canonical form, equivalence, validation, and what a document
//! grants. Pure; no I/O. Documents travel through the rest of the program as JSON values in canonical form.

use crate::value::Value;

/// Where a policy is used, which decides what it must and must not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    Managed,
    UserInline,
    RoleInline,
    Trust,
    Bucket,
}

/// One thing that is wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// JSON pointer into the document: `/Statement/0/Action`.
    pub pointer: String,
    pub code: &'static str,
    /// IAM's own wording where it has one.
    pub message: String,
    pub help: Option<String>,
}

/// Text that is no JSON object. Line and column count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SyntaxError {
    pub message: String,
    pub line: usize,
    pub column: usize,
}

/// Parses JSON text (a duplicate key is an error: JSON readers disagree about which one counts).
pub fn parse(_text: &str) -> Result<Value, SyntaxError> {
    todo!()
}

/// Where a JSON pointer stands in the text it was parsed from: line, column, length in characters.
pub fn locate(_text: &str, _pointer: &str) -> Option<(usize, usize, usize)> {
    todo!()
}

/// The form in which documents are kept, printed and sent: lists sorted and without repetition, statements in a stable
/// order, nothing lost. `canonical(canonical(x)) == canonical(x)`. A value that is no policy document comes back as it is.
pub fn canonical(_document: &Value) -> Value {
    todo!()
}

/// What two documents have in common exactly when AWS does the same with them.
pub fn comparison_key(_document: &Value) -> Value {
    todo!()
}

/// Whether AWS will do the same with both.
pub fn equivalent(one: &Value, other: &Value) -> bool {
    comparison_key(one) == comparison_key(other)
}

/// What AWS would refuse.
pub fn validate(_document: &Value, _usage: Usage) -> Vec<Finding> {
    todo!()
}

/// The document as relayctl sends it: compact JSON.
pub fn compact(document: &Value) -> String {
    document.to_string()
}

/// AWS's limit for this usage, in characters without white space.
pub fn limit(_usage: Usage) -> usize {
    todo!()
}

/// Whether an identity policy, conditions aside, allows the action on the resource: some Allow matches, no Deny does.
pub fn allows(_document: &Value, _action: &str, _resource: &str) -> bool {
    todo!()
}
