//! A policy document as a value.

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use serde::Serialize;

use crate::layout::{StatementPointer, statements};
use crate::parse::{SyntaxError, parse_value};
use crate::statement::{Policy, Unreadable};
use crate::{Value, canonical, pretty};

/// A policy document as its author wrote it, valid or not: see [`validate`](crate::validate).
///
/// A document is JSON, and dereferences to its [`Value`]: a function that takes a `&Value` takes a
/// `&Document`, too.
///
/// ```
/// use iam_policy::{Document, Usage, validate};
///
/// let document: Document = r#"{"Version": "2012-10-17", "Statement": {
///     "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::media/*"}}"#
///     .parse()?;
/// assert_eq!(document.statements().count(), 1);
/// assert!(validate(&document, Usage::Managed).is_empty());
/// # Ok::<(), iam_policy::SyntaxError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Document(Value);

impl Document {
    /// Returns the statements, each with its pointer: see [`statements`].
    pub fn statements(&self) -> impl Iterator<Item = (StatementPointer, &Value)> + Clone {
        statements(&self.0)
    }

    /// Returns the canonical form, in which two spellings of one document are equal: see
    /// [`crate::canonical()`].
    #[must_use]
    pub fn canonical(&self) -> Self {
        Self(canonical(&self.0))
    }

    /// Compiles the document for decisions and comparisons, which call it by this name. Fails if an
    /// element isn't understood.
    pub fn compile(&self, name: &str) -> Result<Policy, Unreadable> {
        Policy::compile(name, &self.0)
    }

    /// Returns the JSON.
    pub fn into_value(self) -> Value {
        self.0
    }
}

impl From<Value> for Document {
    fn from(value: Value) -> Self {
        Self(value)
    }
}

impl Deref for Document {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.0
    }
}

impl FromStr for Document {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        parse(text)
    }
}

/// Writes the document in a form for people: see [`pretty`].
impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&pretty(&self.0))
    }
}

/// Parses JSON text. A duplicate key in an object is an error, since JSON readers disagree about
/// which one counts; so is a number that can't be kept exactly.
///
/// ```
/// let error = iam_policy::parse("{\n  \"Version\": }").unwrap_err();
/// assert_eq!((error.line, error.column), (2, 14));
/// ```
pub fn parse(text: &str) -> Result<Document, SyntaxError> {
    parse_value(text).map(Document)
}
