//! The origin of a plan that lies beside the states. `apply` does a waiting plan without asking,
//! because its user has just read it; so a plan that came with a pull request, or that another user
//! of the machine wrote, does not wait.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The variables by which git would look at another repository or index.
const GIT_VARIABLES: [&str; 4] = ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"];

/// Returns the files, all of one folder, that cannot be this user's own plans, with the reason.
pub fn distrusted(plans: &[PathBuf]) -> BTreeMap<PathBuf, String> {
    let tracked = tracked_by_git(plans);
    let reason = |plan: &PathBuf| {
        let found = fs::symlink_metadata(plan).ok()?;
        let why = if found.is_symlink() {
            "it is a link".to_owned()
        } else if let Some(owner) = other_owner(&found) {
            format!("another user (id {owner}) wrote it")
        } else {
            (*tracked.get(plan)?).to_owned()
        };
        Some((plan.clone(), why))
    };
    plans.iter().filter_map(reason).collect()
}

#[cfg(unix)]
fn other_owner(found: &fs::Metadata) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    Some(found.uid()).filter(|owner| *owner != rustix::process::geteuid().as_raw())
}

#[cfg(not(unix))]
fn other_owner(_found: &fs::Metadata) -> Option<u32> {
    None
}

/// Returns the files that git tracks, or may track, with the reason.
fn tracked_by_git(plans: &[PathBuf]) -> BTreeMap<PathBuf, &'static str> {
    let Some(folder) = plans.first().and_then(|plan| plan.parent()) else { return BTreeMap::new() };
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let Some(root) = folder.ancestors().find(|above| above.join(".git").exists()) else {
        return BTreeMap::new();
    };
    let is_named = |plan: &Path, names: &[u8]| {
        let name = plan.file_name().unwrap_or_default().as_encoded_bytes();
        names.split(|byte| *byte == 0).any(|tracked| {
            tracked.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with(b"/"))
        })
    };
    let with = |why: &'static str, is_meant: &dyn Fn(&Path) -> bool| {
        plans.iter().filter(|plan| is_meant(plan)).map(|plan| (plan.clone(), why)).collect()
    };
    let tracked = "git tracks it";
    match ask_git(root, &folder) {
        Some(names) => with(tracked, &|plan| is_named(plan, &names)),
        None => match read_index(&root.join(".git")) {
            // There is no index as long as nothing was ever added.
            GitIndex::Missing => BTreeMap::new(),
            GitIndex::Unreadable => with("nothing tells if git tracks it", &|_| true),
            GitIndex::Plain(bytes) => {
                with(tracked, &|plan| contains(&bytes, plan.file_name().unwrap_or_default()))
            }
        },
    }
}

/// Returns the names of the tracked files in the folder, each with a zero byte behind it; `None` if
/// git cannot be run. The repository is named, so that git does not take a folder of the work tree
/// for one, whose configuration would be a stranger's.
fn ask_git(root: &Path, folder: &Path) -> Option<Vec<u8>> {
    let mut git = Command::new("git");
    git.current_dir(root)
        .args(["--literal-pathspecs", "-c", "core.fsmonitor=false"])
        .arg("--git-dir")
        .arg(root.join(".git"))
        .arg("--work-tree")
        .arg(root)
        .args(["ls-files", "-z", "--"])
        .arg(folder)
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    for variable in GIT_VARIABLES {
        git.env_remove(variable);
    }
    let output = git.output().ok().filter(|output| output.status.success())?;
    Some(output.stdout)
}

enum GitIndex {
    Missing,
    /// An index that does not hold all names as they are.
    Unreadable,
    Plain(Vec<u8>),
}

/// Reads the index without git. Up to version 3 it holds each path whole, unless it is split.
/// <https://git-scm.com/docs/index-format>
fn read_index(git: &Path) -> GitIndex {
    let git = match fs::read_to_string(git) {
        Ok(text) => match text.trim().strip_prefix("gitdir: ") {
            Some(to) => git.parent().unwrap_or(Path::new(".")).join(to),
            None => return GitIndex::Unreadable,
        },
        Err(_) => git.to_owned(),
    };
    match fs::read(git.join("index")) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => GitIndex::Missing,
        Ok(bytes) if is_plain(&bytes) => GitIndex::Plain(bytes),
        Ok(_) | Err(_) => GitIndex::Unreadable,
    }
}

/// Returns true for an index of version 2 or 3 that is not split: the extension `link` names the
/// rest of it.
fn is_plain(index: &[u8]) -> bool {
    index.starts_with(b"DIRC\0\0\0")
        && matches!(index.get(7), Some(2 | 3))
        && !contains(index, OsStr::new("link\0"))
}

fn contains(bytes: &[u8], name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    bytes.windows(name.len().max(1)).any(|window| window == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_git(folder: &Path, arguments: &[&str]) {
        let done = Command::new("git")
            .current_dir(folder)
            .args(arguments)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .stdout(Stdio::null())
            .status();
        assert!(done.unwrap().success(), "git {arguments:?}");
    }

    fn repository() -> (tempfile::TempDir, Vec<PathBuf>) {
        let home = tempfile::tempdir().unwrap();
        let state = home.path().join("state");
        fs::create_dir(&state).unwrap();
        let plans: Vec<PathBuf> =
            ["planted.plan.json", "made.plan.json"].map(|name| state.join(name)).into();
        for plan in &plans {
            fs::write(plan, "{}").unwrap();
        }
        run_git(home.path(), &["init", "-q"]);
        (home, plans)
    }

    #[test]
    fn a_plan_that_git_tracks_is_not_trusted() {
        let (home, plans) = repository();
        assert_eq!(distrusted(&plans), BTreeMap::new());
        run_git(home.path(), &["add", "-f", "state/planted.plan.json"]);
        let expected = BTreeMap::from([(plans[0].clone(), "git tracks it".to_owned())]);
        assert_eq!(distrusted(&plans), expected);
    }

    #[test]
    fn without_git_its_index_is_read_and_one_that_cannot_be_read_proves_nothing() {
        let (home, plans) = repository();
        let index = || read_index(&home.path().join(".git"));
        assert!(matches!(index(), GitIndex::Missing));
        run_git(home.path(), &["add", "-f", "state/planted.plan.json"]);
        let GitIndex::Plain(bytes) = index() else { panic!("it is a plain index") };
        let known = |plan: &PathBuf| contains(&bytes, plan.file_name().unwrap());
        assert_eq!(plans.iter().map(known).collect::<Vec<_>>(), [true, false]);
        run_git(home.path(), &["update-index", "--index-version", "4"]);
        assert!(matches!(index(), GitIndex::Unreadable));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_and_another_users_file_are_not_trusted() {
        let home = tempfile::tempdir().unwrap();
        let plan = home.path().join("dev.plan.json");
        fs::write(home.path().join("elsewhere"), "{}").unwrap();
        std::os::unix::fs::symlink("elsewhere", &plan).unwrap();
        assert_eq!(distrusted(std::slice::from_ref(&plan))[&plan], "it is a link");
        // Root gives a file away; everybody else knows one of root's.
        let theirs = if rustix::process::geteuid().is_root() {
            fs::remove_file(&plan).unwrap();
            fs::write(&plan, "{}").unwrap();
            std::os::unix::fs::chown(&plan, Some(1), Some(1)).unwrap();
            plan
        } else {
            PathBuf::from("/etc/passwd")
        };
        let why = distrusted(std::slice::from_ref(&theirs)).remove(&theirs).unwrap();
        assert!(why.starts_with("another user (id "), "{why}");
    }
}
