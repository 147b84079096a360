//! The stores of state, opened by URL.

mod lease;
pub mod local;
pub mod memory;
pub mod process;
pub mod s3;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use percent_encoding::percent_decode_str;

use crate::encryption::FileEncryption;
use crate::port::{Lock, Store};
use crate::provider::aws::{ConnectOptions, ObjectStore};
use crate::state::{LockInfo, S3Place, StoreError};
use local::LocalStore;
use s3::S3Store;

/// Opens the store that `url` names: a path or `file://` URL of a folder or of a `.json` file, or a
/// place in S3. `default` is the file to use without a URL. `aws` has the options of the connection
/// to a bucket, which is not made yet. `seal` has the recipients that the state is encrypted for.
pub fn open_store(
    url: Option<&str>,
    default: &Path,
    aws: &ConnectOptions,
    seal: FileEncryption,
) -> Result<Box<dyn Store>, StoreError> {
    if let Some(place) = url.and_then(|url| S3Place::parse(url, &file_name(default))) {
        let bucket = ObjectStore::new(place.bucket.clone(), aws.clone());
        return Ok(Box::new(S3Store::new(place, Arc::new(bucket)).sealed(seal)));
    }
    let path = match url {
        Some(url) => file_in(local_path(url)?, default),
        None => local::unshared_place(default.to_owned()),
    };
    Ok(Box::new(LocalStore::new(path).sealed(seal)))
}

/// The pause between two attempts to take a lock.
const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// Takes the lock, and waits for it up to `patience` while another run holds it; `waiting` is
/// called once with the holder.
pub async fn wait_for_lock(
    store: &dyn Store,
    info: &LockInfo,
    patience: Duration,
    waiting: impl FnOnce(&LockInfo),
) -> Result<Box<dyn Lock>, StoreError> {
    let began = tokio::time::Instant::now();
    let mut waiting = Some(waiting);
    loop {
        let holder = match store.acquire_lock(info).await {
            Err(StoreError::Locked { info, .. }) if began.elapsed() < patience => info,
            done => return done,
        };
        if let Some(waiting) = waiting.take() {
            waiting(&holder);
        }
        let left = patience.saturating_sub(began.elapsed());
        tokio::time::sleep(RETRY_PAUSE.min(left)).await;
    }
}

fn local_path(url: &str) -> Result<PathBuf, StoreError> {
    let unsupported = |why| Err(StoreError::Unsupported { url: url.to_owned(), why });
    match url.split_once("://") {
        None if url.is_empty() => unsupported("the name is empty; name a folder or a .json file"),
        None => Ok(PathBuf::from(url)),
        Some(("file", rest)) => {
            // `file://state/dev.json` would mean the file `/dev.json` on a host called `state`.
            let path = rest.strip_prefix("localhost").unwrap_or(rest);
            match percent_decode_str(path).decode_utf8() {
                Ok(path) if path.starts_with('/') => Ok(PathBuf::from(path.as_ref())),
                _ => unsupported(
                    "after file:// comes an absolute path; write a relative one without file://",
                ),
            }
        }
        Some(("s3", _)) => unsupported("after s3:// comes the name of a bucket"),
        Some(_) => unsupported(
            "there is no such kind of store; name a folder, a .json file or s3://bucket/prefix",
        ),
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Returns the state's file: a `.json` path itself, or the default name in a folder.
fn file_in(path: PathBuf, default: &Path) -> PathBuf {
    let is_file = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    match default.file_name() {
        Some(name) if !is_file || path.is_dir() => local::unshared_place(path.join(name)),
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(url: &str) -> String {
        match open_store(
            Some(url),
            Path::new("state/dev.json"),
            &ConnectOptions::default(),
            FileEncryption::default(),
        ) {
            Ok(store) => store.location(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_url_names_a_folder_or_a_file() {
        let default = open_store(
            None,
            Path::new("state/dev.json"),
            &ConnectOptions::default(),
            FileEncryption::default(),
        )
        .unwrap();
        assert_eq!(default.location(), "state/dev.json");
        assert_eq!(location("/var/states"), "/var/states/dev.json");
        assert_eq!(location("states/"), "states/dev.json");
        assert_eq!(location("elsewhere/prod.json"), "elsewhere/prod.json");
        assert_eq!(location("file:///var/my%20states"), "/var/my states/dev.json");
        assert_eq!(location("file://localhost/var/x.json"), "/var/x.json");
        assert_eq!(location("s3://states/relay"), "s3://states/relay/dev.json");
    }

    #[test]
    fn other_urls_are_refused_with_what_to_write_instead() {
        insta::assert_snapshot!(
            ["s3:///key", "https://example.com/", "file://state/dev.json", ""].map(location).join("\n"),
            @"
        the state cannot be kept at s3:///key: after s3:// comes the name of a bucket
        the state cannot be kept at https://example.com/: there is no such kind of store; name a folder, a .json file or s3://bucket/prefix
        the state cannot be kept at file://state/dev.json: after file:// comes an absolute path; write a relative one without file://
        the state cannot be kept at : the name is empty; name a folder or a .json file
        "
        );
    }
}
