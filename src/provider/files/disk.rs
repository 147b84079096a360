//! The replacement of a file, all or nothing: a reader finds the old content or the new, also
//! during the change, and after a crash.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::crash_points::pass_crash_point;
use crate::allowed_files::irregular;

/// The permissions of the file that is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileMode {
    /// Only the owner may read the file: its mode is 0600, also if it was wider before, and a
    /// missing folder is made with 0700.
    Private,
    /// A new file is private. An existing one keeps its mode: the AWS CLI makes both of its files
    /// 0600, and changes neither's mode afterwards.
    PrivateWhenNew,
    /// The mode is that of the file at this path, or follows the umask if there is no such file.
    Like(PathBuf),
}

/// The name prefix of a temporary file that may hold a secret: it tells a file that a killed run
/// left behind.
const TEMPORARY: &str = ".relayctl-private-";
/// The name prefix of other temporary files, which lie among people's sources.
const SHARED: &str = ".relayctl-shared-";

/// The most links that are followed: as many as Linux follows.
const MAX_LINKS: usize = 40;

/// Returns the file to which a path leads. Dotfile managers keep `~/.aws/credentials` as a link
/// into a repository: a rename over the link would cut the tie, so the target is replaced. The
/// target need not exist.
pub fn target(path: &Path) -> io::Result<PathBuf> {
    let mut at = path.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::read_link(&at) {
            Ok(link) => at = folder(&at).join(link),
            // The path is no link, or does not exist; any other error shows when it is opened.
            Err(_) => return Ok(at),
        }
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "too many levels of symbolic links"))
}

/// Returns the folder of a file.
pub fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Writes to a temporary file beside `path`, syncs it, and renames it over the file to which `path`
/// leads. Nothing is left behind on an error: a full disk is met by the temporary file, which is
/// then removed.
pub fn replace(path: &Path, content: &[u8], mode: &FileMode) -> io::Result<()> {
    let write = |file: &mut File| file.write_all(content);
    put_file(&target(path)?, mode, Durability::Synced, write).map(drop)
}

/// The time from which a replacement is on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Durability {
    /// It is there when the function returns.
    Synced,
    /// The operating system writes it later. A kill of the process loses nothing; a power cut may.
    Unsynced,
}

