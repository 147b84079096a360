//! The check of a link at a file's place: the owner of the file to which it leads.
//!
//! The AWS CLI follows any link. OpenSSH (`StrictModes`) accepts nothing that another user could
//! have put there, and neither does this check: a link to somebody else's file would hand a secret
//! to them, above all if root follows it.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::disk;
use super::problem::Problem;

/// A path with the user id of its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Owned {
    path: PathBuf,
    owner: u32,
}

/// Refuses a link that leads to another owner's file, on whatever detour. If there is no file yet,
/// the folder counts in which it will be made. A path that is no link is not checked: its file is
/// replaced, and keeps its owner.
pub fn check(path: &Path) -> Result<(), Problem> {
    let problem = |error: io::Error| Problem::io("read", path, &error);
    let (links, end) = trail(path).map_err(problem)?;
    let us = rustix::process::geteuid().as_raw();
    match stranger(us, &links, &end) {
        None => Ok(()),
        Some(odd) => Err(refused(path, odd, &end)),
    }
}

/// Returns the links on the way, and the file at their end, or the nearest folder that exists.
fn trail(path: &Path) -> io::Result<(Vec<Owned>, Owned)> {
    let end = disk::target(path)?;
    let mut links = Vec::new();
    let mut at = path.to_owned();
    while at != end {
        links.push(Owned { owner: fs::symlink_metadata(&at)?.uid(), path: at.clone() });
        at = disk::folder(&at).join(fs::read_link(&at)?);
    }
    let found = end
        .ancestors()
        .find_map(|there| fs::metadata(there).ok().map(|it| (there.to_owned(), it.uid())));
    let (path, owner) = found.unwrap_or((PathBuf::from("."), fs::metadata(".")?.uid()));
    Ok((links, Owned { path, owner }))
}

/// Returns the link or the end that has another owner than the others. Root may follow another
/// user's own links to that user's own files, as with `sudo`; everybody else only their own.
fn stranger<'a>(us: u32, links: &'a [Owned], end: &'a Owned) -> Option<&'a Owned> {
    let first = links.first()?;
    let owner = if us == 0 { first.owner } else { us };
    links.iter().chain([end]).find(|it| it.owner != owner)
}

fn refused(path: &Path, odd: &Owned, end: &Owned) -> Problem {
    let message = format!(
        "{} is a link to {}, but {} belongs to another user (id {}): relayctl goes through a link \
            only to a file of the same owner; put the file itself there, or change its owner",
        path.display(),
        end.path.display(),
        odd.path.display(),
        odd.owner
    );
    Problem::refused("LinkToAnotherOwner", message)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn owned(owner: u32) -> Owned {
        Owned { path: PathBuf::new(), owner }
    }

    #[test]
    fn a_link_is_followed_only_to_a_file_of_the_same_owner() {
        let follows = |us, links: &[u32], end| {
            let links: Vec<Owned> = links.iter().copied().map(owned).collect();
            stranger(us, &links, &owned(end)).is_none()
        };
        assert!(follows(1000, &[], 0), "no link");
        assert!(follows(1000, &[1000], 1000) && follows(1000, &[1000, 1000], 1000));
        assert!(!follows(1000, &[1000], 1001) && !follows(1000, &[1000], 0));
        assert!(!follows(1000, &[1001], 1001), "somebody else's link to somebody else's file");
        assert!(
            !follows(1000, &[1001], 1000) && !follows(1000, &[1000, 1001], 1000),
            "a link that another user laid"
        );
        assert!(follows(0, &[0], 0) && follows(0, &[1000], 1000), "root at work for a user");
        assert!(
            !follows(0, &[0], 1000) && !follows(0, &[1000], 0) && !follows(0, &[1000, 1001], 1000)
        );
    }

    /// Returns another user's file: root gives one away, everybody else knows one of root's.
    fn anothers(folder: &Path) -> PathBuf {
        if !rustix::process::geteuid().is_root() {
            return PathBuf::from("/etc/passwd");
        }
        let file = folder.join("theirs");
        fs::write(&file, "theirs").unwrap();
        std::os::unix::fs::chown(&file, Some(1), Some(1)).unwrap();
        file
    }

    #[test]
    fn real_links_are_judged_by_their_end_even_where_that_does_not_exist() {
        let home = tempfile::tempdir().unwrap();
        let link = |name: &str, to: &Path| {
            symlink(to, home.path().join(name)).unwrap();
            home.path().join(name)
        };
        fs::write(home.path().join("ours"), "").unwrap();
        check(&home.path().join("ours")).unwrap();
        check(&link("one", Path::new("ours"))).unwrap();
        check(&link("two", Path::new("one"))).unwrap();
        check(&link("new", Path::new("not/yet/there"))).unwrap();
        let theirs = anothers(home.path());
        let problem = check(&link("bad", &theirs)).unwrap_err();
        assert_eq!(problem.code, "LinkToAnotherOwner");
        assert!(
            problem.message.contains(&format!("bad is a link to {}, but", theirs.display())),
            "{}",
            problem.message
        );
        assert!(check(&link("worse", Path::new("bad"))).is_err());
    }
}
