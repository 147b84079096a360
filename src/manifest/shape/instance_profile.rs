//! The shapes of instance profiles.

use schemars::JsonSchema;

use super::lifecycle::Lifecycle;
use crate::manifest::decode::{Decode, ExpandedText, NamedMap, shape};
use crate::manifest::node::Node;
use crate::manifest::scope::DecodeScope;

shape! {
    /// An IAM instance profile, with which EC2 instances act as a role.
    "an instance profile" InstanceProfile {
        /// The IAM path, `/` unless said otherwise. Changing it replaces the instance profile.
        path: ExpandedText,
        /// The role in it: the name of a role of this manifest.
        role: ExpandedText,
        /// Tags besides the manifest's.
        tags: NamedMap<ExpandedText>,
        /// Actions that relayctl must not take on it.
        lifecycle: Lifecycle,
    }
}

/// The instance profile of a role.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub enum ProfileOfRole {
    /// An instance profile of the role's name, or none.
    Own(bool),
    /// The name of an instance profile.
    Named(String),
}

impl Decode for ProfileOfRole {
    fn decode(node: &Node, scope: &mut DecodeScope<'_>) -> Option<Self> {
        match node.as_bool() {
            Some(flag) => Some(Self::Own(flag)),
            None => ExpandedText::decode(node, scope).map(|name| Self::Named(name.value)),
        }
    }

    fn schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        generator.subschema_for::<Self>()
    }
}
