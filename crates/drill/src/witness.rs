//! What the drill sees by itself: rows of the bank's database, and requests as they reach its services.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use sqlx::SqlitePool;
use sqlx::sqlite::SqliteConnectOptions;
use tokio::runtime::Handle;
use vauban_attack::{Witness, WitnessError};
use vauban_bank::Record;

/// Counts requests at the services, by operation and subject.
#[derive(Debug, Default)]
pub(crate) struct Recorder(Mutex<BTreeMap<(String, String), u64>>);

impl Recorder {
    fn count(&self, operation: &str, subject: &str) -> u64 {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts
            .get(&(operation.to_owned(), subject.to_owned()))
            .copied()
            .unwrap_or(0)
    }
}

impl Record for Recorder {
    fn record(&self, operation: &str, subject: &str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts
            .entry((operation.to_owned(), subject.to_owned()))
            .or_default() += 1;
    }
}

/// Looks at the bank from behind.
pub(crate) struct BankWitness {
    recorder: Arc<Recorder>,
    bank: SqlitePool,
    runtime: Handle,
}

impl BankWitness {
    /// Opens the bank's database read-only.
    pub(crate) fn new(bank: &Path, recorder: Arc<Recorder>, runtime: &Handle) -> Self {
        let options = SqliteConnectOptions::new().filename(bank).read_only(true);
        let _inside = runtime.enter();
        Self {
            recorder,
            bank: SqlitePool::connect_lazy_with(options),
            runtime: runtime.clone(),
        }
    }

    /// Closes the database.
    pub(crate) async fn close(self) {
        self.bank.close().await;
    }
}

impl Witness for BankWitness {
    fn money_moved(&self, reference: &str) -> Result<bool, WitnessError> {
        let query =
            sqlx::query_scalar::<_, i64>("SELECT count(*) FROM transfers WHERE reference = $1")
                .bind(reference);
        let count = self.runtime.block_on(query.fetch_one(&self.bank));
        count
            .map(|count| count > 0)
            .map_err(|error| WitnessError(error.to_string()))
    }

    fn served(&self, operation: &str, subject: &str) -> Result<u64, WitnessError> {
        Ok(self.recorder.count(operation, subject))
    }
}

/// Sees nothing at all. A drill with this witness must fail itself.
#[cfg(test)]
#[derive(Debug)]
pub(crate) struct Blind;

#[cfg(test)]
impl Witness for Blind {
    fn leaked(&self, _answer: &[u8], _canary: &str) -> bool {
        false
    }

    fn money_moved(&self, _reference: &str) -> Result<bool, WitnessError> {
        Ok(false)
    }

    fn served(&self, _operation: &str, _subject: &str) -> Result<u64, WitnessError> {
        Ok(0)
    }
}
