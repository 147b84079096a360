//! The shapes of the stages of Zappa's settings file.

use schemars::JsonSchema;

use crate::manifest::decode::{Declared, Decode, ExpandedText, Free, NamedMap, field, shape};
use crate::manifest::node::{Node, NodeContent};
use crate::manifest::scope::DecodeScope;

shape! {
    /// Stages that are written into Zappa's settings file; its other stages and keys stay as they
    /// are.
    "zappa settings" ZappaSettings {
        /// The file, relative to this one: .json, .toml, .yaml or .yml.
        file: ExpandedText,
        /// The stages, by name.
        stages: NamedMap<StageShape>,
    }
}

/// A stage: what relayctl fills in from the manifest, and settings for Zappa as they are.
#[derive(Clone, Debug, Default, JsonSchema)]
#[schemars(rename = "Stage")]
pub struct StageShape {
    /// A user of this manifest, whose profile becomes `profile_name`.
    pub user: Option<ExpandedText>,
    /// A role of this manifest, which becomes `role_name`.
    pub role: Option<ExpandedText>,
    /// A bucket of this manifest, which becomes `s3_bucket`.
    pub bucket: Option<ExpandedText>,
    #[schemars(flatten, with = "std::collections::BTreeMap<String, Free>")]
    pub settings: Vec<Declared<Free>>,
}

impl Decode for StageShape {
    fn decode(node: &Node, scope: &mut DecodeScope<'_>) -> Option<Self> {
        const OURS: [&str; 3] = ["user", "role", "bucket"];
        let mut others = node.clone();
        if let NodeContent::Map(entries) = &mut others.content {
            *entries =
                entries.iter().filter(|entry| !OURS.contains(&&*entry.key)).cloned().collect();
        }
        let settings = NamedMap::<Free>::decode(&others, scope)?;
        Some(Self {
            user: field(node, "user", scope),
            role: field(node, "role", scope),
            bucket: field(node, "bucket", scope),
            settings: settings.0,
        })
    }

    fn empty(_: &Node, _: &mut DecodeScope<'_>) -> Option<Self> {
        Some(Self::default())
    }

    fn schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        generator.subschema_for::<Self>()
    }
}
