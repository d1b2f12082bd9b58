//! SQLite's one writer, and how those that wait for it become durable together.
//!
//! SQLite flushes the disk at each commit, which takes longer than everything else about a token. So a transaction here is a
//! savepoint of an outer one. Whoever is first to be done has the outer transaction committed when everybody who waits by then
//! has had their turn; all of them are acknowledged by that commit, and none before it. When nobody waits, it is committed at
//! once. If it fails, all of them fail and nothing of any has happened.
//!
//! Each statement costs two switches between threads, so the savepoint of one is released by the statement that makes the next.

use std::sync::Arc;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnection, SqlitePool};
use sqlx::{Sqlite, query};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};
use tokio::time::timeout;
use vauban_net::task;

use crate::store::StoreError;

/// How long one waits for the writer's place. A statement of another process may hold it up for half of that.
const PLACE_TIME: Duration = Duration::from_secs(10);

type Outcome = Result<(), Arc<sqlx::Error>>;

/// The only connection that writes. Who waits for it waits in the order of coming.
#[derive(Debug, Clone)]
pub(in crate::store) struct Writer {
    place: Arc<Mutex<Place>>,
}

#[derive(Debug)]
struct Place {
    /// Of one connection.
    pool: SqlitePool,
    connection: Option<PoolConnection<Sqlite>>,
    /// Those that are done and wait for the outer transaction, while that is open.
    group: Option<Vec<oneshot::Sender<Outcome>>>,
    savepoint: Savepoint,
    /// Whether a task is on its way that ends the outer transaction.
    ending: bool,
}

/// What is known of the savepoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Savepoint {
    /// There is none.
    None,
    /// Somebody is at work behind it. When nobody has the place, they went away.
    Open,
    /// What stands behind it is to stay.
    Done,
    /// Somebody went away while the database was at work on it.
    Unsure,
}

/// The writer's place, taken. Dropped without [`Turn::commit`], nothing of it happened.
#[derive(Debug)]
pub(in crate::store) struct Turn {
    writer: Writer,
    /// There until the end.
    place: Option<OwnedMutexGuard<Place>>,
}

impl Writer {
    /// `pool`: of one connection, which is taken for good.
    pub(super) fn new(pool: SqlitePool) -> Self {
        let place = Place {
            pool,
            connection: None,
            group: None,
            savepoint: Savepoint::None,
            ending: false,
        };
        Self {
            place: Arc::new(Mutex::new(place)),
        }
    }

    /// Waits for the place, and begins.
    pub(in crate::store) async fn begin(&self) -> Result<Turn, StoreError> {
        let waited = timeout(PLACE_TIME, Arc::clone(&self.place).lock_owned()).await;
        let mut place = waited.map_err(|_elapsed| StoreError::Silent)?;
        place.heal().await?;
        let statement = match (&place.group, place.savepoint) {
            (None, _) => "BEGIN IMMEDIATE; SAVEPOINT turn",
            (Some(_), Savepoint::None) => "SAVEPOINT turn",
            (Some(_), _) => "RELEASE turn; SAVEPOINT turn",
        };
        place.savepoint = Savepoint::Unsure;
        let mut turn = Turn {
            writer: self.clone(),
            place: Some(place),
        };
        // From here on the turn's end cleans up, also when whoever awaits this goes away.
        query(statement).execute(turn.connection()?).await?;
        if let Some(place) = &mut turn.place {
            place.savepoint = Savepoint::Open;
            place.group.get_or_insert_default();
        }
        Ok(turn)
    }

    /// Folds the write-ahead log in and closes.
    pub(super) async fn close(&self) {
        let mut place = self.place.lock().await;
        place.end().await;
        place.connection = None;
        place.pool.close().await;
    }
}

impl Turn {
    /// The connection, within the savepoint.
    pub(in crate::store) fn connection(&mut self) -> Result<&mut SqliteConnection, StoreError> {
        let connection = self
            .place
            .as_mut()
            .and_then(|place| place.connection.as_mut());
        Ok(connection.ok_or(StoreError::Silent)?)
    }

    /// Makes it true together with whatever else waits; durable when this returns.
    pub(in crate::store) async fn commit(mut self) -> Result<(), StoreError> {
        let (done, outcome) = oneshot::channel();
        if let Some(mut place) = self.place.take() {
            place.savepoint = Savepoint::Done;
            place.group.get_or_insert_default().push(done);
            self.writer.end_soon(&mut place);
        }
        match outcome.await {
            Ok(outcome) => outcome.map_err(StoreError::Together),
            Err(_gone) => Err(StoreError::Silent),
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(mut place) = self.place.take() {
            self.writer.end_soon(&mut place);
        }
    }
}

impl Writer {
    /// Ends the outer transaction behind everybody who waits by now. A task does it: whoever asked may go away.
    fn end_soon(&self, place: &mut Place) {
        // Without a runtime nobody waits either, and the next to come cleans up.
        if place.ending || Handle::try_current().is_err() {
            return;
        }
        place.ending = true;
        let writer = self.clone();
        let _runs_alone = task::spawn("commit what was written", async move {
            writer.place.lock().await.end().await;
        });
    }
}

impl Place {
    /// Takes back what somebody left behind, and sees that there is a connection.
    async fn heal(&mut self) -> Result<(), StoreError> {
        let undone = match (self.savepoint, &mut self.connection) {
            (Savepoint::None | Savepoint::Done, _) => Ok(()),
            (Savepoint::Open, Some(connection)) => {
                self.savepoint = Savepoint::Unsure;
                let back = query("ROLLBACK TO turn");
                back.execute(&mut **connection).await.map(drop)
            }
            // What would be taken back could be somebody else's.
            (Savepoint::Open | Savepoint::Unsure, _) => Err(sqlx::Error::WorkerCrashed),
        };
        match undone {
            Err(error) => self.give_up(error),
            Ok(()) if self.savepoint == Savepoint::Unsure => self.savepoint = Savepoint::Done,
            Ok(()) => {}
        }
        if self.connection.is_none() {
            self.connection = Some(self.pool.acquire().await?);
        }
        Ok(())
    }

    /// Commits for everybody who waits for it.
    async fn end(&mut self) {
        self.ending = false;
        if self.heal().await.is_err() {
            return;
        }
        let (Some(_), Some(connection)) = (&self.group, &mut self.connection) else {
            return;
        };
        // A stopping runtime may let nothing happen after this.
        self.savepoint = Savepoint::Unsure;
        if let Err(error) = query("COMMIT").execute(&mut **connection).await {
            self.give_up(error);
            return;
        }
        self.savepoint = Savepoint::None;
        for waiting in self.group.take().into_iter().flatten() {
            let _may_be_gone = waiting.send(Ok(()));
        }
    }

    /// Closes the connection, which takes back whatever was not committed, and tells those that waited for it.
    fn give_up(&mut self, error: sqlx::Error) {
        if let Some(connection) = self.connection.take() {
            drop(connection.detach());
        }
        self.savepoint = Savepoint::None;
        let error = Arc::new(error);
        for waiting in self.group.take().into_iter().flatten() {
            let _may_be_gone = waiting.send(Err(Arc::clone(&error)));
        }
    }
}

#[cfg(test)]
mod tests;
