//! A grant with changeable fields, and the sentence made of it.

use serde_json::{Value, json};

use crate::policy::compare::{Grant, Side};

use super::grant::{grant_text, remarks};
use super::read;

/// Returns a plain grant, with these fields in place of its own.
pub fn grant(fields: &Value) -> Grant {
    let mut grant = json!({"actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::b/*"], "cause": "allow",
        "policy": "policy.P", "statement": 2, "sid": "Read", "example": {"principal": {"type": "AWS", "name": "a"},
        "action": "s3:GetObject", "resource": "arn:aws:s3:::b/key"}});
    for (key, value) in fields.as_object().unwrap() {
        grant[key] = value.clone();
    }
    serde_json::from_value(grant).unwrap()
}

pub fn said(side: Side, fields: &Value) -> String {
    let grant = grant(fields);
    let (clause, _) = grant_text(&grant);
    let (remarks, _) = remarks(side, &grant);
    let sentence = std::iter::once(&clause).chain(&remarks).map(|pieces| read(pieces));
    sentence.collect::<Vec<_>>().join(" ")
}
