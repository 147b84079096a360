//! An AWS account that is simulated in process, and kept in one file.
//!
//! It follows AWS's documentation for the calls of [`crate::call`], refusals and their wording
//! included. It is as inconvenient as AWS is: lists come back in another order at each read.

mod account;
mod bucket_policy;
mod buckets;
mod dependents;
mod document_principals;
mod documents;
mod groups;
mod guard;
mod iam;
mod identity;
mod instance_profiles;
mod keys;
mod lifecycle;
mod limits;
mod lookup;
mod managed;
mod names;
mod objects;
mod oidc_providers;
mod order;
mod policies;
mod principal_rules;
mod records;
mod refusal;
mod remote;
mod roles;
mod s3;
mod store;
mod sweep;
mod tags;
mod unmanaged;
mod users;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use serde::Serialize;

use crate::call::{Failure, FailureKind, ObjectPaths, Permission, Read, Reply, StepOutput, Write};
use crate::port::Provider;
use crate::value::Value;

use account::Account;
pub use guard::CallerPolicies;
use order::ListOrder;
use refusal::{Refusal, SandboxResult};
pub use remote::{Distance, Remote, Throttle};
use store::AccountFileStamp;
pub use unmanaged::UnmanagedObject;

/// A simulated account.
pub struct Sandbox {
    /// The file of the account; `None` keeps it only in memory.
    file: Option<PathBuf>,
    /// The caller; `None` may do everything.
    acting: Option<CallerPolicies>,
    inner: Mutex<SandboxState>,
}

struct SandboxState {
    account: Account,
    /// The stamp of the file that `account` was read from or written to.
    stamp: Option<AccountFileStamp>,
    /// The number of times that each read was asked, so that no two answers in a row have the same
    /// order. It is not kept in the file.
    asked: BTreeMap<Read, usize>,
}

impl Sandbox {
    /// Opens or makes the account in `file`. `account` and `region` are the manifest's. A new
    /// account is written with its first change: a read leaves nothing behind.
    pub fn open(file: &Path, account: &str, region: &str) -> Result<Self, Failure> {
        let fresh = Account::new(account, region);
        let (account, stamp) = opened(file, fresh)?;
        Ok(Self {
            file: Some(file.to_owned()),
            acting: None,
            inner: Mutex::new(SandboxState { account, stamp, asked: BTreeMap::new() }),
        })
    }

    /// Makes an empty account that is gone when it is dropped.
    pub fn in_memory(account: &str, region: &str) -> Self {
        let account = Account::new(account, region);
        Self {
            file: None,
            acting: None,
            inner: Mutex::new(SandboxState { account, stamp: None, asked: BTreeMap::new() }),
        }
    }

    /// Makes an empty account in memory, in which the same calls give the same ids for the same
    /// seed.
    pub fn seeded(account: &str, region: &str, seed: &str) -> Self {
        let mut account = Account::new(account, region);
        seed.clone_into(&mut account.seed);
        Self {
            file: None,
            acting: None,
            inner: Mutex::new(SandboxState { account, stamp: None, asked: BTreeMap::new() }),
        }
    }

    /// Returns a copy of the account in memory, which changes independently from now on.
    pub fn copied(&self) -> Result<Self, Failure> {
        let account = self.current()?.account.clone();
        let inner = SandboxState { account, stamp: None, asked: BTreeMap::new() };
        Ok(Self { file: None, acting: None, inner: Mutex::new(inner) })
    }

    /// Returns everything in the account, as its file has it.
    ///
    /// # Panics
    /// Never: the maps of an account have text keys.
    pub fn contents(&self) -> Result<Value, Failure> {
        let inner = self.current()?;
        Ok(serde_json::to_value(&inner.account).expect("an account always serialises"))
    }

    /// Returns the same account, in which each call is decided by the caller's policies, as IAM
    /// does.
    #[must_use]
    pub fn enforcing(self, acting: CallerPolicies) -> Self {
        Self { acting: Some(acting), ..self }
    }

    fn guard(
        &self,
        account: &Account,
        permissions: impl FnOnce(&ObjectPaths) -> Vec<Permission>,
    ) -> SandboxResult<()> {
        match &self.acting {
            Some(acting) => acting.check(account, &permissions(&guard::places(account))),
            None => Ok(()),
        }
    }

    /// Puts an object into a bucket, which no [`Write`] can: relayctl manages buckets, not their
    /// objects.
    pub fn put_object(&self, bucket: &str, key: &str) -> Result<(), Failure> {
        self.change("s3:PutObject", |account| {
            objects::put_object(account.bucket_mut(bucket)?, key);
            Ok(Reply::Done)
        })
        .map(drop)
    }

    /// Deletes an object as S3's `DeleteObject` without a version does: a versioned bucket keeps it
    /// under a delete marker.
    pub fn delete_object(&self, bucket: &str, key: &str) -> Result<(), Failure> {
        self.change("s3:DeleteObject", |account| {
            objects::delete(account.bucket_mut(bucket)?, key);
            Ok(Reply::Done)
        })
        .map(drop)
    }

