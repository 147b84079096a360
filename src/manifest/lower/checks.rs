//! Lowers `checks:`, assertions on access.

use serde_json::json;

use super::Lowering;
use crate::address::Address;
use crate::manifest::decode::{Declared, Located, NamedMap, OneOrMany};
use crate::manifest::scope::Section;
use crate::manifest::shape;
use crate::manifest::source::Span;
use crate::model::Check;
use crate::policy::Usage;
use crate::policy::lint::unknown_action;
use crate::policy::request::Context;

const EXAMPLE: &str =
    "write for example `- users.serverless: {cannot: \"iam:CreateUser\", on: \"*\"}`";

impl Lowering<'_, '_, '_> {
    pub(super) fn checks(&mut self, checks: &[Located<NamedMap<shape::Check>>]) -> Vec<Check> {
        let mut lowered = Vec::new();
        for item in checks {
            if item.value.0.is_empty() {
                self.scope.error(
                    "missing-field",
                    &item.spot,
                    "this check names no user and no role",
                    EXAMPLE,
                );
            }
            lowered.extend(item.value.0.iter().filter_map(|check| self.access_check(check)));
        }
        lowered
    }

    fn access_check(&mut self, check: &Declared<shape::Check>) -> Option<Check> {
        let subject = self.subject(&check.name, &check.spot);
        let body = &check.body;
        let question = match (&body.can, &body.cannot) {
            (Some(can), None) => Some((true, can)),
            (None, Some(cannot)) => Some((false, cannot)),
            (Some(_), Some(cannot)) => {
                let help = "write two checks: one for what it can do, one for what it cannot";
                self.scope.error(
                    "conflicting-fields",
                    &cannot.spot,
                    "a check has `can` or `cannot`, not both",
                    help,
                );
                None
            }
            (None, None) => {
                if check.complete {
                    self.missing("can` or `cannot", "a check", &check.spot, EXAMPLE);
                }
                None
            }
        };
        if body.on.is_none() && check.complete {
            let help = "write the ARN of what it is about, or `on: \"*\"` for everything";
            self.missing("on", "a check", &check.spot, help);
        }
        let actions = question.map(|(_, actions)| self.patterns(actions, "Action"));
        if let Some((_, actions)) = question {
            self.known_actions(actions);
        }
        let resources = body.on.as_ref().map(|on| self.patterns(on, "Resource"));
        let context = self.context(super::declared(body.with.as_ref()));
        let (can, _) = question?;
        let place = Some(check.spot.place());
        Some(Check {
            subject: subject?,
            can,
            actions: actions?,
            resources: resources?,
            context,
            place,
        })
    }

    /// Returns the address of a subject such as `users.serverless`.
    fn subject(&mut self, said: &str, spot: &Span) -> Option<Address> {
        let mut known = Vec::new();
        for section in [Section::Users, Section::Roles] {
            let names = self.scope.names(section);
            known.extend(names.into_iter().map(|name| Address::new(section.kind(), name)));
        }
        let shown = |it: &Address| format!("{}.{}", it.kind().section(), it.name());
        self.find_address(said, spot, &known, shown, "users and roles")
    }

    /// Checks actions or resources by the rules of the policy element of that name.
    fn patterns(&mut self, said: &Located<OneOrMany>, element: &str) -> Vec<String> {
        let patterns: Vec<String> =
            said.value.0.iter().map(|pattern| pattern.value.clone()).collect();
        if patterns.is_empty() {
            let help = format!("name at least one {}", element.to_lowercase());
            self.scope.error("missing-field", &said.spot, "this list is empty", help);
            return patterns;
        }
        let mut statement = json!({"Effect": "Allow", "Action": ["*"], "Resource": ["*"]});
        statement[element] = json!(patterns);
        let document = json!({"Version": "2012-10-17", "Statement": [statement]});
        let of_element = format!("/Statement/0/{element}");
        for finding in self.checked.violations(&document, Usage::Managed) {
            let Some(rest) = finding.pointer.strip_prefix(&of_element) else { continue };
            let pattern = rest
                .trim_start_matches('/')
                .parse()
                .ok()
                .and_then(|index: usize| said.value.0.get(index));
            let spot = pattern.map_or(&said.spot, |pattern| &pattern.spot);
            let help = finding
                .help
                .unwrap_or_else(|| "they are written as in a policy document".to_owned());
            let message = finding.summary.unwrap_or(finding.message);
            self.scope.error(finding.code, spot, message, help);
        }
        patterns
    }

    /// Warns of actions that don't exist. A `cannot` on an action that nobody can perform always
    /// holds, and is likely a mistake.
    fn known_actions(&mut self, actions: &Located<OneOrMany>) {
        for action in &actions.value.0 {
            if let Some(unknown) = unknown_action(&action.value) {
                self.scope.warning(
                    unknown.rule.name,
                    &action.spot,
                    unknown.message,
                    unknown.remedy,
                );
            }
        }
    }

    fn context(&mut self, with: &[Declared<OneOrMany>]) -> Context {
        let mut context = Context::default();
        for key in with {
            // AWS requires the same of condition keys in policies.
            if !key.name.contains(':') {
                let help = "write for example `aws:SourceIp` or `iam:PassedToService`";
                let message = format!(
                    "`{}` is no condition key: they begin with a service and a colon",
                    key.name
                );
                self.scope.error("policy-condition", &key.spot, message, help);
            }
            context.set(&key.name, key.body.0.iter().map(|value| value.value.clone()).collect());
        }
        context
    }
}
