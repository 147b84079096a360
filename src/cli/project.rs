//! The places of files: the project's root and, below it, states, waiting plans and the sandbox.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::error::CommandError;
use super::plan_trust;
use relayctl::provider::files::own;
use relayctl::store::local::is_state_file;

const PLAN_SUFFIX: &str = ".plan.json";

/// The project as one account sees it: AWS's or the sandbox's.
#[derive(Clone, Debug)]
pub struct Project {
    pub root: PathBuf,
    pub sandbox: bool,
}

/// The saved plans beside the states.
pub struct SavedPlans {
    /// The plans that wait to be applied, by name.
    pub waiting: Vec<PathBuf>,
    /// The plans that do not count as waiting, each with the reason.
    pub planted: BTreeMap<PathBuf, String>,
}

impl Project {
    /// Finds the nearest folder at or above `folder` that holds `state/` or `.git`, else `folder`
    /// itself.
    pub fn find_from(folder: &Path, sandbox: bool) -> Result<Self, CommandError> {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let folder =
            folder.canonicalize().map_err(|error| CommandError::for_file("find", folder, error))?;
        let marked = folder.ancestors().find(|above| own::is_root(above));
        Ok(Self { root: marked.unwrap_or(&folder).to_owned(), sandbox })
    }

    /// Returns the project of a manifest.
    pub fn of_manifest(manifest: &Path, sandbox: bool) -> Result<Self, CommandError> {
        Self::find_from(folder_of(manifest), sandbox)
    }

    /// Returns the file of a state by its manifest's name. The store may choose another one, where
    /// a plan could wait.
    pub fn state_file(&self, name: &str) -> PathBuf {
        self.states().join(format!("{name}.json"))
    }

    /// Returns the file of the plan that waits for a manifest. An earlier version may have put the
    /// state of a manifest `dev.plan` there.
    pub fn plan_file(&self, name: &str) -> PathBuf {
        let plan = self.states().join(format!("{name}{PLAN_SUFFIX}"));
        if is_state_file(&plan) {
            // No manifest's name holds an `@`.
            return self.states().join(format!("{name}@waiting{PLAN_SUFFIX}"));
        }
        plan
    }

    /// Returns the file of the simulated account.
    pub fn sandbox_account(&self) -> PathBuf {
        self.root.join("state").join("sandbox.json")
    }

    /// Returns the folder that replaces the file system in the sandbox.
    pub fn sandbox_files(&self) -> PathBuf {
        self.root.join("state").join("sandbox")
    }

    /// Returns the plans that wait to be applied, by name: those that this user saved.
    pub fn waiting(&self) -> Result<Vec<PathBuf>, CommandError> {
        Ok(self.saved_plans()?.waiting)
    }

    /// Returns the saved plans beside the states.
    pub fn saved_plans(&self) -> Result<SavedPlans, CommandError> {
        let mut waiting = self.list_plans()?;
        let planted = plan_trust::distrusted(&waiting);
        waiting.retain(|plan| !planted.contains_key(plan));
        Ok(SavedPlans { waiting, planted })
    }

    fn list_plans(&self) -> Result<Vec<PathBuf>, CommandError> {
        let folder = self.states();
        let found = match std::fs::read_dir(&folder) {
            Ok(entries) => {
                entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        };
        let mut plans = found.map_err(|error| CommandError::for_file("list", &folder, error))?;
        plans.retain(|path| path.is_file() && is_saved_plan(path));
        plans.sort();
        Ok(plans)
    }

    /// Returns the files of all states at their default place.
    pub fn states_beside(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.states()).into_iter().flatten().flatten();
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        let sandbox = self.sandbox_account();
        files.retain(|path| {
            path.extension().is_some_and(|it| it == "json")
                && !is_saved_plan(path)
                && *path != sandbox
        });
        files.sort();
        files
    }

    /// Returns true for a plan that `apply` finds by itself.
    pub fn holds_waiting(&self, plan: &Path) -> bool {
        let same = |one: &Path, other: &Path| matches!((one.canonicalize(), other.canonicalize()), (Ok(a), Ok(b)) if a == b);
        same(folder_of(plan), &self.states()) && is_saved_plan(plan)
    }

