//! The file of a sandbox.

use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use serde::Deserialize;

use crate::call::{Failure, FailureKind};
use crate::provider::files::own;

use super::account::{Account, VERSION};

/// A stamp that tells one content of the file from another without reading it: every save is
/// another file under the same name.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct AccountFileStamp {
    modified: Option<SystemTime>,
    length: u64,
    inode: u64,
}

/// Returns the file's stamp; `None` if there is no file.
pub(super) fn stamp(file: &Path) -> Option<AccountFileStamp> {
    fs::metadata(file).ok().map(|metadata| stamp_of(&metadata))
}

fn stamp_of(metadata: &fs::Metadata) -> AccountFileStamp {
    AccountFileStamp {
        modified: metadata.modified().ok(),
        length: metadata.len(),
        inode: inode(metadata),
    }
}

#[cfg(unix)]
fn inode(metadata: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode(_metadata: &fs::Metadata) -> u64 {
    0
}

/// The part that every version of the file has; the rest may differ in another version.
#[derive(Deserialize)]
struct AccountFileHeader {
    version: u32,
}

pub(super) fn load_account(file: &Path) -> Result<Option<(Account, AccountFileStamp)>, Failure> {
    let Some(seen) = stamp(file) else { return Ok(None) };
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => {
            return Err(refused(
                "SandboxUnreadable",
                format!("cannot read {}: {cause}", file.display()),
            ));
        }
    };
    let read = |cause: serde_json::Error| unusable(file, &cause.to_string());
    let AccountFileHeader { version } = serde_json::from_str(&text).map_err(read)?;
    if version != VERSION {
        return Err(unusable(
            file,
            &format!("its version is {version}, this relayctl knows {VERSION}"),
        ));
    }
    let mut account: Account = serde_json::from_str(&text).map_err(read)?;
    account.complete();
    Ok(Some((account, seen)))
}

fn unusable(file: &Path, why: &str) -> Failure {
    refused(
        "SandboxUnreadable",
        format!(
            "{} is not a sandbox that this relayctl can use: {why}; move it away or delete it to \
                start with an empty account",
            file.display()
        ),
    )
}

/// Refuses the file of another account, whose objects would be taken for this account's.
pub(super) fn belongs(file: &Path, stored: &Account, wanted: &Account) -> Result<(), Failure> {
    if stored.number == wanted.number && stored.partition == wanted.partition {
        return Ok(());
    }
    Err(refused(
        "SandboxOfOtherAccount",
        format!(
            "{} holds the sandbox of account {} (partition {}), not of account {} (partition {}): \
                name another state for this manifest, or move the file away or delete it to start \
                with an empty account",
            file.display(),
            stored.number,
            stored.partition,
            wanted.number,
            wanted.partition
        ),
    ))
}

/// Writes a temporary file beside the account's file, and renames it: a kill leaves the old content
/// or the new. The temporary file has mode 0600 from its first byte.
pub(super) fn save_account(
    file: &Path,
    account: &Account,
    call: &str,
) -> Result<AccountFileStamp, Failure> {
    let written = || -> io::Result<AccountFileStamp> {
        let text = serde_json::to_string_pretty(account)? + "\n";
        Ok(stamp_of(&own::replace_unsynced(file, text.as_bytes())?.metadata()?))
    };
    written().map_err(|cause| {
        Failure::new(
            FailureKind::Refused,
            call,
            "SandboxNotSaved",
            format!("cannot write {}: {cause}; nothing was changed", file.display()),
        )
    })
}

fn refused(code: &str, message: String) -> Failure {
    Failure::new(FailureKind::Refused, "sandbox:Open", code, message)
}
