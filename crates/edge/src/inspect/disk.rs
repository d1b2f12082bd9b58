//! Rule files on this machine. They are read once, at start.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use vauban_waf::{FILE_BYTES_MAX, Files, GEO_BYTES_MAX};

#[cfg(test)]
mod tests;

/// Most paths that one pattern may match.
const MATCHES_MAX: usize = 4096;

/// The file system; relative paths have been joined with their file's folder by whoever asks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Disk;

impl Files for Disk {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        // The larger of both limits: which one holds is the loader's matter.
        read(Path::new(path), GEO_BYTES_MAX)
    }

    fn matching(&self, pattern: &str) -> Result<Vec<String>, String> {
        let mut found = vec![if pattern.starts_with('/') {
            PathBuf::from("/")
        } else {
            PathBuf::new()
        }];
        for part in pattern.split('/').filter(|part| !part.is_empty()) {
            found = step(&found, part)?;
            if found.len() > MATCHES_MAX {
                return Err(format!("more than {MATCHES_MAX} paths match"));
            }
        }
        let mut paths: Vec<String> = found
            .iter()
            .filter(|path| path.exists())
            .map(|path| path.display().to_string())
            .collect();
        paths.sort_unstable();
        Ok(paths)
    }
}

/// A file that the plan names.
pub(super) fn read_rules(path: &Path) -> Result<Vec<u8>, String> {
    read(path, FILE_BYTES_MAX)
}

fn read(path: &Path, bytes_max: usize) -> Result<Vec<u8>, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    // One byte more than the limit, so that the limit is seen to be broken.
    file.take(bytes_max as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| error.to_string())?;
    if bytes.len() > bytes_max {
        return Err(format!("it is larger than {bytes_max} bytes"));
    }
    Ok(bytes)
}

/// One folder deeper.
fn step(folders: &[PathBuf], part: &str) -> Result<Vec<PathBuf>, String> {
    if !part.contains(['*', '?', '[']) {
        return Ok(folders.iter().map(|folder| folder.join(part)).collect());
    }
    let mut found = Vec::new();
    for folder in folders {
        let place = if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        };
        let entries = match std::fs::read_dir(place) {
            Ok(entries) => entries,
            Err(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
                ) =>
            {
                continue;
            }
            Err(error) => return Err(error.to_string()),
        };
        for entry in entries {
            let name = entry.map_err(|error| error.to_string())?.file_name();
            let Some(name) = name.to_str() else { continue };
            // As in a shell: hidden files are only matched by name.
            if !name.starts_with('.') && fits(part.as_bytes(), name.as_bytes()) {
                found.push(folder.join(name));
            }
        }
    }
    Ok(found)
}

/// Whether `pattern` matches `name` whole. The last `*` is the only place that is ever come back to, so it is never slower than
/// the product of both lengths.
fn fits(pattern: &[u8], name: &[u8]) -> bool {
    let (mut pattern, mut name) = (pattern, name);
    let mut again: Option<(&[u8], &[u8])> = None;
    loop {
        if let [b'*', rest @ ..] = pattern {
            pattern = rest;
            again = Some((rest, name));
            continue;
        }
        let (matched, rest) = match name {
            [] if pattern.is_empty() => return true,
            [] => return false,
            [byte, ..] => one(pattern, *byte),
        };
        if matched {
            pattern = rest;
            name = name.get(1..).unwrap_or_default();
            continue;
        }
        let Some((from, [_, later @ ..])) = again else {
            return false;
        };
        again = Some((from, later));
        pattern = from;
        name = later;
    }
}

/// Whether the first element of `pattern` matches `byte`, and what follows it.
fn one(pattern: &[u8], byte: u8) -> (bool, &[u8]) {
    match pattern {
        [] => (false, pattern),
        [b'?', rest @ ..] => (true, rest),
        [b'[', rest @ ..] => match rest.iter().position(|one| *one == b']') {
            Some(end) if end > 0 => {
                let (set, rest) = (rest.get(..end), rest.get(end + 1..));
                (
                    within(set.unwrap_or_default(), byte),
                    rest.unwrap_or_default(),
                )
            }
            _ => (byte == b'[', rest),
        },
        [first, rest @ ..] => (*first == byte, rest),
    }
}

/// Whether `byte` is in a set like `a-z0`; `!` or `^` in front negates it.
fn within(set: &[u8], byte: u8) -> bool {
    let (negated, mut set) = match set {
        [b'!' | b'^', rest @ ..] => (true, rest),
        _ => (false, set),
    };
    let mut found = false;
    loop {
        match set {
            [] => return found != negated,
            [low, b'-', high, rest @ ..] => {
                found |= (*low..=*high).contains(&byte);
                set = rest;
            }
            [only, rest @ ..] => {
                found |= *only == byte;
                set = rest;
            }
        }
    }
}
