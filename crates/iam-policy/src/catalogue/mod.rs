//! AWS's services with their actions, resource types and condition keys, as the Service
//! Authorization Reference lists them; AWS's managed policies, service principals and regions. The
//! data is compiled in and unpacked service by service on
//! first use; `data/README.md` describes its source and how to refresh it.

mod arn_format;
mod key;
mod managed_policy;
mod names;
mod nearest;
mod region;
mod retired;
mod service_principal;
mod text;
mod value_type;

use std::collections::BTreeSet;

use super::pattern::{Filling, action_matches, resource_matches};

pub use arn_format::{UNLISTED_ARN_FORMATS, arn_formats};
pub use key::{ConditionKey, condition_key, nearest_condition_key};
pub use managed_policy::{
    find_managed_policy, is_managed_policy, managed_policies, nearest_managed_policy,
};
pub use nearest::{nearest_action, nearest_service};
pub use region::{is_region, nearest_region, partitions, regions};
pub use retired::retired_service;
pub use service_principal::{is_service_principal, nearest_service_principal, service_principals};
pub use value_type::ValueType;

/// A service by the prefix of its actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    /// The prefix of its actions: `s3`.
    pub prefix: &'static str,
    /// The full name: `Amazon S3`.
    pub name: &'static str,
}

/// An action of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// The name as AWS spells it: `s3:GetObject`.
    pub name: String,
    /// The access level, by AWS's classes.
    pub access: AccessLevel,
    /// The types of resources that the action takes. Empty for an action that takes no resource:
    /// only `*` allows it.
    pub resources: Vec<ResourceUse>,
    /// The condition keys of the action, besides the global ones and those of its resources. `${…}`
    /// stands for any text: `aws:RequestTag/${TagKey}`.
    pub condition_keys: Vec<&'static str>,
    /// The other actions that a caller needs, always or for some uses of this action:
    /// `iam:PassRole` for `lambda:CreateFunction`.
    pub dependent: Vec<String>,
}

/// The access level of an action, by AWS's classes (IAM User Guide, "Access level summaries").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[non_exhaustive]
pub enum AccessLevel {
    /// Lists resources.
    List,
    /// Reads the contents of a resource.
    Read,
    /// Creates, changes or deletes.
    Write,
    /// Grants or changes permissions.
    #[serde(rename = "Permissions management")]
    PermissionsManagement,
    /// Sets or removes tags only.
    Tagging,
}

/// A type of resource that an action takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceUse {
    /// AWS's name of the type: `bucket`.
    pub name: &'static str,
    /// True if a policy that allows the action must name a resource of this type (AWS marks it with
    /// `*`). Of types that aren't required, one of several may suffice.
    pub required: bool,
    /// The ARN format with `*` in place of each `${…}`: `arn:*:s3:::*/*`.
    pub arn: String,
    /// The ARN format as AWS prints it: `arn:${Partition}:s3:::${BucketName}/${ObjectName}`.
    pub format: &'static str,
    /// The condition keys of the resource, and those that the action has for it.
    pub condition_keys: Vec<&'static str>,
}

impl AccessLevel {
    /// Returns the name of the level in AWS's words.
    pub fn name(self) -> &'static str {
        match self {
            Self::List => "List",
            Self::Read => "Read",
            Self::Write => "Write",
            Self::PermissionsManagement => "Permissions management",
            Self::Tagging => "Tagging",
        }
    }
}

impl ResourceUse {
    /// Tells if an ARN has the format of this type. A policy's pattern is compared as literal text.
    pub fn fits(&self, arn: &str) -> bool {
        resource_matches(&self.arn, arn, Filling::Literal)
    }
}

impl Action {
    /// Returns the prefix of the action's service: `s3`.
    pub fn service(&self) -> &str {
        self.name.split(':').next().unwrap_or_default()
    }

    /// Tells if a statement may name a resource for the action. Other actions take only
    /// `Resource: "*"`.
    pub fn takes_resource(&self) -> bool {
        !self.resources.is_empty()
    }

    /// Tells if requests for this action can carry the condition key: a global key, one of the
    /// action, or one of its resources.
    pub fn takes_key(&self, key: &str) -> bool {
        let of_resources = self.resources.iter().flat_map(|resource| &resource.condition_keys);
        key::is_global(key)
            || self
                .condition_keys
                .iter()
                .chain(of_resources)
                .any(|form| key::matches_form(form, key))
    }
}

/// Returns the date of the data: `2026-09-26`.
pub fn catalogue_date() -> &'static str {
    text::load_catalogue().date
}

/// Returns the packages that the data was made from, with their versions.
pub fn source() -> &'static str {
    text::load_catalogue().source
}

/// Returns the packages that the names of managed policies, service principals and regions are
/// from, with their versions.
pub fn names_source() -> &'static str {
    names::load_names().source
}

/// Returns the number of packs that this process has unpacked so far.
pub fn unpacked() -> usize {
    text::load_catalogue().unpacked()
}

/// Returns all services, by prefix.
pub fn services() -> impl Iterator<Item = Service> {
    text::load_catalogue().shelves().map(|shelf| Service { prefix: shelf.prefix, name: shelf.name })
}

/// Returns the service of that prefix, in any case.
pub fn service(prefix: &str) -> Option<Service> {
    let shelf = text::load_catalogue().shelf(prefix)?;
    Some(Service { prefix: shelf.prefix, name: shelf.name })
}

/// Returns the action of that name, in any case: AWS ignores case here.
pub fn action(name: &str) -> Option<&'static Action> {
    let (service, _) = name.split_once(':')?;
    let actions = actions_of(service);
    let folded = name.to_lowercase();
    let place = actions.binary_search_by_key(&folded, |action| action.name.to_lowercase()).ok()?;
    actions.get(place)
}

/// Returns the actions of a service by name; empty where there is no such service.
pub fn actions_of(service: &str) -> &'static [Action] {
    text::load_catalogue().shelf(service).map_or(&[], text::Shelf::actions)
}

/// Returns the actions that a policy's pattern matches: `s3:Get*`, `*`.
pub fn matching(pattern: &str) -> impl Iterator<Item = &'static Action> {
    // A wildcard in the service's prefix is valid in no policy, except for `*` alone. It is matched
    // all the same.
    let prefixes: BTreeSet<&str> = match pattern.split_once(':') {
        Some((service, _)) if !service.contains(['*', '?']) => {
            self::service(service).into_iter().map(|service| service.prefix).collect()
        }
        _ => services().map(|service| service.prefix).collect(),
    };
    let pattern = pattern.to_owned();
    prefixes
        .into_iter()
        .flat_map(actions_of)
        .filter(move |action| action_matches(&pattern, &action.name))
}

/// Tells if a policy's pattern matches any action. This reads the names alone, and is much faster
/// than [`matching`].
pub fn has_match(pattern: &str) -> bool {
    match pattern.split_once(':') {
        Some((service, _)) if !service.contains(['*', '?']) => {
            let shelf = text::load_catalogue().shelf(service);
            shelf.is_some_and(|shelf| shelf.has_match(pattern))
        }
        _ => matching(pattern).next().is_some(),
    }
}

#[cfg(test)]
mod tests;
