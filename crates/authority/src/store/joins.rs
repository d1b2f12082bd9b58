//! Join tokens of workloads.

use super::{Store, StoreError, stored_time};

impl Store {
    pub(crate) async fn add_join_token(
        &self,
        hash: &[u8; 32],
        spiffe: &str,
        expires_at: u64,
    ) -> Result<(), StoreError> {
        let statement = "INSERT INTO join_tokens (hash, spiffe, expires_at) VALUES ($1, $2, $3)";
        let hash = self.key.of(hash);
        let values = [
            (&hash).into(),
            spiffe.into(),
            stored_time(expires_at).into(),
        ];
        self.database.execute(statement, &values).await.map(drop)
    }

    /// Uses a join token up and says whose it was. One statement: of two attempts exactly one is served.
    pub(crate) async fn redeem_join_token(
        &self,
        hash: &[u8; 32],
        now: u64,
    ) -> Result<Option<String>, StoreError> {
        let statement = "UPDATE join_tokens SET used_at = $1 \
                         WHERE hash = $2 AND used_at IS NULL AND expires_at > $1 RETURNING spiffe";
        let hash = self.key.of(hash);
        let values = [stored_time(now).into(), (&hash).into()];
        let row: Option<(String,)> = self.database.change(statement, &values).await?;
        Ok(row.map(|(spiffe,)| spiffe))
    }
}
