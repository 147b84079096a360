//! The recipients to encrypt for, and the identity with which this run decrypts.

use std::path::{Path, PathBuf};

use super::error::CommandError;
use super::project::{write_private, write_private_with};
use relayctl::allowed_files::{DEFAULT_MAX_SIZE, FileRefusal, read_regular};
use relayctl::encryption::{self, AgeIdentity, FileEncryption, IDENTITY};
use relayctl::plan::{Plan, file};

/// The most bytes of a saved plan, ten times those of the largest that relayctl makes.
const MAX_PLAN: u64 = 1 << 30;

/// Encrypts for these recipients. The identity is loaded only when something turns out to be
/// encrypted.
pub fn seal_for(recipients: &[String]) -> Result<FileEncryption, CommandError> {
    let recipients: Result<Vec<_>, String> =
        recipients.iter().map(|text| encryption::recipient(text)).collect();
    Ok(FileEncryption::new(recipients.map_err(CommandError::new)?, identity()))
}

/// Finds the identity. It is given directly, or as the file that contains it, as age's own programs
/// accept it.
fn identity() -> AgeIdentity {
    let Ok(given) = std::env::var(IDENTITY) else { return AgeIdentity::Missing };
    let given = given.trim();
    if given.is_empty() {
        return AgeIdentity::Missing;
    }
    if encryption::is_secret(given) || given.contains('\n') {
        return AgeIdentity::parse(given);
    }
    let path = below_home(given);
    match read_regular(&path, DEFAULT_MAX_SIZE) {
        Ok(bytes) => {
            let bytes = zeroize::Zeroizing::new(bytes);
            AgeIdentity::parse(&zeroize::Zeroizing::new(
                String::from_utf8_lossy(&bytes).into_owned(),
            ))
        }
        Err(refusal) => AgeIdentity::Unusable(refusal.to_string()),
    }
}

fn below_home(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), home::home_dir()) {
        (Some(below), Some(home)) => home.join(below),
        _ => PathBuf::from(path),
    }
}

/// Writes a file that only its owner and the recipients can read.
pub fn write_sealed(
    path: &Path,
    content: &[u8],
    recipients: &[String],
) -> Result<(), CommandError> {
    write_private(path, &seal_for(recipients)?.encrypt_bytes(content))
}

/// Writes a plan that only its owner and the recipients can read. A plan may be long, and is held
/// in memory only when it is encrypted.
pub fn write_plan(path: &Path, plan: &Plan, recipients: &[String]) -> Result<(), CommandError> {
    if recipients.is_empty() {
        return write_private_with(path, |file| file::write(plan, file));
    }
    let mut text = Vec::new();
    file::write(plan, &mut text).map_err(|error| CommandError::for_file("write", path, error))?;
    write_sealed(path, &text, recipients)
}

/// Reads a file that may be encrypted.
pub fn read_sealed(path: &Path) -> Result<Vec<u8>, CommandError> {
    let bytes = read_regular(path, MAX_PLAN).map_err(|refusal| {
        // No option allows more.
        if let FileRefusal::TooLarge { .. } = refusal {
            return CommandError::new(refusal.to_string())
                .with_help("name a saved plan or a manifest");
        }
        refusal.into()
    })?;
    opened(&bytes, path)
}

pub fn opened(bytes: &[u8], path: &Path) -> Result<Vec<u8>, CommandError> {
    if !encryption::is_sealed(bytes) {
        return Ok(bytes.to_vec());
    }
    let plain = FileEncryption::new(Vec::new(), identity())
        .decrypt_bytes(bytes)
        .map(std::borrow::Cow::into_owned);
    plain.map_err(|why| {
        CommandError::sealed(format!("{} cannot be read: {why}", path.display()), &why)
            .caused_by(why)
    })
}
