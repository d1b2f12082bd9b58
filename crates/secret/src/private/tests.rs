use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use super::{SECRET_BYTES_MAX, read_private, write_private};

#[test]
fn what_is_written_is_read_and_only_by_its_owner() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/er/key.pem");
    for content in ["first", "second, longer", "3"] {
        write_private(&path, content.as_bytes()).unwrap();
        assert_eq!(read_private(&path).unwrap().expose(), content.as_bytes());
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    }
    assert_eq!(
        fs::metadata(folder.path().join("deep/er")).unwrap().mode() & 0o777,
        0o700
    );
    assert_eq!(
        fs::read_dir(folder.path().join("deep/er")).unwrap().count(),
        1,
        "no temporary file stays"
    );
}

#[test]
fn files_that_others_may_read_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for mode in [0o640, 0o604, 0o660, 0o610, 0o601] {
        let path = folder.path().join(format!("{mode:o}"));
        write_private(&path, b"top secret").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let text = read_private(&path).unwrap_err().to_string();
        let name = path.display();
        assert_eq!(
            text,
            format!("`{name}` may be read by others (mode {mode:03o})\n  hint: chmod 600 {name}")
        );
    }
}

#[test]
fn size_is_limited_on_both_sides() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long");
    let limit = usize::try_from(SECRET_BYTES_MAX).unwrap();
    write_private(&path, &vec![b'x'; limit]).unwrap();
    assert_eq!(read_private(&path).unwrap().expose().len(), limit);
    write_private(&path, &vec![b'x'; limit + 1]).unwrap();
    assert_eq!(
        read_private(&path).unwrap_err().to_string(),
        format!("`{}` is longer than 65536 bytes", path.display())
    );
}

#[test]
fn what_is_no_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().display();
    assert_eq!(
        read_private(folder.path()).unwrap_err().to_string(),
        format!("`{name}` is not a regular file")
    );
    let missing = folder.path().join("missing");
    assert_eq!(
        read_private(&missing).unwrap_err().to_string(),
        format!("cannot read `{}`", missing.display())
    );
}
