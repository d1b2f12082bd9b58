//! The corpus of a target, for the ordinary tests.

use std::path::Path;

/// Checks every input of `target`, in the order of their names; a panic names the input by being the last one printed.
pub(crate) fn each(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(target);
    let entries =
        std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("it can be listed").path())
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "{target} has no corpus");
    for path in &paths {
        println!("{}", path.display());
        check(&std::fs::read(path).expect("it can be read"));
    }
}
