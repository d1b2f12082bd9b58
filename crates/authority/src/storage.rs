//! Where the authority keeps what it vouches for.

use vauban_policy::Plan;
use vauban_secret::{FileError, Secret, SecretError, StateDir, read_private, write_private};

use crate::store::{HashKey, Place, Store, StoreError};

/// A provisioned state directory, and the database that belongs to it. Whoever makes it resolves the plan's references, since
/// only binaries read the environment.
#[derive(Debug, Clone)]
pub struct Storage {
    state: StateDir,
    postgres: Option<Secret>,
}

/// The database cannot be told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// A reference leads nowhere.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The plan was not named, or is another one.
    #[error(
        "users and sessions of `{}` are kept in PostgreSQL\n  hint: name the plan that says so with `--config`",
        .0.root().display()
    )]
    Elsewhere(StateDir),
}

impl Storage {
    /// As the plan says; `resolve` fetches what a reference of it stands for.
    pub async fn of(
        plan: &Plan,
        state: StateDir,
        resolve: impl AsyncFnOnce(&str) -> Result<Secret, SecretError>,
    ) -> Result<Self, StorageError> {
        let Some(reference) = &plan.issuer.store.postgres else {
            return Ok(Self::embedded(state));
        };
        let postgres = Some(resolve(&reference.0).await?);
        Ok(Self { state, postgres })
    }

    /// SQLite in the state directory itself, whatever a plan says: for a drill, which must not touch what is in use.
    pub fn embedded(state: StateDir) -> Self {
        let postgres = None;
        Self { state, postgres }
    }

    /// For a command that was given no plan: SQLite, unless the state directory remembers another database.
    pub fn unplanned(state: StateDir) -> Result<Self, StorageError> {
        if state.authority_elsewhere().exists() {
            return Err(StorageError::Elsewhere(state));
        }
        Ok(Self::embedded(state))
    }

    /// The state directory.
    pub fn state(&self) -> &StateDir {
        &self.state
    }

    /// Opens the database, with the key that lies beside it.
    pub(crate) async fn open(&self) -> Result<Store, StoreError> {
        let file = self.state.storage_key();
        let key = HashKey::new(&read_private(&file)?).ok_or(StoreError::KeyFile(file))?;
        Store::open(&self.place(), key).await
    }

    pub(crate) fn place(&self) -> Place {
        match &self.postgres {
            Some(url) => Place::Postgres(url.clone()),
            None => Place::Sqlite(self.state.authority_database()),
        }
    }

    /// Writes down for [`Storage::unplanned`] whether the database is elsewhere.
    pub(crate) fn remember(&self) -> Result<(), FileError> {
        let mark = self.state.authority_elsewhere();
        if self.postgres.is_some() {
            return write_private(&mark, b"");
        }
        match std::fs::remove_file(&mark) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(FileError::Io {
                doing: "remove",
                path: mark,
                source: error,
            }),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}
