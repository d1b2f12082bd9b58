use super::*;
use std::os::unix::fs::PermissionsExt;

fn content(folder: &Folder, name: &str) -> String {
    let mut text = String::new();
    folder
        .read(name)
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    text
}

#[test]
fn a_folder_keeps_what_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let mut folder = Folder::at(dir.path().join("a/b"));
    assert!(folder.claim().unwrap());
    folder.create("one").unwrap();
    assert_eq!(
        folder.create("one").unwrap_err().kind(),
        io::ErrorKind::AlreadyExists
    );
    folder.append("one", b"first ").unwrap();
    folder.release("one");
    folder.append("one", b"second").unwrap();
    folder.sync("one").unwrap();
    folder.create("two").unwrap();
    folder.append("two", b"over").unwrap();
    folder.rename("two", "one").unwrap();
    folder.append("one", b"!").unwrap();
    folder.sync_folder().unwrap();
    assert_eq!(content(&folder, "one"), "over!");
    let mut names = folder.names().unwrap();
    names.sort_unstable();
    assert_eq!(names, ["lock", "one"]);
    folder.remove("one").unwrap();
    assert_eq!(
        folder.remove("one").unwrap_err().kind(),
        io::ErrorKind::NotFound
    );
    assert_eq!(
        folder.append("one", b"x").unwrap_err().kind(),
        io::ErrorKind::NotFound
    );
}

#[test]
fn nobody_else_can_read_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit/edge");
    let mut folder = Folder::at(&path);
    assert!(folder.claim().unwrap());
    folder.create("one").unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir.path().join("audit")), 0o700);
    assert_eq!(mode(&path), 0o700);
    assert_eq!(mode(&path.join("one")), 0o600);
    assert_eq!(mode(&path.join("lock")), 0o600);
}

#[test]
fn a_folder_has_one_owner_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = Folder::at(dir.path());
    let mut second = Folder::at(dir.path());
    assert!(first.claim().unwrap());
    assert!(!second.claim().unwrap());
    drop(first);
    assert!(second.claim().unwrap());
}
