//! The section of a profile in the AWS config file. The key itself, in the credentials file,
//! belongs to the access key.

use serde_json::json;

use super::access_key::{hidden_setting, used_before_key};
use super::field::null_default;
use super::{
    AccessRole, Conflict, DeletionBlocker, Field, FieldForm, Kind, KindFacts, LiveObject,
    Ownership, Recovery, Uniqueness,
};
use crate::address::KindName;
use crate::call::{FileRead, FileReply, FileWrite, Observed, Write};
use crate::reads::{Facet, Snapshot};
use crate::value::{self, Attributes, SectionSettings, Value};

pub(super) struct AwsProfileKind;

const SETTINGS: [&str; 2] = ["region", "output"];

const FIELDS: &[Field] = &[
    Field::identity("profile"),
    Field::in_place("region", FieldForm::Plain, null_default).harmless(),
    Field::in_place("output", FieldForm::Plain, || json!("json")).harmless(),
];

impl Kind for AwsProfileKind {
    fn name(&self) -> KindName {
        KindName::AwsProfile
    }

    fn facts(&self) -> KindFacts {
        KindFacts {
            ownership: Ownership::LocalFile,
            parent: None,
            access: AccessRole::None,
            document: None,
            uniqueness: Uniqueness::Exact,
            outputs: &[],
            recovery: Recovery::With(KindName::AccessKey),
        }
    }

    fn fields(&self) -> &'static [Field] {
        FIELDS
    }

    fn facets(&self, wanted: &Attributes) -> Vec<Facet> {
        let profile = || value::text_of(wanted, "profile").to_owned();
        vec![Facet::Profile { profile: profile() }, Facet::CredentialSource { profile: profile() }]
    }

    fn seen(&self, wanted: &Attributes, snapshot: &Snapshot) -> Observed<LiveObject> {
        let profile = value::text_of(wanted, "profile");
        let section = snapshot.file(&FileRead::Profile { profile: profile.to_owned() });
        section.map(|reply| {
            let mut attributes = Attributes::from([("profile", json!(profile))]);
            attributes.extend(SETTINGS.map(|name| (name, setting(&reply, name))));
            LiveObject {
                id: id(profile),
                owner: None,
                attributes,
                internals: Attributes::new(),
                remarks: [unused_key(profile, snapshot), hidden(wanted, snapshot)]
                    .into_iter()
                    .flatten()
                    .collect(),
                ..LiveObject::default()
            }
        })
    }

    /// Refuses a new section whose settings nobody would use.
    fn conflict(&self, wanted: &Attributes, snapshot: &Snapshot) -> Option<Conflict> {
        self.seen(wanted, snapshot)
            .present()
            .is_none()
            .then(|| hidden(wanted, snapshot).map(Conflict::obstacle))
            .flatten()
    }

    fn physical_id(&self, wanted: &Attributes) -> Option<String> {
        Some(id(value::text_of(wanted, "profile")))
    }

    fn create(&self, wanted: &Attributes) -> Vec<Write> {
        set(wanted, &SETTINGS).into_iter().collect()
    }

    fn any_blockers(&self, _wanted: &Attributes) -> Vec<DeletionBlocker> {
        Vec::new()
    }

    fn update(&self, _seen: &LiveObject, wanted: &Attributes, changed: &[&str]) -> Vec<Write> {
        let (kept, gone): (Vec<&str>, Vec<&str>) = SETTINGS
            .iter()
            .filter(|name| changed.contains(name))
            .partition(|name| is_set(wanted, name));
        set(wanted, &kept).into_iter().chain(unset(wanted, &gone)).collect()
    }

    /// Returns the call that removes the recorded settings. Other settings in the section stay, and
    /// with them the section.
    fn delete(&self, _seen: &LiveObject, recorded: &Attributes) -> Vec<Write> {
        let ours: Vec<_> = SETTINGS.into_iter().filter(|name| is_set(recorded, name)).collect();
        unset(recorded, &ours).into_iter().collect()
    }
}

/// Returns a remark if the profile has settings that are used instead of its key.
fn unused_key(profile: &str, snapshot: &Snapshot) -> Option<String> {
    let source = snapshot.file(&FileRead::CredentialSource { profile: profile.to_owned() });
    let used = used_before_key(profile, &source.present()?)?;
    Some(format!("{used}: remove these settings, or name another profile at the key"))
}

fn hidden(wanted: &Attributes, snapshot: &Snapshot) -> Option<String> {
    let profile = value::text_of(wanted, "profile").to_owned();
    let source = snapshot.file(&FileRead::CredentialSource { profile });
    hidden_setting(wanted, &source.present()?)
}

fn setting(reply: &FileReply, name: &str) -> Value {
    match reply {
        FileReply::Settings(settings) => settings
            .iter()
            .find(|(key, _)| key == name)
            .map_or(Value::Null, |(_, value)| value.clone()),
        FileReply::KeyId(_) | FileReply::Writable => Value::Null,
    }
}

fn is_set(attributes: &Attributes, name: &str) -> bool {
    attributes.get(name).is_some_and(|value| !value.is_null())
}

fn set(wanted: &Attributes, names: &[&str]) -> Option<Write> {
    let value = |name: &&str| {
        Some(((*name).to_owned(), wanted.get(name).filter(|value| !value.is_null())?.clone()))
    };
    let settings: SectionSettings = names.iter().filter_map(value).collect();
    let profile = value::text_of(wanted, "profile").to_owned();
    (!settings.is_empty()).then_some(Write::File(FileWrite::SetProfile { profile, settings }))
}

fn unset(attributes: &Attributes, names: &[&str]) -> Option<Write> {
    let settings: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let profile = value::text_of(attributes, "profile").to_owned();
    (!settings.is_empty()).then_some(Write::File(FileWrite::UnsetProfile { profile, settings }))
}

fn id(profile: &str) -> String {
    format!("profile {profile}")
}
