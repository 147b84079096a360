//! The local files: profiles, key files, zappa settings.
//!
//! All of them are other people's files, too. A change reads the file under a lock, edits only the
//! part that it was asked to, and replaces the file all or nothing; everything else keeps its
//! bytes.

mod command;
pub(crate) mod crash_points;
mod credential_source;
pub mod disk;
mod ini;
mod key_age;
mod key_csv;
mod key_file;
mod key_json;
#[cfg(unix)]
mod link;
mod lock;
pub mod own;
mod place;
mod privacy;
mod problem;
mod profile;
mod profile_cache;
mod settings;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;

use crate::allowed_files::AllowedFiles;
use crate::call::{
    Failure, FailureKind, FileRead, FileReply, FileWrite, LocalFile, NewKey, Read, Reply,
    SecretSource, StepOutput, Write,
};
use crate::port::Provider;
use problem::Problem;
use profile_cache::ProfileCache;

/// The places of the local files.
#[derive(Clone, Debug)]
pub struct Files {
    pub credentials: PathBuf,
    pub config: PathBuf,
    /// The base of relative paths: the manifest's folder.
    pub base: PathBuf,
    /// The sandbox's folder, in a sandbox. A path outside of it is written to its `files` folder
    /// instead, and read there first. A file that exists outside is copied in with its first
    /// change, and the outer one stays as it is. If a file is deleted while the outer one exists,
    /// it is left empty, so that the outer one does not show through again.
    pub overlay: Option<PathBuf>,
    /// The files that the manifest may name. A saved plan and a state may name others.
    pub allowed: AllowedFiles,
}

impl Files {
    fn answer(&self, read: &FileRead) -> Result<FileReply, Problem> {
        match read {
            FileRead::Credentials { profile } => {
                profile::read_key(&self.place(&LocalFile::Credentials)?, profile)
            }
            FileRead::Profile { profile } => {
                profile::read_settings(&self.place(&LocalFile::Config)?, profile)
            }
            FileRead::CredentialSource { profile } => profile::read_source(
                &self.place(&LocalFile::Credentials)?,
                &self.place(&LocalFile::Config)?,
                profile,
            ),
            FileRead::KeyCsv { file } => key_csv::csv_file_at(self.place(file)?).read(),
            FileRead::KeyAge { file } => key_age::age_file_at(self.place(file)?).read(),
            FileRead::Stage { file, stage } => settings::read(&self.readable_place(file)?, stage),
            FileRead::Writable { file } => {
                self.place(file)?.check_writable().map(|()| FileReply::Writable)
            }
        }
    }

    fn change(&self, write: &FileWrite, carried: &StepOutput) -> Result<Reply, Problem> {
        let credentials = self.place(&LocalFile::Credentials)?;
        let config = self.place(&LocalFile::Config)?;
        let stored = |replaced: Option<NewKey>| Ok(replaced.map_or(Reply::Done, Reply::Replaced));
        match write {
            FileWrite::ReadSecret { user, key, from } => {
                let secret = match from {
                    SecretSource::Profile(profile) => {
                        profile::read_secret(&credentials, profile, key)
                    }
                    SecretSource::Csv(file) => {
                        key_csv::csv_file_at(self.place(file)?).read_secret(key)
                    }
                }?;
                let (user, id) = (user.clone(), key.clone());
                return Ok(Reply::Secret(NewKey { user, id, secret }));
            }
            FileWrite::StoreCredentials { profile, replaces, replace_profile } => {
                let key = key(carried)?;
                let replaces = replaces.as_deref();
                return stored(profile::store_key(
                    &credentials,
                    profile,
                    key,
                    replaces,
                    *replace_profile,
                )?);
            }
            FileWrite::RemoveCredentials { profile, key } => {
                profile::remove_key(&credentials, profile, key)
            }
            FileWrite::SetProfile { profile, settings } => {
                profile::set_settings(&config, profile, settings)
            }
            FileWrite::UnsetProfile { profile, settings } => {
                profile::unset_settings(&config, profile, settings)
            }
            FileWrite::StoreKeyCsv { file, replaces } => {
                let key = key(carried)?;
                let file = key_csv::csv_file_at(self.place(file)?);
                return stored(file.store(key, replaces.as_deref(), || key_csv::content(key))?);
            }
            FileWrite::RemoveKeyCsv { file, key } => {
                key_csv::csv_file_at(self.place(file)?).remove(key)
            }
            FileWrite::StoreKeyAge { file, recipients, replaces } => {
                let key = key(carried)?;
                let file = key_age::age_file_at(self.place(file)?);
                // The old key's secret can't be read back without an identity.
                file.store(key, replaces.as_deref(), || key_age::content(key, recipients)).map(drop)
            }
            FileWrite::RemoveKeyAge { file, key } => {
                key_age::age_file_at(self.place(file)?).remove(key)
            }
            // [`command::send`] does it: a command takes its time, and has its own time limit.
            FileWrite::RunCommand { .. } => {
                Err(Problem::refused("NotAFile", "a command is no file"))
            }
            FileWrite::SetStage { file, stage, settings } => {
                settings::set_stage(&self.readable_place(file)?, stage, settings)
            }
            FileWrite::UnsetStage { file, stage, settings } => {
                settings::unset(&self.readable_place(file)?, stage, settings)
            }
        }
        .map(|()| Reply::Done)
    }
}

