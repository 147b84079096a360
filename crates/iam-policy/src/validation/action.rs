//! Validation of Action and NotAction.

use serde_json::Map;

use crate::Value;
use crate::catalogue;
use crate::layout::{member, one_or_many};
use crate::pattern::action_matches;
use crate::{LimitingPolicy, Usage};

use super::{Report, ValidationStage, did_you_mean};

pub(super) const CODE: &str = "policy-action";

const MISSING: &str = "Policy statement must contain actions.";

impl Report {
    pub(super) fn actions(&mut self, pointer: &str, elements: &Map<String, Value>) {
        let present: Vec<_> = ["Action", "NotAction"]
            .iter()
            .filter_map(|name| Some((*name, elements.get(*name)?)))
            .collect();
        if present.is_empty() {
            let message =
                if self.usage.is_identity() { MISSING } else { "Missing required field Action" };
            let help = Some("write \"Action\": \"<service>:<action>\"".to_owned());
            return self.add(ValidationStage::MissingActions, pointer, CODE, message, help);
        }
        for (name, value) in present {
            let pointer = member(pointer, name);
            if value.as_array().is_some_and(Vec::is_empty) {
                let help =
                    Some("the list is empty: write \"<service>:<action>\" into it".to_owned());
                self.add(ValidationStage::MissingActions, &pointer, CODE, MISSING, help);
            }
            for (pointer, action) in one_or_many(value, &pointer) {
                match action.as_str() {
                    Some(action) => self.action(&pointer, action),
                    None => self.syntax(&pointer, "An action is a text."),
                }
            }
        }
    }

    /// Checks the actions of a resource control policy: "`NotAction`" is among its "Unsupported
    /// elements" (AWS Organizations User Guide, "RCP syntax").
    pub(super) fn resource_control_actions(
        &mut self,
        pointer: &str,
        elements: &Map<String, Value>,
    ) {
        if elements.contains_key("NotAction") {
            let message = "A resource control policy must not contain NotAction.";
            let help = Some("name in Action what it denies".to_owned());
            let pointer = member(pointer, "NotAction");
            self.add(ValidationStage::Statement, &pointer, CODE, message, help);
        }
    }

    fn action(&mut self, pointer: &str, action: &str) {
        let refusal = match self.usage {
            Usage::Trust => trust_refusal(action),
            Usage::Bucket => bucket_refusal(action),
            Usage::Limiting(LimitingPolicy::ResourceControl) => resource_control_refusal(action),
            Usage::Managed
            | Usage::UserInline
            | Usage::GroupInline
            | Usage::RoleInline
            | Usage::Limiting(_) => refusal(action),
        };
        if let Some((message, help)) = refusal {
            self.add(ValidationStage::Actions, pointer, CODE, message, help);
        }
    }
}

/// Returns IAM's refusal of an action. IAM has no list of services here: it takes `nosuch:Thing`,
/// and so does this.
fn refusal(action: &str) -> Option<(String, Option<String>)> {
    let Some((vendor, name)) = action.split_once(':') else {
        let message = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
        return (action != "*")
            .then(|| (message.to_owned(), Some(format!("write `<service>:{action}`"))));
    };
    if name.contains(':') {
        let help = "an action is <service>:<action>, for example s3:GetObject".to_owned();
        return Some(("Actions/Condition can contain only one colon.".to_owned(), Some(help)));
    }
    // `*:*` occurs in old documents and means everything.
    (vendor != "*" && !is_vendor(vendor)).then(|| {
        let help = "the service is named before the colon, without wildcards: s3:Get*".to_owned();
        (format!("Vendor {vendor} is not valid"), Some(help))
    })
}

/// Returns the refusal in a resource control policy: "You cannot use `*` in the Action element of a
/// customer managed RCP and have to specify the abbreviation for the service" (AWS Organizations
/// User Guide, "RCP syntax").
fn resource_control_refusal(action: &str) -> Option<(String, Option<String>)> {
    let vendor = action.split(':').next().unwrap_or_default();
    if vendor == "*" {
        let message = format!("A resource control policy must name the service of {action}.");
        return Some((message, Some("write one action for each service, such as s3:*".to_owned())));
    }
    refusal(action)
}

fn is_vendor(vendor: &str) -> bool {
    !vendor.is_empty() && vendor.chars().all(|c| c.is_ascii_alphanumeric() || "-.".contains(c))
}

/// The actions by which a principal gets a session of a role: "IAM JSON policy elements: Action"
/// and the pages on session tags, source identity and trusted identity propagation.
const TRUST_ACTIONS: &[&str] = &[
    "sts:AssumeRole",
    "sts:AssumeRoleWithSAML",
    "sts:AssumeRoleWithWebIdentity",
    "sts:SetContext",
    "sts:SetSourceIdentity",
    "sts:TagSession",
];

/// Returns the refusal in a trust policy. `*` is no action of STS either.
fn trust_refusal(action: &str) -> Option<(String, Option<String>)> {
    let vendor = action.split(':').next().unwrap_or_default();
    let is_of_sts = action.contains(':') && vendor.eq_ignore_ascii_case("sts");
    if is_of_sts && TRUST_ACTIONS.iter().any(|known| action_matches(action, known)) {
        return None;
    }
    let message = "AssumeRole policy may only specify STS AssumeRole actions.";
    let listed = || format!("the actions of a trust policy are {}", TRUST_ACTIONS.join(", "));
    let near = if is_of_sts { nearest_action(action) } else { None };
    Some((message.to_owned(), Some(near.unwrap_or_else(listed))))
}

/// Returns the action of a trust policy that is meant by a misspelt one. Another action of STS is
/// no slip.
fn nearest_action(action: &str) -> Option<String> {
    catalogue::action(action).is_none().then(|| did_you_mean(action, TRUST_ACTIONS))?
}

/// Returns the refusal in a bucket policy. S3 takes only its own actions, and refuses all others
/// with one message.
fn bucket_refusal(action: &str) -> Option<(String, Option<String>)> {
    let vendor = action.split(':').next().unwrap_or_default().to_ascii_lowercase();
    let known =
        action == "*" || action == "*:*" || action.contains(':') && vendor.starts_with("s3");
    if known && refusal(action).is_none() {
        return None;
    }
    Some((
        "Policy has invalid action".to_owned(),
        Some("write an action of S3, for example `s3:GetObject`".to_owned()),
    ))
}
