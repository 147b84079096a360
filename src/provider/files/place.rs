//! The place of a local file, and its changes: under a lock, all or nothing, and in a sandbox
//! beside the real file.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use zeroize::Zeroizing;

use super::disk::{self, FileMode};
#[cfg(unix)]
use super::link;
use super::privacy::Privacy;
use super::problem::Problem;
use super::{Files, lock, own};
use crate::allowed_files::{self, FileRefusal, irregular};
use crate::call::LocalFile;

/// A file, and the one that it hides: a sandbox changes its own copy, and the real file stays as it
/// is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverlaidFile {
    pub path: PathBuf,
    /// The file to read as long as `path` does not exist.
    pub hidden: Option<PathBuf>,
    /// The file is in the sandbox's folder, and so relayctl's own.
    pub sandboxed: bool,
}

/// The text of a file, overwritten in memory when it is dropped: it may hold secrets, also somebody
/// else's. It is not `Debug`.
pub type SecretText = Zeroizing<String>;

/// The outcome of a change.
pub enum FileChange {
    Nothing,
    Write(SecretText),
    /// Deletes the file. If it hides a real one, a deletion would make that one visible again, so
    /// it gets this empty content instead.
    Delete {
        empty: &'static str,
    },
}

impl Files {
    /// Finds a file. One that the manifest names must lie where relayctl may write for it; those of
    /// profiles are the caller's.
    pub fn place(&self, file: &LocalFile) -> Result<OverlaidFile, Problem> {
        let path = match file {
            LocalFile::Credentials => self.credentials.clone(),
            LocalFile::Config => self.config.clone(),
            LocalFile::Path(path) => {
                let path = self.base.join(path);
                self.allowed.find_sink(&path)?;
                path
            }
        };
        Ok(self.overlaid(path))
    }

    /// Finds a file whose content a plan shows: it must lie where a manifest may have files read.
    pub fn readable_place(&self, file: &LocalFile) -> Result<OverlaidFile, Problem> {
        let place = self.place(file)?;
        self.allowed.check_readable(place.hidden.as_ref().unwrap_or(&place.path))?;
        Ok(place)
    }

    fn overlaid(&self, path: PathBuf) -> OverlaidFile {
        let Some(overlay) = &self.overlay else { return OverlaidFile::outside_sandbox(path) };
        let (plain, overlay) = (lexically(&path), lexically(overlay));
        if plain.starts_with(&overlay) {
            return OverlaidFile { sandboxed: true, ..OverlaidFile::outside_sandbox(path) };
        }
        // The whole path is used: two manifests' `zappa_settings.json` are two files in a sandbox,
        // too.
        let names = plain.components().filter(|part| matches!(part, Component::Normal(_)));
        OverlaidFile {
            path: overlay.join("files").join(names.collect::<PathBuf>()),
            hidden: Some(path),
            sandboxed: true,
        }
    }
}

/// Returns the absolute path without `.` and `..`. It is computed from the text alone, since
/// nothing on the path needs to exist.
fn lexically(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut plain = PathBuf::new();
    for part in absolute.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => plain.push(part),
        }
    }
    plain
}

impl OverlaidFile {
    /// Makes the place of a file outside of a sandbox.
    pub fn outside_sandbox(path: PathBuf) -> Self {
        Self { path, hidden: None, sandboxed: false }
    }

    /// Returns the file whose content counts now.
    pub fn current(&self) -> &Path {
        match &self.hidden {
            Some(real) if !self.path.exists() => real,
            _ => &self.path,
        }
    }

    /// Returns the file's name for people: that of the file that they know.
    pub fn name(&self) -> String {
        self.hidden.as_ref().unwrap_or(&self.path).display().to_string()
    }

    /// Returns the text; `None` if there is no such file.
    pub fn text(&self, privacy: Privacy) -> Result<Option<SecretText>, Problem> {
        let path = self.current();
        if privacy == Privacy::Secret {
            self.check_links()?;
        }
        self.check_regular()?;
        // The buffer is large enough from the start: one that grows leaves copies in memory.
        let bytes = match allowed_files::read_regular(path, allowed_files::DEFAULT_MAX_SIZE) {
            Ok(bytes) => bytes,
            Err(FileRefusal::Missing(_)) => return Ok(None),
            Err(FileRefusal::Unreadable { error, .. }) => {
                return Err(Problem::io("read", path, &error));
            }
            // No option allows more for such a file.
            Err(refusal @ FileRefusal::TooLarge { .. }) => {
                let message = format!("{refusal}: name a smaller file");
                return Err(Problem::refused("FileTooLarge", message));
            }
            Err(refusal) => return Err(refusal.into()),
        };
        let text = String::from_utf8(bytes).map_err(|error| {
            let valid = error.utf8_error().valid_up_to();
            let bytes = Zeroizing::new(error.into_bytes());
            let line = bytes[..valid].split(|&byte| byte == b'\n').count();
            let message = format!(
                "{} is not UTF-8 text (line {line}): convert it and run again",
                self.name()
            );
            Problem::refused("NotText", message)
        })?;
        Ok(Some(SecretText::new(text)))
    }

    /// Refuses a device, a pipe, a socket and a folder at the file's place: a rename over a device
    /// would make it a file (over `/dev/null`, too, if root does it), and a read of a pipe waits
    /// for its writer. The AWS CLI takes such a path for a missing file.
    fn check_regular(&self) -> Result<(), Problem> {
        for path in [self.current(), &self.path] {
            if let Ok(metadata) = fs::metadata(path)
                && let Some(what) = irregular(&metadata)
            {
                return Err(Problem::not_a_file(&self.name(), what));
            }
        }
        Ok(())
    }

