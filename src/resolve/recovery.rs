//! Recovers a lost state by the ownership tags: finds the objects of this manifest, declared or
//! not.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt};
use serde_json::json;

use super::Resolver;
use crate::address::{Address, KindName, Principal, PrincipalKind};
use crate::call::{
    BucketRef, Failure, FailureKind, FileRead, FileReply, IamRead, IamReply, Observed, Read, Reply,
    S3Read, S3Reply,
};
use crate::kind::{self, Attached, OWNER_TAG, Recovery, STATE_TAG, Tagged};
use crate::model::{Desired, Recorded, RecordedObject, Status, of_kind};
use crate::reads::{BucketAspect, Facet, PrincipalPolicies, ReadScope};
use crate::value::{Attributes, Tags, from_tags, tags_of, text_of};

/// The objects of this manifest, and the failures of reads.
#[derive(Debug, Default)]
pub struct RecoveredObjects {
    pub resources: Recorded,
    pub unread: Vec<Failure>,
    /// The tags of the states that they name, one for each object that names one.
    pub state_tags: Vec<String>,
}

impl Resolver<'_> {
    /// Returns the objects that carry the manifest's tag and are not declared, and the objects
    /// attached to them. Declared objects are known by their names.
    pub async fn undeclared(&mut self, desired: &Desired) -> RecoveredObjects {
        let mut sweep = Sweep {
            resolver: self,
            desired,
            found: RecoveredObjects::default(),
            policies: names(desired),
        };
        let failure = sweep.resolver.sweep().await;
        sweep.found.unread.extend(failure);
        for kind in kind::all() {
            match kind.facts().recovery {
                Recovery::ByTag(Tagged::Policies) => sweep.policies().await,
                Recovery::ByTag(Tagged::Principals(of)) => sweep.principals(of).await,
                Recovery::ByTag(Tagged::InstanceProfiles) => sweep.instance_profiles().await,
                Recovery::ByTag(Tagged::OidcProviders) => sweep.oidc_providers().await,
                Recovery::ByTag(Tagged::Buckets) => sweep.buckets().await,
                Recovery::With(_) | Recovery::Never => {}
            }
        }
        sweep.found
    }

    /// Reads the whole account, whatever it costs: only a sweep finds objects that nothing names.
    async fn sweep(&mut self) -> Option<Failure> {
        while let Some(read) = self.known.whole_sweep() {
            let answer = self.provider.read(&read).await;
            self.known.add(read, answer);
        }
        self.known.sweep_failure().cloned()
    }
}

/// Returns the names of the declared policies, by ARN.
fn names(desired: &Desired) -> BTreeMap<String, String> {
    let policies = of_kind(&desired.resources, KindName::Policy);
    policies
        .map(|(address, it)| (text_of(&it.attributes, "arn").to_owned(), address.name().to_owned()))
        .collect()
}

fn identity(name: &str, arn: &str, path: &str, tags: &Tags) -> Attributes {
    let all = [
        ("name", json!(name)),
        ("arn", json!(arn)),
        ("path", json!(path)),
        ("tags", from_tags(tags)),
    ];
    all.into()
}

/// A user, role or group with the manifest's tag.
struct OurPrincipal {
    name: String,
    id: String,
    attributes: Attributes,
    boundary: Option<String>,
    policies: PrincipalPolicies,
}

struct Sweep<'a, 'p> {
    resolver: &'a mut Resolver<'p>,
    desired: &'a Desired,
    found: RecoveredObjects,
    /// The manifest's policies, declared or not: names by ARN.
    policies: BTreeMap<String, String>,
}

impl Sweep<'_, '_> {
    /// Returns the principals with the manifest's tag among all that were swept. A principal that
    /// takes no tags has no owner, as far as tags tell.
    fn ours(&self, kind: PrincipalKind) -> Vec<OurPrincipal> {
        let swept = self.resolver.known.swept_principals(kind);
        let ours = swept.filter_map(|(it, policies)| {
            let tags = it.tags().filter(|tags| self.is_ours(tags))?;
            Some(OurPrincipal {
                name: it.name().to_owned(),
                id: it.id().to_owned(),
                attributes: identity(it.name(), it.arn(), it.path(), tags),
                boundary: it.boundary().map(str::to_owned),
                policies: policies.clone(),
            })
        });
        ours.collect()
    }

    fn is_ours(&self, tags: &Tags) -> bool {
        tags.get(OWNER_TAG).is_some_and(|owner| self.desired.is_called(owner))
    }

    async fn ask(&mut self, read: Read) -> Option<Reply> {
        match self.resolver.provider.read(&read).await {
            Ok(reply) => Some(reply),
            Err(failure) if failure.kind == FailureKind::NotFound => None,
            Err(failure) => {
                self.found.unread.push(failure);
                None
            }
        }
    }

    async fn principals(&mut self, kind: PrincipalKind) {
        for ours in self.ours(kind) {
            let holder = Principal::new(kind, &ours.name);
            self.object(&holder.address(), &ours.id, ours.attributes, ours.boundary.as_deref());
            self.policies_on(&holder, &ours.policies);
            match kind {
                PrincipalKind::User => self.key(&holder).await,
                PrincipalKind::Role | PrincipalKind::Group => {}
            }
        }
    }

