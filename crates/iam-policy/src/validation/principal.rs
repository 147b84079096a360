//! Validation of Principal and NotPrincipal.

use serde_json::Map;

use crate::Usage;
use crate::Value;
use crate::canonical::is_account;
use crate::layout::{member, one_or_many, texts};

use super::{Report, UNKNOWN_TYPE, ValidationStage, did_you_mean};

const CODE: &str = "policy-principal";

const TYPES: &[&str] = &["AWS", "Service", "Federated", "CanonicalUser"];

impl Report {
    pub(super) fn principals(&mut self, pointer: &str, elements: &Map<String, Value>) {
        let present: Vec<_> = ["Principal", "NotPrincipal"]
            .iter()
            .filter_map(|name| Some((*name, elements.get(*name)?)))
            .collect();
        if self.usage.is_identity() {
            for (name, _) in present {
                let help = Some("the policy applies to whom it is attached to".to_owned());
                let message = "Policy document should not specify a principal.";
                self.add(ValidationStage::Statement, &member(pointer, name), CODE, message, help);
            }
            return;
        }
        if self.usage.is_resource_control() {
            return self.everybody_alone(pointer, elements);
        }
        if present.is_empty() {
            return self.add(
                ValidationStage::Statement,
                pointer,
                CODE,
                "Missing required field Principal",
                Some(self.example()),
            );
        }
        for (name, value) in present {
            self.principal(&member(pointer, name), value);
        }
        if elements.contains_key("NotPrincipal") {
            self.not_principal(&member(pointer, "NotPrincipal"), elements);
        }
    }

    /// Checks the principals of a resource control policy: "You can only specify `*` in the
    /// Principal element of an RCP", and "`NotPrincipal`" is among its "Unsupported elements" (AWS
    /// Organizations User Guide, "RCP syntax").
    fn everybody_alone(&mut self, pointer: &str, elements: &Map<String, Value>) {
        let help = "write \"Principal\": \"*\", and test aws:PrincipalArn or \
            aws:PrincipalAccount in Condition"
            .to_owned();
        let (pointer, message) = match elements.get("Principal") {
            _ if elements.contains_key("NotPrincipal") => (
                member(pointer, "NotPrincipal"),
                "A resource control policy must not contain NotPrincipal.",
            ),
            None => (pointer.to_owned(), "Missing required field Principal"),
            Some(principal) if !is_everybody(principal) => (
                member(pointer, "Principal"),
                "The principal of a resource control policy must be \"*\".",
            ),
            Some(_) => return,
        };
        self.add(ValidationStage::Statement, &pointer, CODE, message, Some(help));
    }

    /// Checks NotPrincipal: "`NotPrincipal` must be used with Deny", and trust policies may not
    /// have it at all (IAM User Guide, "`NotPrincipal`").
    fn not_principal(&mut self, pointer: &str, elements: &Map<String, Value>) {
        let allows = elements.get("Effect").is_some_and(|effect| effect == "Allow");
        let message = match (allows, self.usage) {
            (true, _) => "Allow with NotPrincipal is not allowed.",
            (false, Usage::Trust) => "AssumeRole policy must not contain NotPrincipal field.",
            (false, _) => return,
        };
        let help = if self.usage == Usage::Trust {
            "name in Principal who may assume the role"
        } else {
            "name in Principal who is allowed it"
        };
        self.add(ValidationStage::Statement, pointer, CODE, message, Some(help.to_owned()));
    }

    /// Checks trust in Cognito. Everybody can get an identity from some pool, so AWS requires a
    /// test for the pool.
    pub(super) fn cognito(&mut self, pointer: &str, elements: &Map<String, Value>) {
        let federated = elements.get("Principal").and_then(|principal| principal.get("Federated"));
        let tested = elements
            .get("Condition")
            .and_then(Value::as_object)
            .is_some_and(|tests| !tests.is_empty());
        if self.usage == Usage::Trust
            && texts(federated).contains(&"cognito-identity.amazonaws.com")
            && !tested
        {
            let message = "A condition block must be present for the Cognito provider";
            let help =
                "test \"cognito-identity.amazonaws.com:aud\" for the id of your identity pool"
                    .to_owned();
            self.add(ValidationStage::Statement, pointer, CODE, message, Some(help));
        }
    }