/// Replaces the file at `path`, which is no link, and returns the new one.
pub(super) fn put_file(
    path: &Path,
    mode: &FileMode,
    durability: Durability,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<File> {
    let folder = folder(path);
    match mode {
        FileMode::Private | FileMode::PrivateWhenNew => make_private_folder(folder)?,
        FileMode::Like(_) => fs::create_dir_all(folder)?,
    }
    let before = fs::symlink_metadata(path).ok();
    if let Some(what) = before.as_ref().and_then(irregular) {
        return Err(not_replaced(what));
    }
    let mut temporary = held_temporary(folder, mode)?;
    pass_crash_point();
    write(temporary.as_file_mut())?;
    pass_crash_point();
    if let Some(permissions) = permissions(mode, before.as_ref()) {
        temporary.as_file().set_permissions(permissions)?;
    }
    if let Some(before) = before {
        keep_owner(temporary.as_file(), &before);
    }
    if durability == Durability::Synced {
        temporary.as_file().sync_all()?;
    }
    pass_crash_point();
    let written = temporary.persist(path).map_err(|error| error.error)?;
    pass_crash_point();
    if durability == Durability::Synced {
        sync_folder(folder)?;
    }
    Ok(written)
}

/// Returns the error for something that is no regular file where one is to be written.
pub(super) fn not_replaced(what: &str) -> io::Error {
    let message = format!("it is {what}, not a regular file, and is left as it is");
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

/// Makes a file in the folder and removes it again: its error is that of every change there.
pub fn try_folder(folder: &Path) -> io::Result<()> {
    held_temporary(folder, &FileMode::Private)?.close()
}

/// Makes a temporary file and locks it. The lock tells [`sweep`] that this process lives. A sweep
/// may come between the two, by a change of another file in the folder: then another file is made.
/// If files cannot be locked, nothing is swept either.
fn held_temporary(folder: &Path, mode: &FileMode) -> io::Result<NamedTempFile> {
    loop {
        let temporary = temporary_in(folder, mode)?;
        match temporary.as_file().try_lock() {
            Err(TryLockError::WouldBlock) => {}
            Ok(()) if !temporary.path().exists() => {}
            Ok(()) | Err(TryLockError::Error(_)) => return Ok(temporary),
        }
    }
}

/// Returns the permissions for the file, if they differ from those of a temporary file.
fn permissions(mode: &FileMode, before: Option<&Metadata>) -> Option<Permissions> {
    match mode {
        FileMode::Private => before.and_then(|before| narrowed(&before.permissions())),
        FileMode::PrivateWhenNew => before.map(Metadata::permissions),
        FileMode::Like(like) => fs::metadata(like).ok().map(|like| like.permissions()),
    }
}

/// Returns the owner's part of the permissions; `None` if the owner may not read.
#[cfg(unix)]
pub(super) fn narrowed(permissions: &Permissions) -> Option<Permissions> {
    use std::os::unix::fs::PermissionsExt;
    let bits = permissions.mode() & 0o600;
    (bits & 0o400 != 0).then(|| Permissions::from_mode(bits))
}

#[cfg(not(unix))]
pub(super) fn narrowed(_permissions: &Permissions) -> Option<Permissions> {
    None
}

/// Deletes the temporary files of killed runs, which may hold secrets that nobody would look for.
/// The files of a run that is still alive are locked. Nothing else of such a name is touched: no
/// link, no pipe, no other user's file.
pub fn sweep(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let ours = |name: &str| [TEMPORARY, SHARED].iter().any(|prefix| name.starts_with(prefix));
    for left in entries.filter(|entry| ours(&entry.file_name().to_string_lossy())) {
        let path = left.path();
        // The lock is held until the file is gone: a change that has just made it then makes
        // another one.
        let abandoned = open_in_place(File::options().read(true), &path)
            .ok()
            .filter(|file| is_our_file(file) && file.try_lock().is_ok());
        if abandoned.is_some()
            && let Err(error) = fs::remove_file(&path)
        {
            tracing::debug!(path = %path.display(), %error, "what a killed run left behind stays");
        }
    }
}

/// Opens a file that must stand at the path itself: a link there is an error, and a pipe makes
/// nobody wait.
pub(super) fn open_in_place(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
        std::os::unix::fs::OpenOptionsExt::custom_flags(options, flags.cast_signed());
    }
    options.open(path)
}

#[cfg(unix)]
fn is_our_file(file: &File) -> bool {
    use std::os::unix::fs::MetadataExt;
    let us = rustix::process::geteuid().as_raw();
    file.metadata().is_ok_and(|found| found.is_file() && found.uid() == us)
}

#[cfg(not(unix))]
fn is_our_file(file: &File) -> bool {
    file.metadata().is_ok_and(|found| found.is_file())
}

/// Deletes the file to which `path` leads, and the link, if `path` is one.
pub fn remove(path: &Path) -> io::Result<()> {
    let target = target(path)?;
    fs::remove_file(&target)?;
    pass_crash_point();
    if target != path {
        fs::remove_file(path)?;
    }
    sync_folder(folder(&target))
}

/// Makes the folder and those above it if they are missing, for their owner only.
pub fn make_private_folder(folder: &Path) -> io::Result<()> {
    private_builder().recursive(true).create(folder)
}

/// Makes one folder for its owner only. The folder above it must exist.
pub(super) fn make_private_one(folder: &Path) -> io::Result<()> {
    private_builder().create(folder)
}

fn private_builder() -> DirBuilder {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

/// Returns true if the path still leads to the file that was opened.
#[cfg(unix)]
pub fn is_same_file(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), fs::metadata(path)) {
        (Ok(ours), Ok(there)) => (ours.dev(), ours.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

/// Checks only that the path exists: Windows does not delete a file that is open, so the path still
/// names it.
#[cfg(not(unix))]
pub fn is_same_file(_file: &File, path: &Path) -> bool {
    path.exists()
}

fn temporary_in(folder: &Path, mode: &FileMode) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    // `tempfile` makes its files 0600, so others can never read a secret, not even for a moment.
    if !matches!(mode, FileMode::Like(_)) {
        return builder.prefix(TEMPORARY).tempfile_in(folder);
    }
    // The umask takes its part off at creation.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.prefix(SHARED).tempfile_in(folder)
}

/// Gives the new file the old one's owner. If root replaced a user's file, the new file would be
/// root's, and the user locked out. If the owner cannot be kept (another user's file in a shared
/// folder), the content matters more.
#[cfg(unix)]
fn keep_owner(file: &File, before: &Metadata) {
    use std::os::unix::fs::{MetadataExt, fchown};
    let same =
        file.metadata().is_ok_and(|now| (now.uid(), now.gid()) == (before.uid(), before.gid()));
    if !same && let Err(error) = fchown(file, Some(before.uid()), Some(before.gid())) {
        tracing::debug!(%error, "the owner of a replaced file could not be kept");
    }
}

#[cfg(not(unix))]
fn keep_owner(_file: &File, _before: &Metadata) {}

/// Syncs a folder: without that, a power cut can undo the rename.
#[cfg(unix)]
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder)?.sync_all() {
        // Some network file systems cannot sync a folder; they order renames by themselves.
        Err(error)
            if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) =>
        {
            Ok(())
        }
        result => result,
    }
}

