//! Lists the calls that a job can send in any state of the account.

use std::collections::BTreeSet;

use serde_json::json;

use super::Job;
use crate::address::{Address, KindName, Principal, PrincipalKind};
use crate::call::iam::{
    AccountSummary, AuthorizationDetails, Entities, Group, InstanceProfile, ManagedPolicy,
    OidcProvider, PolicyUsage, PolicyVersion, Role, User,
};
use crate::call::{Failure, FailureKind, IamRead, IamReply, Read, Reply, S3Read, S3Reply, Write};
use crate::kind::{
    self, AccessRole, Attached, FieldForm, Kind, LiveObject, OnChange, temporary_copy,
};
use crate::model::{Desired, Resource, of_kind};
use crate::reads::{Facet, ReadScope, Snapshot, WantedFacts, next_reads};
use crate::value::{Attributes, Tags, optional_text, text_of};

/// Returns the reads of the declared objects, and of other objects that matter for changes of
/// access. The resolver prefers `GetAccountAuthorizationDetails`, which shows the whole account and
/// can't be restricted to less. If it is denied, the resolver reads each object, which is what this
/// allows.
pub(super) fn reads(desired: &Desired, job: Job) -> BTreeSet<Read> {
    let mut wanted: WantedFacts = kinds(desired)
        .flat_map(|(kind, _, resource)| {
            let attributes = &resource.attributes;
            kind.facets(attributes).into_iter().chain(kind.deletion_facets(attributes))
        })
        .chain(moved_facets(desired))
        .chain(copied_facets(desired))
        .chain(foreign(desired).map(|arn| Facet::Policy { arn }))
        .chain(renewals(desired, job))
        .collect();
    let mut snapshot = Snapshot::default();
    let mut asked: BTreeSet<Read> = match job {
        Job::Plan | Job::Apply => bystanders(desired).map(Read::Iam).collect(),
        Job::Destroy => BTreeSet::new(),
    };
    loop {
        let round = next_reads(&mut wanted, &snapshot, ReadScope::Targeted);
        if round.is_empty() {
            return asked;
        }
        for read in round {
            snapshot.add(read.clone(), answer(&read));
            asked.insert(read);
        }
    }
}

/// Returns the facets of objects under their old names.
fn moved_facets(desired: &Desired) -> Vec<Facet> {
    let entries = desired.moved.iter().filter_map(|(from, moved)| {
        let resource = desired.resources.get(&moved.to)?;
        Some((kind::kind_of(from.kind()), under_name(&resource.attributes, from)))
    });
    let facets = entries.flat_map(|(kind, old)| {
        kind.facets(&old).into_iter().chain(kind.deletion_facets(&old)).collect::<Vec<_>>()
    });
    facets.collect()
}

/// Returns the policies that the manifest attaches, or uses as boundaries, and doesn't declare.
fn foreign(desired: &Desired) -> impl Iterator<Item = String> {
    let policies = of_kind(&desired.resources, KindName::Policy);
    let declared: BTreeSet<String> =
        policies.map(|(_, it)| text_of(&it.attributes, "arn").to_owned()).collect();
    let all = desired.resources.values().map(|resource| &resource.attributes);
    let named = all.flat_map(|it| {
        ["policy_arn", "permissions_boundary"].map(|field| optional_text(it, field))
    });
    let foreign: BTreeSet<String> = named.flatten().filter(|arn| !declared.contains(arn)).collect();
    foreign.into_iter()
}

/// Returns the facets that a renewal reads. A job that removes everything renews nothing.
fn renewals(desired: &Desired, job: Job) -> Vec<Facet> {
    match job {
        Job::Plan | Job::Apply => {
            kinds(desired).flat_map(|(kind, _, it)| kind.renewal_facets(&it.attributes)).collect()
        }
        Job::Destroy => Vec::new(),
    }
}

