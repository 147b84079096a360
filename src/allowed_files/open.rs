//! Opens regular files without waiting, and reads a bounded part of them.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::Path;

use super::refusal::FileRefusal;

/// Reads a file that the caller named: it must be regular and not larger than `max_size`.
pub fn read_regular(file: &Path, max_size: u64) -> Result<Vec<u8>, FileRefusal> {
    read_bounded(open_regular(file)?, file, max_size)
}

/// Opens a regular file. Nothing else is opened: a pipe would wait for its writer, and some devices
/// act when they are opened.
pub fn open_regular(file: &Path) -> Result<File, FileRefusal> {
    check_type(file, fs::metadata(file))?;
    checked(file, open_at_once(file))
}

/// Opens a file without following a link: `real` has none, and one that another user lays in the
/// meantime is an error.
pub(super) fn open_below(root: &Path, real: &Path, named: &Path) -> Result<File, FileRefusal> {
    check_type(named, fs::symlink_metadata(real))?;
    checked(named, open_without_links(root, real))
}

/// Reads a file to its end.
pub(super) fn read_bounded(
    opened: File,
    named: &Path,
    max_size: u64,
) -> Result<Vec<u8>, FileRefusal> {
    let metadata = opened.metadata().map_err(|error| FileRefusal::from_io(named, error))?;
    let said = metadata.len();
    if said > max_size {
        return Err(FileRefusal::TooLarge { file: named.to_owned(), limit: max_size });
    }
    let bytes = Vec::with_capacity(usize::try_from(said).unwrap_or_default() + 1);
    read_into(bytes, opened, named, max_size)
}

/// Reads a stream to its end, which the caller opened.
pub fn read_stream(stream: impl Read, named: &Path, max_size: u64) -> Result<Vec<u8>, FileRefusal> {
    read_into(Vec::new(), stream, named, max_size)
}

fn read_into(
    mut bytes: Vec<u8>,
    stream: impl Read,
    named: &Path,
    max_size: u64,
) -> Result<Vec<u8>, FileRefusal> {
    // The files of /proc have no size, and a file may grow while it is read.
    let read = stream.take(max_size.saturating_add(1)).read_to_end(&mut bytes);
    let read = read.map_err(|error| FileRefusal::from_io(named, error))?;
    if u64::try_from(read).is_ok_and(|read| read <= max_size) {
        Ok(bytes)
    } else {
        Err(FileRefusal::TooLarge { file: named.to_owned(), limit: max_size })
    }
}

fn checked(file: &Path, opened: io::Result<File>) -> Result<File, FileRefusal> {
    let opened = opened.map_err(|error| FileRefusal::from_io(file, error))?;
    check_type(file, opened.metadata())?;
    Ok(opened)
}

fn check_type(file: &Path, metadata: io::Result<Metadata>) -> Result<(), FileRefusal> {
    let metadata = metadata.map_err(|error| FileRefusal::from_io(file, error))?;
    match irregular(&metadata) {
        None => Ok(()),
        Some(_) if metadata.is_dir() => Err(FileRefusal::Folder(file.to_owned())),
        Some(what) => Err(FileRefusal::Irregular { file: file.to_owned(), what }),
    }
}

/// Returns what it is instead of a regular file; `None` for a regular file.
pub fn irregular(metadata: &Metadata) -> Option<&'static str> {
    let kind = metadata.file_type();
    if kind.is_file() {
        return None;
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_char_device() || kind.is_block_device() {
            return Some("a device");
        }
        if kind.is_fifo() {
            return Some("a pipe");
        }
        if kind.is_socket() {
            return Some("a socket");
        }
    }
    let other = if kind.is_symlink() { "a link" } else { "something else" };
    Some(if kind.is_dir() { "a folder" } else { other })
}

#[cfg(unix)]
fn open_at_once(file: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags, open};
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    Ok(open(file, flags, Mode::empty())?.into())
}

#[cfg(not(unix))]
fn open_at_once(file: &Path) -> io::Result<File> {
    File::open(file)
}

/// Opens folder after folder from `root` on, none of them through a link.
#[cfg(unix)]
fn open_without_links(root: &Path, real: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags, open, openat};
    let folder = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW;
    let below = real.strip_prefix(root).unwrap_or(real);
    let (Some(name), Some(folders)) = (below.file_name(), below.parent()) else {
        // The allowed path is the file itself.
        return Ok(open(real, file | OFlags::CLOEXEC, Mode::empty())?.into());
    };
    let mut at = open(root, folder, Mode::empty())?;
    for part in folders.components() {
        at = openat(&at, part.as_os_str(), folder, Mode::empty())?;
    }
    Ok(openat(&at, name, file | OFlags::CLOEXEC, Mode::empty())?.into())
}

#[cfg(not(unix))]
fn open_without_links(_root: &Path, real: &Path) -> io::Result<File> {
    File::open(real)
}