    /// Finds the manifest's policies. The sweep of the account has no tags of policies, so the tags
    /// of each are read.
    async fn policies(&mut self) {
        let unknown: Vec<String> = self
            .resolver
            .known
            .swept_policies()
            .map(|policy| policy.policy.arn.clone())
            .filter(|arn| !self.policies.contains_key(arn))
            .collect();
        for reply in self.ask_each(unknown, |arn| IamRead::GetPolicy { arn }).await {
            let IamReply::Policy(policy) = reply else { continue };
            if !self.is_ours(&policy.tags) {
                continue;
            }
            let name = policy.arn.rsplit('/').next().unwrap_or(&policy.arn).to_owned();
            let attributes = identity(&name, &policy.arn, &policy.path, &policy.tags);
            self.object(&Address::new(KindName::Policy, &name), &policy.id, attributes, None);
            self.policies.insert(policy.arn, name);
        }
    }

    /// Finds the manifest's instance profiles, and the role in each. No list has their tags, so
    /// those of each are read.
    async fn instance_profiles(&mut self) {
        let list = Read::Iam(IamRead::ListInstanceProfiles);
        let Some(Reply::Iam(IamReply::Names(names))) = self.ask(list).await else { return };
        let address = |name: &str| Address::new(KindName::InstanceProfile, name);
        let declared = |name: &String| self.desired.resources.contains_key(&address(name));
        let unknown: Vec<String> = names.into_iter().filter(|name| !declared(name)).collect();
        let read = |profile| IamRead::GetInstanceProfile { profile };
        for reply in self.ask_each(unknown, read).await {
            let IamReply::InstanceProfile(found) = reply else { continue };
            if !self.is_ours(&found.tags) {
                continue;
            }
            let attributes = identity(&found.name, &found.arn, &found.path, &found.tags);
            let profile = address(&found.name);
            self.object(&profile, &found.id, attributes, None);
            let Some(role) = found.role else { continue };
            let attributes =
                [("profile", json!(found.name)), (KindName::ROLE.as_str(), json!(role))].into();
            let depends_on = BTreeSet::from([profile, Address::new(KindName::ROLE, &role)]);
            let part = Address::new(KindName::InstanceProfileRole, &found.name);
            self.record(part, found.name, attributes, depends_on);
        }
    }

    /// Finds the manifest's OIDC providers. No list has their tags, so those of each are read.
    async fn oidc_providers(&mut self) {
        let list = Read::Iam(IamRead::ListOpenIDConnectProviders);
        let Some(Reply::Iam(IamReply::Names(arns))) = self.ask(list).await else { return };
        let is_declared = |arn: &String| {
            let mut declared = of_kind(&self.desired.resources, KindName::OidcProvider);
            declared.any(|(_, it)| text_of(&it.attributes, "arn") == arn)
        };
        let unknown: Vec<String> = arns.into_iter().filter(|arn| !is_declared(arn)).collect();
        for reply in self.ask_each(unknown, |arn| IamRead::GetOpenIDConnectProvider { arn }).await {
            let IamReply::OidcProvider(found) = reply else { continue };
            if !self.is_ours(&found.tags) {
                continue;
            }
            let mut attributes = identity(&found.url, &found.arn, "", &found.tags);
            attributes.remove("path");
            let address = Address::new(KindName::OidcProvider, &found.url);
            self.record(address, found.arn, attributes, BTreeSet::new());
        }
    }

    /// Sends a read for each name, several at a time, and returns the answers of those that exist.
    async fn ask_each(
        &mut self,
        names: Vec<String>,
        read: impl Fn(String) -> IamRead,
    ) -> Vec<IamReply> {
        let provider = self.resolver.provider;
        let reads = names.into_iter().map(|name| Read::Iam(read(name)));
        let answers: Vec<_> = stream::iter(reads)
            .map(|read| async move { provider.read(&read).await })
            .buffer_unordered(self.resolver.parallelism)
            .collect()
            .await;
        let mut found = Vec::new();
        for answer in answers {
            match answer {
                Ok(Reply::Iam(reply)) => found.push(reply),
                Err(failure) if failure.kind != FailureKind::NotFound => {
                    self.found.unread.push(failure);
                }
                Ok(_) | Err(_) => {}
            }
        }
        found
    }

    fn object(
        &mut self,
        address: &Address,
        id: &str,
        mut attributes: Attributes,
        boundary: Option<&str>,
    ) {
        let policy = boundary
            .and_then(|arn| self.policies.get(arn))
            .map(|name| Address::new(KindName::Policy, name));
        attributes.extend(boundary.map(|arn| ("permissions_boundary", json!(arn))));
        self.record(address.clone(), id.to_owned(), attributes, policy.into_iter().collect());
    }

    fn record(
        &mut self,
        address: Address,
        id: String,
        attributes: Attributes,
        depends_on: BTreeSet<Address>,
    ) {
        if !self.desired.resources.contains_key(&address) {
            let tags = tags_of(&attributes, "tags");
            self.found.state_tags.extend(tags.get(STATE_TAG).cloned());
            let entry =
                RecordedObject { status: Status::Done, id: Some(id), attributes, depends_on };
            self.found.resources.insert(address, entry);
        }
    }

