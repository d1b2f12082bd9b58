//! The state directory: everything that Vauban keeps between two starts.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{FlockOperation, flock};
use rustix::process::geteuid;

use crate::private::{FileError, create_private_folder, read_private, write_private};

/// The layout that this build reads and writes.
pub const STATE_VERSION: u32 = 1;

/// A state directory that was checked: right version, private, and (for its owner) locked.
///
/// Clones share the lock; it is free when the last of them is dropped.
#[derive(Debug, Clone)]
pub struct StateDir {
    root: PathBuf,
    _lock: Option<Arc<File>>,
}

/// A state directory that cannot be used. Nothing in it was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// There is none (children do not create it).
    #[error("there is no state directory at `{}`", .0.display())]
    Missing(PathBuf),
    /// It is a file.
    #[error("`{}` is not a directory", .0.display())]
    NotADirectory(PathBuf),
    /// Others may look into it.
    #[error("the state directory `{}` may be used by others (mode {mode:03o})\n  hint: chmod 700 {}", path.display(), path.display())]
    Open {
        /// The directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It belongs to somebody else.
    #[error("the state directory `{}` belongs to user {owner}, not to the user that runs this process", path.display())]
    Foreign {
        /// The directory.
        path: PathBuf,
        /// Its owner.
        owner: u32,
    },
    /// It has files but no version: it is something else's.
    #[error("`{}` holds files but no `version`, so it is not a state directory\n  hint: name an empty or a new directory", .0.display())]
    NotState(PathBuf),
    /// Another layout.
    #[error(
        "the state directory `{}` has version `{found}`, this build reads version `1`\n  hint: use the build that made it, or name another directory",
        path.display()
    )]
    Version {
        /// The directory.
        path: PathBuf,
        /// What its `version` says, shortened and made printable.
        found: String,
    },
    /// Another process uses it.
    #[error(
        "the state directory `{}` is in use by process {holder}\n  hint: stop that process, or name another directory",
        path.display()
    )]
    Locked {
        /// The directory.
        path: PathBuf,
        /// The process that the lock file names.
        holder: String,
    },
    /// A file in it cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// The system refused.
    #[error("cannot {doing} `{}`", path.display())]
    Io {
        /// What was attempted.
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl StateDir {
    /// Opens the directory for the process that owns it, creating it when it is missing, and keeps every other owner out.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StateError> {
        let path = path.as_ref();
        if let Err(source) = create_private_folder(path) {
            if path.exists() {
                return Err(StateError::NotADirectory(path.to_owned()));
            }
            return Err(StateError::Io {
                doing: "create",
                path: path.to_owned(),
                source,
            });
        }
        let root = check_folder(path)?;
        let version = root.join("version");
        if version.exists() {
            check_version(&root)?;
        } else {
            refuse_foreign_content(&root)?;
        }
        let lock = take_lock(&root)?;
        if !version.exists() {
            write_private(&version, format!("{STATE_VERSION}\n").as_bytes())?;
        }
        Ok(Self {
            root,
            _lock: Some(Arc::new(lock)),
        })
    }

    /// Opens the directory for a child of its owner: the same checks, but neither creation nor lock.
    pub fn attach(path: impl AsRef<Path>) -> Result<Self, StateError> {
        let path = path.as_ref();
        if !path.exists() {
            return Err(StateError::Missing(path.to_owned()));
        }
        let root = check_folder(path)?;
        check_version(&root)?;
        Ok(Self { root, _lock: None })
    }

    /// The directory itself, absolute.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The configuration that a demo writes.
    pub fn plan(&self) -> PathBuf {
        self.root.join("vauban.yaml")
    }

    /// OpenAPI documents that a demo writes.
    pub fn openapi(&self) -> PathBuf {
        self.root.join("openapi")
    }

    /// Cedar files that a demo writes.
    pub fn cedar(&self) -> PathBuf {
        self.root.join("cedar")
    }

    /// Certificate of the internal CA; every line reads it.
    pub fn ca_certificate(&self) -> PathBuf {
        self.root.join("ca/ca.pem")
    }

    /// Key of the internal CA; only the authority reads it.
    pub fn ca_key(&self) -> PathBuf {
        self.root.join("ca/ca.key")
    }

    /// Development certificate chain of the edge.
    pub fn public_certificate(&self) -> PathBuf {
        self.root.join("tls/public.pem")
    }

    /// Key of the edge's development certificate.
    pub fn public_key(&self) -> PathBuf {
        self.root.join("tls/public.key")
    }

    /// CA of the edge's development certificate, for clients.
    pub fn public_ca(&self) -> PathBuf {
        self.root.join("tls/public-ca.pem")
    }

    /// Join token of the named workload (`edge`, `guard-accounts`, `service-accounts`).
    pub fn join_token(&self, name: &str) -> PathBuf {
        self.root
            .join("join")
            .join(format!("{}.token", plain(name)))
    }

    /// Folder of the named workload's certificate and key (`cert.pem`, `key.pem`).
    pub fn identity(&self, name: &str) -> PathBuf {
        self.root.join("identity").join(plain(name))
    }

    /// The authority's database.
    pub fn authority_database(&self) -> PathBuf {
        self.root.join("authority/authority.db")
    }

    /// An empty file that says that the authority's database is not here but in PostgreSQL.
    pub fn authority_elsewhere(&self) -> PathBuf {
        self.root.join("authority/postgres")
    }

    /// Under this key the authority's database keeps its hashes; only the authority reads it.
    pub fn storage_key(&self) -> PathBuf {
        self.root.join("authority/storage.key")
    }

    /// Key A: signs access tokens (ES256, PKCS#8).
    pub fn access_key(&self) -> PathBuf {
        self.root.join("authority/access.key.pem")
    }

    /// Key B: signs internal tokens (Ed25519, PKCS#8).
    pub fn internal_key(&self) -> PathBuf {
        self.root.join("authority/internal.key.pem")
    }

    /// Which keys the authority has; the private halves lie elsewhere.
    pub fn key_registry(&self) -> PathBuf {
        self.root.join("authority/keys.json")
    }

    /// A private key that a rotation made, by its thumbprint.
    pub fn signing_key(&self, kid: &str) -> PathBuf {
        self.root
            .join("authority/keys")
            .join(format!("{}.pem", plain(kid)))
    }

    /// How a file of the directory is named in it.
    pub fn relative(&self, path: &Path) -> String {
        let inside = path.strip_prefix(&self.root).unwrap_or(path);
        inside.to_string_lossy().into_owned()
    }

    /// Databases of demo services.
    pub fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    /// The demo bank's SQLite database.
    pub fn bank_database(&self) -> PathBuf {
        self.root.join("data/bank.db")
    }

    /// Folder of Unix sockets.
    pub fn run(&self) -> PathBuf {
        self.root.join("run")
    }

    /// Unix socket of a service.
    pub fn service_socket(&self, service: &str) -> PathBuf {
        self.root
            .join("run")
            .join(format!("{}.sock", plain(service)))
    }

    /// Folder of secrets that references name.
    pub fn secrets(&self) -> PathBuf {
        self.root.join("secrets")
    }

    /// Folder of all audit segments.
    pub fn audit(&self) -> PathBuf {
        self.root.join("audit")
    }

    /// Folder of one line's audit segments; `guard:accounts` lies in `guard-accounts`.
    pub fn audit_line(&self, line: &str) -> PathBuf {
        self.root.join("audit").join(plain(line))
    }

    /// The last drill's result.
    pub fn drill_last(&self) -> PathBuf {
        self.root.join("drill/last.json")
    }
}