    /// Returns a path as a saved plan names it: relative to the root if it is below it.
    pub fn relative(&self, path: &Path) -> String {
        let whole = path.canonicalize().unwrap_or_else(|_| without_climbing(path));
        whole.strip_prefix(&self.root).unwrap_or(&whole).to_string_lossy().into_owned()
    }

    fn states(&self) -> PathBuf {
        if self.sandbox { self.sandbox_files() } else { self.root.join("state") }
    }
}

pub fn looks_like_plan(path: &Path) -> bool {
    path.to_string_lossy().ends_with(PLAN_SUFFIX)
}

/// Returns true for a file with a plan's name, unless it is the state of a manifest `dev.plan`.
fn is_saved_plan(path: &Path) -> bool {
    looks_like_plan(path) && !is_state_file(path)
}

/// Returns the absolute path of a file that may not exist yet, without `..` in it: the nearest
/// folder that exists is followed, the rest is taken as it is written.
fn without_climbing(path: &Path) -> PathBuf {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let found = whole.ancestors().find_map(|above| Some((above, above.canonicalize().ok()?)));
    let (above, mut clear) = found.unwrap_or((Path::new(""), PathBuf::new()));
    for part in whole.strip_prefix(above).unwrap_or(&whole).components() {
        if part == Component::ParentDir {
            clear.pop();
        } else {
            clear.push(part);
        }
    }
    clear
}

/// Returns the folder that contains a file, as it was named.
pub fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Returns a path as the user would name it: relative to the working directory if it is below it.
pub fn shown(path: &Path) -> String {
    let here = std::env::current_dir().and_then(|here| here.canonicalize()).unwrap_or_default();
    path.strip_prefix(&here).unwrap_or(path).display().to_string()
}

/// Writes a file that only its owner can read, atomically.
pub fn write_private(path: &Path, content: &[u8]) -> Result<(), CommandError> {
    own::replace(path, content).map_err(|error| CommandError::for_file("write", path, error))
}

/// Writes a file like `write_private`, with the content that `write` produces.
pub fn write_private_with(
    path: &Path,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> Result<(), CommandError> {
    own::replace_with(path, write).map_err(|error| CommandError::for_file("write", path, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_the_nearest_marked_folder_or_the_manifests_own() {
        let temporary = tempfile::tempdir().unwrap();
        let top = temporary.path().canonicalize().unwrap();
        let manifests = top.join("a/manifests");
        std::fs::create_dir_all(&manifests).unwrap();
        std::fs::create_dir(top.join("a/.git")).unwrap();
        assert_eq!(
            Project::of_manifest(&manifests.join("dev.yaml"), false).unwrap().root,
            top.join("a")
        );
        std::fs::create_dir(manifests.join("state")).unwrap();
        assert_eq!(
            Project::of_manifest(&manifests.join("dev.yaml"), false).unwrap().root,
            manifests
        );
    }

    #[test]
    fn waiting_plans_of_the_sandbox_and_of_aws_are_kept_apart() {
        let temporary = tempfile::tempdir().unwrap();
        std::fs::create_dir(temporary.path().join("state")).unwrap();
        let aws = Project::find_from(temporary.path(), false).unwrap();
        let sandbox = Project { sandbox: true, ..aws.clone() };
        write_private(&sandbox.plan_file("dev"), b"{}").unwrap();
        write_private(&sandbox.state_file("dev"), b"{}").unwrap();
        assert_eq!(aws.waiting().unwrap(), Vec::<PathBuf>::new());
        assert_eq!(sandbox.waiting().unwrap(), [sandbox.plan_file("dev")]);
        assert!(sandbox.holds_waiting(&sandbox.plan_file("dev")));
        assert!(!sandbox.holds_waiting(&sandbox.state_file("dev")));
        assert!(!aws.holds_waiting(&sandbox.plan_file("dev")));
    }

    #[cfg(unix)]
    #[test]
    fn a_private_file_is_readable_by_its_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let temporary = tempfile::tempdir().unwrap();
        let file = temporary.path().join("new/x.plan.json");
        write_private(&file, b"one").unwrap();
        write_private(&file, b"two").unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "two");
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&file), mode(folder_of(&file))), (0o600, 0o700));
    }
}