    fn principal(&mut self, pointer: &str, value: &Value) {
        let types = match value {
            Value::String(text) if text == "*" => return self.everybody(pointer),
            Value::Object(types) => types,
            _ => {
                let help = Some(
                    "write \"*\" or, for example, {\"Service\": \"lambda.amazonaws.com\"}"
                        .to_owned(),
                );
                return self.add(
                    ValidationStage::Statement,
                    pointer,
                    CODE,
                    "Invalid principal in policy",
                    help,
                );
            }
        };
        let names: Vec<_> = types
            .iter()
            .flat_map(|(kind, names)| {
                one_or_many(names, &member(pointer, kind)).into_iter().map(move |name| (kind, name))
            })
            .collect();
        if names.is_empty() {
            let message = "Missing required field Principal cannot be empty!";
            return self.add(
                ValidationStage::Statement,
                pointer,
                CODE,
                message,
                Some(self.example()),
            );
        }
        for kind in types.keys().filter(|kind| !TYPES.contains(&kind.as_str())) {
            let message = self.invalid(&format!("\"{kind}\""));
            let help = did_you_mean(kind, TYPES)
                .unwrap_or_else(|| format!("the types of principals are {}", TYPES.join(", ")));
            self.add(
                ValidationStage::Statement,
                &member(pointer, kind),
                UNKNOWN_TYPE,
                message,
                Some(help),
            );
        }
        for (kind, (pointer, name)) in names {
            match name.as_str() {
                Some(name) => self.name(&pointer, kind, name),
                None => self.syntax(&pointer, "A principal is a text."),
            }
        }
    }

    /// Refuses `"*"` alone in a trust policy, where only `{"AWS": "*"}` is valid ("Role trust
    /// policy unsupported wildcard in principal", IAM Access Analyzer policy check reference).
    fn everybody(&mut self, pointer: &str) {
        if self.usage == Usage::Trust {
            let message = "AssumeRolepolicy contained an invalid principal: \"STAR\":\"*\".";
            let help = "name who may assume the role; everybody is {\"AWS\": \"*\"}".to_owned();
            self.add(ValidationStage::Statement, pointer, CODE, message, Some(help));
        }
    }

    fn name(&mut self, pointer: &str, kind: &str, name: &str) {
        let help = match kind {
            "AWS" if !is_aws_principal(name) => aws_help(name),
            "Service" if !is_service(name) => service_help(name),
            "Federated" if self.usage == Usage::Bucket => "only a trust policy names identity \
                providers: name the role that their users assume"
                .to_owned(),
            "Federated" if !is_provider(name) => provider_help(name),
            "CanonicalUser" if !is_canonical_user(name) => {
                "a canonical user id has 64 hexadecimal digits".to_owned()
            }
            "AWS" | "Federated" => return self.principal_of_partition(pointer, kind, name),
            _ => return,
        };
        let message = self.invalid(&format!("\"{}\":\"{name}\"", kind.to_uppercase()));
        self.add(ValidationStage::Statement, pointer, CODE, message, Some(help));
    }

    fn example(&self) -> String {
        let principal = if self.usage == Usage::Trust {
            "{\"Service\": \"lambda.amazonaws.com\"}"
        } else {
            "{\"AWS\": \"<account>\"}"
        };
        format!("say who, for example \"Principal\": {principal}")
    }

    /// Returns the message for an invalid principal. S3 doesn't name the principal.
    pub(super) fn invalid(&self, which: &str) -> String {
        match self.usage {
            Usage::Bucket => "Invalid principal in policy".to_owned(),
            Usage::Managed
            | Usage::UserInline
            | Usage::GroupInline
            | Usage::RoleInline
            | Usage::Trust
            | Usage::Limiting(_) => {
                format!("Invalid principal in policy: {which}")
            }
        }
    }
}

/// Tells if principals are `"*"`, or `{"AWS": "*"}`, which means the same.
fn is_everybody(principal: &Value) -> bool {
    match principal {
        Value::Object(types) => types.len() == 1 && texts(types.get("AWS")) == ["*"],
        other => other == "*",
    }
}