/// Returns the reads of other principals that have the policies, and of the groups that the users
/// are in.
fn bystanders(desired: &Desired) -> impl Iterator<Item = IamRead> {
    kinds(desired).filter_map(|(kind, address, resource)| {
        let name = || address.name().to_owned();
        match kind.facts().access {
            AccessRole::Policy => {
                let arn = text_of(&resource.attributes, "arn").to_owned();
                Some(IamRead::ListEntitiesForPolicy { arn, usage: PolicyUsage::Any })
            }
            AccessRole::Principal(PrincipalKind::User) => {
                Some(IamRead::ListGroupsForUser { user: name() })
            }
            AccessRole::Principal(PrincipalKind::Role | PrincipalKind::Group)
            | AccessRole::PolicyAttachment(_)
            | AccessRole::InlinePolicy(_)
            | AccessRole::Membership
            | AccessRole::Credential
            | AccessRole::Resource
            | AccessRole::None => None,
        }
    })
}

/// Answers a read as if everything existed, so that every further read that an answer can lead to
/// is sent.
fn answer(read: &Read) -> Result<Reply, Failure> {
    match read {
        Read::Iam(read) => Ok(Reply::Iam(iam(read))),
        Read::S3(S3Read::GetBucketTagging(_)) => Ok(Reply::S3(S3Reply::Tags(Tags::new()))),
        // No further read depends on these.
        Read::CallerIdentity | Read::Clock | Read::S3(_) | Read::File(_) => {
            Err(Failure::new(FailureKind::NotFound, read.action(), "NotFound", "nothing was asked"))
        }
    }
}

fn iam(read: &IamRead) -> IamReply {
    let version =
        PolicyVersion { id: "v1".to_owned(), is_default: true, document: Some(json!({}).into()) };
    match read {
        IamRead::GetAccountAuthorizationDetails { .. } => {
            IamReply::AuthorizationDetails(AuthorizationDetails::default())
        }
        IamRead::GetAccountSummary => IamReply::AccountSummary(AccountSummary::new()),
        IamRead::ListRoles => IamReply::Roles(Vec::new()),
        IamRead::GetUser { user } => IamReply::User(User { name: user.clone(), ..User::default() }),
        IamRead::GetRole { role } => IamReply::Role(Role { name: role.clone(), ..Role::default() }),
        IamRead::GetGroup { group } => IamReply::Members {
            group: Group { name: group.clone(), ..Group::default() },
            users: Vec::new(),
        },
        IamRead::ListAttachedUserPolicies { .. }
        | IamRead::ListAttachedRolePolicies { .. }
        | IamRead::ListAttachedGroupPolicies { .. } => IamReply::Attached(Vec::new()),
        // The inline policies of other owners are read, too.
        IamRead::ListUserPolicies { .. }
        | IamRead::ListRolePolicies { .. }
        | IamRead::ListGroupPolicies { .. } => IamReply::Names(vec!["any".to_owned()]),
        IamRead::GetUserPolicy { .. }
        | IamRead::GetRolePolicy { .. }
        | IamRead::GetGroupPolicy { .. } => IamReply::Document(json!({}).into()),
        IamRead::ListAccessKeys { .. } => IamReply::AccessKeys(Vec::new()),
        IamRead::GetAccessKeyLastUsed { .. } => IamReply::LastUsed(None),
        IamRead::GetInstanceProfile { profile } => IamReply::InstanceProfile(InstanceProfile {
            name: profile.clone(),
            ..InstanceProfile::default()
        }),
        IamRead::GetOpenIDConnectProvider { arn } => {
            IamReply::OidcProvider(OidcProvider { arn: arn.clone(), ..OidcProvider::default() })
        }
        IamRead::GetPolicy { arn } => IamReply::Policy(ManagedPolicy {
            arn: arn.clone(),
            default_version: version.id,
            ..ManagedPolicy::default()
        }),
        IamRead::GetPolicyVersion { .. } => IamReply::PolicyVersion(version),
        IamRead::ListPolicyVersions { .. } => IamReply::PolicyVersions(vec![version]),
        IamRead::GetLoginProfile { .. } => IamReply::LoginProfile,
        IamRead::ListGroupsForUser { .. }
        | IamRead::ListMFADevices { .. }
        | IamRead::ListSSHPublicKeys { .. }
        | IamRead::ListSigningCertificates { .. }
        | IamRead::ListServiceSpecificCredentials { .. }
        | IamRead::ListInstanceProfiles
        | IamRead::ListOpenIDConnectProviders
        | IamRead::ListInstanceProfilesForRole { .. } => IamReply::Names(Vec::new()),
        IamRead::ListEntitiesForPolicy { .. } => IamReply::Entities(Entities::default()),
    }
}

