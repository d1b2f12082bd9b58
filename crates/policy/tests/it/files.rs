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

/// The test data of this crate; Cedar files are not looked into here.
pub(crate) fn load_data(name: &str) -> Result<Plan, Mistakes> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    load_text(
        name,
        &read(&folder.join(name)),
        &mut |file| match file.rsplit_once('.') {
            Some((_, "cedar" | "cedarschema")) => Ok(String::new()),
            _ => std::fs::read_to_string(folder.join(file)).map_err(|error| error.to_string()),
        },
    )
}