    /// Records the policies on a principal. On an undeclared principal of the manifest's, all
    /// policies count as the manifest's; on a declared one, only its own policies: nothing tells
    /// who attached one of AWS's policies.
    fn policies_on(&mut self, holder: &Principal, policies: &PrincipalPolicies) {
        let parent = holder.address();
        let declared = self.desired.resources.contains_key(&parent);
        let managed = policies.attached.iter().map(|arn| Attached::Managed(arn.clone()));
        let inline = policies.inline.iter().map(|policy| Attached::Inline(policy.name.clone()));
        for attached in managed.chain(inline) {
            let policy = match &attached {
                Attached::Managed(arn) => self.policies.get(arn).cloned(),
                Attached::Inline(_) | Attached::Group(_) | Attached::Member(_) => None,
            };
            if declared && policy.is_none() {
                continue;
            }
            let address = attached.address(holder, &|_| policy.clone());
            let attributes = attached.attributes(holder);
            let Some(id) = kind::kind_of(address.kind()).physical_id(&attributes) else { continue };
            let mut depends_on = BTreeSet::from([parent.clone()]);
            depends_on.extend(policy.map(|name| Address::new(KindName::Policy, name)));
            self.record(address, id, attributes, depends_on);
        }
    }

    /// Records a user's key. A key has no tags. If one of the user's keys is in the profile of the
    /// user's name, relayctl put it there.
    async fn key(&mut self, user: &Principal) {
        let address = Address::new(KindName::AccessKey, &user.name);
        if self.desired.resources.contains_key(&address) {
            return;
        }
        let name = user.name.clone();
        let Some(Reply::Iam(IamReply::AccessKeys(keys))) =
            self.ask(Read::Iam(IamRead::ListAccessKeys { user: name.clone() })).await
        else {
            return;
        };
        let held = self.ask(Read::File(FileRead::Credentials { profile: name.clone() })).await;
        let Some(Reply::File(FileReply::KeyId(Some(id)))) = held else { return };
        if !keys.iter().any(|key| key.id == id) {
            return;
        }
        let attributes = [("user", json!(name)), ("profile", json!(name))].into();
        self.record(address.clone(), id, attributes, BTreeSet::from([user.address()]));
        self.profile(&name, address).await;
    }

    async fn profile(&mut self, name: &str, key: Address) {
        let read = Read::File(FileRead::Profile { profile: name.to_owned() });
        let Some(Reply::File(FileReply::Settings(settings))) = self.ask(read).await else { return };
        let mut attributes = Attributes::from([("profile", json!(name))]);
        attributes.extend(
            settings.into_iter().filter(|(name, _)| ["region", "output"].contains(&name.as_str())),
        );
        let address = Address::new(KindName::AwsProfile, name);
        let id = kind::kind_of(KindName::AwsProfile).physical_id(&attributes).unwrap_or_default();
        self.record(address, id, attributes, BTreeSet::from([key]));
    }

    async fn buckets(&mut self) {
        let list = Read::S3(S3Read::ListBuckets { region: self.desired.region.clone() });
        let Some(Reply::S3(S3Reply::Buckets(buckets))) = self.ask(list.clone()).await else {
            return;
        };
        self.resolver.known.add(list, Ok(Reply::S3(S3Reply::Buckets(buckets.clone()))));
        let declared = |bucket: &BucketRef| {
            self.desired.resources.contains_key(&Address::new(KindName::Bucket, &bucket.name))
        };
        let unknown: Vec<BucketRef> =
            buckets.into_iter().filter(|bucket| !declared(bucket)).collect();
        let facet = |bucket: &BucketRef| Facet::Bucket {
            bucket: bucket.clone(),
            aspect: BucketAspect::Tags,
        };
        self.resolver.read(unknown.iter().map(facet).collect(), ReadScope::Targeted).await;
        let known = &self.resolver.known;
        let seen = unknown.into_iter().map(|bucket| {
            let tags = known.bucket(&bucket, BucketAspect::Tags);
            let region = match known.bucket(&bucket, BucketAspect::Existence) {
                Observed::Present(S3Reply::Bucket { region }) => region,
                Observed::Present(_) | Observed::Absent | Observed::Unknown(_) => bucket.region,
            };
            (bucket.name, region, tags)
        });
        for (name, region, tags) in seen.collect::<Vec<_>>() {
            match tags {
                Observed::Present(S3Reply::Tags(tags)) if self.is_ours(&tags) => {
                    let arn = format!("arn:{}:s3:::{name}", self.desired.partition);
                    let mut attributes = identity(&name, &arn, "", &tags);
                    attributes.remove("path");
                    attributes.insert("region", json!(region));
                    self.record(
                        Address::new(KindName::Bucket, &name),
                        name,
                        attributes,
                        BTreeSet::new(),
                    );
                }
                Observed::Unknown(failure) => self.found.unread.push(failure),
                Observed::Present(_) | Observed::Absent => {}
            }
        }
    }
}
