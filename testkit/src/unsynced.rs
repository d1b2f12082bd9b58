//! A disk that forgets: what a process wrote and never flushed is gone after the crash.
//!
//! `kill -9` alone proves little, because the kernel keeps what was written. [`Unsynced`] compiles a small library
//! (`testkit/c/undo.c`) that is preloaded into the processes under test; it saves the old bytes before each write, and
//! [`Unsynced::crash`] puts them back for everything that no `fsync` or `fdatasync` of the file, by whichever process,
//! came after. So exactly the bytes that were never flushed are lost, the growth and the shrinking of files among them.
//!
//! # Limits
//!
//! - Making, renaming and removing names is taken as durable at once: a missing flush of a folder goes unseen.
//! - Only `write`, `writev`, `pwrite`, `pwritev`, `ftruncate` and opening with `O_TRUNC` of a dynamically linked program
//!   are seen. Memory maps, `copy_file_range`, `sendfile`, `fallocate`, `truncate` by path, `io_uring`, C's `FILE` and raw
//!   system calls (as `rustix` makes them) are not; what they write counts as durable. `O_SYNC` and `sync` count for nothing.
//! - `-shm` files of `SQLite` are memory maps and mean nothing after a loss of power; they are removed.
//! - All that was not flushed is lost, never a part of it: reordered and torn blocks are another test.
//! - The journal grows until the crash. The file system must know when a file was born (ext4, xfs, btrfs, tmpfs do).
//! - Linux with the GNU C library, and `cc` on the path.

mod journal;

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::UNIX_EPOCH;

use journal::{FileId, Undo};

const SOURCE: &str = include_str!("../c/undo.c");

/// The compiled library and its journals; they are removed with it.
#[derive(Debug)]
pub struct Unsynced {
    folder: tempfile::TempDir,
}

/// What a crash took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Files that lost something, with the number of writes undone.
    pub files: BTreeMap<PathBuf, u64>,
    /// Files that were written and flushed, with the number of writes that this made durable. A test that expects nothing
    /// to be lost asks here whether anything was watched.
    pub flushed: BTreeMap<PathBuf, u64>,
    /// Writes to files that have no name any more; nothing was done about them.
    pub writes_to_gone_files: u64,
    /// Shared memory of `SQLite`, removed.
    pub shared_memory_removed: Vec<PathBuf>,
}

impl Report {
    /// How many writes were undone.
    pub fn writes_undone(&self) -> u64 {
        self.files.values().sum()
    }
}

impl Unsynced {
    /// Compiles the library with `cc`.
    pub fn build() -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| format!("temporary folder: {error}"))?;
        let source = folder.path().join("undo.c");
        std::fs::write(&source, SOURCE).map_err(|error| format!("source: {error}"))?;
        let output = Command::new("cc")
            .args(["-std=gnu17", "-O1", "-Wall", "-Wextra", "-Werror"])
            .args(["-shared", "-fPIC", "-pthread", "-o"])
            .arg(folder.path().join("undo.so"))
            .arg(&source)
            .output()
            .map_err(|error| format!("cc: {error}"))?;
        if output.status.success() {
            Ok(Self { folder })
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }

    /// What a process and its children need in their environment so that their writes below `dir` can be undone. The
    /// directory itself may be missing, its parent may not.
    pub fn environment(&self, dir: &Path) -> io::Result<Vec<(String, String)>> {
        let dir = canonical(dir)?;
        let journal = self.journal(&dir);
        std::fs::create_dir_all(&journal)?;
        [
            ("LD_PRELOAD", self.folder.path().join("undo.so")),
            ("VAUBAN_UNSYNCED_DIR", dir),
            ("VAUBAN_UNSYNCED_JOURNAL", journal),
        ]
        .into_iter()
        .map(|(name, path)| {
            let path = path.into_os_string().into_string();
            path.map(|path| (name.to_owned(), path))
                .map_err(|_not_text| {
                    io::Error::new(io::ErrorKind::InvalidInput, "a path is not text")
                })
        })
        .collect()
    }

    /// Loses everything below `dir` that was written and not flushed. The processes must have ended: as long as one
    /// lives, this is `WouldBlock` and nothing is changed. The journal begins anew.
    pub fn crash(&self, dir: &Path) -> io::Result<Report> {
        let dir = canonical(dir)?;
        let journal = self.journal(&dir);
        let alive = OpenOptions::new().write(true).open(journal.join("alive"))?;
        alive.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => io::ErrorKind::WouldBlock.into(),
            TryLockError::Error(error) => error,
        })?;
        let undo = std::fs::read(journal.join("undo"))?;
        let shared = std::fs::read(journal.join("shared"))?;
        let mut report = Report::default();
        let mut found = BTreeMap::new();
        walk(&dir, &mut found, &mut report)?;
        for (id, writes) in journal::read(&undo, &shared)? {
            let count = writes.unflushed.len() as u64;
            let Some(path) = found.get(&id) else {
                report.writes_to_gone_files += count;
                continue;
            };
            if writes.flushed > 0 {
                report.flushed.insert(path.clone(), writes.flushed);
            }
            if count > 0 {
                restore(path, &writes.unflushed)?;
                report.files.insert(path.clone(), count);
            }
        }
        std::fs::remove_file(journal.join("undo"))?;
        std::fs::remove_file(journal.join("shared"))?;
        // Closing is not enough: a process that another thread is starting may hold a copy for a moment.
        alive.unlock()?;
        Ok(report)
    }

    fn journal(&self, dir: &Path) -> PathBuf {
        let mut hasher = DefaultHasher::new();
        dir.hash(&mut hasher);
        let name = format!("journal-{:016x}", hasher.finish());
        self.folder.path().join(name)
    }
}

/// As the kernel names it, because that is what the library compares.
fn canonical(dir: &Path) -> io::Result<PathBuf> {
    match (dir.canonicalize(), dir.parent(), dir.file_name()) {
        (Err(error), Some(parent), Some(name)) if error.kind() == io::ErrorKind::NotFound => {
            Ok(parent.canonicalize()?.join(name))
        }
        (result, _, _) => result,
    }
}

/// Undoes the writes to one file, the last first.
fn restore(path: &Path, writes: &[Undo<'_>]) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(path)?;
    for undo in writes.iter().rev() {
        file.write_all_at(undo.old_bytes, undo.offset)?;
        file.set_len(undo.old_size)?;
    }
    file.sync_all()
}

/// Finds every file by its identity, and removes the shared memory of `SQLite`.
fn walk(dir: &Path, found: &mut BTreeMap<FileId, PathBuf>, report: &mut Report) -> io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let kind = std::fs::symlink_metadata(&path)?.file_type();
        if kind.is_dir() {
            walk(&path, found, report)?;
        } else if kind.is_file() && path.to_string_lossy().ends_with("-shm") {
            std::fs::remove_file(&path)?;
            report.shared_memory_removed.push(path);
        } else if kind.is_file() {
            found.insert(identity(&File::open(&path)?)?, path);
        }
    }
    Ok(())
}

fn identity(file: &File) -> io::Result<FileId> {
    let meta = file.metadata()?;
    let born = meta.created()?.duration_since(UNIX_EPOCH);
    let born = born.map_err(io::Error::other)?;
    let device = meta.dev();
    Ok(FileId {
        device: u64::from(rustix::fs::major(device)) << 32 | u64::from(rustix::fs::minor(device)),
        inode: meta.ino(),
        born: born.as_secs() * 1_000_000_000 + u64::from(born.subsec_nanos()),
    })
}
