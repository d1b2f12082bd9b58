use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use super::StateDir;

fn refusal(path: &Path) -> String {
    StateDir::open(path).unwrap_err().to_string()
}

#[test]
fn a_missing_directory_is_made_private() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/state");
    let state = StateDir::open(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o700);
    assert_eq!(fs::read_to_string(path.join("version")).unwrap(), "1\n");
    assert!(state.root().is_absolute());
}

#[test]
fn a_second_owner_is_refused_until_the_first_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let first = StateDir::open(&path).unwrap();
    let clone = first.clone();
    let expected = format!(
        "the state directory `{}` is in use by process {}\n  hint: stop that process, or name another directory",
        fs::canonicalize(&path).unwrap().display(),
        std::process::id()
    );
    assert_eq!(refusal(&path), expected);
    drop(first);
    assert_eq!(refusal(&path), expected);
    assert!(StateDir::attach(&path).is_ok(), "children do not lock");
    drop(clone);
    assert!(StateDir::open(&path).is_ok());
}

#[test]
fn another_version_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    drop(StateDir::open(&path).unwrap());
    for (content, shown) in [
        ("2\n", "2"),
        ("", ""),
        ("1", "1"),
        ("one\u{7}\n", "one?"),
        ("11111111111111111111", "1111111111111111"),
    ] {
        fs::write(path.join("version"), content).unwrap();
        let expected = format!("has version `{shown}`, this build reads version `1`");
        assert!(refusal(&path).contains(&expected), "{}", refusal(&path));
        assert!(
            StateDir::attach(&path)
                .unwrap_err()
                .to_string()
                .contains(&expected)
        );
        assert_eq!(fs::read_to_string(path.join("version")).unwrap(), content);
    }
}

#[test]
fn a_directory_open_to_others_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    drop(StateDir::open(&path).unwrap());
    for mode in [0o750, 0o705, 0o701, 0o777] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let name = path.display();
        let expected = format!(
            "the state directory `{name}` may be used by others (mode {mode:03o})\n  hint: chmod 700 {name}"
        );
        assert_eq!(refusal(&path), expected);
        assert_eq!(StateDir::attach(&path).unwrap_err().to_string(), expected);
    }
}

#[test]
fn somebody_elses_directory_is_not_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("home");
    fs::create_dir(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(path.join("letters.txt"), "dear").unwrap();
    assert!(refusal(&path).contains("holds files but no `version`"));
    assert_eq!(fs::read_dir(&path).unwrap().count(), 1);
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    assert_eq!(
        refusal(&file),
        format!("`{}` is not a directory", file.display())
    );
    let missing = folder.path().join("missing");
    let text = StateDir::attach(&missing).unwrap_err().to_string();
    assert_eq!(
        text,
        format!("there is no state directory at `{}`", missing.display())
    );
}

#[test]
fn an_opening_that_was_cut_short_is_finished() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    drop(StateDir::open(&path).unwrap());
    fs::remove_file(path.join("version")).unwrap();
    fs::write(path.join("version.00ff.new"), "").unwrap();
    assert!(StateDir::open(&path).is_ok());
    assert_eq!(fs::read_to_string(path.join("version")).unwrap(), "1\n");
}

#[test]
fn names_never_lead_out_of_their_folder() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateDir::open(folder.path().join("state")).unwrap();
    let root = state.root();
    assert_eq!(
        state.audit_line("guard:accounts"),
        root.join("audit/guard-accounts")
    );
    assert_eq!(
        state.join_token("../../etc/x"),
        root.join("join/------etc-x.token")
    );
    assert_eq!(
        state.identity("guard-accounts"),
        root.join("identity/guard-accounts")
    );
    assert_eq!(
        state.service_socket("accounts"),
        root.join("run/accounts.sock")
    );
    assert_eq!(state.identity(".."), root.join("identity/--"));
}
