//! The connections that read. A pool of the library would ask each one, before and after use, whether it is still there, which
//! for a file costs as much as the statement itself.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::store::StoreError;

/// Connections of one process that read.
const READERS_MAX: usize = 4;
/// How long one waits for a connection.
const WAIT: Duration = Duration::from_secs(10);

/// Connections that only read, made when they are needed.
#[derive(Debug, Clone)]
pub(in crate::store) struct Readers {
    shared: Arc<Shared>,
    places: Arc<Semaphore>,
}

#[derive(Debug)]
struct Shared {
    options: SqliteConnectOptions,
    idle: Mutex<Vec<SqliteConnection>>,
}

/// A connection on loan. One that is not given back, because a statement failed or nobody awaits it any more, is closed.
#[derive(Debug)]
pub(in crate::store) struct Reader {
    connection: SqliteConnection,
    shared: Arc<Shared>,
    _place: OwnedSemaphorePermit,
}

impl Readers {
    pub(super) fn new(options: SqliteConnectOptions) -> Self {
        let idle = Mutex::new(Vec::with_capacity(READERS_MAX));
        Self {
            shared: Arc::new(Shared { options, idle }),
            places: Arc::new(Semaphore::new(READERS_MAX)),
        }
    }

    /// Waits for a connection.
    pub(in crate::store) async fn take(&self) -> Result<Reader, StoreError> {
        let place = timeout(WAIT, Arc::clone(&self.places).acquire_owned()).await;
        let Ok(Ok(place)) = place else {
            return Err(StoreError::Silent);
        };
        let idle = self.shared.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.shared.options.connect().await?,
        };
        Ok(Reader {
            connection,
            shared: Arc::clone(&self.shared),
            _place: place,
        })
    }

    /// Ends them; who comes later gets none.
    pub(super) async fn close(&self) {
        self.places.close();
        let idle = std::mem::take(&mut *self.shared.idle());
        for connection in idle {
            if let Err(error) = connection.close().await {
                tracing::warn!(%error, "a connection to the database could not be closed");
            }
        }
    }
}

impl Shared {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<SqliteConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reader {
    pub(in crate::store) fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }

    /// For the next to come.
    pub(in crate::store) fn give_back(self) {
        let Self {
            connection, shared, ..
        } = self;
        shared.idle().push(connection);
    }
}
