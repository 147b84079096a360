//! Picks from a plan what a reader must not miss besides access: what becomes public, where secrets
//! go, what is destroyed, and what S3 deletes later. It is read from the calls of the steps: what
//! is said is what is done.

use crate::address::Address;
use crate::call::iam::IamWrite;
use crate::call::s3::{LifecycleRule, S3Write};
use crate::call::{FileWrite, Write, WriteVerb};
use crate::plan::{Plan, Step, StepPhase};

/// A thing that is named however long the plan is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AttentionItem {
    pub topic: AttentionTopic,
    pub address: Address,
    /// The text behind the address; empty if the topic says all.
    pub text: String,
}

/// The kind of an [`AttentionItem`], the heaviest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AttentionTopic {
    /// A bucket whose settings no longer keep it from being public.
    Public,
    /// A secret that is made, or goes to another place.
    Secret,
    /// Objects in a bucket that are deleted, now or by a rule.
    Data,
    Destroyed,
}

impl AttentionTopic {
    pub const ALL: [Self; 4] = [Self::Public, Self::Secret, Self::Data, Self::Destroyed];

    pub fn title(self) -> &'static str {
        match self {
            Self::Public => "Open to the public",
            Self::Secret => "Secrets",
            Self::Data => "Data deleted",
            Self::Destroyed => "Destroyed",
        }
    }
}

/// Returns the items, the heaviest first.
pub fn attention_items(plan: &Plan) -> Vec<AttentionItem> {
    let mut items: Vec<AttentionItem> = plan.steps.iter().flat_map(of_step).collect();
    items.sort();
    items.dedup();
    items
}

/// Returns true if the plan lets S3 delete objects, or deletes them itself.
pub fn deletes_data(plan: &Plan) -> bool {
    let mut items = plan.steps.iter().flat_map(of_step);
    items.any(|item| item.topic == AttentionTopic::Data)
}

fn of_step(step: &Step) -> Vec<AttentionItem> {
    let item = |topic, text| AttentionItem { topic, address: step.id.address.clone(), text };
    let mut items: Vec<AttentionItem> = step
        .calls
        .iter()
        .flat_map(|call| of_call(step, call))
        .map(|(topic, text)| item(topic, text))
        .collect();
    if let Some(text) = secret(step) {
        items.push(item(AttentionTopic::Secret, text));
    }
    // A copy that exists only during the run is nothing that is lost.
    if step.id.phase == StepPhase::Delete && step.removal && !is_temporary(step) {
        items.push(item(AttentionTopic::Destroyed, String::new()));
    }
    items
}

/// Returns true for the removal of an object that the same plan makes.
fn is_temporary(step: &Step) -> bool {
    let made = StepPhase::Create;
    step.after.iter().any(|it| it.address == step.id.address && it.phase == made)
}

fn of_call(step: &Step, call: &Write) -> Vec<(AttentionTopic, String)> {
    let before = |name: &str| step.before.as_ref().and_then(|it| it.attributes.get(name)).cloned();
    match call {
        Write::S3(S3Write::PutPublicAccessBlock { block, .. }) => {
            let switches = [
                ("BlockPublicAcls", block.block_public_acls),
                ("IgnorePublicAcls", block.ignore_public_acls),
                ("BlockPublicPolicy", block.block_public_policy),
                ("RestrictPublicBuckets", block.restrict_public_buckets),
            ];
            let off: Vec<_> =
                switches.iter().filter(|(_, on)| !on).map(|(name, _)| *name).collect();
            let is_open = !off.is_empty();
            let text = format!("S3 Block Public Access is switched off: {}", off.join(", "));
            is_open.then_some((AttentionTopic::Public, text)).into_iter().collect()
        }
        Write::S3(
            S3Write::CreateBucket { ownership, .. }
            | S3Write::PutBucketOwnershipControls { ownership, .. },
        ) if ownership != "BucketOwnerEnforced" => {
            let text = format!("ACLs decide on access: object ownership is {ownership}");
            vec![(AttentionTopic::Public, text)]
        }
        Write::S3(S3Write::EmptyBucket(_)) => {
            vec![(AttentionTopic::Data, "all objects and all their versions".to_owned())]
        }
        Write::S3(S3Write::PutBucketLifecycle { rules, .. }) => {
            let old: Vec<LifecycleRule> = before("lifecycle")
                .and_then(|rules| serde_json::from_value(rules).ok())
                .unwrap_or_default();
            let new = rules.iter().filter(|rule| rule.enabled && !old.contains(rule));
            new.filter_map(expiry).map(|text| (AttentionTopic::Data, text)).collect()
        }
        Write::S3(_) | Write::Iam(_) | Write::File(_) | Write::ProveKey { .. } => Vec::new(),
    }
}

/// Returns what a lifecycle rule deletes; `None` if it deletes nothing.
fn expiry(rule: &LifecycleRule) -> Option<String> {
    let days =
        |number: i32| if number == 1 { "1 day".to_owned() } else { format!("{number} days") };
    let whole = rule.expiration_days.map(|it| format!("objects after {}", days(it)));
    let old = rule
        .noncurrent_expiration_days
        .map(|it| format!("earlier versions {} after they were replaced", days(it)));
    let what: Vec<String> = whole.into_iter().chain(old).collect();
    let prefix =
        if rule.prefix.is_empty() { String::new() } else { format!(" below {}", rule.prefix) };
    let text = || format!("rule {}: {}{prefix}", rule.id, what.join(", "));
    (!what.is_empty()).then(text)
}

/// Returns where the step brings a secret.
fn secret(step: &Step) -> Option<String> {
    let is_made =
        step.calls.iter().any(|it| matches!(it, Write::Iam(IamWrite::CreateAccessKey { .. })));
    let delivered = step.calls.iter().filter(|it| it.facts().verb == WriteVerb::Deliver);
    let places: Vec<String> = delivered
        .map(|call| match call {
            Write::File(FileWrite::RunCommand { .. }) => format!("the command {}", call.object()),
            Write::File(_) | Write::Iam(_) | Write::S3(_) | Write::ProveKey { .. } => call.object(),
        })
        .collect();
    match (is_made, places.is_empty()) {
        (false, true) => None,
        (true, true) => Some("a new key".to_owned()),
        (true, false) => Some(format!("a new key, to {}", places.join(" and "))),
        (false, false) => Some(format!("its secret goes to {}", places.join(" and "))),
    }
}
