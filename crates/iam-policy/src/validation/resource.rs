//! Validation of Resource and NotResource.

use serde_json::Map;

use crate::Usage;
use crate::Value;
use crate::layout::{member, one_or_many};

use super::{Report, ValidationStage};

pub(super) const CODE: &str = "policy-resource";

const PARTITIONS: &[&str] =
    &["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"];

const IAM_PATHS: &[&str] = &[
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
];

const MISSING: &str = "Policy statement must contain resources.";

impl Report {
    pub(super) fn resources(&mut self, pointer: &str, elements: &Map<String, Value>) {
        let present: Vec<_> = ["Resource", "NotResource"]
            .iter()
            .filter_map(|name| Some((*name, elements.get(*name)?)))
            .collect();
        if self.usage == Usage::Trust {
            for (name, _) in present {
                let message = match name {
                    "Resource" => "Has prohibited field Resource",
                    _ => "AssumeRole policy must not contain resources.",
                };
                let help = Some("a trust policy is about the role that it belongs to".to_owned());
                self.add(ValidationStage::Resources, &member(pointer, name), CODE, message, help);
            }
            return;
        }
        if present.is_empty() {
            let message = if self.usage == Usage::Bucket {
                "Missing required field Resource"
            } else {
                MISSING
            };
            let help = Some(
                "write \"Resource\": \"<ARN>\", or \"*\" for actions that take none".to_owned(),
            );
            return self.add(ValidationStage::MissingResources, pointer, CODE, message, help);
        }
        for (name, value) in present {
            let pointer = member(pointer, name);
            if value.as_array().is_some_and(Vec::is_empty) {
                let help = Some("the list is empty: write an ARN into it, or \"*\"".to_owned());
                self.add(ValidationStage::MissingResources, &pointer, CODE, MISSING, help);
            }
            for (pointer, resource) in one_or_many(value, &pointer) {
                match resource.as_str() {
                    Some(resource) => self.resource(&pointer, resource, elements),
                    None => self.syntax(&pointer, "A resource is a text."),
                }
            }
        }
    }

    fn resource(&mut self, pointer: &str, resource: &str, elements: &Map<String, Value>) {
        let refused = if resource == "*" { None } else { refusal(resource, &parts(resource)) };
        match refused {
            None if self.foreign_partition(resource).is_some() => {
                self.resource_of_partition(pointer, resource);
            }
            None => self.resource_of_bucket(pointer, resource, elements),
            Some(_) if self.usage == Usage::Bucket => self.not_of_bucket(CODE, pointer),
            Some(ResourceProblem::Refused { message, help }) => {
                self.add(ValidationStage::Resources, pointer, CODE, message, help);
            }
            Some(ResourceProblem::Legacy(what)) => {
                let summary = format!("`{resource}` is not an ARN: {what}");
                self.legacy(pointer, CODE, summary, FORM.to_owned());
            }
        }
    }
}

enum ResourceProblem {
    Refused {
        message: String,
        help: Option<String>,
    },
    /// IAM's older parser fails, for this reason.
    Legacy(&'static str),
}

impl ResourceProblem {
    fn new(message: String, help: Option<&str>) -> Self {
        Self::Refused { message, help: help.map(str::to_owned) }
    }
}

const FORM: &str = "an ARN is arn:<partition>:<service>:<region>:<account>:<resource>";

pub(super) fn parts(resource: &str) -> Vec<&str> {
    resource.splitn(6, ':').collect()
}

/// Returns IAM's refusal of a resource. AWS completes an ARN of fewer than six parts with
/// wildcards, so `arn:aws:sqs` is valid; but its older parser fails on an empty part in a short
/// ARN, and on an ARN without a service. The tests of moto and of versitygw checked against AWS
/// which message comes when.
fn refusal(resource: &str, parts: &[&str]) -> Option<ResourceProblem> {
    let Some(partition) = parts.get(1) else {
        return Some(ResourceProblem::new(
            format!("Resource {resource} must be in ARN format or \"*\"."),
            Some(FORM),
        ));
    };
    if parts[0] == "arn" && parts.get(2) == Some(&"") {
        return Some(ResourceProblem::Legacy("its service is empty"));
    }
    if !PARTITIONS.contains(partition) && (!is_pattern(partition) || partition.contains("${")) {
        let message = format!(
            "Partition \"{partition}\" is not valid for resource \"{}\".",
            completed(parts)
        );
        let near = super::did_you_mean(partition, PARTITIONS);
        return Some(ResourceProblem::new(message, Some(near.as_deref().unwrap_or(FORM))));
    }
    if parts[0] != "arn" {
        return Some(ResourceProblem::new(
            format!("Resource {resource} must be in ARN format or \"*\"."),
            Some(FORM),
        ));
    }
    let Some(vendor) = parts.get(2) else {
        return Some(not_qualified());
    };
    if parts.len() < 6 && resource.contains("::") {
        return Some(ResourceProblem::Legacy(
            "it has fewer than six parts, and one of them is empty",
        ));
    }
    match *vendor {
        vendor if is_pattern(vendor) => Some(not_qualified()),
        "iam" => iam_refusal(resource, parts),
        "s3" => s3_refusal(resource, parts),
        _ => None,
    }
}

/// Returns the ARN as IAM repeats it: its first part is always `arn`, and missing parts are
/// wildcards.
pub(super) fn completed(parts: &[&str]) -> String {
    let rest = (1..6).map(|index| parts.get(index).copied().unwrap_or("*"));
    std::iter::once("arn").chain(rest).collect::<Vec<_>>().join(":")
}

fn not_qualified() -> ResourceProblem {
    let message = "Resource vendor must be fully qualified and cannot contain regexes.".to_owned();
    ResourceProblem::new(message, Some("name the service, for example arn:aws:s3:::<bucket>"))
}

fn iam_refusal(resource: &str, parts: &[&str]) -> Option<ResourceProblem> {
    if parts.get(3).is_some_and(|region| !region.is_empty()) {
        let message = format!("IAM resource {resource} cannot contain region information.");
        return Some(ResourceProblem::new(
            message,
            Some("IAM is global: arn:aws:iam::<account>:…"),
        ));
    }
    let path = parts.get(5)?;
    // IAM's message doesn't name the root user; AWS's policy IAMDeleteRootUserCredentials does.
    if matches!(*path, "*" | "root") || IAM_PATHS.iter().any(|start| path.starts_with(start)) {
        return None;
    }
    let message =
        format!("IAM resource path must either be \"*\" or start with {}.", IAM_PATHS.join(", "));
    Some(ResourceProblem::new(message, Some("for example arn:aws:iam::<account>:role/<name>")))
}

/// Returns S3's refusal. Buckets and objects have neither region nor account; access points, jobs
/// and the like have both.
fn s3_refusal(resource: &str, parts: &[&str]) -> Option<ResourceProblem> {
    let [_, _, _, region, "", _] = parts else { return None };
    if region.is_empty() || is_pattern(region) || region.contains("${") {
        return None;
    }
    let message = format!("Resource {resource} can not contain region information.");
    Some(ResourceProblem::new(message, Some("a bucket's ARN is arn:aws:s3:::<bucket>")))
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?'])
}
