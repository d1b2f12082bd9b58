//! Rule files on this machine: each is read to a limit, and names may be patterns.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use vauban_waf::{FILE_BYTES_MAX, FILES_MAX, Files, GEO_BYTES_MAX};

#[cfg(test)]
mod tests;

/// The file system; relative paths have been joined with their file's folder by whoever asks.
#[derive(Debug, Clone, Copy)]
pub struct Disk;

impl Files for Disk {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        // The larger of both limits: which one holds is the loader's matter.
        read_file(Path::new(path), GEO_BYTES_MAX.max(FILE_BYTES_MAX))
    }

    fn matching(&self, pattern: &str) -> Result<Vec<String>, String> {
        let mut found = vec![if pattern.starts_with('/') {
            PathBuf::from("/")
        } else {
            PathBuf::new()
        }];
        for part in pattern.split('/').filter(|part| !part.is_empty()) {
            found = step(&found, part)?;
            if found.len() > FILES_MAX {
                return Err(format!("more than {FILES_MAX} paths match"));
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

/// A file, or why it cannot be read; one that is longer than `bytes_max` is not.
///
/// # Errors
/// Words for whoever named the file.
pub fn read_file(path: &Path, bytes_max: usize) -> Result<Vec<u8>, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let kind = file.metadata().map_err(|error| error.to_string())?;
    if kind.is_dir() {
        return Err("it is a folder".to_owned());
    }
    read_stream(file, bytes_max)
}

/// Everything that a stream holds, or why it cannot be read.
///
/// # Errors
/// Words for whoever named the stream.
pub fn read_stream(stream: impl Read, bytes_max: usize) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    // One byte more than the limit, so that the limit is seen to be broken.
    stream
        .take(bytes_max as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| error.to_string())?;
    if bytes.len() > bytes_max {
        return Err(format!("it is longer than {bytes_max} bytes"));
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
            // As in a shell: hidden files are matched only by a pattern that says so.
            let hidden = name.starts_with('.') && !part.starts_with('.');
            if !hidden && fits(part.as_bytes(), name.as_bytes()) {
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
        // `]` stands for itself at the beginning of a set.
        [b'[', rest @ ..] => match rest.iter().skip(1).position(|one| *one == b']') {
            Some(before) => {
                let end = before + 1;
                let (set, rest) = (rest.get(..end), rest.get(end + 1..));
                (
                    within(set.unwrap_or_default(), byte),
                    rest.unwrap_or_default(),
                )
            }
            None => (byte == b'[', rest),
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
