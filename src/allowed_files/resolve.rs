//! Follows the links of a path whose end need not exist.

use std::io;
use std::path::{Path, PathBuf};

/// The most links that are followed: as many as Linux follows.
const MAX_LINKS: usize = 40;

/// Returns the absolute path to which a path leads, without links. A link to a file that does not
/// exist yet leads to where that file would be made.
pub(super) fn resolve_links(path: &Path) -> io::Result<PathBuf> {
    let mut at = std::path::absolute(path)?;
    for _ in 0..MAX_LINKS {
        match at.canonicalize() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            found => return found,
        }
        let missing = || io::Error::from(io::ErrorKind::NotFound);
        let folder = at.parent().ok_or_else(missing)?;
        if let Ok(link) = std::fs::read_link(&at) {
            at = folder.join(link);
            continue;
        }
        let mut resolved = resolve_links(folder)?;
        match at.file_name() {
            Some(name) => resolved.push(name),
            // The path ends in `..`, behind a folder that is not there, and so is no link.
            None => drop(resolved.pop()),
        }
        return Ok(resolved);
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "too many levels of symbolic links"))
}
