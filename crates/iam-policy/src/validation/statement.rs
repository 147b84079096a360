//! Validation of a statement's elements: required and forbidden ones, Sid and Effect.

use std::collections::BTreeSet;

use serde_json::Map;

use crate::Value;
use crate::layout::{STATEMENT_ELEMENTS, member};
use crate::{LimitingPolicy, Usage};

use super::{Report, ValidationStage, did_you_mean};

const EFFECT: &str = "policy-effect";

impl Report {
    pub(super) fn statements(&mut self, statements: &[(String, &Value)]) {
        let mut sids = BTreeSet::new();
        for (pointer, statement) in statements {
            let Some(elements) = statement.as_object() else {
                self.syntax(pointer, "A statement is a JSON object.");
                continue;
            };
            self.statement(pointer, elements);
            // S3 allows duplicates, and an empty Sid is none. What AWS Organizations and EC2 allow
            // isn't documented.
            let sid = elements.get("Sid").and_then(Value::as_str).unwrap_or_default();
            let may_repeat = match self.usage {
                Usage::Bucket => true,
                Usage::Limiting(limiting) => limiting != LimitingPolicy::Session,
                Usage::Managed
                | Usage::UserInline
                | Usage::GroupInline
                | Usage::RoleInline
                | Usage::Trust => false,
            };
            if !sid.is_empty() && !sids.insert(sid) && !may_repeat {
                let message = if self.usage == Usage::Trust {
                    "The Statement Ids in the policy are not unique"
                } else {
                    "Statement IDs (SID) in a single policy must be unique."
                };
                let help = Some(format!("`{sid}` stands before"));
                self.add(
                    ValidationStage::Statement,
                    &member(pointer, "Sid"),
                    "policy-sid",
                    message,
                    help,
                );
            }
        }
    }

    fn statement(&mut self, pointer: &str, elements: &Map<String, Value>) {
        for name in elements.keys().filter(|name| !STATEMENT_ELEMENTS.contains(&name.as_str())) {
            self.unknown(
                &member(pointer, name),
                "a statement",
                name,
                did_you_mean(name, STATEMENT_ELEMENTS),
            );
        }
        self.sid(pointer, elements.get("Sid"));
        self.effect(pointer, elements.get("Effect"));
        for (one, other) in
            [("Principal", "NotPrincipal"), ("Action", "NotAction"), ("Resource", "NotResource")]
        {
            if elements.contains_key(one) && elements.contains_key(other) {
                let message =
                    format!("{} A statement has {one} or {other}, not both.", self.syntax_errors());
                let help = Some("take one of them out, or make two statements of it".to_owned());
                self.add(
                    ValidationStage::Syntax,
                    &member(pointer, other),
                    "policy-syntax",
                    message,
                    help,
                );
            }
        }
        self.principals(pointer, elements);
        self.actions(pointer, elements);
        self.resources(pointer, elements);
        if let Some(condition) = elements.get("Condition") {
            self.condition(&member(pointer, "Condition"), condition);
        }
        if self.usage.is_resource_control() {
            self.resource_control_effect(pointer, elements);
            self.resource_control_actions(pointer, elements);
        }
        self.cognito(pointer, elements);
        self.actions_of_bucket(pointer, elements);
    }

    fn sid(&mut self, pointer: &str, sid: Option<&Value>) {
        let Some(sid) = sid else { return };
        let pointer = member(pointer, "Sid");
        let Some(text) = sid.as_str() else { return self.syntax(&pointer, "Sid is a text.") };
        // S3 takes other characters, too. What AWS Organizations takes isn't documented.
        let is_plain = self.usage.is_identity() && !self.usage.is_of_organization();
        if is_plain && !text.chars().all(|c| c.is_ascii_alphanumeric()) {
            let message = "Statement IDs (SID) must be alpha-numeric. Check that your input \
                satisfies the regular expression [0-9A-Za-z]*";
            let plain: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
            let help = if plain.is_empty() {
                "name the statement with the letters A to Z, a to z and digits, or leave Sid out"
                    .to_owned()
            } else {
                format!("write `{plain}`")
            };
            self.add(ValidationStage::Statement, &pointer, "policy-sid", message, Some(help));
        }
    }

    /// Checks the effect of a resource control policy: "For RCPs that you create, the value must be
    /// `Deny`" (AWS Organizations User Guide, "RCP syntax").
    fn resource_control_effect(&mut self, pointer: &str, elements: &Map<String, Value>) {
        if elements.get("Effect").is_some_and(|effect| effect == "Allow") {
            let message = "The effect of a resource control policy must be Deny.";
            let help = "leave the Allow out: RCPFullAWSAccess, which can't be detached, allows \
                the rest"
                .to_owned();
            let pointer = member(pointer, "Effect");
            self.add(ValidationStage::Statement, &pointer, EFFECT, message, Some(help));
        }
    }

    fn effect(&mut self, pointer: &str, effect: Option<&Value>) {
        let Some(effect) = effect else {
            let message = if self.usage.is_identity() {
                format!("{} A statement needs an Effect.", self.syntax_errors())
            } else {
                "Missing required field Effect".to_owned()
            };
            let help = "write \"Effect\": \"Allow\" or \"Effect\": \"Deny\"".to_owned();
            return self.add(ValidationStage::Syntax, pointer, EFFECT, message, Some(help));
        };
        if let Some("Allow" | "Deny") = effect.as_str() {
            return;
        }
        let pointer = member(pointer, "Effect");
        let respelt = effect.as_str().and_then(|text| {
            ["Allow", "Deny"].into_iter().find(|known| known.eq_ignore_ascii_case(text))
        });
        let help = match (respelt, effect.as_str()) {
            (Some(meant), _) => Some(format!("write \"{meant}\"")),
            (None, Some(text)) => did_you_mean(text, &["Allow", "Deny"]),
            (None, None) => None,
        };
        let help = help.unwrap_or_else(|| "write \"Allow\" or \"Deny\"".to_owned());
        match effect.as_str() {
            Some(text) if !self.usage.is_identity() => {
                let message = format!("Invalid effect: {text}");
                self.add(ValidationStage::Syntax, &pointer, EFFECT, message, Some(help));
            }
            Some(text) if respelt.is_some() => {
                let summary = format!(
                    "`{text}` is not an Effect: IAM reads `Allow` and `Deny`, in this case"
                );
                self.legacy(&pointer, EFFECT, summary, help);
            }
            _ => {
                let message = format!("{} Effect is `Allow` or `Deny`.", self.syntax_errors());
                self.add(ValidationStage::Syntax, &pointer, EFFECT, message, Some(help));
            }
        }
    }
}
