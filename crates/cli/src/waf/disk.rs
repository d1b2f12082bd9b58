//! Files of this machine, for the loader of rules. Each is read to a limit.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use vauban_waf::{FILE_BYTES_MAX, FILES_MAX, Files, GEO_BYTES_MAX};

use super::pattern;

/// Entries of a folder that are looked at.
const ENTRIES_MAX: usize = 65_536;

/// The file system.
pub(super) struct Disk;

impl Files for Disk {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        // The largest of the files that rules name are databases of addresses; the loader holds rules to less.
        read(Path::new(path), GEO_BYTES_MAX.max(FILE_BYTES_MAX))
    }

    fn matching(&self, pattern: &str) -> Result<Vec<String>, String> {
        let paths = matching(pattern)?;
        Ok(paths
            .iter()
            .map(|path| path.to_string_lossy().into_owned())
            .collect())
    }
}

/// A file, or why it cannot be read.
pub(super) fn read(path: &Path, bytes_max: usize) -> Result<Vec<u8>, String> {
    let open = File::open(path).map_err(|error| error.to_string())?;
    let kind = open.metadata().map_err(|error| error.to_string())?;
    if kind.is_dir() {
        return Err("it is a folder".to_owned());
    }
    read_from(open, bytes_max)
}

/// Everything that a stream holds, or why it cannot be read.
pub(super) fn read_from(stream: impl Read, bytes_max: usize) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    stream
        .take(
            u64::try_from(bytes_max)
                .unwrap_or(u64::MAX)
                .saturating_add(1),
        )
        .read_to_end(&mut bytes)
        .map_err(|error| error.to_string())?;
    if bytes.len() > bytes_max {
        return Err(format!("it is longer than {bytes_max} bytes"));
    }
    Ok(bytes)
}

/// Paths that a pattern matches, sorted; the path itself when it is a plain one that exists.
pub(super) fn matching(text: &str) -> Result<Vec<PathBuf>, String> {
    if !pattern::is_pattern(text) {
        let path = PathBuf::from(text);
        return Ok(path.exists().then_some(path).into_iter().collect());
    }
    let mut found = vec![PathBuf::new()];
    for step in Path::new(text) {
        let step = step.to_string_lossy();
        if !pattern::is_pattern(&step) {
            for path in &mut found {
                path.push(&*step);
            }
            continue;
        }
        let mut deeper = Vec::new();
        for folder in found {
            let folder = if folder.as_os_str().is_empty() {
                PathBuf::from(".")
            } else {
                folder
            };
            if !folder.is_dir() {
                continue;
            }
            deeper.extend(entries(&folder)?.into_iter().filter(|path| {
                path.file_name()
                    .is_some_and(|name| pattern::matches(&step, &name.to_string_lossy()))
            }));
        }
        if deeper.len() > FILES_MAX {
            return Err(format!("it matches more than {FILES_MAX} files"));
        }
        found = deeper;
    }
    found.retain(|path| path.exists());
    found.sort();
    Ok(found)
}

/// What a folder holds, sorted.
pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| error.to_string())?;
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry.map_err(|error| error.to_string())?.path());
        if paths.len() > ENTRIES_MAX {
            return Err(format!("it holds more than {ENTRIES_MAX} entries"));
        }
    }
    paths.sort();
    Ok(paths)
}
