//! Lowers access keys and the profiles that they are written to.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::{Lowering, encryption, local_path};
use crate::address::{Address, KindName};
use crate::kind;
use crate::manifest::decode::{Declared, ExpandedText};
use crate::manifest::names;
use crate::manifest::shape::{AccessKey, AgeFile, User};
use crate::manifest::source::Span;
use crate::value::{Attributes, Value};

/// The output formats of the AWS CLI.
const OUTPUTS: [&str; 6] = ["json", "yaml", "yaml-stream", "text", "table", "off"];

impl Lowering<'_, '_, '_> {
    pub(super) fn keys(&mut self, users: &[Declared<User>]) {
        let mut profiles = BTreeMap::new();
        let mut files = BTreeMap::new();
        for user in users {
            let Some(key) = &user.body.access_key else { continue };
            self.key(user, &key.value, &key.spot);
            if let Some(profile) = &key.value.profile
                && let Some(other) = profiles.insert(profile.value.clone(), &user.name)
            {
                let message = format!(
                    "user `{other}` has the profile `{}` already: a profile holds one key",
                    profile.value
                );
                self.scope.error(
                    "duplicate-profile",
                    &profile.spot,
                    message,
                    "give each user a profile of its own",
                );
            }
            let age = key.value.age.as_ref().and_then(|age| age.value.file.as_ref());
            for file in key.value.csv.iter().chain(age) {
                if let Some(other) = files.insert(local_path(file), &user.name) {
                    let message = format!(
                        "the key of user `{other}` goes to the file `{}` already",
                        file.value
                    );
                    self.scope.error(
                        "duplicate-csv",
                        &file.spot,
                        message,
                        "give each key a file of its own",
                    );
                }
            }
        }
    }

    fn key(&mut self, of: &Declared<User>, key: &AccessKey, spot: &Span) {
        let user = of.name.as_str();
        let somewhere = key.profile.is_some()
            || key.csv.is_some()
            || key.age.is_some()
            || key.command.is_some();
        if of.complete && !somewhere {
            let message = format!(
                "the access key of user `{user}` has nowhere to go: AWS tells its secret only once"
            );
            self.scope.error(
                "missing-field",
                spot,
                message,
                "write `profile: NAME`, `csv: FILE`, `age: {file: …, recipients: […]}` or \
                    `command: […]`",
            );
        }
        let mut attributes = Attributes::from([("user", user.into())]);
        if let Some(csv) = &key.csv {
            if csv.value.is_empty() {
                self.scope.error(
                    "bad-path",
                    &csv.spot,
                    "the file's name is empty",
                    "write for example serverless.csv",
                );
            }
            attributes.insert("csv", self.sink(csv).into());
        }
        if let Some(age) = &key.age {
            attributes.insert("age", self.age(&age.value, &age.spot));
        }
        if let Some(command) = &key.command {
            attributes.insert("command", self.command(&command.value, &command.spot));
        }
        if let Some(replace) = &key.replace_profile {
            attributes.insert("replace_profile", replace.value.into());
        }
        for (name, said) in self.ages(key) {
            attributes.insert(name, said.into());
        }
        if let Some(profile) = &key.profile {
            let help = "choose a name like serverless-dev";
            self.check(names::profile(&profile.value), "bad-name", &profile.spot, help);
            attributes.insert("profile", profile.value.as_str().into());
        }
        let address = Address::new(KindName::AccessKey, user);
        self.add(
            address.clone(),
            attributes,
            BTreeSet::from([Address::new(KindName::USER, user)]),
            spot,
        );
        self.protect(&address, key.lifecycle.as_ref().and_then(|it| it.prevent_destroy.as_ref()));
        self.ignore(&address, key.lifecycle.as_ref().and_then(|it| it.ignore_changes.as_ref()));
        self.profile(key, address);
    }

    /// Returns the age at which a key is rotated and the one at which the old key is deleted.
    fn ages(&mut self, key: &AccessKey) -> Vec<(&'static str, String)> {
        let (rotate, retire) = (key.rotate_after.as_ref(), key.retire_after.as_ref());
        let mut ages = Vec::new();
        for (name, said) in [("rotate_after", rotate), ("retire_after", retire)] {
            let Some(said) = said else { continue };
            match kind::lasting(&said.value) {
                Ok(age) => ages.push((name, said, age)),
                Err(help) => {
                    let message = format!("`{}` is no time that `{name}` can be", said.value);
                    self.scope.error("bad-duration", &said.spot, message, help);
                }
            }
        }
        let fallback = kind::lasting(kind::RETIRE_AFTER).unwrap_or_default();
        let age = |of: &str| ages.iter().find(|(name, ..)| *name == of).map(|(_, _, age)| *age);
        if let (Some(due), Some(said)) = (age("rotate_after"), rotate)
            && due <= age("retire_after").unwrap_or(fallback)
        {
            let message = format!(
                "`rotate_after` is {}, and the key before would still be there",
                said.value
            );
            let help = format!(
                "AWS allows two keys: let `rotate_after` be longer than `retire_after`, which is {}",
                retire.map_or(kind::RETIRE_AFTER, |retire| retire.value.as_str())
            );
            self.scope.error("bad-duration", &said.spot, message, help);
        }
        ages.into_iter().map(|(name, said, _)| (name, said.value.trim().to_owned())).collect()
    }

    fn age(&mut self, age: &AgeFile, spot: &Span) -> Value {
        let said = age.recipients.as_deref().unwrap_or_default();
        let file = age.file.as_ref().filter(|file| !file.value.is_empty());
        if file.is_none() || said.is_empty() {
            let help = "write for example `age: {file: serverless.age, recipients: [age1…]}`";
            self.missing(
                if file.is_none() { "file" } else { "recipients" },
                "an encrypted file",
                spot,
                help,
            );
        }
        let file = file.map(|file| self.sink(file));
        json!({"file": file, "recipients": encryption::recipients(said, self.scope)})
    }

    fn command(&mut self, command: &[ExpandedText], spot: &Span) -> Value {
        if command.first().is_none_or(|program| program.value.is_empty()) {
            let help = "write for example `command: [gh, secret, set, AWS_KEY]`";
            self.scope.error("missing-field", spot, "a command without a program", help);
        }
        command.iter().map(|word| Value::from(word.value.as_str())).collect()
    }

    fn profile(&mut self, key: &AccessKey, of: Address) {
        if let Some(output) = &key.output
            && !OUTPUTS.contains(&output.value.as_str())
        {
            let message = format!("`{}` is not an output format of the AWS CLI", output.value);
            let help = crate::manifest::suggest::suggest_name(&output.value, OUTPUTS, "formats");
            self.scope.error("unknown-value", &output.spot, message, help);
        }
        let Some(profile) = &key.profile else {
            let without = key.output.as_ref().map(|output| ("output", &output.spot));
            let without = without
                .or(key.replace_profile.as_ref().map(|replace| ("replace_profile", &replace.spot)));
            if let Some((field, spot)) = without {
                let message = format!("`{field}` speaks of a profile, but the key has none");
                self.scope.error(
                    "missing-field",
                    spot,
                    message,
                    "write `profile: NAME`, or leave this out",
                );
            }
            return;
        };
        let output = key.output.as_ref().map_or("json", |output| output.value.as_str());
        let attributes = Attributes::from([
            ("profile", profile.value.as_str().into()),
            ("region", self.header.region.as_str().into()),
            ("output", output.into()),
        ]);
        let address = Address::new(KindName::AwsProfile, profile.value.as_str());
        self.add(address, attributes, BTreeSet::from([of]), &profile.spot);
    }
}
