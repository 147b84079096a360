//! Finds the names that a manifest declares, and their ARNs.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{DecodeScope, Section, TextPosition};
use crate::address::Address;
use crate::manifest::node::Node;
use crate::manifest::source::Span;
use crate::manifest::suggest;

/// The index of names and their ARNs.
#[derive(Debug, Default)]
pub(super) enum Index {
    #[default]
    Unknown,
    /// The names are being read: they can't refer to themselves.
    Building,
    Known {
        arns: BTreeMap<(Section, String), String>,
        owners: BTreeMap<String, (Section, String)>,
    },
}

impl DecodeScope<'_> {
    /// Returns the ARN of a declared resource.
    pub fn arn(&mut self, section: Section, name: &str) -> Option<String> {
        self.build_index();
        match &self.index {
            Index::Known { arns, .. } => {
                arns.get(&(section, section.plain_name(name).to_owned())).cloned()
            }
            Index::Unknown | Index::Building => None,
        }
    }

    /// Returns the names that a section declares.
    pub fn names(&mut self, section: Section) -> Vec<String> {
        self.build_index();
        match &self.index {
            Index::Known { arns, .. } => {
                arns.keys().filter(|(of, _)| *of == section).map(|(_, name)| name.clone()).collect()
            }
            Index::Unknown | Index::Building => Vec::new(),
        }
    }

    /// Returns the section and name of the user, role, policy or bucket of this manifest that has
    /// the ARN.
    pub fn by_arn(&mut self, arn: &str) -> Option<(Section, String)> {
        self.build_index();
        match &self.index {
            Index::Known { owners, .. } => owners.get(arn).cloned(),
            Index::Unknown | Index::Building => None,
        }
    }

    pub(super) fn reference(
        &mut self,
        section: Section,
        symbol: &str,
        at: &dyn Fn() -> Span,
    ) -> Option<String> {
        let rest = &symbol[section.key().len() + 1..];
        let Some(name) = rest.strip_suffix(".arn") else {
            // In `${roles.X.name}`, X is a declared role, and `name` is a field that can't be
            // referred to.
            let name = match rest.rsplit_once('.') {
                Some((name, _)) if self.arn(section, rest).is_none() => name,
                _ => rest,
            };
            let help =
                format!("write ${{{}.{name}.arn}}: only ARNs can be referred to", section.key());
            self.error(
                "unknown-variable",
                &at(),
                format!("`${{{symbol}}}` does not end in `.arn`"),
                help,
            );
            return None;
        };
        let name = section.plain_name(name);
        self.build_index();
        let Index::Known { arns, .. } = &self.index else {
            self.reference_in_name(&at());
            return None;
        };
        if let Some(arn) = arns.get(&(section, name.to_owned())) {
            self.references.insert(Address::new(section.kind(), name));
            return Some(arn.clone());
        }
        self.unknown_name(section, name, &at());
        None
    }

    pub(super) fn reference_in_name(&mut self, spot: &Span) {
        let message = "a name or a path cannot hold the ARN of a resource";
        self.error(
            "reference-in-name",
            spot,
            message,
            "use plain variables in names: ${var.x}, ${unique}",
        );
    }

    pub fn unknown_name(&mut self, section: Section, name: &str, spot: &Span) {
        let names = self.names(section);
        let help = suggest::suggest_name(name, names.iter().map(String::as_str), section.key());
        let message = format!("there is no {} `{name}` in this manifest", section.kind());
        self.error("unknown-reference", spot, message, help);
    }

    fn build_index(&mut self) {
        if !matches!(self.index, Index::Unknown) {
            return;
        }
        self.index = Index::Building;
        let outer = self.take_references();
        let mut arns = BTreeMap::new();
        let root = self.root;
        for section in Section::ALL {
            for entry in root.field(section.key()).map(Node::entries).unwrap_or_default() {
                let Some(name) =
                    self.expand(&entry.key, TextPosition::Name, &|| entry.key_spot.clone())
                else {
                    continue;
                };
                let path = entry.node.field("path").and_then(|path| {
                    let text = path.text()?;
                    self.expand(text, TextPosition::Name, &|| path.spot.clone())
                });
                let name = section.plain_name(&name);
                let arn = self.make_arn(section, path.as_deref().unwrap_or("/"), name);
                arns.insert((section, name.to_owned()), arn);
            }
        }
        for name in self.profiles_of_roles() {
            let arn = self.make_arn(Section::InstanceProfiles, "/", &name);
            arns.entry((Section::InstanceProfiles, name)).or_insert(arn);
        }
        self.references = outer;
        let owners = arns.iter().map(|(key, arn)| (arn.clone(), key.clone())).collect();
        self.index = Index::Known { arns, owners };
    }

    /// Returns the names of the instance profiles that roles declare.
    fn profiles_of_roles(&mut self) -> Vec<String> {
        let mut names = Vec::new();
        let root = self.root;
        for entry in root.field(Section::Roles.key()).map(Node::entries).unwrap_or_default() {
            let Some(profile) = entry.node.field("instance_profile") else { continue };
            let (text, spot) = match profile.text() {
                Some(text) => (text, &profile.spot),
                None if profile.as_bool() == Some(true) => (&*entry.key, &entry.key_spot),
                None => continue,
            };
            let name = self.expand(text, TextPosition::Name, &|| spot.clone());
            names.extend(name.map(Cow::into_owned));
        }
        names
    }

    fn make_arn(&mut self, section: Section, path: &str, name: &str) -> String {
        let partition = self.value("partition");
        if section == Section::Buckets {
            return format!("arn:{partition}:s3:::{name}");
        }
        let word = section.kind().arn_word();
        format!("arn:{partition}:iam::{}:{word}{path}{name}", self.value("account"))
    }
}
