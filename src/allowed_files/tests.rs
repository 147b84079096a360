use std::fs;

use tempfile::TempDir;

use super::*;

/// A folder with a project in it, which has a `document.json`, and a secret beside it.
struct Machine(TempDir);

impl Machine {
    fn new() -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        machine.write("project/manifests/m.yaml", "version: 1\n");
        machine.write("project/document.json", "{}");
        machine.write("secret", "hush");
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    fn rules(&self) -> FileRules {
        FileRules { working_folder: Some(self.path("project")), ..FileRules::default() }
    }

    fn allowed(&self) -> AllowedFiles {
        AllowedFiles::of_manifest(&self.path("project/manifests/m.yaml"), &self.rules())
    }
}

#[test]
fn the_root_is_the_work_tree_else_the_working_folder_else_the_manifests_own() {
    let machine = Machine::new();
    let manifest = machine.path("project/manifests/m.yaml");
    let root = |working: Option<&str>| {
        let working_folder = working.map(|name| machine.path(name));
        let rules = FileRules { working_folder, ..FileRules::default() };
        AllowedFiles::of_manifest(&manifest, &rules).root
    };
    let real = |name: &str| machine.path(name).canonicalize().unwrap();
    fs::create_dir(machine.path("elsewhere")).unwrap();
    assert_eq!(root(None), real("project/manifests"));
    assert_eq!(root(Some("elsewhere")), real("project/manifests"));
    assert_eq!(root(Some("project")), real("project"));
    // The `.git` of a linked work tree is a file.
    machine.write("project/.git", "gitdir: elsewhere");
    assert_eq!(root(Some("project/manifests")), real("project"));
}

#[test]
fn a_file_is_read_below_the_root_and_where_the_caller_allows_it() {
    let machine = Machine::new();
    let inside = machine.path("project/manifests/../document.json");
    assert_eq!(machine.allowed().read_file(&inside).unwrap(), b"{}");
    let secret = machine.path("secret");
    let refusal = machine.allowed().read_file(&secret).unwrap_err();
    assert_eq!(refusal.diagnostic_code(), "outside-project");
    let real = secret.canonicalize().unwrap();
    assert!(refusal.remedy().contains(&format!("--allow-path {}", real.display())), "{refusal}");
    for allowed in [machine.path("secret"), machine.path("")] {
        let rules = FileRules { allowed_paths: vec![allowed], ..machine.rules() };
        let files = AllowedFiles::of_manifest(&machine.path("project/manifests/m.yaml"), &rules);
        assert_eq!(files.read_file(&secret).unwrap(), b"hush");
    }
}

#[test]
fn nothing_tells_if_a_file_outside_exists() {
    let machine = Machine::new();
    for name in ["secret", "missing", "missing/deeper", "secret/deeper", "missing/../secret"] {
        let refusal = machine.allowed().read_file(&machine.path(name)).unwrap_err();
        assert_eq!(refusal.diagnostic_code(), "outside-project", "{name}: {refusal}");
    }
    let missing = machine.allowed().read_file(&machine.path("project/missing")).unwrap_err();
    assert_eq!(missing.diagnostic_code(), "no-such-file");
}

#[test]
fn a_file_of_more_bytes_than_allowed_is_refused_whatever_size_it_claims() {
    let machine = Machine::new();
    let rules = FileRules { max_size: 3, ..machine.rules() };
    let files = AllowedFiles::of_manifest(&machine.path("project/manifests/m.yaml"), &rules);
    machine.write("project/three", "123");
    machine.write("project/four", "1234");
    assert_eq!(files.read_file(&machine.path("project/three")).unwrap(), b"123");
    let refusal = files.read_file(&machine.path("project/four")).unwrap_err();
    assert_eq!(
        (refusal.diagnostic_code(), refusal.to_string().contains("3 bytes")),
        ("file-too-large", true)
    );
    if cfg!(target_os = "linux") {
        let endless = read_regular(Path::new("/proc/self/maps"), 3).unwrap_err();
        assert_eq!(endless.diagnostic_code(), "file-too-large");
    }
}