/// Returns all writes that can be needed to make or remove the declared objects, in any state of
/// the account.
pub(super) fn writes(desired: &Desired, job: Job) -> Vec<Write> {
    let mut writes = Vec::new();
    if job == Job::Plan {
        return writes;
    }
    for (kind, _, resource) in kinds(desired) {
        let wanted = &resource.attributes;
        let seen = unlike(wanted);
        writes.extend(kind.delete(&seen, wanted));
        if job == Job::Apply {
            writes.extend(kind.create(wanted));
            let changed = changeable(kind, wanted);
            writes
                .extend(changed.into_iter().flat_map(|field| kind.update(&seen, wanted, &[field])));
            if kind.is_renewed(wanted) {
                writes.extend(kind.renew(&seen, wanted));
            }
        }
    }
    writes.extend(copied(desired, job));
    if job == Job::Apply {
        writes.extend(moved(desired));
        let exclusive = desired.resources.iter().filter(|(_, resource)| resource.exclusive);
        let holders = exclusive.filter_map(|(address, _)| address.principal());
        writes.extend(holders.flat_map(|holder| cleared(&holder)));
    }
    writes
}

/// Returns the writes for objects that had another name: they are renamed in place, or the old ones
/// are removed.
fn moved(desired: &Desired) -> Vec<Write> {
    let entries = desired.moved.iter().filter_map(|(from, moved)| {
        let resource = desired.resources.get(&moved.to)?;
        Some((kind::kind_of(from.kind()), from, &resource.attributes))
    });
    let writes = entries.flat_map(|(kind, from, wanted)| {
        let old = LiveObject { attributes: under_name(wanted, from), ..unlike(wanted) };
        if kind.is_renamed_in_place() {
            kind.update(&old, wanted, &["name", "path"])
        } else {
            kind.delete(&old, wanted)
        }
    });
    writes.collect()
}

/// Returns the temporary copies of the policies that are attached, with their attachments. A policy
/// that is replaced has one meanwhile.
fn temporary_objects(desired: &Desired) -> Vec<(&'static dyn Kind, Attributes)> {
    let is_attachment = |it: &Address| {
        let role = kind::kind_of(it.kind()).facts().access;
        matches!(role, AccessRole::PolicyAttachment(_))
    };
    let mut copies = Vec::new();
    for (address, policy) in of_kind(&desired.resources, KindName::Policy) {
        let copy = temporary_copy(&policy.attributes, json!({"relayctl:manifest": ""}));
        let attached = Attached::Managed(text_of(&copy, "arn").to_owned());
        let holders = desired.resources.iter().filter(|(_, it)| it.depends_on.contains(address));
        let holders: Vec<Principal> = holders
            .filter(|(it, _)| is_attachment(it))
            .filter_map(|(_, it)| it.depends_on.iter().find_map(Address::principal))
            .collect();
        if !holders.is_empty() {
            copies.push((kind::kind_of(KindName::Policy), copy));
        }
        copies.extend(holders.iter().map(|holder| {
            (kind::kind_of(attached.kind(holder.kind)), attached.attributes(holder))
        }));
    }
    copies
}

