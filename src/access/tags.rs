//! Finds changed tags that conditions test: these may change somebody's access although no policy
//! changes.

use std::collections::BTreeSet;

use serde_json::Map;

use super::access_change::EffectDoubt;
use super::doubts::doubts as doubted;
use super::effective::{EffectivePolicies, PolicyText};
use super::model::AccessModel;
use crate::address::{Address, PrincipalKind};
use crate::diff::{ChangeAction, ResourceChange};
use crate::policy::compare::Side;
use crate::policy::request::Caller;
use crate::policy::statement::{Policy, Statement};
use crate::policy::statement_objects;
use crate::value::Value;

/// The changed tags of one object.
struct TagChanges {
    carrier: Address,
    /// The carrier's ARN; of a new object, the one that it gets.
    arn: String,
    keys: BTreeSet<String>,
    /// True if the plan makes the object, with these tags.
    is_new: bool,
}

/// The changed tags of all objects.
pub(super) struct ChangedTags(Vec<TagChanges>);

impl ChangedTags {
    pub fn of(model: &AccessModel<'_>) -> Self {
        Self(model.changes.iter().filter_map(|(it, change)| changed(model, it, change)).collect())
    }

    /// Returns true if no tag of an existing object changes.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|it| it.is_new)
    }

    /// Returns doubts for the changed tags that the policies of a user or a role test: its own
    /// tags, and those of the resources that the testing statements are about.
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
        // What a new object may do, and what is allowed on it, is compared.
        let existing: Vec<&TagChanges> = self.0.iter().filter(|it| !it.is_new).collect();
        asked(&existing, documents.collect(), |tags, statement| {
            let is_resource = statement.is_none_or(|it| may_be_about(it, &tags.arn));
            (tags.carrier == *holder, is_resource)
        })
    }

    /// Returns doubts for the changed tags that the policy of a role or a bucket tests: the tags of
    /// the requesters that the testing statements name, and its own.
    pub fn asked_by_resource(
        &self,
        resource: &Address,
        documents: [Option<&Value>; 2],
    ) -> Vec<EffectDoubt> {
        let name = resource.to_string();
        // A new document is compared, and tells what everybody gains by it.
        let is_new = documents[0].is_none();
        let changes: Vec<&TagChanges> = self.0.iter().filter(|it| !(is_new && it.is_new)).collect();
        let documents =
            documents.into_iter().flatten().map(|document| (name.as_str(), document)).collect();
        asked(&changes, documents, |tags, statement| {
            let principal = tags.carrier.principal().map(|it| it.kind);
            let is_requester = principal.is_some_and(PrincipalKind::makes_requests)
                && statement.is_none_or(|it| may_name(it, &tags.arn));
            (is_requester, tags.carrier == *resource && !tags.is_new)
        })
    }
}

fn changed(
    model: &AccessModel<'_>,
    address: &Address,
    change: &ResourceChange,
) -> Option<TagChanges> {
    let is_new = change.action == ChangeAction::Create;
    let mut fields = change.fields.iter().map(|diff| &diff.change);
    let field = fields.find(|change| change.field == "tags")?;
    let [before, after] =
        [&field.before, &field.after].map(|it| it.as_deref().and_then(Value::as_object));
    // An object that is removed loses by its policies.
    let after = after?;
    let nothing = Map::new();
    let before = if is_new { &nothing } else { before? };
    let keys = before.keys().chain(after.keys()).filter(|key| before.get(*key) != after.get(*key));
    let keys: BTreeSet<String> = keys.map(|key| key.to_lowercase()).collect();
    let (carrier, arn) = (address.clone(), model.arn(address));
    (!keys.is_empty()).then_some(TagChanges { carrier, arn, keys, is_new })
}

