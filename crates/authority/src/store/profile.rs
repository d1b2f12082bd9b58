//! What a new password hash costs, remembered so that it never falls.

use crate::hasher::Cost;

use super::{Store, StoreError};

impl Store {
    pub(crate) async fn password_cost(&self) -> Result<Option<Cost>, StoreError> {
        let statement = "SELECT memory_kib, iterations FROM password_profile";
        let row: Option<(i64, i64)> = self.database.row(statement, &[]).await?;
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
        let statement = "INSERT INTO password_profile (one, memory_kib, iterations) VALUES (1, $1, $2) \
                         ON CONFLICT (one) DO UPDATE SET memory_kib = excluded.memory_kib, iterations = excluded.iterations";
        let values = [
            i64::from(cost.memory_kib).into(),
            i64::from(cost.iterations).into(),
        ];
        self.database.execute(statement, &values).await.map(drop)
    }
}