#[cfg(not(unix))]
pub fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// Returns true if only the owner has any permission on the file.
#[cfg(unix)]
pub fn is_private(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|file| (file.permissions().mode() | 0o700) & 0o777 == 0o700)
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
        fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn a_secret_is_private_and_so_is_the_folder_made_for_it() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join(".aws/credentials");
        replace(&file, b"x", &FileMode::Private).unwrap();
        assert_eq!((mode_of(&file), mode_of(file.parent().unwrap())), (0o600, 0o700));
        assert_eq!(names_in(file.parent().unwrap()), ["credentials"]);
    }

    #[test]
    fn a_file_that_is_there_is_narrowed_or_left_as_it_is_and_never_widened() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("file");
        let after = |before: u32, mode: &FileMode| {
            fs::write(&file, "old").unwrap();
            fs::set_permissions(&file, Permissions::from_mode(before)).unwrap();
            replace(&file, b"new", mode).unwrap();
            let now = mode_of(&file);
            fs::remove_file(&file).unwrap();
            format!("{now:o}")
        };
        assert_eq!(
            [0o644, 0o600, 0o400, 0o4777].map(|before| after(before, &FileMode::Private)),
            ["600", "600", "400", "600"]
        );
        assert_eq!(
            [0o644, 0o400].map(|before| after(before, &FileMode::PrivateWhenNew)),
            ["644", "400"]
        );
        replace(&file, b"new", &FileMode::PrivateWhenNew).unwrap();
        assert_eq!(mode_of(&file), 0o600);
    }

    #[test]
    fn what_a_killed_run_left_behind_is_swept_away_and_nothing_else() {
        let home = tempfile::tempdir().unwrap();
        let (file, left) = temporary_in(home.path(), &FileMode::Private).unwrap().keep().unwrap();
        file.try_lock().unwrap();
        fs::write(home.path().join(".relayctl-x"), "another's").unwrap();
        sweep(home.path());
        assert!(left.exists(), "its process lives");
        drop(file);
        let theirs = home.path().join("theirs");
        fs::write(&theirs, "").unwrap();
        symlink(&theirs, home.path().join(".relayctl-private-link")).unwrap();
        let pipe = home.path().join(".relayctl-private-pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        sweep(home.path());
        let mut names = names_in(home.path());
        names.sort();
        let stay = [".relayctl-private-link", ".relayctl-private-pipe", ".relayctl-x", "theirs"];
        assert_eq!(names, stay);
    }

    #[test]
    fn a_mode_is_taken_over_whatever_the_umask() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("settings.json");
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o664)).unwrap();
        replace(&file, b"new", &FileMode::Like(file.clone())).unwrap();
        assert_eq!((fs::read_to_string(&file).unwrap().as_str(), mode_of(&file)), ("new", 0o664));
    }

    #[test]
    fn a_link_stays_and_its_target_is_replaced() {
        let home = tempfile::tempdir().unwrap();
        let (link, between, file) =
            (home.path().join("link"), home.path().join("between"), home.path().join("d/file"));
        symlink("between", &link).unwrap();
        symlink("d/file", &between).unwrap();
        replace(&link, b"one", &FileMode::Private).unwrap();
        replace(&link, b"two", &FileMode::Private).unwrap();
        assert!(link.is_symlink() && between.is_symlink() && !file.is_symlink());
        assert_eq!(fs::read_to_string(&file).unwrap(), "two");
    }

    #[test]
    fn links_in_a_circle_are_an_error() {
        let home = tempfile::tempdir().unwrap();
        let link = home.path().join("link");
        symlink("link", &link).unwrap();
        assert!(replace(&link, b"x", &FileMode::Private).is_err());
    }

    #[test]
    fn nothing_is_left_behind_when_the_rename_fails() {
        let home = tempfile::tempdir().unwrap();
        let taken = home.path().join("taken");
        fs::create_dir(&taken).unwrap();
        assert!(replace(&taken, b"x", &FileMode::Private).is_err());
        assert_eq!(names_in(home.path()), ["taken"]);
    }

    /// Every change sweeps its folder first. Steps change several files of one folder at once.
    #[test]
    fn changes_of_other_files_in_the_folder_sweep_nothing_of_a_running_one() {
        let folder = tempfile::tempdir().unwrap();
        let change = |name: usize| {
            for turn in 0..200 {
                sweep(folder.path());
                try_folder(folder.path()).unwrap();
                let (path, text) = (folder.path().join(name.to_string()), turn.to_string());
                replace(&path, text.as_bytes(), &FileMode::Private).unwrap();
            }
        };
        std::thread::scope(|scope| {
            for name in 0..4 {
                scope.spawn(move || change(name));
            }
        });
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4);
    }
}
