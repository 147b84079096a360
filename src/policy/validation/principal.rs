//! Principal and `NotPrincipal`.

use serde_json::Map;

use crate::policy::Usage;
use crate::policy::canonical::is_account;
use crate::policy::document::{member, one_or_many};
use crate::value::Value;

use super::{Report, did_you_mean};

const CODE: &str = "policy-principal";

const TYPES: &[&str] = &["AWS", "Service", "Federated", "CanonicalUser"];

impl Report {
    pub(super) fn principals(&mut self, pointer: &str, elements: &Map<String, Value>) {
        let present: Vec<_> =
            ["Principal", "NotPrincipal"].iter().filter_map(|name| Some((*name, elements.get(*name)?))).collect();
        if self.usage.is_identity() {
            for (name, _) in present {
                let help = Some("the policy applies to whom it is attached to".to_owned());
                let message = "Policy document should not specify a principal.";
                self.add(&member(pointer, name), CODE, message, help);
            }
            return;
        }
        if present.is_empty() {
            return self.add(pointer, CODE, "Missing required field Principal", None);
        }
        for (name, value) in present {
            self.principal(&member(pointer, name), value);
        }
        if self.usage == Usage::Trust
            && elements.contains_key("NotPrincipal")
            && elements.get("Effect").is_some_and(|effect| effect == "Allow")
        {
            let message = "Allow with NotPrincipal is not allowed.";
            self.add(&member(pointer, "NotPrincipal"), CODE, message, None);
        }
    }

    fn principal(&mut self, pointer: &str, value: &Value) {
        let types = match value {
            Value::String(text) if text == "*" => return,
            Value::Object(types) => types,
            _ => {
                let help = Some("write \"*\" or, for example, {\"Service\": \"lambda.amazonaws.com\"}".to_owned());
                return self.add(pointer, CODE, "Invalid principal in policy", help);
            }
        };
        let names: Vec<_> = types
            .iter()
            .flat_map(|(kind, names)| {
                one_or_many(names, &member(pointer, kind)).into_iter().map(move |name| (kind, name))
            })
            .collect();
        if names.is_empty() {
            return self.add(pointer, CODE, "Missing required field Principal", Some("it is empty".to_owned()));
        }
        for kind in types.keys().filter(|kind| !TYPES.contains(&kind.as_str())) {
            let message = format!("Invalid principal in policy: `{kind}` is no type of principal");
            self.add(&member(pointer, kind), CODE, message, did_you_mean(kind, TYPES));
        }
        for (kind, (pointer, name)) in names {
            match name.as_str() {
                Some(name) => self.name(&pointer, kind, name),
                None => self.syntax(&pointer, "A principal is a text."),
            }
        }
    }

    fn name(&mut self, pointer: &str, kind: &str, name: &str) {
        let help = match kind {
            "AWS" if !is_aws_principal(name) => aws_help(name),
            "Service" if !is_service(name) => "a service is named like lambda.amazonaws.com".to_owned(),
            "Federated" if name.is_empty() => "name an identity provider".to_owned(),
            _ => return,
        };
        let message = format!("Invalid principal in policy: \"{}\":\"{name}\"", kind.to_uppercase());
        self.add(pointer, CODE, message, Some(help));
    }
}

/// Everyone, an account, a user or role or session by ARN, or the unique id that AWS puts in place of a deleted one.
fn is_aws_principal(name: &str) -> bool {
    let parts: Vec<_> = name.splitn(6, ':').collect();
    let is_arn = matches!(parts[..], ["arn", partition, "iam" | "sts" | "cloudfront", "", account, resource]
        if !partition.is_empty() && (is_account(account) || parts[2] == "cloudfront" || account == "cloudfront") && !resource.is_empty());
    let is_id = name.len() >= 16 && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    name == "*" || is_account(name) || is_id || (is_arn && !name.contains(['*', '?']))
}

fn aws_help(name: &str) -> String {
    if name.contains(['*', '?']) {
        return "AWS takes no wildcard in a part of a principal: name the account and test aws:PrincipalArn".to_owned();
    }
    if is_service(name) {
        return format!("a service is a principal of another type: {{\"Service\": \"{name}\"}}");
    }
    "write an account id or the ARN of a user or a role".to_owned()
}

fn is_service(name: &str) -> bool {
    name.contains('.') && name.chars().all(|c| c.is_ascii_alphanumeric() || ".-".contains(c))
}
