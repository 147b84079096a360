//! Lowers instance profiles, those of the section and those of roles, and the role in each.

use std::collections::{BTreeMap, BTreeSet};

use super::{Lowering, declared};
use crate::address::{Address, KindName, Principal};
use crate::manifest::decode::{Declared, ExpandedText};
use crate::manifest::names;
use crate::manifest::scope::Section;
use crate::manifest::shape::{InstanceProfile, Manifest, ProfileOfRole, Role};
use crate::manifest::source::Span;
use crate::value::{Attributes, Value};

/// AWS's limit on the length of a name.
const LONGEST_NAME: usize = 128;

/// The role in each instance profile that was lowered, by the name of the profile.
type Links = BTreeMap<String, String>;

impl<'m> Lowering<'_, '_, 'm> {
    pub(super) fn instance_profiles(&mut self, manifest: &'m Manifest) {
        let mut links = Links::new();
        for profile in declared(manifest.instance_profiles.as_ref()) {
            self.instance_profile(profile);
            if let Some(role) = &profile.body.role {
                self.named_role(&profile.name, role, &mut links);
            }
        }
        for role in declared(manifest.roles.as_ref()) {
            self.profile_of_role(role, &mut links);
        }
    }

    fn instance_profile(&mut self, profile: &Declared<InstanceProfile>) {
        let (name, body) = (profile.name.as_str(), &profile.body);
        let path = self.path(body.path.as_ref(), names::check_path);
        let tags = self.tags(body.tags.as_ref(), false);
        let address = self.add_profile(name, path, tags, &profile.spot);
        self.soft(&address, profile.references.iter().cloned());
        self.protect(&address, body.lifecycle.as_ref().and_then(|it| it.prevent_destroy.as_ref()));
        self.ignore(&address, body.lifecycle.as_ref().and_then(|it| it.ignore_changes.as_ref()));
    }

    fn add_profile(&mut self, name: &str, path: Value, tags: Value, spot: &Span) -> Address {
        let help = "change the instance profile's name";
        self.check(names::check_iam_name(name, LONGEST_NAME), "bad-name", spot, help);
        let address = Address::new(KindName::InstanceProfile, name);
        let attributes = Attributes::from([
            ("name", name.into()),
            ("arn", self.arn(Section::InstanceProfiles, name)),
            ("path", path),
            ("tags", tags),
        ]);
        self.add(address.clone(), attributes, BTreeSet::new(), spot);
        address
    }

    /// Puts the role that an entry of the section names into its profile.
    fn named_role(&mut self, profile: &str, role: &ExpandedText, links: &mut Links) {
        if self.scope.arn(Section::Roles, &role.value).is_none() {
            return self.scope.unknown_name(Section::Roles, &role.value, &role.spot);
        }
        self.link_role(profile, &role.value, &role.spot, links);
    }

    /// Lowers `instance_profile` of a role: a profile of its own, unless the section has it.
    fn profile_of_role(&mut self, role: &Declared<Role>, links: &mut Links) {
        let Some(said) = &role.body.instance_profile else { return };
        let name = match &said.value {
            ProfileOfRole::Own(true) => role.name.as_str(),
            ProfileOfRole::Own(false) => return,
            ProfileOfRole::Named(name) => name,
        };
        if !self.resources.contains_key(&Address::new(KindName::InstanceProfile, name)) {
            let tags = self.tags(None, false);
            self.add_profile(name, "/".into(), tags, &said.spot);
        }
        self.link_role(name, &role.name, &said.spot, links);
    }

    /// Puts a role into a profile: IAM takes one role at most.
    fn link_role(&mut self, profile: &str, role: &str, spot: &Span, links: &mut Links) {
        match links.insert(profile.to_owned(), role.to_owned()) {
            Some(other) if other != role => {
                let message = format!(
                    "instance profile `{profile}` is to hold the roles `{other}` and `{role}`: IAM \
                        takes one role in a profile"
                );
                let help = "give one of the roles an instance profile of its own";
                return self.scope.error("several-roles", spot, message, help);
            }
            Some(_) | None => {}
        }
        let attributes = Attributes::from([("profile", profile.into()), ("role", role.into())]);
        let depends_on = BTreeSet::from([
            Address::new(KindName::InstanceProfile, profile),
            Principal::role(role).address(),
        ]);
        let address = Address::new(KindName::InstanceProfileRole, profile);
        self.add(address, attributes, depends_on, spot);
    }
}
