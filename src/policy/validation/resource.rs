//! Resource and `NotResource`.

use serde_json::Map;

use crate::policy::Usage;
use crate::policy::document::{member, one_or_many};
use crate::value::Value;

use super::Report;

const CODE: &str = "policy-resource";

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

impl Report {
    pub(super) fn resources(&mut self, pointer: &str, elements: &Map<String, Value>) {
        let present: Vec<_> =
            ["Resource", "NotResource"].iter().filter_map(|name| Some((*name, elements.get(*name)?))).collect();
        if self.usage == Usage::Trust {
            for (name, _) in present {
                let help = Some("a trust policy is about the role that it belongs to".to_owned());
                self.add(&member(pointer, name), CODE, format!("Has prohibited field {name}"), help);
            }
            return;
        }
        if present.is_empty() {
            let bucket = self.usage == Usage::Bucket;
            let message =
                if bucket { "Missing required field Resource" } else { "Policy statement must contain resources." };
            return self.add(pointer, CODE, message, None);
        }
        for (name, value) in present {
            let pointer = member(pointer, name);
            if value.as_array().is_some_and(Vec::is_empty) {
                let help = Some("the list is empty".to_owned());
                self.add(&pointer, CODE, "Policy statement must contain resources.", help);
            }
            for (pointer, resource) in one_or_many(value, &pointer) {
                match resource.as_str() {
                    Some(resource) => self.resource(&pointer, resource),
                    None => self.syntax(&pointer, "A resource is a text."),
                }
            }
        }
    }

    fn resource(&mut self, pointer: &str, resource: &str) {
        if let Some((message, help)) = refusal(resource, self.usage) {
            self.add(pointer, CODE, message, help);
        }
    }
}

/// AWS completes an ARN of fewer than six parts with wildcards, so `arn:aws:sqs` is valid.
fn refusal(resource: &str, usage: Usage) -> Option<(String, Option<String>)> {
    if resource == "*" {
        return None;
    }
    let parts: Vec<_> = resource.splitn(6, ':').collect();
    if parts[0] != "arn" || parts.len() < 2 {
        let help = "an ARN is arn:<partition>:<service>:<region>:<account>:<resource>";
        return Some((format!("Resource {resource} must be in ARN format or \"*\"."), Some(help.to_owned())));
    }
    let partition = parts[1];
    if !PARTITIONS.contains(&partition) && (!is_pattern(partition) || partition.contains("${")) {
        let message = format!("Partition \"{partition}\" is not valid for resource \"{resource}\".");
        return Some((message, super::did_you_mean(partition, PARTITIONS)));
    }
    let vendor = parts.get(2).copied().unwrap_or_default();
    if usage == Usage::Bucket && vendor != "s3" {
        let help = "a bucket policy is about its bucket: arn:aws:s3:::<bucket> and arn:aws:s3:::<bucket>/*";
        return Some(("Policy has invalid resource".to_owned(), Some(help.to_owned())));
    }
    if vendor.is_empty() || is_pattern(vendor) {
        return Some(("Resource vendor must be fully qualified and cannot contain regexes.".to_owned(), None));
    }
    if vendor == "iam" { iam_refusal(resource, &parts) } else { None }
}

fn iam_refusal(resource: &str, parts: &[&str]) -> Option<(String, Option<String>)> {
    if parts.get(3).is_some_and(|region| !region.is_empty()) {
        let help = "IAM is global: arn:aws:iam::<account>:…".to_owned();
        return Some((format!("IAM resource {resource} cannot contain region information."), Some(help)));
    }
    let path = parts.get(5)?;
    if *path == "*" || IAM_PATHS.iter().any(|start| path.starts_with(start)) {
        return None;
    }
    let message = format!("IAM resource path must either be \"*\" or start with {}.", IAM_PATHS.join(", "));
    Some((message, None))
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?'])
}
