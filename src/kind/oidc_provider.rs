//! An OIDC provider: an issuer whose tokens roles may trust.

use std::collections::BTreeSet;

use serde_json::json;

use super::field::{empty_list, empty_map};
use super::tags::{TagChange, owner, state_tag};
use super::{
    AccessRole, DeletionBlocker, Field, FieldForm, Kind, KindFacts, LiveObject, Output,
    OutputValue, Ownership, Recovery, Tagged, Uniqueness, judge,
};
use crate::address::KindName;
use crate::call::{IamWrite, Observed, Write, iam};
use crate::reads::{Facet, Snapshot};
use crate::value::{self, Attributes, Value};

pub(super) struct OidcProviderKind;

/// AWS's limit on the client ids of a provider.
const CLIENT_IDS: usize = 100;

const FIELDS: &[Field] = &[
    Field::identity("name"),
    Field::identity("arn"),
    Field::in_place("client_ids", FieldForm::Plain, empty_list).judged(judge::audiences),
    // IAM takes no empty list back, and fetches the thumbprint itself where none is given.
    Field::in_place("thumbprints", FieldForm::Plain, empty_list)
        .judged(judge::thumbprints)
        .staying(),
    Field::in_place("tags", FieldForm::Keyed, empty_map).searched(),
];

impl Kind for OidcProviderKind {
    fn name(&self) -> KindName {
        KindName::OidcProvider
    }

    fn facts(&self) -> KindFacts {
        KindFacts {
            ownership: Ownership::Tag,
            parent: None,
            access: AccessRole::None,
            document: None,
            uniqueness: Uniqueness::Exact,
            outputs: &[Output { section: "oidc_providers", field: "arn", value: OutputValue::Arn }],
            recovery: Recovery::ByTag(Tagged::OidcProviders),
        }
    }

    fn fields(&self) -> &'static [Field] {
        FIELDS
    }

    fn facets(&self, wanted: &Attributes) -> Vec<Facet> {
        vec![Facet::OidcProvider { arn: value::text_of(wanted, "arn").to_owned() }]
    }

    fn seen(&self, wanted: &Attributes, snapshot: &Snapshot) -> Observed<LiveObject> {
        snapshot.oidc_provider(value::text_of(wanted, "arn")).map(seen)
    }

    /// Returns the ARN: IAM gives providers no id.
    fn physical_id(&self, wanted: &Attributes) -> Option<String> {
        Some(value::text_of(wanted, "arn").to_owned())
    }

    fn create(&self, wanted: &Attributes) -> Vec<Write> {
        vec![Write::Iam(IamWrite::CreateOpenIDConnectProvider {
            provider: value::text_of(wanted, "name").to_owned(),
            client_ids: texts(wanted, "client_ids").into_iter().collect(),
            thumbprints: texts(wanted, "thumbprints").into_iter().collect(),
            tags: value::tags_of(wanted, "tags"),
        })]
    }

    fn any_blockers(&self, _wanted: &Attributes) -> Vec<DeletionBlocker> {
        Vec::new()
    }

    fn update(&self, seen: &LiveObject, wanted: &Attributes, changed: &[&str]) -> Vec<Write> {
        let arn = || value::text_of(&seen.attributes, "arn").to_owned();
        let mut writes = Vec::new();
        if changed.contains(&"client_ids") {
            writes.extend(client_ids(&arn(), &seen.attributes, wanted));
        }
        if changed.contains(&"thumbprints") {
            let thumbprints = texts(wanted, "thumbprints").into_iter().collect();
            writes
                .push(IamWrite::UpdateOpenIDConnectProviderThumbprint { arn: arn(), thumbprints });
        }
        if changed.contains(&"tags") {
            writes.extend(TagChange::between(seen, wanted).into_writes(
                |keys| IamWrite::UntagOpenIDConnectProvider { arn: arn(), keys },
                |tags| IamWrite::TagOpenIDConnectProvider { arn: arn(), tags },
            ));
        }
        writes.into_iter().map(Write::Iam).collect()
    }

    fn delete(&self, seen: &LiveObject, _recorded: &Attributes) -> Vec<Write> {
        let arn = value::text_of(&seen.attributes, "arn").to_owned();
        vec![Write::Iam(IamWrite::DeleteOpenIDConnectProvider { arn })]
    }
}

/// Returns the calls that change the client ids. New ones come first, unless IAM has no room for
/// both.
fn client_ids(arn: &str, before: &Attributes, after: &Attributes) -> Vec<IamWrite> {
    let [before, after] = [before, after].map(|it| texts(it, "client_ids"));
    let arn = || arn.to_owned();
    let added = after.difference(&before).map(|id| {
        let client_id = id.clone();
        IamWrite::AddClientIDToOpenIDConnectProvider { arn: arn(), client_id }
    });
    let removed = before.difference(&after).map(|id| {
        let client_id = id.clone();
        IamWrite::RemoveClientIDFromOpenIDConnectProvider { arn: arn(), client_id }
    });
    if before.union(&after).count() > CLIENT_IDS {
        removed.chain(added).collect()
    } else {
        added.chain(removed).collect()
    }
}

fn texts(attributes: &Attributes, field: &str) -> BTreeSet<String> {
    let list = attributes.get(field).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn seen(provider: iam::OidcProvider) -> LiveObject {
    let sorted = |list: Vec<String>| json!(list.into_iter().collect::<BTreeSet<_>>());
    let attributes = [
        ("name", json!(provider.url)),
        ("arn", json!(provider.arn)),
        ("client_ids", sorted(provider.client_ids)),
        ("thumbprints", sorted(provider.thumbprints)),
        ("tags", value::from_tags(&provider.tags)),
    ];
    LiveObject {
        id: provider.arn,
        owner: owner(&provider.tags),
        state_tag: state_tag(&provider.tags),
        attributes: attributes.into(),
        ..LiveObject::default()
    }
}