    /// Adds an object to the account, as others do by other means than relayctl.
    pub fn add(&self, thing: &UnmanagedObject) -> Result<(), Failure> {
        self.change("sandbox:Add", |account| unmanaged::add_object(account, thing)).map(drop)
    }

    /// Lets time pass.
    pub fn wait(&self, seconds: i64) -> Result<(), Failure> {
        self.change("sandbox:Wait", |account| {
            account.ahead = account.ahead.saturating_add(seconds);
            Ok(Reply::Done)
        })
        .map(drop)
    }

    /// Notes a request to `service` that somebody signs with a key.
    pub fn use_key(&self, id: &str, service: &str) -> Result<(), Failure> {
        self.change("sandbox:UseKey", |account| keys::record_use(account, id, service)).map(drop)
    }

    /// Locks the state and reads the file again, if it has changed: another process may have
    /// changed the account.
    fn current(&self) -> Result<MutexGuard<'_, SandboxState>, Failure> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = self.file.as_ref().filter(|file| store::stamp(file) != inner.stamp) {
            let empty = inner.account.emptied();
            (inner.account, inner.stamp) = opened(file, empty)?;
        }
        Ok(inner)
    }

    /// Changes the account, all or nothing: a change that is refused, or that cannot be saved,
    /// changes nothing.
    fn change(
        &self,
        call: &str,
        change: impl FnOnce(&mut Account) -> Result<Reply, Refusal>,
    ) -> Result<Reply, Failure> {
        let mut inner = self.current()?;
        let mut account = inner.account.clone();
        let reply = change(&mut account).map_err(|refusal| refusal.answer(call))?;
        if let Some(file) = &self.file {
            inner.stamp = Some(store::save_account(file, &account, call)?);
        }
        inner.account = account;
        Ok(reply)
    }
}

#[async_trait]
impl Provider for Sandbox {
    async fn read(&self, read: &Read) -> Result<Reply, Failure> {
        let mut inner = self.current()?;
        let asked = inner.asked.entry(read.clone()).or_default();
        *asked += 1;
        let order = ListOrder::new(*asked);
        let account = &inner.account;
        let allowed = self.guard(account, |places| read.permissions(places));
        match read {
            Read::CallerIdentity => match &self.acting {
                Some(acting) => {
                    acting.caller(account).map_err(|refusal| refusal.answer(read.action()))
                }
                None => Ok(account.caller()),
            }
            .map(Reply::Caller),
            Read::Clock => Ok(Reply::Moment(account.clock())),
            Read::Iam(iam) => allowed
                .and_then(|()| iam::read(account, iam, order))
                .map(Reply::Iam)
                .map_err(|refusal| refusal.answer(&operation("iam", iam))),
            Read::S3(s3) => allowed
                .and_then(|()| s3::read(account, s3, order))
                .map(Reply::S3)
                .map_err(|refusal| refusal.answer(&operation("s3", s3))),
            Read::File(file) => Err(not_simulated(&operation("file", file))),
        }
    }

    async fn write(&self, write: &Write, carried: &StepOutput) -> Result<Reply, Failure> {
        let guard = |account: &Account| self.guard(account, |places| write.permissions(places));
        match write {
            Write::Iam(iam) => self.change(&operation("iam", iam), |account| {
                guard(account)?;
                iam::write(account, iam)
            }),
            Write::S3(s3) => self.change(&operation("s3", s3), |account| {
                guard(account)?;
                s3::write(account, s3)
            }),
            Write::ProveKey { .. } => {
                self.change(write.action(), |account| keys::prove(account, carried.key.as_ref()))
            }
            Write::File(file) => Err(not_simulated(&operation("file", file))),
        }
    }
}

/// Returns the account in the file, or `fresh` if there is no file.
fn opened(file: &Path, fresh: Account) -> Result<(Account, Option<AccountFileStamp>), Failure> {
    match store::load_account(file)? {
        Some((stored, stamp)) => {
            store::belongs(file, &stored, &fresh)?;
            Ok((stored, Some(stamp)))
        }
        None => Ok((fresh, None)),
    }
}

/// Returns the name of a call, such as `iam:CreateUser`: a call's variant has the operation's name.
fn operation(service: &str, call: &impl Serialize) -> String {
    let name = match serde_json::to_value(call) {
        Ok(Value::String(name)) => name,
        Ok(Value::Object(fields)) => {
            fields.into_iter().next().map(|(name, _)| name).unwrap_or_default()
        }
        Ok(_) | Err(_) => String::new(),
    };
    format!("{service}:{name}")
}

fn not_simulated(call: &str) -> Failure {
    Failure::new(
        FailureKind::Other,
        call,
        "NotSimulated",
        "the sandbox simulates AWS; local files are not kept in it",
    )
}

#[cfg(test)]
mod tests;
