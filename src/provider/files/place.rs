//! Where a local file is, and how it is changed: under a lock, all or nothing, and in a sandbox beside the real one.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::disk::{self, Mode};
use super::problem::Problem;
use super::{Files, lock};
use crate::call::LocalFile;

/// A file, and the one it hides: a sandbox changes its own copy, and the real file stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub path: PathBuf,
    /// What to read as long as `path` does not exist.
    pub hidden: Option<PathBuf>,
}

/// What a change makes of a file. Not `Debug`: the content may hold a secret.
pub enum Change {
    Nothing,
    Write(String),
    /// Deletes the file. Where it hides a real one, deleting would bring that back to light, so it becomes this empty
    /// content instead.
    Delete {
        empty: &'static str,
    },
}

impl Files {
    pub fn place(&self, file: &LocalFile) -> Place {
        let path = match file {
            LocalFile::Credentials => self.credentials.clone(),
            LocalFile::Config => self.config.clone(),
            LocalFile::Path(path) => self.base.join(path),
        };
        let Some(overlay) = &self.overlay else { return Place { path, hidden: None } };
        let (plain, overlay) = (lexically(&path), lexically(overlay));
        if plain.starts_with(&overlay) {
            return Place { path, hidden: None };
        }
        // By the whole path: two manifests' `zappa_settings.json` are two files in a sandbox, too.
        let names = plain.components().filter(|part| matches!(part, Component::Normal(_)));
        Place { path: overlay.join("files").join(names.collect::<PathBuf>()), hidden: Some(path) }
    }
}

/// The path without `.` and `..`, absolute; by its text alone, for nothing on it needs to exist.
fn lexically(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut plain = PathBuf::new();
    for part in absolute.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

impl Place {
    /// The file whose content counts now.
    pub fn current(&self) -> &Path {
        match &self.hidden {
            Some(real) if !self.path.exists() => real,
            _ => &self.path,
        }
    }

    /// For people: the file that they know.
    pub fn name(&self) -> String {
        self.hidden.as_ref().unwrap_or(&self.path).display().to_string()
    }

    /// `None`: there is no such file.
    pub fn text(&self) -> Result<Option<String>, Problem> {
        let path = self.current();
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Problem::io("read", path, &error)),
        };
        let text = String::from_utf8(bytes).map_err(|error| {
            let line = error.as_bytes()[..error.utf8_error().valid_up_to()].split(|&byte| byte == b'\n').count();
            let message = format!("{} is not UTF-8 text (line {line}): convert it and run again", self.name());
            Problem::refused("NotText", message)
        })?;
        Ok(Some(text))
    }

    /// Reads, changes and replaces the file while nobody else does.
    pub fn edit(
        &self,
        secret: bool,
        change: impl FnOnce(Option<&str>) -> Result<Change, Problem>,
    ) -> Result<(), Problem> {
        let problem = |error: io::Error| Problem::io("write", &self.path, &error);
        let _held = lock::hold(&disk::target(&self.path).map_err(problem)?)?;
        let before = self.text()?;
        match change(before.as_deref())? {
            Change::Nothing => Ok(()),
            Change::Write(after) if before.as_ref() == Some(&after) && (!secret || disk::is_private(&self.path)) => {
                Ok(())
            }
            Change::Write(after) => self.write(&after, secret).map_err(problem),
            Change::Delete { empty } if self.hidden.as_ref().is_some_and(|real| real.exists()) => {
                self.write(empty, secret).map_err(problem)
            }
            Change::Delete { .. } if before.is_none() => Ok(()),
            Change::Delete { .. } => {
                disk::remove(&self.path).map_err(|error| Problem::io("delete", &self.path, &error))
            }
        }
    }

    fn write(&self, content: &str, secret: bool) -> io::Result<()> {
        let mode = if secret { Mode::Secret } else { Mode::Like(self.current().to_owned()) };
        disk::replace(&self.path, content.as_bytes(), &mode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(base: &str, overlay: Option<&str>) -> Files {
        Files {
            credentials: "/home/u/.aws/credentials".into(),
            config: "/box/home/.aws/config".into(),
            base: base.into(),
            overlay: overlay.map(PathBuf::from),
        }
    }

    #[test]
    fn without_an_overlay_a_path_is_itself_below_the_manifests_folder() {
        let files = files("/project/manifests", None);
        let place = |path: &str| files.place(&LocalFile::Path(path.into())).path;
        assert_eq!(place("../zappa_settings.json"), Path::new("/project/manifests/../zappa_settings.json"));
        assert_eq!(place("/elsewhere/key.csv"), Path::new("/elsewhere/key.csv"));
    }

    #[test]
    fn an_overlay_takes_every_path_outside_of_it_in_and_leaves_its_own() {
        let files = files("/project/manifests", Some("/box"));
        let place = |file: LocalFile| files.place(&file);
        assert_eq!(place(LocalFile::Credentials).path, Path::new("/box/files/home/u/.aws/credentials"));
        assert_eq!(place(LocalFile::Config), Place { path: "/box/home/.aws/config".into(), hidden: None });
        assert_eq!(
            place(LocalFile::Path("../zappa_settings.json".into())).path,
            Path::new("/box/files/project/zappa_settings.json")
        );
        // Climbing out through the overlay's own name does not get out either.
        assert_eq!(place(LocalFile::Path("/box/../etc/passwd".into())).path, Path::new("/box/files/etc/passwd"));
    }
}
