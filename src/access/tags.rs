//! Tags that change, and conditions that ask for them: then somebody's access may change although no policy does.

use std::collections::BTreeSet;

use super::EffectDoubt;
use super::unknown::doubts as doubted;
use super::world::{Holdings, Says, World};
use crate::address::Address;
use crate::policy::compare::Side;
use crate::value::Value;

/// The keys of tags that change on what there is, by what carries them.
pub(super) struct Tags(Vec<(Address, BTreeSet<String>)>);

impl Tags {
    pub fn of(world: &World<'_>) -> Self {
        let changed = world.changes.iter().filter_map(|(address, change)| {
            let field = change.fields.iter().map(|diff| &diff.change).find(|change| change.field == "tags")?;
            // What is made or removed gains and loses by its policies.
            let [before, after] = [&field.before, &field.after].map(|it| it.as_ref().and_then(Value::as_object));
            let (before, after) = (before?, after?);
            let keys = before.keys().chain(after.keys()).filter(|key| before.get(*key) != after.get(*key));
            let keys: BTreeSet<String> = keys.map(|key| key.to_lowercase()).collect();
            (!keys.is_empty()).then(|| ((*address).clone(), keys))
        });
        Self(changed.collect())
    }

    /// What the policies of a user or a role ask for: its own tags, and those of what they are about.
    pub fn asked_by_holder(&self, holder: &Address, holdings: [&Holdings; 2]) -> Vec<EffectDoubt> {
        let policies = holdings.into_iter().flat_map(Holdings::all);
        let documents = policies.filter_map(|(name, says)| match says {
            Says::Document(document) => Some((name.as_str(), document)),
            Says::Unread(_) => None,
        });
        self.asked(documents.collect(), |carrier| {
            if carrier == holder { &["principaltag", "resourcetag"] } else { &["resourcetag"] }
        })
    }

    /// What the policy of a role or a bucket asks for: the tags of whoever asks, and its own.
    pub fn asked_by_resource(&self, resource: &Address, documents: [Option<&Value>; 2]) -> Vec<EffectDoubt> {
        let name = resource.to_string();
        let documents = documents.into_iter().flatten().map(|document| (name.as_str(), document)).collect();
        self.asked(documents, |carrier| match carrier.kind() {
            _ if carrier == resource => &["resourcetag", "principaltag"],
            "user" | "role" => &["principaltag"],
            _ => &[],
        })
    }

    fn asked(
        &self,
        documents: Vec<(&str, &Value)>,
        keys_of: impl Fn(&Address) -> &'static [&'static str],
    ) -> Vec<EffectDoubt> {
        let mut doubts = BTreeSet::new();
        for (policy, document) in documents {
            let text = document.to_string().to_lowercase();
            for (carrier, tags) in &self.0 {
                let asked = |tag: &&String| keys_of(carrier).iter().any(|key| names(&text, &format!("{key}/{tag}")));
                for tag in tags.iter().filter(asked) {
                    let reason = format!("the tag {tag} of {carrier} changes, and {policy} asks for it");
                    doubts.extend(doubted(&[Side::Gained, Side::Lost], carrier, policy, &reason));
                }
            }
        }
        doubts.into_iter().collect()
    }
}

/// Whether a condition key or a variable is this one, and not only begins so.
fn names(text: &str, key: &str) -> bool {
    text.match_indices(key).any(|(at, _)| text[at + key.len()..].starts_with(['"', '}', ',', ' ']))
}
