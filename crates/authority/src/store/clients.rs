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
        let mut transaction = self.write().await?;
        if replace {
            sqlx::query(
                "UPDATE client_secrets SET ended_at = ? WHERE client_id = ? AND ended_at IS NULL",
            )
            .bind(stored_time(now))
            .bind(client_id)
            .execute(&mut *transaction)
            .await?;
        }
        sqlx::query("INSERT INTO client_secrets (hash, client_id, created_at) VALUES (?, ?, ?)")
            .bind(hash.as_slice())
            .bind(client_id)
            .bind(stored_time(now))
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    /// Whether that is a secret of the client now. The look-up is by hash, so what an attacker could time is the hash of a guess.
    pub(crate) async fn client_secret_is(
        &self,
        client_id: &str,
        hash: &[u8; 32],
        now: u64,
    ) -> Result<bool, StoreError> {
        let statement = "SELECT 1 FROM client_secrets WHERE hash = ? AND client_id = ? AND (ended_at IS NULL OR ended_at > ?)";
        let found: Option<i64> = sqlx::query_scalar(statement)
            .bind(hash.as_slice())
            .bind(client_id)
            .bind(stored_time(now))
            .fetch_optional(&self.reads)
            .await?;
        Ok(found.is_some())
    }
}
