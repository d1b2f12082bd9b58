//! Secrets of clients. They are random, so a fast hash keeps them.

use super::{Store, StoreError, stored_time};

impl Store {
    /// Keeps a new secret; with `replace` all older ones of the client end.
    pub(crate) async fn add_client_secret(
        &self,
        client_id: &str,
        hash: &[u8; 32],
        replace: bool,
        now: u64,
    ) -> Result<(), StoreError> {
        let now = stored_time(now);
        let mut transaction = self.database.begin().await?;
        if replace {
            let end =
                "UPDATE client_secrets SET ended_at = $1 WHERE client_id = $2 AND ended_at IS NULL";
            transaction
                .execute(end, &[now.into(), client_id.into()])
                .await?;
        }
        let add = "INSERT INTO client_secrets (hash, client_id, created_at) VALUES ($1, $2, $3)";
        let hash = self.key.of(hash);
        let values = [(&hash).into(), client_id.into(), now.into()];
        transaction.execute(add, &values).await?;
        transaction.commit().await
    }

    /// Whether that is a secret of the client now. The look-up is by hash, so what an attacker could time is the hash of a guess.
    pub(crate) async fn client_secret_is(
        &self,
        client_id: &str,
        hash: &[u8; 32],
        now: u64,
    ) -> Result<bool, StoreError> {
        let statement = "SELECT created_at FROM client_secrets \
                         WHERE hash = $1 AND client_id = $2 AND (ended_at IS NULL OR ended_at > $3)";
        let hash = self.key.of(hash);
        let values = [(&hash).into(), client_id.into(), stored_time(now).into()];
        let found: Option<(i64,)> = self.database.row(statement, &values).await?;
        Ok(found.is_some())
    }
}
