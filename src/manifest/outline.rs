//! Reads the top-level keys of a YAML file without parsing it, to tell manifests from other files.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::source::normalize_path;
use crate::allowed_files::open_regular;

/// The most that is read of a file. The keys that matter are at its beginning.
const MOST: u64 = 64 * 1024;

/// The most files of a folder that are read.
const FILES: usize = 200;

/// The top-level keys of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManifestOutline {
    keys: BTreeSet<String>,
    extends: Option<String>,
}

impl ManifestOutline {
    /// Reads the keys; `None` for anything but a file of text.
    pub fn read(path: &Path) -> Option<Self> {
        let mut bytes = Vec::new();
        open_regular(path).ok()?.take(MOST).read_to_end(&mut bytes).ok()?;
        Some(Self::of(&String::from_utf8_lossy(&bytes)))
    }

    fn of(text: &str) -> Self {
        let mut outline = Self::default();
        for line in text.lines() {
            let Some((key, value)) = line.split_once(':') else { continue };
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if key.is_empty() || !key.chars().all(plain) {
                continue;
            }
            if key == "extends" {
                let value = value.split(" #").next().unwrap_or_default();
                outline.extends = Some(value.trim().trim_matches(['"', '\'']).to_owned());
            }
            outline.keys.insert(key.to_owned());
        }
        outline
    }

    /// Tells if the file looks like a manifest that can be planned: it has a name, or extends
    /// another manifest, which may have it.
    pub fn is_manifest(&self) -> bool {
        let has = |key: &str| self.keys.contains(key);
        has("name") && (has("account") || has("version") || has("region")) || self.extends.is_some()
    }

    /// Tells if the file, which is in this folder, extends the other one.
    fn extends(&self, folder: &Path, base: &Path) -> bool {
        let extends = self.extends.as_deref().filter(|path| !path.is_empty());
        extends.is_some_and(|path| normalize_path(&folder.join(path)) == normalize_path(base))
    }
}

/// Returns the YAML files of a folder, by name.
fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let readable = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let entries = std::fs::read_dir(readable).into_iter().flatten().flatten();
    let yaml = |name: &Path| {
        name.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
    };
    let names = entries.map(|entry| PathBuf::from(entry.file_name())).filter(|name| yaml(name));
    let mut files: Vec<PathBuf> = names.map(|name| folder.join(name)).collect();
    files.sort();
    files.truncate(FILES);
    files
}

/// Returns the files in a folder that look like manifests which can be planned.
pub fn manifests_in(folder: &Path) -> Vec<PathBuf> {
    let mut files = yaml_files(folder);
    files.retain(|file| ManifestOutline::read(file).is_some_and(|outline| outline.is_manifest()));
    files
}

/// Returns the manifests beside a file that extend it.
pub fn extended_by(base: &Path) -> Vec<PathBuf> {
    let folder = base.parent().unwrap_or(Path::new(""));
    let mut files = yaml_files(folder);
    files.retain(|file| {
        ManifestOutline::read(file).is_some_and(|outline| outline.extends(folder, base))
    });
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_at_the_top_count() {
        let outline = ManifestOutline::of(
            "# name: x\nextends: \"base.yaml\" # the base\nusers:\n  name: y\n",
        );
        assert_eq!(outline.extends.as_deref(), Some("base.yaml"));
        assert_eq!(outline.keys.iter().collect::<Vec<_>>(), ["extends", "users"]);
        assert!(outline.is_manifest());
        assert!(ManifestOutline::of("version: 1\nname: a\n").is_manifest());
        assert!(!ManifestOutline::of("version: 1\nusers: {}\n").is_manifest());
        assert!(!ManifestOutline::of("name: workflow\non: push\n").is_manifest());
    }

    #[test]
    fn the_manifests_that_extend_a_file_are_found_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("base.yaml", "version: 1\nusers: {}\n");
        write("dev.yaml", "extends: ./base.yaml\nname: dev\n");
        write("prod.yml", "extends: base.yaml\nname: prod\n");
        write("other.yaml", "extends: dev.yaml\n");
        std::fs::create_dir(folder.path().join("folder.yaml")).unwrap();
        let names = |files: Vec<PathBuf>| -> Vec<String> {
            let name = |file: &PathBuf| file.file_name().unwrap().to_string_lossy().into_owned();
            files.iter().map(name).collect()
        };
        assert_eq!(names(extended_by(&folder.path().join("base.yaml"))), ["dev.yaml", "prod.yml"]);
        assert_eq!(names(manifests_in(folder.path())), ["dev.yaml", "other.yaml", "prod.yml"]);
    }
}