    /// Makes sure that the file can be made or replaced: another file can be made beside it.
    pub fn check_writable(&self) -> Result<(), Problem> {
        let problem = |error: io::Error| Problem::io("write", &self.path, &error);
        self.check_links()?;
        self.check_regular()?;
        let target = disk::target(&self.path).map_err(problem)?;
        disk::try_folder(&lock::nearest_folder(&target)).map_err(problem)
    }

    /// Reads, changes and replaces the file while nobody else does.
    pub fn edit(
        &self,
        privacy: Privacy,
        change: impl FnOnce(Option<&str>) -> Result<FileChange, Problem>,
    ) -> Result<(), Problem> {
        self.check_links()?;
        self.check_regular()?;
        let problem = |error: io::Error| Problem::io("write", &self.path, &error);
        let target = disk::target(&self.path).map_err(problem)?;
        let _held = lock::hold_lock(&target, privacy)?;
        disk::sweep(disk::folder(&target));
        let before = self.text(privacy)?;
        let closed = || privacy != Privacy::Secret || disk::is_private(&self.path);
        match change(before.as_ref().map(|text| text.as_str()))? {
            FileChange::Nothing => Ok(()),
            FileChange::Write(after) if before.as_ref() == Some(&after) && closed() => Ok(()),
            FileChange::Write(after) => {
                self.write(&after, privacy).map_err(problem)?;
                if privacy == Privacy::Secret { self.check_written(&after) } else { Ok(()) }
            }
            FileChange::Delete { empty }
                if self.hidden.as_ref().is_some_and(|real| real.exists()) =>
            {
                self.write(empty, privacy).map_err(problem)
            }
            FileChange::Delete { .. } if before.is_none() => Ok(()),
            FileChange::Delete { .. } => {
                disk::remove(&self.path).map_err(|error| Problem::io("delete", &self.path, &error))
            }
        }
    }

    /// Reads a secret back: only then may its other copies be removed.
    fn check_written(&self, content: &SecretText) -> Result<(), Problem> {
        if self.text(Privacy::Secret)?.as_ref() == Some(content) {
            return Ok(());
        }
        let message = format!(
            "{} was written, and does not read as it was written: another program may have changed \
                it, or the disk may be damaged; run again",
            self.name()
        );
        Err(Problem::refused("NotReadBack", message))
    }

    fn write(&self, content: &str, privacy: Privacy) -> io::Result<()> {
        let mode = match privacy {
            Privacy::Secret => FileMode::Private,
            // Somebody may have put a key into the config file, where the AWS CLI looks for keys,
            // too.
            Privacy::Private if content.contains("aws_secret_access_key") => FileMode::Private,
            Privacy::Private => FileMode::PrivateWhenNew,
            Privacy::Shared => FileMode::Like(self.current().to_owned()),
        };
        disk::replace(&self.path, content.as_bytes(), &mode)
    }

    /// Refuses a link to another user's file and, in the sandbox's folder, every link.
    pub fn check_links(&self) -> Result<(), Problem> {
        if self.sandboxed {
            own::check_place(&self.path)
                .map_err(|error| Problem::io("write", &self.path, &error))?;
        }
        // Windows lets only administrators make links.
        #[cfg(unix)]
        link::check(self.current())?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::allowed_files::AllowedFiles;

    fn files(base: &str, overlay: Option<&str>) -> Files {
        Files {
            credentials: "/home/u/.aws/credentials".into(),
            config: "/box/home/.aws/config".into(),
            base: base.into(),
            overlay: overlay.map(PathBuf::from),
            allowed: AllowedFiles::below(Path::new("/")),
        }
    }

    #[test]
    fn a_secret_that_does_not_read_as_it_was_written_is_not_done() {
        let home = tempfile::tempdir().unwrap();
        let place = OverlaidFile::outside_sandbox(home.path().join("credentials"));
        let ours = SecretText::new("ours".to_owned());
        assert_eq!(place.check_written(&ours).unwrap_err().code, "NotReadBack", "it is gone");
        fs::write(&place.path, "another program's").unwrap();
        assert_eq!(place.check_written(&ours).unwrap_err().code, "NotReadBack");
        fs::write(&place.path, "ours").unwrap();
        assert_eq!(place.check_written(&ours), Ok(()));
    }

    #[test]
    fn without_an_overlay_a_path_is_itself_below_the_manifests_folder() {
        let files = files("/project/manifests", None);
        let place = |path: &str| files.place(&LocalFile::Path(path.into())).unwrap().path;
        assert_eq!(
            place("../zappa_settings.json"),
            Path::new("/project/manifests/../zappa_settings.json")
        );
        assert_eq!(place("/elsewhere/key.csv"), Path::new("/elsewhere/key.csv"));
    }

    #[test]
    fn an_overlay_takes_every_path_outside_of_it_in_and_leaves_its_own() {
        let files = files("/project/manifests", Some("/box"));
        let place = |file: LocalFile| files.place(&file).unwrap();
        assert_eq!(
            place(LocalFile::Credentials).path,
            Path::new("/box/files/home/u/.aws/credentials")
        );
        assert_eq!(
            place(LocalFile::Config),
            OverlaidFile { path: "/box/home/.aws/config".into(), hidden: None, sandboxed: true }
        );
        assert_eq!(
            place(LocalFile::Path("../zappa_settings.json".into())).path,
            Path::new("/box/files/project/zappa_settings.json")
        );
        // A path through the overlay's own name does not get out either.
        assert_eq!(
            place(LocalFile::Path("/box/../etc/passwd".into())).path,
            Path::new("/box/files/etc/passwd")
        );
    }
}