/// A name as one path component: whatever is not a letter, digit, `-` or `_` becomes `-`, so no name leads elsewhere.
fn plain(name: &str) -> String {
    name.chars()
        .map(|char| {
            if char.is_ascii_alphanumeric() || char == '_' {
                char
            } else {
                '-'
            }
        })
        .collect()
}

fn check_folder(path: &Path) -> Result<PathBuf, StateError> {
    let io = |source| StateError::Io {
        doing: "look at",
        path: path.to_owned(),
        source,
    };
    let root = fs::canonicalize(path).map_err(io)?;
    let meta = fs::metadata(&root).map_err(io)?;
    if !meta.is_dir() {
        return Err(StateError::NotADirectory(path.to_owned()));
    }
    let owner = meta.uid();
    if owner != geteuid().as_raw() {
        return Err(StateError::Foreign {
            path: path.to_owned(),
            owner,
        });
    }
    let mode = meta.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(StateError::Open {
            path: path.to_owned(),
            mode,
        });
    }
    Ok(root)
}

fn check_version(root: &Path) -> Result<(), StateError> {
    let version = root.join("version");
    if !version.exists() {
        return Err(StateError::NotState(root.to_owned()));
    }
    let content = read_private(&version)?;
    if content.expose() == format!("{STATE_VERSION}\n").as_bytes() {
        return Ok(());
    }
    let found = String::from_utf8_lossy(content.expose())
        .trim()
        .chars()
        .take(16)
        .map(|char| if char.is_control() { '?' } else { char })
        .collect();
    Err(StateError::Version {
        path: root.to_owned(),
        found,
    })
}

/// A directory without version may only hold what an opening that was cut short left behind.
fn refuse_foreign_content(root: &Path) -> Result<(), StateError> {
    let io = |source| StateError::Io {
        doing: "list",
        path: root.to_owned(),
        source,
    };
    for entry in fs::read_dir(root).map_err(io)? {
        let name = entry.map_err(io)?.file_name();
        let name = name.to_string_lossy();
        if name != "lock" && !(name.starts_with("version.") && name.ends_with(".new")) {
            return Err(StateError::NotState(root.to_owned()));
        }
    }
    Ok(())
}

fn take_lock(root: &Path) -> Result<File, StateError> {
    let path = root.join("lock");
    let io = |source| StateError::Io {
        doing: "lock",
        path: path.clone(),
        source,
    };
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(io)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(error) if error == rustix::io::Errno::WOULDBLOCK => {
            let mut holder = String::new();
            let read = file.take(16).read_to_string(&mut holder);
            let known = read.is_ok()
                && !holder.trim().is_empty()
                && holder.trim().bytes().all(|byte| byte.is_ascii_digit());
            let holder = if known {
                holder.trim().to_owned()
            } else {
                "(unknown)".to_owned()
            };
            return Err(StateError::Locked {
                path: root.to_owned(),
                holder,
            });
        }
        Err(error) => return Err(io(error.into())),
    }
    file.set_len(0).map_err(io)?;
    file.rewind().map_err(io)?;
    writeln!(file, "{}", std::process::id()).map_err(io)?;
    Ok(file)
}

#[cfg(test)]
mod tests;