fn key(carried: &StepOutput) -> Result<&NewKey, Problem> {
    let message = "no key was handed to this call: this is a fault in relayctl";
    carried.key.as_ref().ok_or_else(|| Problem::refused("NoKey", message))
}

/// Runs `work` on another thread: disks and locks take their time, and must not hold up the calls
/// to AWS meanwhile.
async fn aside<T: Send + 'static>(
    action: &'static str,
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(|problem| problem.into_failure(action)),
        // The text of a panic is left out: nobody vouches for its content.
        Err(_) => {
            Err(Failure::new(FailureKind::Other, action, "Aborted", "the call was broken off"))
        }
    }
}

fn not_local(action: &'static str) -> Failure {
    Failure::new(FailureKind::Other, action, "NotLocal", "this call is none on local files")
}

/// The local files with a cache: they are not read again as long as they don't change.
pub struct Remembered {
    files: Files,
    known: Arc<ProfileCache>,
}

impl From<Files> for Remembered {
    fn from(files: Files) -> Self {
        Self { files, known: Arc::default() }
    }
}

#[async_trait]
impl Provider for Remembered {
    async fn read(&self, read: &Read) -> Result<Reply, Failure> {
        let Read::File(file) = read else { return Err(not_local(read.action())) };
        let (files, known, file) = (self.files.clone(), Arc::clone(&self.known), file.clone());
        aside(read.action(), move || known.answer(&files, &file)).await.map(Reply::File)
    }

    async fn write(&self, write: &Write, carried: &StepOutput) -> Result<Reply, Failure> {
        self.files.write(write, carried).await
    }
}

#[async_trait]
impl Provider for Files {
    async fn read(&self, read: &Read) -> Result<Reply, Failure> {
        let Read::File(file) = read else { return Err(not_local(read.action())) };
        let (files, file) = (self.clone(), file.clone());
        aside(read.action(), move || files.answer(&file)).await.map(Reply::File)
    }

    async fn write(&self, write: &Write, carried: &StepOutput) -> Result<Reply, Failure> {
        let Write::File(file) = write else { return Err(not_local(write.action())) };
        if let FileWrite::RunCommand { command } = file {
            let key = key(carried).map_err(|problem| problem.into_failure(write.action()))?;
            let sent = command::send_to_command(
                write.action(),
                command,
                key,
                &self.base,
                self.overlay.as_deref(),
            )
            .await;
            return sent.map(|()| Reply::Done);
        }
        let (files, file, carried) = (self.clone(), file.clone(), carried.clone());
        aside(write.action(), move || files.change(&file, &carried)).await
    }
}

#[cfg(test)]
mod crashes;
#[cfg(test)]
mod tests;
