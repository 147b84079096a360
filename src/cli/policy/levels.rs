//! The levels of an organization, whose control policies stand in files and folders.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cli::error::CommandError;

/// Returns the files of each level, from the root of the organization down. A file is the only
/// policy of its level. A folder holds the policies of one level; the folders in it are the levels
/// below, in the order of their names.
pub fn levels(paths: &[PathBuf]) -> Result<Vec<Vec<PathBuf>>, CommandError> {
    let mut levels = Vec::new();
    for path in paths {
        if path.is_dir() {
            add_folder(path, &mut levels)?;
        } else {
            levels.push(vec![path.clone()]);
        }
    }
    Ok(levels)
}

fn add_folder(folder: &Path, levels: &mut Vec<Vec<PathBuf>>) -> Result<(), CommandError> {
    let failed = |error| CommandError::for_file("read", folder, error);
    let entries = fs::read_dir(folder).map_err(failed)?;
    let (mut policies, mut folders) = (Vec::new(), Vec::new());
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        // A link to a folder isn't followed: it may lead back.
        if entry.file_type().map_err(failed)?.is_dir() {
            folders.extend(Some(path).filter(|path| !is_hidden(path)));
        } else if path.extension().is_some_and(|extension| extension == "json") {
            policies.push(path);
        }
    }
    if policies.is_empty() && folders.is_empty() {
        let message = format!("the folder {} holds no policies", folder.display());
        return Err(CommandError::new(message).with_help(
            "put the policies of a level into it, in files that end with .json: AWS attaches at \
                least one policy to each level",
        ));
    }
    policies.sort();
    folders.sort();
    if !policies.is_empty() {
        levels.push(policies);
    }
    folders.iter().try_for_each(|folder| add_folder(folder, levels))
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_levels_from_the_root_down() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for name in ["20-ou/10-team/x.json", "20-ou/b.json", "10-root/a.json", "10-root/b.json"] {
            fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            fs::write(root.join(name), "{}").unwrap();
        }
        fs::write(root.join("20-ou/README.md"), "").unwrap();
        fs::create_dir(root.join(".git")).unwrap();
        let file = root.join("10-root/a.json");
        let found = levels(&[root.to_owned(), file.clone()]).unwrap();
        let shown = |level: &Vec<PathBuf>| {
            let names = level.iter().map(|it| it.strip_prefix(root).unwrap().display().to_string());
            names.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            found.iter().map(shown).collect::<Vec<_>>(),
            [
                "10-root/a.json 10-root/b.json",
                "20-ou/b.json",
                "20-ou/10-team/x.json",
                "10-root/a.json"
            ]
        );
        fs::create_dir(root.join("30-empty")).unwrap();
        assert!(levels(&[root.to_owned()]).is_err());
    }
}
