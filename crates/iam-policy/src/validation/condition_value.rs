//! Validation of the values of conditions: only values that AWS is known to refuse, and booleans.
//! AWS takes a malformed number, binary or ARN: the test then never holds. IAM refuses a malformed
//! date, and S3 a malformed address.
//!
//! IAM takes a malformed boolean, too, and Access Analyzer reports it ("Type mismatch Boolean"). It
//! is refused here since nobody means it: a Deny with `"Bool": {"aws:SecureTransport": "no"}`
//! denies nothing.

use crate::Usage;
use crate::Value;
use crate::condition::{is_address_range, may_be_date};
use crate::statement::{Operator, OperatorName};

use super::{Report, ValidationStage, Violation};

const CODE: &str = "policy-condition";

impl Report {
    pub(super) fn value(&mut self, pointer: &str, operator: Option<Operator>, value: &Value) {
        let text = match value {
            Value::Null | Value::Object(_) | Value::Array(_) => {
                let detail =
                    "A condition's value is a text, a number, a boolean, or a list of them.";
                return self.syntax(pointer, detail);
            }
            Value::String(text) => text.clone(),
            Value::Bool(_) | Value::Number(_) => value.to_string(),
        };
        let Some(Operator { comparison, .. }) = operator else { return };
        // The value of a variable isn't known here.
        if text.contains("${") {
            return;
        }
        if matches!(comparison, OperatorName::Bool | OperatorName::Null) && !is_boolean(&text) {
            self.boolean(pointer, comparison, &text);
        }
        if is_date_comparison(comparison) && self.usage.is_identity() && !may_be_date(&text) {
            let help =
                "a date is written as 2026-01-31T12:00:00Z or in seconds since 1970".to_owned();
            self.legacy(pointer, CODE, format!("`{text}` is not a date"), help);
        }
        let is_address = matches!(comparison, OperatorName::IpAddress | OperatorName::NotIpAddress);
        if is_address && self.usage == Usage::Bucket && !is_address_range(&text) {
            let help =
                "an address is written as 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32".to_owned();
            self.add(
                ValidationStage::Syntax,
                pointer,
                CODE,
                "Invalid IP address in Conditions",
                Some(help),
            );
        }
    }

    fn boolean(&mut self, pointer: &str, comparison: OperatorName, text: &str) {
        let operator = if comparison == OperatorName::Null { "Null" } else { "Bool" };
        let message = format!(
            "Type mismatch Boolean: Add a valid Boolean value (true or false) for the condition \
                operator {operator}."
        );
        let help = match text.to_ascii_lowercase().as_str() {
            "yes" | "y" | "on" | "1" => "write \"true\"",
            "no" | "n" | "off" | "0" => "write \"false\"",
            _ => "write \"true\" or \"false\"",
        };
        let summary =
            format!("`{text}` is neither `true` nor `false`, so no request ever matches it");
        let violation = Violation {
            pointer: pointer.to_owned(),
            code: CODE,
            message,
            summary: None,
            help: Some(help.to_owned()),
        };
        self.add_described(ValidationStage::AccessAnalyzer, summary, violation);
    }
}

fn is_boolean(text: &str) -> bool {
    text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false")
}

fn is_date_comparison(comparison: OperatorName) -> bool {
    matches!(
        comparison,
        OperatorName::DateEquals
            | OperatorName::DateNotEquals
            | OperatorName::DateLessThan
            | OperatorName::DateLessThanEquals
            | OperatorName::DateGreaterThan
            | OperatorName::DateGreaterThanEquals
    )
}