#[cfg(unix)]
mod links {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_link_counts_as_the_file_that_it_leads_to() {
        let machine = Machine::new();
        let link = |name: &str, to: &Path| symlink(to, machine.path(name)).unwrap();
        link("project/inner", Path::new("document.json"));
        link("project/out", Path::new("../secret"));
        link("project/folder", &machine.path(""));
        link("project/dangling", &machine.path("not-there"));
        link("project/circle", Path::new("circle"));
        let code = |name: &str| {
            machine
                .allowed()
                .read_file(&machine.path(name))
                .map_err(|refusal| refusal.diagnostic_code())
        };
        assert_eq!(code("project/inner").unwrap(), b"{}");
        for name in ["project/out", "project/folder/secret", "project/dangling"] {
            assert_eq!(code(name), Err("outside-project"), "{name}");
        }
        assert_eq!(code("project/circle"), Err("unreadable-file"));
    }

    #[test]
    fn a_file_is_not_opened_through_a_link_that_was_laid_after_the_check() {
        let machine = Machine::new();
        let root = machine.path("project").canonicalize().unwrap();
        fs::create_dir(root.join("sub")).unwrap();
        fs::write(root.join("sub/secret"), "ours").unwrap();
        let real = root.join("sub/secret");
        open::open_below(&root, &real, &real).unwrap();
        fs::rename(root.join("sub"), root.join("old")).unwrap();
        symlink(machine.path(""), root.join("sub")).unwrap();
        assert!(open::open_below(&root, &real, &real).is_err());
    }

    #[test]
    fn a_sink_may_lie_below_the_home_and_a_file_to_read_may_not() {
        let machine = Machine::new();
        fs::create_dir(machine.path("home")).unwrap();
        let rules = FileRules { home: Some(machine.path("home")), ..machine.rules() };
        let files = AllowedFiles::of_manifest(&machine.path("project/manifests/m.yaml"), &rules);
        let top = machine.0.path().canonicalize().unwrap();
        let sink = |name: &str| files.find_sink(&machine.path(name));
        let inside = SinkPlace { path: top.join("project/new/key.csv"), is_outside: false };
        assert_eq!(sink("project/new/key.csv").unwrap(), inside);
        let outside = SinkPlace { path: top.join("home/key.csv"), is_outside: true };
        assert_eq!(sink("home/key.csv").unwrap(), outside);
        assert_eq!(sink("etc/key.csv").unwrap_err().diagnostic_code(), "outside-project");
        symlink(machine.path("etc"), machine.path("home/etc")).unwrap();
        assert_eq!(sink("home/etc/key.csv").unwrap_err().diagnostic_code(), "outside-project");
        assert_eq!(
            sink("home/not-there/../../key.csv").unwrap_err().diagnostic_code(),
            "outside-project"
        );
        assert!(files.check_readable(&machine.path("home/settings.json")).is_err());
    }

    #[test]
    fn pipes_devices_sockets_and_folders_are_refused_at_once() {
        use rustix::fs::{CWD, FileType, Mode, mknodat};
        let machine = Machine::new();
        let pipe = machine.path("project/pipe");
        mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let socket = machine.path("project/socket");
        let _listening = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        for (file, what) in [(&pipe, "a pipe"), (&socket, "a socket")] {
            let refusal = machine.allowed().read_file(file).unwrap_err();
            assert!(refusal.to_string().contains(what), "{refusal}");
            assert_eq!(read_regular(file, 10).unwrap_err().diagnostic_code(), "not-a-file");
        }
        assert_eq!(
            read_regular(Path::new("/dev/zero"), 10).unwrap_err().diagnostic_code(),
            "not-a-file"
        );
        let folder = machine.allowed().read_file(&machine.path("project")).unwrap_err();
        assert_eq!(folder.diagnostic_code(), "unreadable-file");
    }
}
