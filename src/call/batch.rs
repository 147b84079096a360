//! Which reads answer which facets: pure functions from what is wanted and what is known.
//!
//! The resolver asks [`next_reads`] what to send, sends it, adds the answers to the [`Snapshot`], and asks again
//! until nothing is left; the kinds then look their facts up in the snapshot. Where several calls can answer the same
//! facets, [`choice`] takes the cheapest; [`explain`] says which and why.

mod bucket;
mod choice;
mod deletion;
mod explain;
mod iam;
mod rounds;
mod swept;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::S3Reply;
use super::iam::{AccessKey, LastUsed, PolicyDetail, Role, User};
use super::{
    BucketRef, Failure, FailureKind, FileRead, FileReply, IamRead, IamReply, LocalFile, Observed, Read, Reply,
};
use swept::Swept;

pub use deletion::{Belongings, Uses};
pub use explain::{Asked, Explanation, Line, explain};
pub use iam::{Policies, RoleSettings};
pub use rounds::{Scope, Wanted, next_reads};

/// Something that a kind wants to know about the world.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Facet {
    /// The user, with its tags and boundary.
    User {
        user: String,
    },
    /// What is attached to the user, and its inline policies.
    UserPolicies {
        user: String,
    },
    AccessKeys {
        user: String,
    },
    /// When a user's key was last used.
    LastUsed {
        user: String,
        id: String,
    },
    /// What time it is.
    Clock,
    /// The role, with its trust policy, tags and boundary.
    Role {
        role: String,
    },
    /// The role's description and session length.
    RoleSettings {
        role: String,
    },
    /// What is attached to the role, and its inline policies.
    RolePolicies {
        role: String,
    },
    /// What else hangs on a user: keys, passwords, devices, groups. AWS deletes no user that has any of it.
    Belongings {
        user: String,
    },
    /// The instance profiles that a role is in.
    InstanceProfiles {
        role: String,
    },
    /// What uses a policy.
    Uses {
        arn: String,
    },
    /// The policy, its tags, description, versions and default document.
    Policy {
        arn: String,
    },
    Bucket {
        bucket: BucketRef,
        aspect: BucketAspect,
    },
    Credentials {
        profile: String,
    },
    Profile {
        profile: String,
    },
    KeyCsv {
        file: LocalFile,
    },
    KeyAge {
        file: LocalFile,
    },
    Stage {
        file: LocalFile,
        stage: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BucketAspect {
    Existence,
    Tags,
    Versioning,
    Encryption,
    PublicAccessBlock,
    Ownership,
    Policy,
    Lifecycle,
    Emptiness,
}

/// The code of a fact that nobody asked for.
pub const NOT_READ: &str = "NotRead";

/// Everything that was asked, and what came back.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Of the answers that are kept elsewhere, only that they came.
    known: BTreeMap<Read, Result<Reply, Failure>>,
    swept: Swept,
    /// By name, from ListRoles.
    roles: BTreeMap<String, Role>,
    /// The account's buckets and their regions, from ListBuckets.
    buckets: BTreeMap<String, String>,
}

/// Why a fact can't be told.
#[derive(Debug)]
enum Gap {
    Absent,
    Unknown(Failure),
    /// These answers are missing; with them it can be told, or the next question is known.
    Missing(BTreeSet<Read>),
}

/// How one facet is to be asked for.
#[derive(Clone, Copy, Debug, Default)]
struct Ask<'a> {
    /// What comes before the calls on single objects: it may answer what they would.
    first: Option<&'a Read>,
    /// The object is there, as far as the state knows: what follows from that is asked at once.
    expected: bool,
}

impl Ask<'_> {
    /// For looking up what was read.
    const NOTHING: Ask<'static> = Ask { first: None, expected: false };

    /// These calls, or what comes before them.
    fn missing(self, each: impl IntoIterator<Item = Read>) -> Gap {
        match self.first {
            Some(first) => Gap::Missing(BTreeSet::from([first.clone()])),
            None => Gap::Missing(each.into_iter().collect()),
        }
    }
}

/// One function finds a fact and tells what it still lacks: so [`next_reads`] and the lookups can't disagree.
type Found<T> = Result<T, Gap>;

impl Snapshot {
    pub fn add(&mut self, read: Read, answer: Result<Reply, Failure>) {
        let kept = match answer {
            Ok(Reply::Iam(IamReply::AuthorizationDetails(details))) => {
                if let Read::Iam(IamRead::GetAccountAuthorizationDetails { filter, .. }) = &read {
                    self.swept.add(filter, details);
                }
                Ok(Reply::Done)
            }
            Ok(Reply::Iam(IamReply::Roles(roles))) => {
                self.roles.extend(roles.into_iter().map(|role| (role.name.clone(), role)));
                Ok(Reply::Done)
            }
            Ok(Reply::S3(S3Reply::Buckets(buckets))) => {
                self.buckets.extend(buckets.into_iter().map(|bucket| (bucket.name, bucket.region)));
                Ok(Reply::Done)
            }
            answer => {
                if let (Read::Iam(IamRead::GetAccountAuthorizationDetails { .. }), Err(failure)) = (&read, &answer) {
                    self.swept.fails(failure.clone());
                }
                answer
            }
        };
        self.known.insert(read, kept);
    }

    /// Itself, without what hangs on it.
    pub fn user(&self, user: &str) -> Observed<User> {
        observed(self.find_user(user, Ask::NOTHING).cloned())
    }

    pub fn user_policies(&self, user: &str) -> Observed<Policies> {
        observed(self.find_user_policies(user, Ask::NOTHING).map(std::borrow::Cow::into_owned))
    }

