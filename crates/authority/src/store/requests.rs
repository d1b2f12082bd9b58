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
        let statement = "INSERT INTO waiting_requests (hash, stage, client_id, request, expires_at) VALUES ($1, $2, $3, $4, $5)";
        let hash = self.key.of(hash);
        let values = [
            (&hash).into(),
            stage.word().into(),
            client_id.into(),
            request.into(),
            stored_time(expires_at).into(),
        ];
        self.database.execute(statement, &values).await.map(drop)
    }

    /// A request that waits for its user, left where it is.
    pub(crate) async fn waiting_request(
        &self,
        hash: &[u8; 32],
        now: u64,
    ) -> Result<Option<String>, StoreError> {
        let statement = "SELECT request FROM waiting_requests WHERE hash = $1 AND stage = $2 AND expires_at > $3";
        let hash = self.key.of(hash);
        let values = [
            (&hash).into(),
            Stage::Login.word().into(),
            stored_time(now).into(),
        ];
        let row: Option<(String,)> = self.database.row(statement, &values).await?;
        Ok(row.map(|(request,)| request))
    }

    /// Takes a request away. One statement: of two attempts exactly one gets it. With `client_id` only that client's.
    pub(crate) async fn take_request(
        &self,
        hash: &[u8; 32],
        stage: Stage,
        client_id: Option<&str>,
        now: u64,
    ) -> Result<Option<String>, StoreError> {
        let statement = "DELETE FROM waiting_requests WHERE hash = $1 AND stage = $2 AND expires_at > $3 \
                         AND ($4 IS NULL OR client_id = $4) RETURNING request";
        let hash = self.key.of(hash);
        let values = [
            (&hash).into(),
            stage.word().into(),
            stored_time(now).into(),
            client_id.into(),
        ];
        let row: Option<(String,)> = self.database.change(statement, &values).await?;
        Ok(row.map(|(request,)| request))
    }
}
