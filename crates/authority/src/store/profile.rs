//! What a new password hash costs, remembered so that it never falls.

use crate::hasher::Cost;

use super::{Store, StoreError};

impl Store {
    pub(crate) async fn password_cost(&self) -> Result<Option<Cost>, StoreError> {
        let row: Option<(i64, i64)> =
            sqlx::query_as("SELECT memory_kib, iterations FROM password_profile")
                .fetch_optional(&self.reads)
                .await?;
        row.map(|(memory, passes)| {
            let read = |value| {
                u32::try_from(value).map_err(|_error| StoreError::Value("password profile"))
            };
            Ok(Cost {
                memory_kib: read(memory)?,
                iterations: read(passes)?,
            })
        })
        .transpose()
    }

    pub(crate) async fn remember_password_cost(&self, cost: Cost) -> Result<(), StoreError> {
        let statement = "INSERT INTO password_profile (one, memory_kib, iterations) VALUES (1, ?, ?) \
                         ON CONFLICT (one) DO UPDATE SET memory_kib = excluded.memory_kib, iterations = excluded.iterations";
        sqlx::query(statement)
            .bind(i64::from(cost.memory_kib))
            .bind(i64::from(cost.iterations))
            .execute(&self.writes)
            .await?;
        Ok(())
    }
}