    /// Itself, without description and session length, and without what hangs on it.
    pub fn role(&self, role: &str) -> Observed<Role> {
        observed(self.find_role(role, Ask::NOTHING).cloned())
    }

    pub fn role_settings(&self, role: &str) -> Observed<RoleSettings> {
        observed(self.find_role_settings(role, Ask::NOTHING))
    }

    pub fn role_policies(&self, role: &str) -> Observed<Policies> {
        observed(self.find_role_policies(role, Ask::NOTHING).map(std::borrow::Cow::into_owned))
    }

    /// Whole: with tags, description, all versions (the oldest first), and the default version's document. A sweep
    /// finds it by name, which is unique in the account whatever the path.
    pub fn policy(&self, arn: &str) -> Observed<PolicyDetail> {
        observed(self.find_policy(arn, Ask::NOTHING).map(|parts| parts.whole()))
    }

    /// The groups that a user is in, in order, where a sweep tells them.
    pub fn swept_groups(&self, user: &str) -> Option<Vec<String>> {
        self.swept.groups_of(user)
    }

    /// Who has a policy attached or for a boundary, where a sweep tells it.
    pub fn swept_uses(&self, arn: &str) -> Option<Uses> {
        self.swept.uses(arn)
    }

    pub fn swept_users(&self) -> impl Iterator<Item = (&User, &Policies)> {
        self.swept.users()
    }

    pub fn swept_roles(&self) -> impl Iterator<Item = (&Role, &Policies)> {
        self.swept.roles()
    }

    pub fn swept_policies(&self) -> impl Iterator<Item = &PolicyDetail> {
        self.swept.policies()
    }

    /// What to ask next to see all of the account; none once that was seen, or can't be.
    pub fn whole_sweep(&self) -> Option<Read> {
        choice::whole_sweep(&self.swept).map(Read::Iam)
    }

    /// Why the sweep of the account was of no use, if it failed.
    pub fn sweep_failure(&self) -> Option<&Failure> {
        self.swept.failure()
    }

    /// What hangs on a user besides its policies.
    pub fn belongings(&self, user: &str) -> Observed<Belongings> {
        observed(self.find_belongings(user, Ask::NOTHING))
    }

    pub fn instance_profiles(&self, role: &str) -> Observed<Vec<String>> {
        observed(self.find_instance_profiles(role))
    }

    pub fn uses(&self, arn: &str) -> Observed<Uses> {
        observed(self.find_uses(arn, Ask::NOTHING))
    }

    pub fn access_keys(&self, user: &str) -> Observed<Vec<AccessKey>> {
        observed(self.find_access_keys(user, Ask::NOTHING))
    }

    /// `Absent` for a key that is gone; `None` for one that was never used.
    pub fn last_used(&self, user: &str, id: &str) -> Observed<Option<LastUsed>> {
        observed(self.find_last_used(user, id))
    }

    /// When this was read.
    pub fn clock(&self) -> Observed<Timestamp> {
        observed(self.find_clock())
    }

    /// One aspect of a bucket; `Absent` where S3 says that it is not set (or there is no bucket).
    pub fn bucket(&self, bucket: &BucketRef, aspect: BucketAspect) -> Observed<S3Reply> {
        observed(self.find_bucket(bucket, aspect, Ask::NOTHING))
    }

    pub fn file(&self, read: &FileRead) -> Observed<FileReply> {
        observed(self.find_file(read.clone()))
    }

    fn answer(&self, read: Read) -> Found<&Reply> {
        match self.known.get(&read) {
            Some(Ok(reply)) => Ok(reply),
            Some(Err(failure)) if failure.kind == FailureKind::NotFound => Err(Gap::Absent),
            Some(Err(failure)) => Err(Gap::Unknown(failure.clone())),
            None => Err(Gap::Missing(BTreeSet::from([read]))),
        }
    }

    fn find_clock(&self) -> Found<Timestamp> {
        match self.answer(Read::Clock)? {
            Reply::Moment(moment) => Ok(*moment),
            _ => Err(unexpected(Read::Clock.action())),
        }
    }

    fn find_file(&self, read: FileRead) -> Found<FileReply> {
        let call = read.action();
        match self.answer(Read::File(read))? {
            Reply::File(reply) => Ok(reply.clone()),
            _ => Err(unexpected(call)),
        }
    }
}

fn observed<T>(found: Found<T>) -> Observed<T> {
    match found {
        Ok(fact) => Observed::Present(fact),
        Err(Gap::Absent) => Observed::Absent,
        Err(Gap::Unknown(failure)) => Observed::Unknown(failure),
        Err(Gap::Missing(reads)) => {
            let call = reads.first().map_or("relayctl", Read::action);
            Observed::Unknown(Failure::new(FailureKind::Other, call, NOT_READ, "this was not asked for"))
        }
    }
}

/// Both facts. What decides one of them decides the pair, the first before the second: the rest need not be asked.
fn both<A, B>(one: Found<A>, other: Found<B>) -> Found<(A, B)> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (Err(Gap::Missing(mut reads)), Err(Gap::Missing(more))) => {
            reads.extend(more);
            Err(Gap::Missing(reads))
        }
        (Err(decided @ (Gap::Absent | Gap::Unknown(_))), _) | (_, Err(decided @ (Gap::Absent | Gap::Unknown(_)))) => {
            Err(decided)
        }
        (Err(missing), Ok(_)) | (Ok(_), Err(missing)) => Err(missing),
    }
}

fn unexpected(call: &str) -> Gap {
    Gap::Unknown(Failure::new(FailureKind::Other, call, "UnexpectedAnswer", "the answer does not fit the question"))
}
