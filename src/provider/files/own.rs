//! The files of relayctl's own: plans, states, locks, journals, copies, the sandbox's account.
//!
//! They stand in a project, among files that others wrote: a pull request can commit a link to
//! `~/.bashrc` in the place of a plan. So nothing of them is written through a link, and only
//! regular files are replaced.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::disk::{self, Durability, FileMode};
use crate::allowed_files::irregular;

/// Refuses a path at which a link or anything but a regular file stands. Below the root of a
/// project, the folders on the way must be no links either.
pub fn check_place(path: &Path) -> io::Result<()> {
    if let Some(link) = link_on_the_way(path) {
        let to = fs::read_link(&link).unwrap_or_default();
        let message = format!(
            "{} is a link to {}, and relayctl writes its own files through no link: remove the \
                link, or name the place that it leads to",
            link.display(),
            to.display()
        );
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let there = fs::symlink_metadata(path).ok();
    there.as_ref().and_then(irregular).map_or(Ok(()), |what| Err(disk::not_replaced(what)))
}

/// Finds a link at the end of the path, or among its folders below the root of a project. Links
/// above it are the user's own, such as macOS's `/tmp`.
fn link_on_the_way(path: &Path) -> Option<PathBuf> {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut parts: Vec<&Path> = whole.ancestors().collect();
    parts.reverse();
    let mut below_root = false;
    for part in parts {
        let is_link = part.is_symlink();
        if is_link && (below_root || part == whole) {
            return Some(part.to_owned());
        }
        below_root |= !is_link && is_root(part);
    }
    None
}

/// Returns true for a folder that may be the root of a project.
pub fn is_root(folder: &Path) -> bool {
    folder.join("state").is_dir() || folder.join(".git").exists()
}

/// Replaces a private file, all or nothing.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    replace_with(path, |file| file.write_all(content))
}

/// Replaces a private file with the output of `write`: a long content need not be in memory first.
pub fn replace_with(
    path: &Path,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    replace_as(path, &FileMode::Private, Durability::Synced, write).map(drop)
}

/// Replaces a file that is for everybody, such as a manual page.
pub fn replace_shared(path: &Path, content: &[u8]) -> io::Result<()> {
    let mode = FileMode::Like(path.to_owned());
    replace_as(path, &mode, Durability::Synced, |file| file.write_all(content)).map(drop)
}

fn replace_as(
    path: &Path,
    mode: &FileMode,
    durability: Durability,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<File> {
    check_place(path)?;
    disk::sweep(disk::folder(path));
    disk::put_file(path, mode, durability, write)
}

/// Replaces a private file that need not survive a power cut; returns the new one.
pub fn replace_unsynced(path: &Path, content: &[u8]) -> io::Result<File> {
    replace_as(path, &FileMode::Private, Durability::Unsynced, |file| file.write_all(content))
}

/// Opens or makes a file that is written in place. Only its owner may read it, also if others could
/// before.
pub fn open_private(path: &Path) -> io::Result<File> {
    check_place(path)?;
    disk::make_private_folder(disk::folder(path))?;
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = disk::open_in_place(&mut options, path)?;
    let found = file.metadata()?;
    if let Some(what) = irregular(&found) {
        return Err(disk::not_replaced(what));
    }
    if !disk::is_private(path) {
        // Another user's file cannot be changed, and its writer knows its content.
        drop(disk::narrowed(&found.permissions()).map(|narrow| file.set_permissions(narrow)));
    }
    Ok(file)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_file_that_is_written_in_place_becomes_private() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("file");
        fs::write(&file, "").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
        open_private(&file).unwrap();
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn nothing_is_written_through_a_link_or_over_anything_but_a_regular_file() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        fs::write(at("theirs"), "theirs").unwrap();
        symlink("theirs", at("link")).unwrap();
        symlink("nowhere", at("dangling")).unwrap();
        fs::create_dir(at("folder")).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        for (name, what) in [
            ("link", "is a link to theirs"),
            ("dangling", "is a link to nowhere"),
            ("folder", "it is a folder"),
            ("pipe", "it is a pipe"),
            ("socket", "it is a socket"),
        ] {
            let before = fs::symlink_metadata(at(name)).unwrap().file_type();
            for refused in [
                check_place(&at(name)),
                replace(&at(name), b"ours"),
                replace_shared(&at(name), b"ours"),
                replace_unsynced(&at(name), b"ours").map(drop),
                open_private(&at(name)).map(drop),
            ] {
                let error = refused.unwrap_err().to_string();
                assert!(error.contains(what), "{name}: {error}");
            }
            assert_eq!(fs::symlink_metadata(at(name)).unwrap().file_type(), before);
        }
        assert_eq!(fs::read_to_string(at("theirs")).unwrap(), "theirs");
        assert!(!at("nowhere").exists());
    }

    #[test]
    fn a_linked_folder_is_refused_below_a_projects_root_and_followed_above_it() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        fs::create_dir_all(at("project/.git")).unwrap();
        // A link into another project is no root of its own.
        fs::create_dir_all(at("other/.git")).unwrap();
        symlink("../other", at("project/state")).unwrap();
        symlink("project", at("way")).unwrap();
        let error = replace(&at("project/state/sandbox/x.json"), b"x").unwrap_err();
        assert!(error.to_string().contains("project/state is a link to ../other"), "{error}");
        assert!(!at("other/sandbox").exists());
        replace(&at("way/new/x.json"), b"x").unwrap();
        assert_eq!(fs::read_to_string(at("project/new/x.json")).unwrap(), "x");
    }
}
