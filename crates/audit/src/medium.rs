//! Where segments live: the few operations on files that the log needs, so that tests can lose what was not flushed.

#[cfg(test)]
pub(crate) mod faulty;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How much a log takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A segment that has reached this is followed by a new one.
    pub segment_bytes_max: u64,
    /// More events waiting for the disk than this are refused.
    pub queue_events_max: usize,
    /// More bytes waiting for the disk than this are refused.
    pub queue_bytes_max: usize,
    /// How long a note may wait for others before it is written.
    pub note_delay: Duration,
    /// How far apart flushes begin, at most, when many wait for them: what waiting for company may add to an answer.
    pub flush_apart_max: Duration,
    /// After how many records `head` is renewed.
    pub head_every: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            segment_bytes_max: 64 << 20,
            queue_events_max: 8_192,
            queue_bytes_max: 16 << 20,
            note_delay: Duration::from_millis(50),
            flush_apart_max: Duration::from_millis(5),
            head_every: 4_096,
        }
    }
}

/// One folder of files that only grow. What was appended may be lost until [`Medium::sync`], a name until
/// [`Medium::sync_folder`].
pub trait Medium: Debug + Send {
    /// Makes the folder, durably, if it is missing, and takes its lock; false if somebody else holds it.
    fn claim(&mut self) -> io::Result<bool>;
    /// The names in the folder, in any order.
    fn names(&self) -> io::Result<Vec<String>>;
    /// The content of a file, from its beginning.
    fn read(&self, name: &str) -> io::Result<Box<dyn Read>>;
    /// Makes an empty file; an error if it exists.
    fn create(&mut self, name: &str) -> io::Result<()>;
    /// Writes all bytes at the end of a file.
    fn append(&mut self, name: &str, bytes: &[u8]) -> io::Result<()>;
    /// Flushes a file to the disk.
    fn sync(&mut self, name: &str) -> io::Result<()>;
    /// Gives a file another name, atomically, over whatever had it.
    fn rename(&mut self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file.
    fn remove(&mut self, name: &str) -> io::Result<()>;
    /// Flushes the folder's names to the disk.
    fn sync_folder(&mut self) -> io::Result<()>;
    /// Says that a file will not be written again.
    fn release(&mut self, name: &str);
}

/// A folder of the file system.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    lock: Option<File>,
    open: BTreeMap<String, File>,
}

impl Folder {
    /// Names a folder; nothing is touched yet.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            lock: None,
            open: BTreeMap::new(),
        }
    }

    /// The handle that is kept for writing, so that a flush reports what happened to the bytes written through it.
    fn writable(&mut self, name: &str) -> io::Result<&mut File> {
        if !self.open.contains_key(name) {
            let file = OpenOptions::new().append(true).open(self.path.join(name))?;
            self.open.insert(name.to_owned(), file);
        }
        self.open
            .get_mut(name)
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Drop for Folder {
    /// A process that was started meanwhile may share the lock for a moment, until it runs its own program; closing the
    /// file would leave the lock to it.
    fn drop(&mut self) {
        if let Some(lock) = &self.lock {
            drop(lock.unlock());
        }
    }
}

impl Medium for Folder {
    fn claim(&mut self) -> io::Result<bool> {
        let mut missing = Vec::new();
        let mut at: &Path = &self.path;
        while !at.try_exists()? {
            missing.push(at);
            match at.parent() {
                Some(parent) if !parent.as_os_str().is_empty() => at = parent,
                Some(_) | None => break,
            }
        }
        for folder in missing.iter().rev() {
            match DirBuilder::new().mode(0o700).create(folder) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                Ok(()) | Err(_) => {}
            }
            let parent = folder
                .parent()
                .filter(|parent| !parent.as_os_str().is_empty());
            File::open(parent.unwrap_or(Path::new(".")))?.sync_all()?;
        }
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(self.path.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => {
                self.lock = Some(lock);
                Ok(true)
            }
            Err(std::fs::TryLockError::WouldBlock) => Ok(false),
            Err(std::fs::TryLockError::Error(error)) => Err(error),
        }
    }

    fn names(&self) -> io::Result<Vec<String>> {
        std::fs::read_dir(&self.path)?
            .filter_map(|entry| {
                entry
                    .map(|entry| entry.file_name().into_string().ok())
                    .transpose()
            })
            .collect()
    }

    fn read(&self, name: &str) -> io::Result<Box<dyn Read>> {
        Ok(Box::new(File::open(self.path.join(name))?))
    }

    fn create(&mut self, name: &str) -> io::Result<()> {
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .mode(0o600)
            .open(self.path.join(name))?;
        self.open.insert(name.to_owned(), file);
        Ok(())
    }

    fn append(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.writable(name)?.write_all(bytes)
    }

    fn sync(&mut self, name: &str) -> io::Result<()> {
        self.writable(name)?.sync_data()
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        self.release(from);
        self.release(to);
        std::fs::rename(self.path.join(from), self.path.join(to))
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        self.release(name);
        std::fs::remove_file(self.path.join(name))
    }

    fn sync_folder(&mut self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }

    fn release(&mut self, name: &str) {
        self.open.remove(name);
    }
}
