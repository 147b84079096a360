//! Condition: operators, keys, and the shape of values.

use crate::policy::Usage;
use crate::policy::document::{member, one_or_many};
use crate::value::Value;

use super::{Report, did_you_mean};

const CODE: &str = "policy-condition";

const OPERATORS: &[&str] = &[
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
    "Null",
];

impl Report {
    pub(super) fn condition(&mut self, pointer: &str, condition: &Value) {
        let Some(operators) = condition.as_object() else {
            return self.syntax(pointer, "Condition is an object of operators.");
        };
        for (operator, keys) in operators {
            let pointer = member(pointer, operator);
            if !is_operator(operator) {
                self.unknown_operator(&pointer, operator);
            }
            let Some(keys) = keys.as_object() else {
                self.syntax(&pointer, "A condition operator holds an object of condition keys.");
                continue;
            };
            for (key, values) in keys {
                let pointer = member(&pointer, key);
                self.key(&pointer, key);
                for (pointer, value) in one_or_many(values, &pointer) {
                    if value.is_null() || value.is_object() || value.is_array() {
                        self.syntax(&pointer, "A condition's value is a text, a number, a boolean, or a list of them.");
                    }
                }
            }
        }
    }

    fn unknown_operator(&mut self, pointer: &str, operator: &str) {
        let message = if self.usage == Usage::Bucket {
            format!("Invalid Condition type : {operator}")
        } else {
            format!("Syntax errors in policy. `{operator}` is no condition operator.")
        };
        let (_, bare) = split(operator);
        self.add(pointer, CODE, message, did_you_mean(bare, OPERATORS));
    }

    /// Only before the first slash: what follows is the name of a tag or of an OIDC provider.
    fn key(&mut self, pointer: &str, key: &str) {
        let colons = key.split('/').next().unwrap_or_default().matches(':').count();
        if !key.contains(':') {
            let message = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
            let help =
                did_you_mean(key, &["aws:SourceIp", "aws:SourceArn", "aws:SourceAccount", "aws:SecureTransport"]);
            self.add(pointer, CODE, message, help);
        } else if colons > 1 {
            self.add(pointer, CODE, "Actions/Condition can contain only one colon.", None);
        }
    }
}

/// The set qualifier and what follows it.
fn split(operator: &str) -> (&str, &str) {
    operator.split_once(':').unwrap_or(("", operator))
}

/// Whether AWS minds the case of an operator isn't documented, so it isn't minded here.
fn is_operator(operator: &str) -> bool {
    let lower = operator.to_lowercase();
    let (qualifier, bare) = split(&lower);
    let plain = bare.strip_suffix("ifexists").unwrap_or(bare);
    // `Null` asks whether the key exists, so there is no `NullIfExists`.
    ["", "forallvalues", "foranyvalue"].contains(&qualifier)
        && OPERATORS.iter().any(|known| known.eq_ignore_ascii_case(plain))
        && bare != "nullifexists"
}
