//! Loading from the folders of this repository.

use std::path::Path;

use vauban_policy::{Mistakes, Plan, TextFile, load};

/// The authority's document, as it stands in this repository.
pub(crate) fn authority() -> String {
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../authority/openapi.yaml"))
}

pub(crate) fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Loads a configuration whose files stand beside it.
pub(crate) fn load_beside(path: &Path) -> Result<Plan, Mistakes> {
    let folder = path.parent().expect("a file has a folder").to_owned();
    load_text(&path.display().to_string(), &read(path), &mut |name| {
        std::fs::read_to_string(folder.join(name)).map_err(|error| error.to_string())
    })
}

/// Loads a text with the authority built in.
pub(crate) fn load_text(
    name: &str,
    text: &str,
    read: &mut dyn FnMut(&str) -> Result<String, String>,
) -> Result<Plan, Mistakes> {
    let main = TextFile {
        name: name.to_owned(),
        text: text.to_owned(),
    };
    load(&main, read, &[("authority", &authority())])
}

/// The test data of this crate.
pub(crate) fn load_data(name: &str) -> Result<Plan, Mistakes> {
    load_data_edited(name, &[])
}

/// The test data of this crate after some words were replaced, in whichever file they stand. A word that stands nowhere is a
/// mistake of the test. Cedar files are not looked into here.
pub(crate) fn load_data_edited(name: &str, edits: &[(&str, &str)]) -> Result<Plan, Mistakes> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let mut unused: Vec<&str> = edits.iter().map(|edit| edit.0).collect();
    let mut edit = |text: String| {
        unused.retain(|from| !text.contains(from));
        edits
            .iter()
            .fold(text, |text, (from, to)| text.replacen(from, to, 1))
    };
    let main = edit(read(&folder.join(name)));
    let loaded = load_text(name, &main, &mut |file| match file.rsplit_once('.') {
        Some((_, "cedar" | "cedarschema")) => Ok(String::new()),
        _ => std::fs::read_to_string(folder.join(file))
            .map(&mut edit)
            .map_err(|_error| "there is no such file".to_owned()),
    });
    assert!(unused.is_empty(), "{unused:?} stand nowhere");
    loaded
}
