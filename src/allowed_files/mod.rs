//! The files that a manifest may name: regular, of bounded size, and below the project's root.
//!
//! A manifest may be a stranger's, and relayctl runs with the caller's rights. This is the one
//! place that opens a file for a manifest, and that decides where a file may be written for it.

mod open;
mod refusal;
mod resolve;

use std::path::{Path, PathBuf};

pub use self::open::{irregular, open_regular, read_regular, read_stream};
pub use self::refusal::FileRefusal;
use self::resolve::resolve_links;

/// The most bytes that are read of a file unless the caller allows more.
pub const DEFAULT_MAX_SIZE: u64 = 16 * 1024 * 1024;

/// The rules of the caller for the files that a manifest names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRules {
    /// The files and folders outside of the project that are allowed, too.
    pub allowed_paths: Vec<PathBuf>,
    /// The most bytes of a file.
    pub max_size: u64,
    /// The working directory. It is the root if no git work tree holds the manifest and the
    /// manifest lies below it.
    pub working_folder: Option<PathBuf>,
    /// The caller's home directory, below which a manifest may have files written.
    pub home: Option<PathBuf>,
}

impl Default for FileRules {
    fn default() -> Self {
        Self {
            allowed_paths: Vec::new(),
            max_size: DEFAULT_MAX_SIZE,
            working_folder: None,
            home: None,
        }
    }
}

/// The files that one manifest may name. All paths in it are absolute and without links.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedFiles {
    root: PathBuf,
    allowed_paths: Vec<PathBuf>,
    home: Option<PathBuf>,
    max_size: u64,
}

/// The place of a file that relayctl may write for a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SinkPlace {
    /// The whole path, with links followed.
    pub path: PathBuf,
    /// Marks a place outside of the project.
    pub is_outside: bool,
}

impl AllowedFiles {
    /// Returns the files that a manifest may name. The root is the git work tree that holds the
    /// manifest; without one, the working directory if the manifest lies below it; else the
    /// manifest's folder.
    pub fn of_manifest(manifest: &Path, rules: &FileRules) -> Self {
        Self::of_folder(manifest.parent().unwrap_or(Path::new("")), rules)
    }

    /// Returns the files that a manifest in the folder may name.
    pub fn of_folder(folder: &Path, rules: &FileRules) -> Self {
        let folder = without_links(folder);
        let work_tree = folder.ancestors().find(|above| above.join(".git").exists());
        let working = rules.working_folder.as_deref().map(without_links);
        let around = working.filter(|working| folder.starts_with(working));
        let root = work_tree.map(Path::to_owned).or(around).unwrap_or(folder);
        Self {
            root,
            allowed_paths: rules.allowed_paths.iter().map(|path| without_links(path)).collect(),
            home: rules.home.as_deref().map(without_links),
            max_size: rules.max_size,
        }
    }

    /// Returns the files below a folder.
    pub fn below(folder: &Path) -> Self {
        let rules = FileRules::default();
        let root = without_links(folder);
        Self { root, allowed_paths: Vec::new(), home: None, max_size: rules.max_size }
    }

    /// Reads a file that the manifest names. Nothing of a file is read before it is known to be
    /// allowed, also not whether it exists.
    pub fn read_file(&self, file: &Path) -> Result<Vec<u8>, FileRefusal> {
        let (root, real) = self.find_readable(file)?;
        let opened = open::open_below(root, &real, file)?;
        open::read_bounded(opened, file, self.max_size)
    }

    /// Makes sure that relayctl may read a file for the manifest. The file need not exist.
    pub fn check_readable(&self, file: &Path) -> Result<(), FileRefusal> {
        self.find_readable(file).map(drop)
    }

    /// Returns the allowed folder that a file lies in, and the file's own path.
    fn find_readable(&self, file: &Path) -> Result<(&Path, PathBuf), FileRefusal> {
        self.find_below(file, &self.readable_roots())
    }

    /// Returns the place of a file that relayctl writes for the manifest. It may lie below the
    /// caller's home, too. The file need not exist.
    pub fn find_sink(&self, file: &Path) -> Result<SinkPlace, FileRefusal> {
        let (_, path) = self.find_below(file, &self.writable_roots())?;
        let is_outside = !path.starts_with(&self.root);
        Ok(SinkPlace { path, is_outside })
    }

    fn readable_roots(&self) -> impl Iterator<Item = &Path> + Clone {
        std::iter::once(&self.root).chain(&self.allowed_paths).map(PathBuf::as_path)
    }

    fn writable_roots(&self) -> impl Iterator<Item = &Path> + Clone {
        self.readable_roots().chain(self.home.as_deref())
    }

    /// Follows the links of a path. Returns the folder that it lies in, and the file's own path. An
    /// error about a path that is not even by its text in one of the folders says nothing about
    /// that path.
    fn find_below<'r>(
        &self,
        file: &Path,
        roots: &(impl Iterator<Item = &'r Path> + Clone),
    ) -> Result<(&'r Path, PathBuf), FileRefusal> {
        let above = |path: &Path| roots.clone().find(|root| path.starts_with(root));
        match resolve_links(file) {
            Ok(real) => match above(&real) {
                Some(root) => Ok((root, real)),
                None => Err(self.outside(file, real)),
            },
            Err(error) => {
                let said = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
                Err(match above(&said) {
                    Some(_) => FileRefusal::from_io(file, error),
                    None => self.outside(file, said),
                })
            }
        }
    }

    fn outside(&self, file: &Path, real: PathBuf) -> FileRefusal {
        let said = std::path::absolute(file).is_ok_and(|said| said.starts_with(&self.root));
        let verb = if said { "leads" } else { "is" };
        FileRefusal::Outside { file: file.to_owned(), verb, root: self.root.clone(), real }
    }
}

/// Returns a path without links, as far as it exists.
fn without_links(path: &Path) -> PathBuf {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    let whole = || std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    resolve_links(path).unwrap_or_else(|_| whole())
}

#[cfg(test)]
mod tests;
