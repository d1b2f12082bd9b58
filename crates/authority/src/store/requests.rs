//! Authorization requests that wait for a browser or for a user.

use super::{Store, StoreError, stored_time};

/// What a request waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// For the browser (RFC 9126).
    Pushed,
    /// For the user to log in.
    Login,
}

impl Stage {
    fn word(self) -> &'static str {
        match self {
            Self::Pushed => "pushed",
            Self::Login => "login",
        }
    }
}

impl Store {
    pub(crate) async fn keep_request(
        &self,
        hash: &[u8; 32],
        stage: Stage,
        client_id: &str,
        request: &str,
        expires_at: u64,
    ) -> Result<(), StoreError> {
        let statement = "INSERT INTO waiting_requests (hash, stage, client_id, request, expires_at) VALUES (?, ?, ?, ?, ?)";
        sqlx::query(statement)
            .bind(hash.as_slice())
            .bind(stage.word())
            .bind(client_id)
            .bind(request)
            .bind(stored_time(expires_at))
            .execute(&self.writes)
            .await?;
        Ok(())
    }

    /// A request that waits for its user, left where it is.
    pub(crate) async fn waiting_request(
        &self,
        hash: &[u8; 32],
        now: u64,
    ) -> Result<Option<String>, StoreError> {
        let statement =
            "SELECT request FROM waiting_requests WHERE hash = ? AND stage = ? AND expires_at > ?";
        Ok(sqlx::query_scalar(statement)
            .bind(hash.as_slice())
            .bind(Stage::Login.word())
            .bind(stored_time(now))
            .fetch_optional(&self.reads)
            .await?)
    }

    /// Takes a request away. One statement: of two attempts exactly one gets it. With `client_id` only that client's.
    pub(crate) async fn take_request(
        &self,
        hash: &[u8; 32],
        stage: Stage,
        client_id: Option<&str>,
        now: u64,
    ) -> Result<Option<String>, StoreError> {
        let statement = "DELETE FROM waiting_requests WHERE hash = ?1 AND stage = ?2 AND expires_at > ?3 \
                         AND (?4 IS NULL OR client_id = ?4) RETURNING request";
        Ok(sqlx::query_scalar(statement)
            .bind(hash.as_slice())
            .bind(stage.word())
            .bind(stored_time(now))
            .bind(client_id)
            .fetch_optional(&self.writes)
            .await?)
    }
}
