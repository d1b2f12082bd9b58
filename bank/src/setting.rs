//! What one service is told when it starts.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use vauban_audit::Log;
use vauban_net::Clock;
use zeroize::Zeroizing;

/// What one service is told when it starts. Paths are absolute.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Where the rows are. [`crate::Service::Images`] opens none, whatever stands here.
    pub database: Database,
    /// The Unix socket on which its guard finds it.
    pub socket: PathBuf,
    /// The user that may connect; `None` is the user that runs the service.
    pub peer_uid: Option<u32>,
    /// Where this line's decisions are recorded; a transfer is answered after its event is durable.
    pub audit: Log,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Told of each request that reached the service. Ships as `None`; a drill counts here.
    pub recorder: Option<Arc<dyn Record>>,
}

/// Where the rows are.
#[derive(Clone, Debug)]
pub enum Database {
    /// An SQLite file. It has no row-level security: the data line is absent.
    Sqlite(PathBuf),
    /// PostgreSQL, with the URL of the role that asks.
    Postgres(DatabaseUrl),
}

/// A database URL; it holds a password and so is never shown.
#[derive(Clone)]
pub struct DatabaseUrl(Zeroizing<String>);

impl DatabaseUrl {
    /// Takes the URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self(Zeroizing::new(url.into()))
    }

    /// The URL itself, for whoever writes it where only its owner reads.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for DatabaseUrl {
    fn from(url: String) -> Self {
        Self::new(url)
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseUrl(…)")
    }
}

/// Told of each request that reached a service, before the service judges anything.
pub trait Record: Send + Sync + fmt::Debug {
    /// `operation` is what the path and method name, or empty; `subject` is what the guard says, or empty.
    fn record(&self, operation: &str, subject: &str);
}
