//! Files that only their owner may read.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::process::geteuid;

use crate::secret::Secret;

/// Longest secret file that is read, bytes.
pub const SECRET_BYTES_MAX: u64 = 64 * 1024;
/// Longest public file (a certificate chain) that is read through a reference, bytes.
pub const PUBLIC_BYTES_MAX: u64 = 1024 * 1024;

/// A private file could not be read or written. The text names the file and never its content.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The system refused.
    #[error("cannot {doing} `{}`", path.display())]
    Io {
        /// What was attempted, e.g. `read`.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Others may read it.
    #[error("`{}` may be read by others (mode {mode:03o})\n  hint: chmod 600 {}", path.display(), path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It belongs to somebody else.
    #[error("`{}` belongs to user {owner}, not to the user that runs this process", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Its owner.
        owner: u32,
    },
    /// It is a directory, a device or a socket.
    #[error("`{}` is not a regular file", path.display())]
    Kind {
        /// The file.
        path: PathBuf,
    },
    /// It is longer than any secret.
    #[error("`{}` is longer than {bytes_max} bytes", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// The limit.
        bytes_max: u64,
    },
}

/// Reads a file that belongs to this user (or to root) and that nobody else may read.
pub fn read_private(path: &Path) -> Result<Secret, FileError> {
    read(path, SECRET_BYTES_MAX, Readers::Owner)
}

/// Reads a file that systemd put there. Where the file system knows access lists, systemd leaves the file to root and adds an
/// entry for the service's user; the mask of such a list is shown in the place of the group's bits.
pub(crate) fn read_credential(path: &Path) -> Result<Secret, FileError> {
    read(path, SECRET_BYTES_MAX, Readers::Listed)
}

/// Reads a file that need not be private, such as a certificate chain, within the same care for size and kind.
pub(crate) fn read_public(path: &Path) -> Result<Secret, FileError> {
    read(path, PUBLIC_BYTES_MAX, Readers::Anyone)
}

/// Writes a file with mode 0600 so that after a crash either the old or the whole new content is there: a new file beside it,
/// synced, renamed over it, and the folder synced. Missing folders are created with mode 0700.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let io = |doing, at: &Path| {
        let path = at.to_owned();
        move |source| FileError::Io {
            doing,
            path,
            source,
        }
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    create_private_folder(folder).map_err(io("create", folder))?;
    let fresh = beside(path).map_err(io("write", path))?;
    let written = write_new(&fresh, bytes).and_then(|()| std::fs::rename(&fresh, path));
    if let Err(source) = written {
        // The half-written file holds a secret; that it may already be gone is fine.
        drop(std::fs::remove_file(&fresh));
        return Err(FileError::Io {
            doing: "write",
            path: path.to_owned(),
            source,
        });
    }
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(io("sync", folder))
}

/// Creates a folder and its missing parents with mode 0700.
pub(crate) fn create_private_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Who may be able to read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Readers {
    /// Its owner alone.
    Owner,
    /// Its owner, and whom root's access list names.
    Listed,
    /// Anyone.
    Anyone,
}

impl Readers {
    /// The permission bits that must not be set.
    fn forbidden(self, owner: u32) -> u32 {
        match self {
            Self::Listed if owner == 0 => 0o037,
            Self::Owner | Self::Listed => 0o077,
            Self::Anyone => 0,
        }
    }
}

fn read(path: &Path, bytes_max: u64, readers: Readers) -> Result<Secret, FileError> {
    let io = |source| FileError::Io {
        doing: "read",
        path: path.to_owned(),
        source,
    };
    // Without O_NONBLOCK, opening a FIFO that somebody put there would wait for ever.
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed())
        .open(path)
        .map_err(io)?;
    let meta = file.metadata().map_err(io)?;
    if !meta.is_file() {
        return Err(FileError::Kind {
            path: path.to_owned(),
        });
    }
    let (mode, owner) = (meta.mode() & 0o777, meta.uid());
    if mode & readers.forbidden(owner) != 0 {
        return Err(FileError::Open {
            path: path.to_owned(),
            mode,
        });
    }
    if readers != Readers::Anyone && owner != geteuid().as_raw() && owner != 0 {
        return Err(FileError::Foreign {
            path: path.to_owned(),
            owner,
        });
    }
    let mut bytes = Vec::with_capacity(usize::try_from(meta.len().min(bytes_max)).unwrap_or(0));
    let read = file.take(bytes_max + 1).read_to_end(&mut bytes);
    let secret = Secret::new(bytes);
    read.map_err(io)?;
    if secret.expose().len() as u64 > bytes_max {
        return Err(FileError::TooLong {
            path: path.to_owned(),
            bytes_max,
        });
    }
    Ok(secret)
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn beside(path: &Path) -> io::Result<PathBuf> {
    let mut raw = [0_u8; 8];
    getrandom::fill(&mut raw).map_err(|error| io::Error::other(error.to_string()))?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{:016x}.new", u64::from_ne_bytes(raw)));
    Ok(path.with_file_name(name))
}

#[cfg(test)]
mod tests;
