//! Hearing of sessions that another process ended, when several authorities share a PostgreSQL database.
//!
//! A notification is sent by the transaction that ends the session, so it arrives when that has become true and not before.
//! Nothing is caught up with after a loss: who lost the channel has to tell its own subscribers that they know nothing any more,
//! and they forget everything.

use std::time::Duration;

use sqlx::postgres::PgListener;
use tokio::time::timeout;

use super::database::{Database, in_time};
use super::{Store, StoreError};

/// Also in [`TELL`].
const CHANNEL: &str = "vauban_session_ended";
/// Within the transaction that ends a session.
pub(super) const TELL: &str = "SELECT pg_notify('vauban_session_ended', $1)::text";
/// How long the channel may be silent before the server is asked whether it is still there.
const SILENT_TIME: Duration = Duration::from_secs(1);

/// The open channel.
#[derive(Debug)]
pub(crate) struct Ended(PgListener);

impl Store {
    /// Opens the channel. `None` on SQLite, which has none: its processes are on one machine and look into the table.
    pub(crate) async fn listen(&self) -> Result<Option<Ended>, StoreError> {
        let Database::Postgres(database) = &self.database else {
            return Ok(None);
        };
        let mut listener = in_time(PgListener::connect_with(&database.pool)).await?;
        // A connection that was made anew on the quiet would have missed something.
        listener.eager_reconnect(false);
        in_time(listener.listen(CHANNEL)).await?;
        Ok(Some(Ended(listener)))
    }

    /// Whether others tell us of what they ended.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self.database, Database::Postgres(_))
    }
}

impl Ended {
    /// The next session that was ended; an error means that some may have been missed.
    pub(crate) async fn next(&mut self) -> Result<String, StoreError> {
        loop {
            match timeout(SILENT_TIME, self.0.try_recv()).await {
                Ok(Ok(Some(told))) => return Ok(told.payload().to_owned()),
                Ok(Ok(None)) => return Err(StoreError::Silent),
                Ok(Err(error)) => return Err(error.into()),
                Err(_silent) => {
                    let ask = sqlx::query("SELECT 1").execute(&mut self.0);
                    timeout(SILENT_TIME, ask)
                        .await
                        .map_err(|_elapsed| StoreError::Silent)??;
                }
            }
        }
    }
}