/// Returns the doubts for the tags that statements of the documents test. `roles` tells if the
/// carrier of the tags is the requester, and if it is the resource, of the requests that a
/// statement is about; the statement is `None` if it can't be understood.
fn asked(
    changes: &[&TagChanges],
    documents: Vec<(&str, &Value)>,
    roles: impl Fn(&TagChanges, Option<&Statement>) -> (bool, bool),
) -> Vec<EffectDoubt> {
    let mut doubts = BTreeSet::new();
    for (policy, document) in documents.into_iter().filter(|_| !changes.is_empty()) {
        // Most policies ask for no tag.
        if !asks_for_tags(&document.to_string().to_lowercase()) {
            continue;
        }
        let compiled = Policy::compile(policy, document).ok();
        for (index, elements) in statement_objects(document).unwrap_or_default().iter().enumerate()
        {
            let text = Value::from((*elements).clone()).to_string().to_lowercase();
            let keys = |names: &[&str]| -> Vec<TagKey<'_>> {
                names.iter().flat_map(|name| TagKey::all(name, &text)).collect()
            };
            let (of_requester, of_resource) = (keys(&[PRINCIPAL]), keys(&RESOURCE));
            if of_requester.is_empty() && of_resource.is_empty() {
                continue;
            }
            let statement = compiled.as_ref().and_then(|it| it.statements.get(index));
            for tags in changes {
                let (is_requester, is_resource) = roles(tags, statement);
                let asks = |tag: &&String| {
                    is_requester && of_requester.iter().any(|key| key.is_of(tag))
                        || is_resource && of_resource.iter().any(|key| key.is_of(tag))
                };
                for tag in tags.keys.iter().filter(asks) {
                    doubts.extend(tags.doubts(tag, policy));
                }
            }
        }
    }
    doubts.into_iter().collect()
}

impl TagChanges {
    fn doubts(&self, tag: &str, policy: &str) -> Vec<EffectDoubt> {
        let Self { carrier, is_new, .. } = self;
        let (sides, verb): (&[Side], _) = if *is_new {
            (&[Side::Gained], "is new")
        } else {
            (&[Side::Gained, Side::Lost], "changes")
        };
        let reason = format!("the tag {tag} of {carrier} {verb}, and {policy} asks for it");
        doubted(sides, carrier, policy, &reason)
    }
}

/// Returns true if the statement may name the principal, by itself, its account or as everyone.
fn may_name(statement: &Statement, arn: &str) -> bool {
    statement.principals.as_ref().is_none_or(|it| it.names(&Caller::aws(arn)))
}

/// Returns true unless the statement is about other resources: each of its patterns begins
/// otherwise than the ARN, and than the ARNs below it (a bucket's objects).
fn may_be_about(statement: &Statement, arn: &str) -> bool {
    let may_match = |pattern: &String| {
        let fixed = pattern.split(['*', '?', '$']).next().unwrap_or_default();
        arn.starts_with(fixed) || fixed.strip_prefix(arn).is_some_and(|it| it.starts_with('/'))
    };
    let resources = statement.resources.as_ref().filter(|it| !it.not);
    resources.is_none_or(|it| it.patterns.iter().any(may_match))
}

fn asks_for_tags(text: &str) -> bool {
    RESOURCE.iter().chain([&PRINCIPAL]).any(|name| text.contains(&format!("{name}/")))
}

/// The name in condition keys and variables for tags of the requester, in lower case.
const PRINCIPAL: &str = "principaltag";

/// The names in condition keys and variables for tags of the resource, in lower case. S3 has a key
/// of its own for a bucket's tags (Service Authorization Reference, "Condition keys for Amazon
/// S3").
const RESOURCE: [&str; 2] = ["resourcetag", "buckettag"];

/// A condition key or a variable for a tag, in a document.
struct TagKey<'t> {
    /// The text from the tag on.
    rest: &'t str,
}

impl<'t> TagKey<'t> {
    fn all(name: &str, text: &'t str) -> impl Iterator<Item = Self> {
        let slash = format!("{name}/");
        let places: Vec<usize> =
            text.match_indices(&slash).map(|(at, found)| at + found.len()).collect();
        places.into_iter().map(move |at| Self { rest: &text[at..] })
    }

    /// Returns true if the key is for this tag, and not for a longer one that begins with it.
    fn is_of(&self, tag: &str) -> bool {
        self.rest.strip_prefix(tag).is_some_and(|rest| rest.starts_with(['"', '}', ',', ' ']))
    }
}
