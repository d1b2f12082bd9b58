//! Join tokens of workloads.

use super::{Store, StoreError, stored_time};

impl Store {
    pub(crate) async fn add_join_token(
        &self,
        hash: &[u8; 32],
        spiffe: &str,
        expires_at: u64,
    ) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO join_tokens (hash, spiffe, expires_at) VALUES (?, ?, ?)")
            .bind(hash.as_slice())
            .bind(spiffe)
            .bind(stored_time(expires_at))
            .execute(&self.writes)
            .await?;
        Ok(())
    }

    /// Uses a join token up and says whose it was. One statement: of two attempts exactly one is served.
    pub(crate) async fn redeem_join_token(
        &self,
        hash: &[u8; 32],
        now: u64,
    ) -> Result<Option<String>, StoreError> {
        let statement = "UPDATE join_tokens SET used_at = ?1 WHERE hash = ?2 AND used_at IS NULL AND expires_at > ?1 RETURNING spiffe";
        Ok(sqlx::query_scalar(statement)
            .bind(stored_time(now))
            .bind(hash.as_slice())
            .fetch_optional(&self.writes)
            .await?)
    }
}
