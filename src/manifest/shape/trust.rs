//! The shape of a trust policy.

use schemars::JsonSchema;

use crate::manifest::decode::{Decode, DocumentForm, ExpandedText, shape};
use crate::manifest::node::{Node, NodeContent};
use crate::manifest::scope::DecodeScope;

/// Principals that may assume a role.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub enum Trust {
    Who(Trusted),
    Document(DocumentForm),
}

shape! {
    /// The short form of a trust policy: all of these may call sts:AssumeRole.
    "a short trust policy" Trusted {
        /// AWS services, for example lambda.amazonaws.com.
        services: Vec<ExpandedText>,
        /// AWS accounts, twelve digits in quotes.
        accounts: Vec<ExpandedText>,
        /// Users of this manifest, or ARNs.
        users: Vec<ExpandedText>,
        /// Roles of this manifest, or ARNs.
        roles: Vec<ExpandedText>,
    }
}

impl Decode for Trust {
    fn decode(node: &Node, scope: &mut DecodeScope<'_>) -> Option<Self> {
        const OF_DOCUMENTS: [&str; 3] = ["Statement", "Version", "Id"];
        let full = |key: &str| OF_DOCUMENTS.iter().any(|known| known.eq_ignore_ascii_case(key));
        match &node.content {
            NodeContent::Map(entries) if !entries.iter().any(|entry| full(&entry.key)) => {
                Trusted::decode(node, scope).map(Self::Who)
            }
            NodeContent::Plain(_)
            | NodeContent::Text(_)
            | NodeContent::List(_)
            | NodeContent::Map(_) => DocumentForm::decode(node, scope).map(Self::Document),
        }
    }

    fn schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        generator.subschema_for::<Self>()
    }
}
