//! Identifiers that count once: a used one is kept until it could not be used anyway.

use tokio::time::sleep;

use super::database::Sql;
use super::sessions::{CLEAN_PAUSE, CLEANED_MAX, expired};
use super::{Store, StoreError, stored_time};

/// Replicas that clean at the same time step over each other's rows.
const EXPIRED: Sql = expired!(
    "DELETE FROM once WHERE hash IN (SELECT hash FROM once WHERE expires_at <= $1 LIMIT $2"
);

impl Store {
    /// Uses an identifier up; says `false` when it was used before. One statement: of two attempts exactly one is first.
    pub(crate) async fn spend_once(
        &self,
        hash: &[u8; 32],
        expires_at: u64,
    ) -> Result<bool, StoreError> {
        let statement =
            "INSERT INTO once (hash, expires_at) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING";
        let hash = self.key.of(hash);
        let values = [(&hash).into(), stored_time(expires_at).into()];
        Ok(self.database.execute(statement, &values).await? == 1)
    }

    /// Removes one batch of what has expired; says whether there may be more.
    pub(crate) async fn clean_once(&self, now: u64) -> Result<bool, StoreError> {
        let values = [stored_time(now).into(), CLEANED_MAX.into()];
        let removed = self.database.execute(EXPIRED, &values).await?;
        Ok(removed >= CLEANED_MAX.unsigned_abs())
    }

    /// [`Store::clean_once`] until nothing is left, with pauses, so that those who are waiting for a token hardly notice.
    pub(crate) async fn clean_all_once(&self, now: u64) -> Result<(), StoreError> {
        while self.clean_once(now).await? {
            sleep(CLEAN_PAUSE).await;
        }
        Ok(())
    }
}
