//! S3's checks of bucket policies, besides those that IAM makes of all policies.

use serde_json::Map;

use crate::Usage;
use crate::Value;
use crate::catalogue;
use crate::layout::{member, one_or_many, texts};

use super::{Report, ValidationStage};

const NOT_OF_BUCKET: &str = "Policy has invalid resource";

/// The level of a resource that an action takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ResourceLevel {
    Bucket,
    Object,
}

impl Report {
    /// Checks a resource of a bucket policy. Policies of directory buckets and of buckets on
    /// Outposts name resources of other services.
    pub(super) fn resource_of_bucket(
        &mut self,
        pointer: &str,
        resource: &str,
        elements: &Map<String, Value>,
    ) {
        if self.usage != Usage::Bucket {
            return;
        }
        let known = match resource {
            // AWS's examples for directory buckets have `*`; S3 refuses it for other buckets.
            "*" => texts(elements.get("Action"))
                .iter()
                .all(|action| service(action).starts_with("s3express")),
            arn => arn.split(':').nth(2).is_some_and(|service| service.starts_with("s3")),
        };
        if !known {
            self.not_of_bucket(super::resource::CODE, pointer);
        }
    }

    pub(super) fn not_of_bucket(&mut self, code: &'static str, pointer: &str) {
        let help = "a bucket policy is about its bucket: arn:aws:s3:::<bucket> and \
            arn:aws:s3:::<bucket>/*";
        self.add(ValidationStage::Resources, pointer, code, NOT_OF_BUCKET, Some(help.to_owned()));
    }

    /// Checks that each action has a resource of its kind, as S3 does. It reports only actions that
    /// clearly have none: patterns, and actions that the catalogue doesn't know, may have one.
    pub(super) fn actions_of_bucket(&mut self, pointer: &str, elements: &Map<String, Value>) {
        let (Some(actions), resources) = (elements.get("Action"), texts(elements.get("Resource")))
        else {
            return;
        };
        if self.usage != Usage::Bucket || resources.is_empty() {
            return;
        }
        for (pointer, action) in one_or_many(actions, &member(pointer, "Action")) {
            let Some(level) = action.as_str().and_then(of_action) else { continue };
            if resources.iter().all(|resource| !may_be(resource, level)) {
                let message = "Action does not apply to any resource(s) in statement";
                let help = match level {
                    ResourceLevel::Bucket => {
                        "it is about the bucket itself: name arn:aws:s3:::<bucket>, too"
                    }
                    ResourceLevel::Object => {
                        "it is about objects: name arn:aws:s3:::<bucket>/*, too"
                    }
                };
                self.add(
                    ValidationStage::Actions,
                    &pointer,
                    super::action::CODE,
                    message,
                    Some(help.to_owned()),
                );
            }
        }
    }
}

fn service(action: &str) -> String {
    action.split(':').next().unwrap_or_default().to_ascii_lowercase()
}

/// Returns the level of an action; `None` if it is unknown, or takes both levels, or another
/// resource.
fn of_action(action: &str) -> Option<ResourceLevel> {
    let uses = &catalogue::action(action).filter(|action| action.service() == "s3")?.resources;
    match (uses.iter().any(|it| it.name == "bucket"), uses.iter().any(|it| it.name == "object")) {
        (true, false) => Some(ResourceLevel::Bucket),
        (false, true) => Some(ResourceLevel::Object),
        _ => None,
    }
}

fn may_be(resource: &str, level: ResourceLevel) -> bool {
    let parts: Vec<_> = resource.splitn(6, ':').collect();
    let [_, _, "s3", _, "", name] = parts[..] else { return true };
    match level {
        ResourceLevel::Bucket => !name.contains('/'),
        ResourceLevel::Object => name.contains(['/', '*', '?', '$']),
    }
}
