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
        if is_hidden(&path) {
            continue;
        }
        let is_folder = entry.file_type().map_err(failed)?.is_dir();
        if !is_folder && path.is_dir() {
            return Err(unread(&path, "a link to a folder: give the folder as a level of its own"));
        }
        let extension = path.extension().unwrap_or_default();
        if is_folder {
            folders.push(path);
        } else if extension.eq_ignore_ascii_case("json") {
            policies.push(path);
        } else if !extension.eq_ignore_ascii_case("md") {
            return Err(unread(&path, "no policy: the names of policies end with .json"));
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

/// Returns the error of an entry that would have no effect on the answer.
fn unread(path: &Path, why: &str) -> CommandError {
    CommandError::new(format!("{} is {why}", path.display()))
        .with_help("a policy that is left out would make the answer wrong: move the file elsewhere")
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
        fs::write(root.join("10-root/c.JSON"), "{}").unwrap();
        assert_eq!(levels(&[root.join("10-root")]).unwrap()[0].len(), 3);
        // What would silently have no effect is an error.
        fs::write(root.join("10-root/d.yaml"), "{}").unwrap();
        let error = levels(&[root.join("10-root")]).unwrap_err().to_string();
        assert!(error.contains("d.yaml is no policy"), "{error}");
        #[cfg(unix)]
        {
            let team = root.join("20-ou/10-team");
            std::os::unix::fs::symlink(root.join("20-ou"), team.join("up")).unwrap();
            let error = levels(std::slice::from_ref(&team)).unwrap_err().to_string();
            assert!(error.contains("up is a link to a folder"), "{error}");
            fs::remove_file(team.join("up")).unwrap();
        }
        fs::create_dir(root.join("30-empty")).unwrap();
        assert!(levels(&[root.to_owned()]).is_err());
    }
}
