//! Sessions that an operator looks at and ends. The running line hears of each end within a moment, and tells edges and guards.

use vauban_net::Clock;

use super::{AdminError, unix_s};
use crate::storage::Storage;
use crate::store::{LiveSession, Sought};

/// What the audit log says of such an end.
const BECAUSE: &str = "ended by the operator";

/// Live sessions, the newest first; at most a thousand.
pub async fn live_sessions(
    storage: &Storage,
    sought: &Sought,
    clock: &dyn Clock,
) -> Result<Vec<LiveSession>, AdminError> {
    let store = storage.open().await?;
    let found = store.live_sessions(sought, unix_s(clock)).await;
    store.close().await;
    Ok(found?)
}

/// Ends a session, with all that came of exchanges of its tokens.
pub async fn revoke_session(
    storage: &Storage,
    session: &str,
    clock: &dyn Clock,
) -> Result<(), AdminError> {
    let store = storage.open().await?;
    let ended = store.end_session(session, BECAUSE, "", unix_s(clock)).await;
    store.close().await;
    if ended? {
        Ok(())
    } else {
        Err(AdminError::UnknownSession(session.to_owned()))
    }
}

/// Ends every live session of a subject; says how many there were.
pub async fn end_sessions_of(
    storage: &Storage,
    subject: &str,
    clock: &dyn Clock,
) -> Result<usize, AdminError> {
    let store = storage.open().await?;
    let ended = store.end_sessions_of(subject, BECAUSE, unix_s(clock)).await;
    store.close().await;
    match ended? {
        0 => Err(AdminError::NoSessions(subject.to_owned())),
        ended => Ok(ended),
    }
}
