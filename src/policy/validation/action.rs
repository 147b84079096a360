//! Action and `NotAction`.

use serde_json::Map;

use crate::policy::Usage;
use crate::policy::document::{member, one_or_many};
use crate::value::Value;

use super::Report;

const CODE: &str = "policy-action";

impl Report {
    pub(super) fn actions(&mut self, pointer: &str, elements: &Map<String, Value>) {
        let present: Vec<_> =
            ["Action", "NotAction"].iter().filter_map(|name| Some((*name, elements.get(*name)?))).collect();
        if present.is_empty() {
            let message = match self.usage {
                Usage::Trust | Usage::Bucket => "Missing required field Action",
                _ => "Policy statement must contain actions.",
            };
            return self.add(pointer, CODE, message, None);
        }
        for (name, value) in present {
            let pointer = member(pointer, name);
            if value.as_array().is_some_and(Vec::is_empty) {
                self.add(
                    &pointer,
                    CODE,
                    "Policy statement must contain actions.",
                    Some("the list is empty".to_owned()),
                );
            }
            for (pointer, action) in one_or_many(value, &pointer) {
                match action.as_str() {
                    Some(action) => self.action(&pointer, action),
                    None => self.syntax(&pointer, "An action is a text."),
                }
            }
        }
    }

    fn action(&mut self, pointer: &str, action: &str) {
        let Some((vendor, name)) = action.split_once(':') else {
            if action != "*" {
                let message = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
                self.add(pointer, CODE, message, Some(format!("write `<service>:{action}`")));
            }
            return;
        };
        if name.contains(':') {
            return self.add(pointer, CODE, "Actions/Condition can contain only one colon.", None);
        }
        // `*:*` stands in old documents and means everything.
        if vendor != "*"
            && (vendor.is_empty() || !vendor.chars().all(|c| c.is_ascii_alphanumeric() || "-.".contains(c)))
        {
            return self.add(pointer, CODE, format!("Vendor {vendor} is not valid"), None);
        }
        if self.usage == Usage::Trust && !vendor.eq_ignore_ascii_case("sts") {
            let message = "AssumeRole policy may only specify STS AssumeRole actions.";
            self.add(pointer, CODE, message, Some("the action is `sts:AssumeRole`".to_owned()));
        }
    }
}
