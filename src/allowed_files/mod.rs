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
    further: Vec<PathBuf>,
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
        let folder = real_folder(manifest.parent().unwrap_or(Path::new("")));
        let work_tree = folder.ancestors().find(|above| above.join(".git").exists());
        let working = rules.working_folder.as_deref().map(real_folder);
        let around = working.filter(|working| folder.starts_with(working));
        let root = work_tree.map(Path::to_owned).or(around).unwrap_or(folder);
        Self {
            root,
            further: rules.allowed_paths.iter().map(|path| real_folder(path)).collect(),
            home: rules.home.as_deref().map(real_folder),
            max_size: rules.max_size,
        }
    }

    /// Returns the files below a folder.
    pub fn below(folder: &Path) -> Self {
        let rules = FileRules::default();
        let root = real_folder(folder);
        Self { root, further: Vec::new(), home: None, max_size: rules.max_size }
    }

    /// Returns the most bytes that are read of a file.
    pub fn max_size(&self) -> u64 {
        self.max_size
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
        let real = self.resolve(file, self.readable())?;
        match self.readable().find(|root| real.starts_with(root)) {
            Some(root) => Ok((root, real)),
            None => Err(self.outside(file, real)),
        }
    }

    /// Returns the place of a file that relayctl writes for the manifest. It may lie below the
    /// caller's home, too. The file need not exist.
    pub fn find_sink(&self, file: &Path) -> Result<SinkPlace, FileRefusal> {
        let path = self.resolve(file, self.writable())?;
        if !self.writable().any(|root| path.starts_with(root)) {
            return Err(self.outside(file, path));
        }
        let is_outside = !path.starts_with(&self.root);
        Ok(SinkPlace { path, is_outside })
    }

    fn readable(&self) -> impl Iterator<Item = &Path> {
        std::iter::once(&self.root).chain(&self.further).map(PathBuf::as_path)
    }

    fn writable(&self) -> impl Iterator<Item = &Path> {
        self.readable().chain(self.home.as_deref())
    }

    /// Follows the links of a path. An error about a path that is not even by its text in one of
    /// the folders says nothing about that path.
    fn resolve<'r>(
        &self,
        file: &Path,
        mut roots: impl Iterator<Item = &'r Path>,
    ) -> Result<PathBuf, FileRefusal> {
        resolve_links(file).map_err(|error| {
            let said = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
            if roots.any(|root| said.starts_with(root)) {
                FileRefusal::from_io(file, error)
            } else {
                self.outside(file, said)
            }
        })
    }

    fn outside(&self, file: &Path, real: PathBuf) -> FileRefusal {
        let said = std::path::absolute(file).is_ok_and(|said| said.starts_with(&self.root));
        let verb = if said { "leads" } else { "is" };
        FileRefusal::Outside { file: file.to_owned(), verb, root: self.root.clone(), real }
    }
}

/// Returns a folder without links, as far as it exists.
fn real_folder(folder: &Path) -> PathBuf {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let whole = || std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    resolve_links(folder).unwrap_or_else(|_| whole())
}

#[cfg(test)]
mod tests;
