//! The first rows: five people in two tenants, four accounts, and what was booked on them.

use std::collections::BTreeMap;

use crate::ledger::refuse_blind;
use crate::order::hex;
use crate::setting::Database;
use crate::store::{StoreError, connect_postgres, prepare_sqlite};
use sha2::{Digest, Sha256};

mod rows;

use rows::{ACCOUNTS, BOOKINGS, Booking, PROFILES, house_of};

/// What may differ between two seeded banks.
#[derive(Clone, Debug, Default)]
pub struct Seed {
    /// Account → a text that stands in one of its statements and nowhere else. Whoever reads it, read that account.
    pub account_canaries: BTreeMap<i64, String>,
    /// Subject → a text that stands in the address of the profile and nowhere else.
    pub profile_canaries: BTreeMap<i64, String>,
}

/// Why the bank was not seeded.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The database could not be prepared or written.
    #[error("the bank's database could not be seeded")]
    Store(#[from] StoreError),
    /// A canary belongs to nobody.
    #[error("a canary is meant for `{0}`, and there is no such account or profile")]
    UnknownCanary(i64),
    /// A canary does not fit.
    #[error("the canary for `{0}` has more than 100 characters, or none, or control characters")]
    UnfitCanary(i64),
    /// Canaries came too late.
    #[error(
        "the bank is seeded already, so its canaries cannot be placed\nhint: seed a new database"
    )]
    SeededAlready,
}

impl From<sqlx::Error> for SeedError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What stands in the bank after seeding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seeded {
    /// Account → the transfer from it whose reference is its canary.
    pub canary_transfers: BTreeMap<i64, i64>,
}

const PROFILE: &str = "INSERT INTO profiles (id, username, tenant_id, role, display_name, email, address) \
    VALUES ($1, $2, $3, $4, $5, $6, $7)";
const ACCOUNT: &str =
    "INSERT INTO accounts (id, owner_id, tenant_id, name, currency) VALUES ($1, $2, $3, $4, 'EUR')";
const TRANSFER: &str = "INSERT INTO transfers (from_account, to_account, owner_id, tenant_id, amount_cents, reference, \
    requested_by, idempotency_key, request_sha256, booked_at_unix_ms) \
    SELECT $1, $2, owner_id, tenant_id, $3, $4, owner_id, $5, $6, $7 FROM accounts WHERE id = $1 RETURNING id";
const ALREADY: &str = "SELECT count(*) FROM profiles";

/// The statements are the same on both databases; only the types of the transaction differ.
macro_rules! sow {
    ($transaction:expr, $seed:expr) => {{
        let (transaction, seed): (_, &Seed) = ($transaction, $seed);
        let there: i64 = sqlx::query_scalar(ALREADY)
            .fetch_one(&mut **transaction)
            .await?;
        if there > 0 {
            return seed.judge_late();
        }
        for row in &PROFILES {
            let canary = seed.profile_canaries.get(&row.id).map(String::as_str);
            sqlx::query(PROFILE)
                .bind(row.id)
                .bind(row.username)
                .bind(row.tenant)
                .bind(row.role)
                .bind(row.display_name)
                .bind(row.email)
                .bind(canary.unwrap_or(row.address))
                .execute(&mut **transaction)
                .await?;
        }
        for row in &ACCOUNTS {
            sqlx::query(ACCOUNT)
                .bind(row.id)
                .bind(row.owner)
                .bind(row.tenant)
                .bind(row.name)
                .execute(&mut **transaction)
                .await?;
        }
        let mut seeded = Seeded::default();
        for (step, booking) in seed.bookings().into_iter().enumerate() {
            let key = format!("seed-{step:08}");
            let (id,): (i64,) = sqlx::query_as(TRANSFER)
                .bind(booking.from)
                .bind(booking.to)
                .bind(booking.cents)
                .bind(booking.memo)
                .bind(&key)
                .bind(hex(&Sha256::digest(&key)))
                .bind(booking.at_unix_ms)
                .fetch_one(&mut **transaction)
                .await?;
            if seed
                .account_canaries
                .get(&booking.from)
                .is_some_and(|canary| canary == booking.memo)
            {
                seeded.canary_transfers.insert(booking.from, id);
            }
        }
        Ok(seeded)
    }};
}

/// Makes the database if need be, and fills it once; a bank that is seeded already is left as it is. On PostgreSQL the schema
/// must be installed and the URL be the administrator's.
pub async fn seed(database: &Database, seed: &Seed) -> Result<Seeded, SeedError> {
    seed.judge()?;
    match database {
        Database::Sqlite(path) => {
            let pool = prepare_sqlite(path).await?;
            let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
            let seeded = sow_sqlite(&mut transaction, seed).await?;
            transaction.commit().await?;
            pool.close().await;
            Ok(seeded)
        }
        Database::Postgres(url) => {
            let pool = connect_postgres(url).await?;
            refuse_blind(&pool).await?;
            let mut transaction = pool.begin().await?;
            sqlx::raw_sql("SET LOCAL search_path = bank; LOCK TABLE profiles IN EXCLUSIVE MODE")
                .execute(&mut *transaction)
                .await?;
            let seeded = sow_postgres(&mut transaction, seed).await?;
            transaction.commit().await?;
            pool.close().await;
            Ok(seeded)
        }
    }
}

async fn sow_sqlite(
    transaction: &mut sqlx::SqliteTransaction<'_>,
    seed: &Seed,
) -> Result<Seeded, SeedError> {
    sow!(transaction, seed)
}

async fn sow_postgres(
    transaction: &mut sqlx::PgTransaction<'_>,
    seed: &Seed,
) -> Result<Seeded, SeedError> {
    sow!(transaction, seed)
}

impl Seed {
    /// Canaries must belong to somebody and fit.
    fn judge(&self) -> Result<(), SeedError> {
        let accounts = self.account_canaries.iter().map(|(id, text)| {
            let known = ACCOUNTS.iter().any(|row| row.id == *id && row.owner != 0);
            (*id, text, known)
        });
        let profiles = self.profile_canaries.iter().map(|(id, text)| {
            let known = PROFILES.iter().any(|row| row.id == *id);
            (*id, text, known)
        });
        for (id, text, known) in accounts.chain(profiles) {
            if !known {
                return Err(SeedError::UnknownCanary(id));
            }
            if !(1..=100).contains(&text.chars().count()) || text.chars().any(char::is_control) {
                return Err(SeedError::UnfitCanary(id));
            }
        }
        Ok(())
    }

    /// A bank that is seeded already takes no canaries.
    fn judge_late(&self) -> Result<Seeded, SeedError> {
        if self.account_canaries.is_empty() && self.profile_canaries.is_empty() {
            Ok(Seeded::default())
        } else {
            Err(SeedError::SeededAlready)
        }
    }

    /// The bookings of every bank, then one for each canary: from the account to the house, so that the canary stands in
    /// the account's statements and in a transfer of its owner's.
    fn bookings(&self) -> Vec<Booking<'_>> {
        let last = BOOKINGS
            .iter()
            .map(|booking| booking.at_unix_ms)
            .max()
            .unwrap_or_default();
        let canaries = self
            .account_canaries
            .iter()
            .map(|(account, canary)| Booking {
                from: *account,
                to: house_of(*account),
                cents: 100,
                memo: canary,
                at_unix_ms: last + 60_000,
            });
        BOOKINGS.into_iter().chain(canaries).collect()
    }
}
