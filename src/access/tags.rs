//! Finds changed tags that conditions test: these may change somebody's access although no policy
//! changes.

use std::collections::BTreeSet;

use super::access_change::EffectDoubt;
use super::doubts::doubts as doubted;
use super::effective::{EffectivePolicies, PolicyText};
use super::model::AccessModel;
use crate::address::{Address, PrincipalKind};
use crate::policy::compare::Side;
use crate::value::Value;

/// The keys of changed tags on existing objects, by the object.
pub(super) struct ChangedTags(Vec<(Address, BTreeSet<String>)>);

impl ChangedTags {
    pub fn of(model: &AccessModel<'_>) -> Self {
        let changed = model.changes.iter().filter_map(|(address, change)| {
            let field = change
                .fields
                .iter()
                .map(|diff| &diff.change)
                .find(|change| change.field == "tags")?;
            // An object that is made or removed gains and loses by its policies.
            let [before, after] =
                [&field.before, &field.after].map(|it| it.as_deref().and_then(Value::as_object));
            let (before, after) = (before?, after?);
            let keys =
                before.keys().chain(after.keys()).filter(|key| before.get(*key) != after.get(*key));
            let keys: BTreeSet<String> = keys.map(|key| key.to_lowercase()).collect();
            (!keys.is_empty()).then(|| ((*address).clone(), keys))
        });
        Self(changed.collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns doubts for the changed tags that the policies of a user or a role test: its own
    /// tags, and those of the resources.
    pub fn asked_by_holder(
        &self,
        holder: &Address,
        policies: [&EffectivePolicies<'_>; 2],
    ) -> Vec<EffectDoubt> {
        let policies = policies.into_iter().flat_map(EffectivePolicies::all);
        let documents = policies.filter_map(|(name, text)| match text {
            PolicyText::Document(document) => Some((name.as_str(), *document)),
            PolicyText::Unread | PolicyText::Unlisted => None,
        });
        self.asked(documents.collect(), |carrier| {
            if carrier == holder { &["principaltag", "resourcetag"] } else { &["resourcetag"] }
        })
    }

    /// Returns doubts for the changed tags that the policy of a role or a bucket tests: the tags of
    /// the requester, and its own.
    pub fn asked_by_resource(
        &self,
        resource: &Address,
        documents: [Option<&Value>; 2],
    ) -> Vec<EffectDoubt> {
        let name = resource.to_string();
        let documents =
            documents.into_iter().flatten().map(|document| (name.as_str(), document)).collect();
        self.asked(documents, |carrier| {
            if carrier == resource {
                return &["resourcetag", "principaltag"];
            }
            match carrier.principal().map(|it| it.kind) {
                Some(PrincipalKind::User | PrincipalKind::Role) => &["principaltag"],
                Some(PrincipalKind::Group) | None => &[],
            }
        })
    }

    fn asked(
        &self,
        documents: Vec<(&str, &Value)>,
        keys_of: impl Fn(&Address) -> &'static [&'static str],
    ) -> Vec<EffectDoubt> {
        let mut doubts = BTreeSet::new();
        for (policy, document) in documents.into_iter().filter(|_| !self.is_empty()) {
            let text = document.to_string().to_lowercase();
            let keys: Vec<TagKey> = KEYS.iter().flat_map(|name| TagKey::all(name, &text)).collect();
            for (carrier, tags) in self.0.iter().filter(|_| !keys.is_empty()) {
                let of_carrier = || keys.iter().filter(|key| keys_of(carrier).contains(&key.name));
                for tag in tags.iter().filter(|tag| of_carrier().any(|key| key.is_of(tag))) {
                    let reason =
                        format!("the tag {tag} of {carrier} changes, and {policy} asks for it");
                    doubts.extend(doubted(&[Side::Gained, Side::Lost], carrier, policy, &reason));
                }
            }
        }
        doubts.into_iter().collect()
    }
}

/// The names of condition keys and variables for tags, in lower case.
const KEYS: [&str; 2] = ["principaltag", "resourcetag"];

/// A condition key or a variable for a tag, in a document.
struct TagKey<'t> {
    name: &'static str,
    /// The text from the tag on.
    rest: &'t str,
}

impl<'t> TagKey<'t> {
    fn all(name: &'static str, text: &'t str) -> impl Iterator<Item = Self> {
        let slash = format!("{name}/");
        let places: Vec<usize> =
            text.match_indices(&slash).map(|(at, found)| at + found.len()).collect();
        places.into_iter().map(move |at| Self { name, rest: &text[at..] })
    }

    /// Returns true if the key is for this tag, and not for a longer one that begins with it.
    fn is_of(&self, tag: &str) -> bool {
        self.rest.strip_prefix(tag).is_some_and(|rest| rest.starts_with(['"', '}', ',', ' ']))
    }
}