/// Returns the facets of temporary copies. An interrupted run may have left one.
fn copied_facets(desired: &Desired) -> Vec<Facet> {
    let objects = temporary_objects(desired).into_iter();
    objects
        .flat_map(|(kind, it)| kind.facets(&it).into_iter().chain(kind.deletion_facets(&it)))
        .collect()
}

/// Returns the writes for temporary copies. Every job removes one that was left.
fn copied(desired: &Desired, job: Job) -> Vec<Write> {
    let mut writes = Vec::new();
    for (kind, object) in temporary_objects(desired) {
        let seen = LiveObject { attributes: object.clone(), ..LiveObject::default() };
        writes.extend(kind.delete(&seen, &object));
        if job == Job::Apply {
            writes.extend(kind.create(&object));
        }
    }
    writes
}

/// Returns the attributes of an object as it was under its old name.
fn under_name(wanted: &Attributes, old: &Address) -> Attributes {
    let mut attributes = wanted.clone();
    let (name, arn) = (text_of(wanted, "name"), text_of(wanted, "arn"));
    let arn = arn.strip_suffix(name).map(|start| format!("{start}{}", old.name()));
    attributes.insert("name", old.name().into());
    attributes.extend(arn.map(|arn| ("arn", arn.into())));
    attributes
}

/// Returns all writes that `--allow-delete-foreign` can need, to remove objects that others
/// attached to declared objects.
pub(super) fn clearings(desired: &Desired) -> Vec<Write> {
    kinds(desired)
        .flat_map(|(kind, address, resource)| clearing(kind, address, &resource.attributes))
        .collect()
}

fn clearing(kind: &dyn Kind, address: &Address, attributes: &Attributes) -> Vec<Write> {
    let seen = LiveObject { attributes: attributes.clone(), ..LiveObject::default() };
    let blockers = kind.any_blockers(attributes);
    let policies = address.principal().iter().flat_map(cleared).collect::<Vec<_>>();
    blockers.iter().flat_map(|it| it.removal(&seen)).chain(policies).collect()
}

fn kinds(desired: &Desired) -> impl Iterator<Item = (&'static dyn Kind, &Address, &Resource)> {
    desired
        .resources
        .iter()
        .map(|(address, resource)| (kind::kind_of(address.kind()), address, resource))
}

/// Returns the declared fields that are changed in place. A user's path is changed in place, too,
/// but it is a part of the ARN, and the manifest doesn't know the ARN that the user has until then.
fn changeable(kind: &dyn Kind, wanted: &Attributes) -> Vec<&'static str> {
    let fields = kind
        .fields()
        .iter()
        .filter(|field| wanted.contains_key(field.name) && field.name != "path");
    fields
        .filter(|field| {
            field.form != FieldForm::Identity && matches!(field.change, OnChange::InPlace)
        })
        .map(|field| field.name)
        .collect()
}

/// Returns a live object that needs the most work: with another tag and client id, which are
/// removed, without the wanted ones, which are added; with as many versions as IAM keeps; and a
/// bucket with objects in it.
fn unlike(wanted: &Attributes) -> LiveObject {
    let mut attributes = wanted.clone();
    attributes.insert("tags", json!({"another": ""}));
    if attributes.contains_key("client_ids") {
        attributes.insert("client_ids", json!(["another"]));
    }
    let internals = [
        ("versions", json!(["v5", "v4", "v3", "v2", "v1"])),
        ("default_version", json!("v5")),
        ("empty", json!(false)),
    ];
    LiveObject { attributes, internals: internals.into(), ..LiveObject::default() }
}

/// Returns the removals by `exclusive: true`, of any other policies on a principal.
fn cleared(holder: &Principal) -> Vec<Write> {
    let any = [Attached::Managed("*".to_owned()), Attached::Inline("any".to_owned())];
    any.iter().map(|attached| attached.removal(holder)).collect()
}
