//! A statement's own elements: which must be there, which must not, and Sid and Effect.

use std::collections::BTreeSet;

use serde_json::Map;

use crate::policy::Usage;
use crate::policy::document::{STATEMENT_ELEMENTS, member};
use crate::value::Value;

use super::{Report, did_you_mean};

impl Report {
    pub(super) fn statements(&mut self, statements: &[(String, &Value)]) {
        let mut sids = BTreeSet::new();
        for (pointer, statement) in statements {
            let Some(elements) = statement.as_object() else {
                self.syntax(pointer, "A statement is a JSON object.");
                continue;
            };
            self.statement(pointer, elements);
            // S3 doesn't mind; an empty Sid is none.
            let sid = elements.get("Sid").and_then(Value::as_str).unwrap_or_default();
            if !sid.is_empty() && !sids.insert(sid) && self.usage != Usage::Bucket {
                let message = "Statement IDs (SID) in a single policy must be unique.";
                let help = Some(format!("`{sid}` stands before"));
                self.add(&member(pointer, "Sid"), "policy-sid", message, help);
            }
        }
    }

    fn statement(&mut self, pointer: &str, elements: &Map<String, Value>) {
        for name in elements.keys().filter(|name| !STATEMENT_ELEMENTS.contains(&name.as_str())) {
            self.unknown(&member(pointer, name), "a statement", name, did_you_mean(name, STATEMENT_ELEMENTS));
        }
        self.sid(pointer, elements.get("Sid"));
        self.effect(pointer, elements.get("Effect"));
        for (one, other) in [("Principal", "NotPrincipal"), ("Action", "NotAction"), ("Resource", "NotResource")] {
            if elements.contains_key(one) && elements.contains_key(other) {
                self.syntax(&member(pointer, other), &format!("A statement has {one} or {other}, not both."));
            }
        }
        self.principals(pointer, elements);
        self.actions(pointer, elements);
        self.resources(pointer, elements);
        if let Some(condition) = elements.get("Condition") {
            self.condition(&member(pointer, "Condition"), condition);
        }
    }

    fn sid(&mut self, pointer: &str, sid: Option<&Value>) {
        let Some(sid) = sid else { return };
        let pointer = member(pointer, "Sid");
        let Some(text) = sid.as_str() else { return self.syntax(&pointer, "Sid is a text.") };
        // S3 takes other characters too.
        if self.usage.is_identity() && !text.chars().all(|c| c.is_ascii_alphanumeric()) {
            let message = "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular \
                           expression [0-9A-Za-z]*";
            let plain: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
            self.add(&pointer, "policy-sid", message, Some(format!("write `{plain}`")));
        }
    }

    fn effect(&mut self, pointer: &str, effect: Option<&Value>) {
        let Some(effect) = effect else {
            return self.add(
                pointer,
                "policy-effect",
                "Syntax errors in policy. A statement needs an Effect.",
                Some("write \"Effect\": \"Allow\" or \"Effect\": \"Deny\"".to_owned()),
            );
        };
        let pointer = member(pointer, "Effect");
        match effect.as_str() {
            Some("Allow" | "Deny") => {}
            Some(text) if ["allow", "deny"].contains(&text.to_lowercase().as_str()) => {
                let message = "The policy failed legacy parsing";
                self.add(
                    &pointer,
                    "policy-effect",
                    message,
                    Some("Effect is `Allow` or `Deny`, in this case".to_owned()),
                );
            }
            _ => {
                let message = "Syntax errors in policy. Effect is `Allow` or `Deny`.";
                let help = effect.as_str().and_then(|text| did_you_mean(text, &["Allow", "Deny"]));
                self.add(&pointer, "policy-effect", message, help);
            }
        }
    }
}
