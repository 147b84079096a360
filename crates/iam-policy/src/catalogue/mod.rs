//! AWS's services with their actions, resource types and condition keys, as the Service
//! Authorization Reference lists them. Compiled in, and unpacked service by service as they are
//! asked about; `data/README.md` says where it comes from and how it is made anew.

mod key;
mod nearest;
mod text;
mod value_type;

use std::collections::BTreeSet;

use super::pattern::{Filling, action_matches, resource_matches};

pub use key::{ConditionKey, condition_key};
pub use nearest::{nearest_action, nearest_service};
pub use value_type::ValueType;

/// A service by the prefix of its actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    /// `s3`
    pub prefix: &'static str,
    /// `Amazon S3`
    pub name: &'static str,
}

/// An action of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// As AWS spells it: `s3:GetObject`.
    pub name: String,
    /// What it does, in AWS's classes.
    pub access: AccessLevel,
    /// None: the action is about no single resource, and only `*` allows it.
    pub resources: Vec<ResourceUse>,
    /// Besides the global ones and those of the resource. `${…}` stands for anything:
    /// `aws:RequestTag/${TagKey}`.
    pub condition_keys: Vec<&'static str>,
    /// What a caller needs besides, or needs for some uses of it: `iam:PassRole` for
    /// `lambda:CreateFunction`.
    pub dependent: Vec<String>,
}

/// What an action does, in AWS's classes (IAM User Guide, "Access level summaries").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[non_exhaustive]
pub enum AccessLevel {
    /// Names what there is.
    List,
    /// Reads what something holds.
    Read,
    /// Creates, changes or deletes.
    Write,
    /// Grants or changes permissions.
    #[serde(rename = "Permissions management")]
    PermissionsManagement,
    /// Sets or removes tags only.
    Tagging,
}

/// A type of resource that an action can be about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceUse {
    /// AWS's name of the type: `bucket`.
    pub name: &'static str,
    /// Whether a policy that allows the action must name one (AWS marks it with `*`); of those that
    /// are not, one of several may do.
    pub required: bool,
    /// With `*` in place of each `${…}`: `arn:*:s3:::*/*`.
    pub arn: String,
    /// As AWS prints it: `arn:${Partition}:s3:::${BucketName}/${ObjectName}`.
    pub format: &'static str,
    /// Those of the resource, and those that the action has for it.
    pub condition_keys: Vec<&'static str>,
}

impl AccessLevel {
    /// In AWS's words.
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
    /// Whether an ARN (or a policy's pattern, taken by its letters) is of this type's form.
    pub fn fits(&self, arn: &str) -> bool {
        resource_matches(&self.arn, arn, Filling::Literal)
    }
}

impl Action {
    /// `s3`
    pub fn service(&self) -> &str {
        self.name.split(':').next().unwrap_or_default()
    }

    /// Whether a statement may name a resource at all. `Resource: "*"` is all that the others take.
    pub fn takes_resource(&self) -> bool {
        !self.resources.is_empty()
    }

    /// Whether requests for this action can carry the key: a global one, its own, or its
    /// resources'.
    pub fn takes_key(&self, key: &str) -> bool {
        let of_resources = self.resources.iter().flat_map(|resource| &resource.condition_keys);
        key::is_global(key)
            || self.condition_keys.iter().chain(of_resources).any(|form| key::fits(form, key))
    }
}

/// The day that the data is of: `2026-09-26`.
pub fn date() -> &'static str {
    text::book().date
}

/// The packages that it was made of, with their versions.
pub fn source() -> &'static str {
    text::book().source
}

/// How many parts of it this process has unpacked so far.
pub fn unpacked() -> usize {
    text::book().unpacked()
}

/// All of them, by prefix.
pub fn services() -> impl Iterator<Item = Service> {
    text::book().shelves().map(|shelf| Service { prefix: shelf.prefix, name: shelf.name })
}

/// Returns the service of that prefix, whatever its case.
pub fn service(prefix: &str) -> Option<Service> {
    let shelf = text::book().shelf(prefix)?;
    Some(Service { prefix: shelf.prefix, name: shelf.name })
}

/// The action of that name, whatever its case: AWS minds none.
pub fn action(name: &str) -> Option<&'static Action> {
    let (service, _) = name.split_once(':')?;
    let actions = actions_of(service);
    let folded = name.to_lowercase();
    let place = actions.binary_search_by_key(&folded, |action| action.name.to_lowercase()).ok()?;
    actions.get(place)
}

/// A service's actions by name; none where there is no such service.
pub fn actions_of(service: &str) -> &'static [Action] {
    text::book().shelf(service).map_or(&[], text::Shelf::actions)
}

/// The actions that a pattern of a policy stands for: `s3:Get*`, `*`.
pub fn matching(pattern: &str) -> impl Iterator<Item = &'static Action> {
    // A wildcard in the service's prefix is no valid policy but for `*` alone; still it is
    // answered.
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

#[cfg(test)]
mod tests;