/// Tells if a name is an AWS principal: everyone, an account, the unique id that AWS puts in place
/// of a deleted user or role, or an ARN.
fn is_aws_principal(name: &str) -> bool {
    let is_id =
        name.len() >= 16 && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    name == "*" || is_account(name) || is_id || is_principal_arn(name)
}

/// Tells if a name is the ARN of a user, a role or a session of an account, or of an origin access
/// identity, whose account is `cloudfront`.
fn is_principal_arn(name: &str) -> bool {
    let parts: Vec<_> = name.splitn(6, ':').collect();
    let ["arn", partition, service, "", account, resource] = parts[..] else { return false };
    let known = is_account(account) || account == "cloudfront";
    known && !partition.is_empty() && !name.contains(['*', '?']) && is_entity(service, resource)
}

fn is_entity(service: &str, resource: &str) -> bool {
    let (kind, name) = resource.split_once('/').unwrap_or((resource, ""));
    match (service, kind) {
        ("iam", "root") => name.is_empty(),
        ("iam", "user" | "role") | ("sts", "federated-user") => !name.is_empty(),
        // One session only: "you cannot use a wildcard to mean all sessions".
        ("sts", "assumed-role") => name
            .split_once('/')
            .is_some_and(|(role, session)| !role.is_empty() && !session.is_empty()),
        _ => false,
    }
}

fn aws_help(name: &str) -> String {
    let resource = name.splitn(6, ':').nth(5).unwrap_or_default();
    if name.contains(['*', '?']) {
        return "AWS takes no wildcard in a part of a principal: name the account and test \
            aws:PrincipalArn"
            .to_owned();
    }
    if is_service(name) {
        return format!("a service is a principal of another type: {{\"Service\": \"{name}\"}}");
    }
    if resource.starts_with("saml-provider/") || resource.starts_with("oidc-provider/") {
        return format!("a provider is a principal of another type: {{\"Federated\": \"{name}\"}}");
    }
    if resource.starts_with("group/") {
        return "a group is no principal: name its users, or a role that they assume".to_owned();
    }
    "write an account id or the ARN of a user or a role".to_owned()
}

fn is_service(name: &str) -> bool {
    name.contains('.') && name.chars().all(|c| c.is_ascii_alphanumeric() || ".-".contains(c))
}

fn service_help(name: &str) -> String {
    if name.contains(['*', '?']) {
        return NO_WILDCARD.to_owned() + "each service, such as lambda.amazonaws.com";
    }
    "a service is named like lambda.amazonaws.com".to_owned()
}

/// The beginning of the remedy for "Unsupported wildcard in principal" (IAM Access Analyzer policy
/// check reference): only an AWS principal may be `*`.
const NO_WILDCARD: &str = "AWS takes no wildcard in principals of this type: name ";

/// Tells if a name is that of an identity provider: its ARN, or the domain of one that AWS knows
/// ("Invalid federated principal syntax in role trust policy", IAM Access Analyzer policy check
/// reference).
fn is_provider(name: &str) -> bool {
    if name.contains(['*', '?']) || name.chars().any(char::is_whitespace) {
        return false;
    }
    let parts: Vec<_> = name.splitn(6, ':').collect();
    if parts[0] != "arn" {
        return name.contains('.');
    }
    let ["arn", partition, "iam", "", account, resource] = parts[..] else { return false };
    let provider =
        resource.strip_prefix("saml-provider/").or_else(|| resource.strip_prefix("oidc-provider/"));
    !partition.is_empty() && is_account(account) && provider.is_some_and(|name| !name.is_empty())
}

fn provider_help(name: &str) -> String {
    if name.contains(['*', '?']) {
        return NO_WILDCARD.to_owned() + "each identity provider";
    }
    "name an identity provider: arn:aws:iam::<account>:saml-provider/<name>, \
        arn:aws:iam::<account>:oidc-provider/<address>, or a domain such as accounts.google.com"
        .to_owned()
}

/// Tells if a text is a canonical user id ("Finding your AWS canonical user ID", Amazon S3 User
/// Guide).
fn is_canonical_user(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
