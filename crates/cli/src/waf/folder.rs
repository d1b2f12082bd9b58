//! Files below a folder, with names that do not depend on where the folder is.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use vauban_edge::read_file;

use crate::outcome::Failure;

/// Files below all folders.
const FILES_MAX: usize = 100_000;
/// Folders inside folders.
const DEPTH_MAX: usize = 32;

/// A file that was found.
#[derive(Debug)]
pub(super) struct Found {
    /// Where it is.
    pub(super) path: PathBuf,
    /// The last step of the folder that was named, and what lies below it: `testcases/owasp/crlf.yml`. A file that was named
    /// itself keeps its folder's name, because the names of test cases speak of both.
    pub(super) name: String,
    /// Whether it was named itself.
    pub(super) named: bool,
}

/// All files of `paths`, folders in depth, in the order of their names.
pub(super) fn files(paths: &[PathBuf]) -> Result<Vec<Found>, Failure> {
    let mut all = Vec::new();
    for path in paths {
        let place = std::path::absolute(path)?;
        let kind = place.metadata().map_err(|error| unread(path, &error))?;
        if kind.is_dir() {
            let from = place.parent().unwrap_or(&place).to_path_buf();
            below(&place, &from, &mut all, 0)?;
        } else {
            let from = place.parent().and_then(Path::parent).unwrap_or(&place);
            all.push(Found {
                path: path.clone(),
                name: name(&place, from),
                named: true,
            });
        }
    }
    Ok(all)
}

fn below(folder: &Path, from: &Path, all: &mut Vec<Found>, depth: usize) -> Result<(), Failure> {
    let shown = folder.display();
    if depth > DEPTH_MAX || all.len() > FILES_MAX {
        return Err(Failure::Configuration(format!(
            "`{shown}`: more than {FILES_MAX} files or {DEPTH_MAX} folders inside each other"
        )));
    }
    let entries = entries(folder).map_err(|error| unread(folder, &error))?;
    for path in entries {
        if path.is_dir() {
            below(&path, from, all, depth + 1)?;
        } else {
            all.push(Found {
                name: name(&path, from),
                path,
                named: false,
            });
        }
    }
    Ok(())
}

fn name(path: &Path, from: &Path) -> String {
    let name = path.strip_prefix(from).unwrap_or(path);
    name.to_string_lossy().into_owned()
}

/// What a folder holds, sorted.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| error.to_string())?;
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry.map_err(|error| error.to_string())?.path());
        if paths.len() > FILES_MAX {
            return Err(format!("it holds more than {FILES_MAX} entries"));
        }
    }
    paths.sort();
    Ok(paths)
}

/// Bytes of a file, or a mistake that names it.
pub(super) fn bytes(path: &Path, bytes_max: usize) -> Result<Vec<u8>, Failure> {
    read_file(path, bytes_max).map_err(|error| unread(path, &error))
}

fn unread(path: &Path, error: &dyn Display) -> Failure {
    Failure::Configuration(format!("`{}` could not be read: {error}", path.display()))
}
