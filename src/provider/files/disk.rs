//! Replacing a file all or nothing: who reads it meanwhile, or after a crash, finds the old content or the new.

use std::fs::{self, DirBuilder, File, Metadata, Permissions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Who may read the file that is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Its owner only (0600), in a folder that is made 0700 if it is missing, as the AWS CLI makes `~/.aws`.
    Secret,
    /// Its owner only (0600), in a folder like any other.
    Private,
    /// As the file at this path, or as the umask says where there is none.
    Like(PathBuf),
}

/// As many links as Linux follows before it gives up.
const MAX_LINKS: usize = 40;

/// The file that a path leads to. Dotfile managers keep `~/.aws/credentials` as a link into a repository: renaming over
/// the link would cut the tie, so the target is what gets replaced. The target need not exist.
pub fn target(path: &Path) -> io::Result<PathBuf> {
    let mut at = path.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::read_link(&at) {
            Ok(link) => at = folder(&at).join(link),
            // It is no link, or it does not exist; what else is wrong shows when it is opened.
            Err(_) => return Ok(at),
        }
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "too many levels of symbolic links"))
}

/// The folder that a file is in.
pub fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Writes to a temporary file beside `path`, syncs it, and renames it over what `path` leads to. Nothing is left behind
/// on an error: the full disk is met by the temporary file, and that is removed.
pub fn replace(path: &Path, content: &[u8], mode: &Mode) -> io::Result<()> {
    let path = target(path)?;
    let folder = folder(&path);
    make_folder(folder, mode)?;
    let model = match mode {
        Mode::Like(like) => fs::metadata(like).ok(),
        Mode::Secret | Mode::Private => None,
    };
    let mut temporary = temporary_in(folder, mode)?;
    temporary.write_all(content)?;
    if let Some(model) = model {
        temporary.as_file().set_permissions(model.permissions())?;
    }
    if let Ok(before) = fs::metadata(&path) {
        keep_owner(temporary.as_file(), &before);
    }
    temporary.as_file().sync_all()?;
    temporary.persist(&path).map_err(|error| error.error)?;
    sync_folder(folder)
}

/// Deletes what `path` leads to, and the link, where it is one.
pub fn remove(path: &Path) -> io::Result<()> {
    let target = target(path)?;
    fs::remove_file(&target)?;
    if target != path {
        fs::remove_file(path)?;
    }
    sync_folder(folder(&target))
}

#[cfg(unix)]
fn make_folder(folder: &Path, mode: &Mode) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    let bits = if *mode == Mode::Secret { 0o700 } else { 0o777 };
    DirBuilder::new().recursive(true).mode(bits).create(folder)
}

#[cfg(not(unix))]
fn make_folder(folder: &Path, _mode: &Mode) -> io::Result<()> {
    DirBuilder::new().recursive(true).create(folder)
}

#[cfg(unix)]
fn temporary_in(folder: &Path, mode: &Mode) -> io::Result<NamedTempFile> {
    use std::os::unix::fs::PermissionsExt;
    // The umask takes its part off at creation, so a secret is never readable, not even for a moment.
    let bits = if matches!(mode, Mode::Like(_)) { 0o666 } else { 0o600 };
    tempfile::Builder::new().prefix(".relayctl-").permissions(Permissions::from_mode(bits)).tempfile_in(folder)
}

#[cfg(not(unix))]
fn temporary_in(folder: &Path, _mode: &Mode) -> io::Result<NamedTempFile> {
    tempfile::Builder::new().prefix(".relayctl-").tempfile_in(folder)
}

/// Run by root over a user's file, the new file would be root's, and the user locked out of it. Where the owner cannot
/// be kept (another user's file in a shared folder) the content matters more.
#[cfg(unix)]
fn keep_owner(file: &File, before: &Metadata) {
    use std::os::unix::fs::{MetadataExt, fchown};
    let same = file.metadata().is_ok_and(|now| (now.uid(), now.gid()) == (before.uid(), before.gid()));
    if !same && let Err(error) = fchown(file, Some(before.uid()), Some(before.gid())) {
        tracing::debug!(%error, "the owner of a replaced file could not be kept");
    }
}

#[cfg(not(unix))]
fn keep_owner(_file: &File, _before: &Metadata) {}

/// Without it a power cut can undo the rename.
#[cfg(unix)]
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder)?.sync_all() {
        // Some network file systems cannot sync a folder; they order renames by themselves.
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Ok(()),
        result => result,
    }
}

#[cfg(not(unix))]
pub fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// Whether only its owner may read the file.
#[cfg(unix)]
pub fn is_private(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o7777 == 0o600)
}

#[cfg(not(unix))]
pub fn is_private(_path: &Path) -> bool {
    true
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode_of(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    fn names_in(folder: &Path) -> Vec<String> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_secret_is_private_and_so_is_the_folder_made_for_it() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join(".aws/credentials");
        replace(&file, b"x", &Mode::Secret).unwrap();
        assert_eq!((mode_of(&file), mode_of(file.parent().unwrap())), (0o600, 0o700));
        assert_eq!(names_in(file.parent().unwrap()), ["credentials"]);
    }

    #[test]
    fn a_mode_is_taken_over_whatever_the_umask() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("settings.json");
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o664)).unwrap();
        replace(&file, b"new", &Mode::Like(file.clone())).unwrap();
        assert_eq!((fs::read_to_string(&file).unwrap().as_str(), mode_of(&file)), ("new", 0o664));
    }

    #[test]
    fn a_link_stays_and_its_target_is_replaced() {
        let home = tempfile::tempdir().unwrap();
        let (link, between, file) = (home.path().join("link"), home.path().join("between"), home.path().join("d/file"));
        symlink("between", &link).unwrap();
        symlink("d/file", &between).unwrap();
        replace(&link, b"one", &Mode::Private).unwrap();
        replace(&link, b"two", &Mode::Private).unwrap();
        assert!(link.is_symlink() && between.is_symlink() && !file.is_symlink());
        assert_eq!(fs::read_to_string(&file).unwrap(), "two");
    }

    #[test]
    fn links_in_a_circle_are_an_error() {
        let home = tempfile::tempdir().unwrap();
        let link = home.path().join("link");
        symlink("link", &link).unwrap();
        assert!(replace(&link, b"x", &Mode::Private).is_err());
    }

    #[test]
    fn nothing_is_left_behind_when_the_rename_fails() {
        let home = tempfile::tempdir().unwrap();
        let taken = home.path().join("taken");
        fs::create_dir(&taken).unwrap();
        assert!(replace(&taken, b"x", &Mode::Private).is_err());
        assert_eq!(names_in(home.path()), ["taken"]);
    }
}
