//! Lowers the stages of Zappa's settings file.

use std::collections::BTreeSet;
use std::path::Path;

use super::{Lowering, local_path};
use crate::address::{Address, KindName};
use crate::manifest::decode::{Declared, ExpandedText, Located};
use crate::manifest::scope::Section;
use crate::manifest::shape::{StageShape, User, ZappaSettings};
use crate::value::{Attributes, Value};

type ZappaSettingsShape = serde_json::Map<String, Value>;

impl Lowering<'_, '_, '_> {
    pub(super) fn zappa(&mut self, zappa: &Located<ZappaSettings>, users: &[Declared<User>]) {
        let Some(file) = &zappa.value.file else {
            let help = "write `file: zappa_settings.json`";
            return self.missing("file", "zappa_settings", &zappa.spot, help);
        };
        let extension = Path::new(&file.value).extension().and_then(|extension| extension.to_str());
        if !matches!(extension, Some("json" | "toml" | "yaml" | "yml")) {
            let message = format!(
                "`{}` is not a .json, .toml, .yaml or .yml file, as Zappa's settings are",
                file.value
            );
            self.scope.error("bad-path", &file.spot, message, "write `file: zappa_settings.json`");
        }
        let path = local_path(file);
        if let Err(refusal) = self.scope.files.check_readable(&path) {
            self.refuse_file(&refusal, &file.spot);
        }
        for stage in super::declared(zappa.value.stages.as_ref()) {
            if extension == Some("toml") {
                self.no_null(stage);
            }
            self.stage(stage, &path, users);
        }
    }

    /// Refuses null in a stage that is written as TOML, which does not have it.
    fn no_null(&mut self, stage: &Declared<StageShape>) {
        for setting in stage.body.settings.iter().filter(|setting| holds_null(&setting.body.0)) {
            let message = format!("`{}` is or holds null, which TOML does not have", setting.name);
            let help = format!("leave `{}` out, or name a .json or .yaml file", setting.name);
            self.scope.error("bad-value", &setting.spot, message, help);
        }
    }

    fn stage(&mut self, stage: &Declared<StageShape>, file: &str, users: &[Declared<User>]) {
        let body = &stage.body;
        let mut settings: ZappaSettingsShape =
            body.settings.iter().map(|one| (one.name.clone(), one.body.0.clone())).collect();
        let mut depends_on = BTreeSet::new();
        if stage.name.is_empty() {
            self.scope.error(
                "bad-name",
                &stage.spot,
                "a stage's name cannot be empty",
                "write for example `dev:`",
            );
        }
        if let Some(user) = &body.user
            && let Some(profile) = self.profile_of(user, users)
        {
            depends_on.insert(Address::new(KindName::AwsProfile, profile.as_str()));
            self.set(&mut settings, body, "profile_name", ("user", user), profile);
        }
        if let Some(role) = &body.role
            && self.known(Section::Roles, role)
        {
            depends_on.insert(Address::new(KindName::ROLE, role.value.as_str()));
            self.check_role_arn(body, role);
            self.set(&mut settings, body, "role_name", ("role", role), role.value.clone());
        }
        if let Some(bucket) = &body.bucket
            && self.known(Section::Buckets, bucket)
        {
            depends_on.insert(Address::new(KindName::Bucket, bucket.value.as_str()));
            self.set(&mut settings, body, "s3_bucket", ("bucket", bucket), bucket.value.clone());
        }
        settings.entry("aws_region").or_insert_with(|| self.header.region.as_str().into());
        // Zappa would make a role of its own otherwise.
        settings.entry("manage_roles").or_insert(false.into());
        let attributes = Attributes::from([
            ("file", file.into()),
            ("stage", stage.name.as_str().into()),
            ("settings", settings.into()),
        ]);
        let address = Address::new(KindName::ZappaSettings, stage.name.as_str());
        self.soft(&address, stage.references.iter().cloned());
        self.add(address, attributes, depends_on, &stage.spot);
    }

    /// Sets the Zappa setting that one of relayctl's fields stands for, unless the stage sets it
    /// itself.
    fn set(
        &mut self,
        settings: &mut ZappaSettingsShape,
        stage: &StageShape,
        key: &str,
        from: (&str, &ExpandedText),
        value: String,
    ) {
        let said = stage.settings.iter().find(|one| one.name == key);
        if let Some(said) = said.filter(|said| said.body.0 != value.as_str()) {
            let message = format!(
                "`{key}` is {}, but `{}: {}` makes it \"{value}\"",
                said.body.0, from.0, from.1.value
            );
            let help = format!("leave `{key}` out: `{}` sets it", from.0);
            self.scope.error("conflicting-fields", &said.spot, message, help);
        }
        settings.insert(key.to_owned(), value.into());
    }

    /// Refuses a `role_arn` of another role: Zappa doesn't look at `role_name` beside it
    /// (`zappa/core.py`, `credentials_arn`).
    fn check_role_arn(&mut self, stage: &StageShape, role: &ExpandedText) {
        let Some(said) = stage.settings.iter().find(|one| one.name == "role_arn") else { return };
        let arn = self.scope.arn(Section::Roles, &role.value);
        if said.body.0.as_str() == arn.as_deref() {
            return;
        }
        let message = format!(
            "`role_arn` is {}, but `role: {}` names another role, and Zappa uses `role_arn` before \
                `role_name`",
            said.body.0, role.value
        );
        let help = "leave `role_arn` out: `role` sets `role_name`";
        self.scope.error("conflicting-fields", &said.spot, message, help);
    }

    fn known(&mut self, section: Section, name: &ExpandedText) -> bool {
        let known = self.scope.arn(section, &name.value).is_some();
        if !known {
            self.scope.unknown_name(section, &name.value, &name.spot);
        }
        known
    }

    fn profile_of(&mut self, user: &ExpandedText, users: &[Declared<User>]) -> Option<String> {
        if !self.known(Section::Users, user) {
            return None;
        }
        let body = &users.iter().find(|one| one.name == user.value)?.body;
        let profile = body.access_key.as_ref().and_then(|key| key.value.profile.as_ref());
        if profile.is_none() {
            let message = format!("user `{}` has no profile that Zappa could use", user.value);
            let help = "give the user `access_key: {profile: NAME}`, or write `profile_name:` \
                here instead of `user:`";
            self.scope.error("missing-field", &user.spot, message, help);
        }
        profile.map(|profile| profile.value.clone())
    }
}

fn holds_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(holds_null),
        Value::Object(members) => members.values().any(holds_null),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
