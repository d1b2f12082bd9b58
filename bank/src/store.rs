//! The rows. Both databases hold the same tables and understand the same statements, every value bound, none written into
//! the text; they differ in how a transaction begins and in who decides whose row it is.

use std::path::PathBuf;

use serde::Serialize;
use sqlx::FromRow;

use crate::caller::Caller;
use crate::order::Order;
use crate::service::Service;
use crate::setting::Database;

mod postgres;
mod sqlite;

pub(crate) use postgres::{PostgresStore, connect as connect_postgres};
pub(crate) use sqlite::{SqliteStore, prepare as prepare_sqlite, read as read_sqlite};

/// Profiles in one answer at most.
pub(crate) const PROFILES_MAX: i64 = 500;
/// Accounts in one answer at most.
pub(crate) const ACCOUNTS_MAX: i64 = 100;

const PROFILE: &str = "SELECT id, username, tenant_id, role, display_name, email, address FROM profiles WHERE id = $1";
const PROFILES: &str = "SELECT id, username, tenant_id, role, display_name, email, address FROM profiles \
    WHERE tenant_id = $1 ORDER BY id LIMIT $2";
const ACCOUNTS: &str = "SELECT a.id, a.name, a.currency, b.balance_cents FROM accounts a \
    JOIN balances b ON b.account_id = a.id WHERE a.owner_id = $1 ORDER BY a.id LIMIT $2";
const BALANCE: &str = "SELECT balance_cents FROM balances WHERE account_id = $1";
const STATEMENTS: &str = "SELECT id, booked_at_unix_ms, amount_cents, memo FROM entries \
    WHERE account_id = $1 ORDER BY id DESC LIMIT $2";
const SOURCE: &str = "SELECT owner_id, tenant_id FROM accounts WHERE id = $1";
const TRANSFER: &str = "SELECT id, from_account, to_account, amount_cents, reference, booked_at_unix_ms \
    FROM transfers WHERE id = $1";
const BOOKED: &str = "SELECT id, from_account, to_account, amount_cents, reference, booked_at_unix_ms, request_sha256 \
    FROM transfers WHERE requested_by = $1 AND idempotency_key = $2";
const BOOK: &str = "INSERT INTO transfers (from_account, to_account, owner_id, tenant_id, amount_cents, reference, \
    requested_by, idempotency_key, request_sha256, booked_at_unix_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
    ON CONFLICT (requested_by, idempotency_key) DO NOTHING";

/// A person.
#[derive(Debug, FromRow, Serialize)]
pub(crate) struct Profile {
    id: i64,
    username: String,
    #[serde(rename = "tenant")]
    tenant_id: String,
    role: String,
    display_name: String,
    email: String,
    address: String,
}

/// An account and what it holds.
#[derive(Debug, FromRow, Serialize)]
pub(crate) struct Account {
    id: i64,
    name: String,
    currency: String,
    balance_cents: i64,
}

/// One booking on an account.
#[derive(Debug, FromRow, Serialize)]
pub(crate) struct Statement {
    id: i64,
    booked_at_unix_ms: i64,
    amount_cents: i64,
    memo: String,
}

/// What was booked on an account.
#[derive(Debug, Serialize)]
pub(crate) struct Statements {
    account: i64,
    balance_cents: i64,
    #[serde(rename = "statements")]
    entries: Vec<Statement>,
}

/// A booked transfer.
#[derive(Debug, FromRow, Serialize)]
pub(crate) struct Transfer {
    id: i64,
    from_account: i64,
    to_account: i64,
    amount_cents: i64,
    reference: String,
    booked_at_unix_ms: i64,
}

/// The account that is to pay, as it is stored.
#[derive(Debug, FromRow)]
struct Source {
    owner_id: i64,
    tenant_id: String,
}

/// A transfer that the same key booked before.
#[derive(Debug, FromRow)]
struct Booked {
    #[sqlx(flatten)]
    transfer: Transfer,
    request_sha256: String,
}

/// How an order ended.
#[derive(Debug)]
pub(crate) enum Booking {
    /// Committed just now.
    New(Transfer),
    /// The same order was committed before.
    Repeated(Transfer),
    /// The key stands for another order.
    KeyReused,
    /// No such account to pay from.
    SourceUnknown,
    /// No such account to pay to, in this tenant.
    DestinationUnknown,
    /// More than there is.
    InsufficientFunds,
}

impl Booking {
    /// What a key that is taken means for this order.
    fn of_taken(booked: Booked, order: &Order) -> Self {
        if booked.request_sha256 == order.sha256 {
            Self::Repeated(booked.transfer)
        } else {
            Self::KeyReused
        }
    }
}

/// Why a database cannot do its work.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no file.
    #[error("there is no database at `{0}`\nhint: seed the bank first")]
    Missing(PathBuf),
    /// Others may read or write the file.
    #[error("other users may read `{0}`\nhint: chmod 600")]
    Exposed(PathBuf),
    /// The file is damaged, or not the bank's.
    #[error(
        "`{0}` is damaged or not a database of this bank\nhint: nothing was changed; restore it from a copy"
    )]
    Damaged(PathBuf),
    /// The file was written by another version.
    #[error(
        "`{0}` has another version's tables\nhint: nothing was changed; use the version that wrote it, or a new file"
    )]
    Version(PathBuf),
    /// The file cannot be made or opened.
    #[error("cannot open `{path}`")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The URL is no PostgreSQL URL. What it says is not repeated: it holds a password.
    #[error("the database URL cannot be read\nhint: postgres://ROLE:PASSWORD@HOST:PORT/DATABASE")]
    Url,
    /// The role sees only its own rows where all are needed.
    #[error(
        "role `{0}` is under row-level security and cannot see the whole bank\nhint: use the database administrator's URL"
    )]
    Blind(String),
    /// A service under another's role.
    #[error(
        "service `{service}` must not speak to the database as `{role}`\nhint: each service has a role of its own"
    )]
    Role {
        /// The service.
        service: &'static str,
        /// The role that the URL names.
        role: String,
    },
    /// The guard sent no signed context.
    #[error("no signed database context came with the request")]
    NoContext,
    /// A row was refused by its policy.
    #[error("row-level security refused the row")]
    RowRefused,
    /// The database refused or did not answer.
    #[error("the database did not do its work")]
    Database(#[from] sqlx::Error),
    /// The tables could not be brought to this version.
    #[error("the database's tables could not be brought to this version")]
    Migrate(#[from] sqlx::migrate::MigrateError),
}

/// The rows of one service.
#[derive(Debug)]
pub(crate) enum Store {
    Sqlite(SqliteStore),
    Postgres(PostgresStore),
}

impl Store {
    /// Opens what the setting names. On PostgreSQL the role's name is checked, later the whole set-up by the self-test.
    pub(crate) async fn open(service: Service, database: &Database) -> Result<Self, StoreError> {
        match database {
            Database::Sqlite(path) => SqliteStore::open(path).await.map(Self::Sqlite),
            Database::Postgres(url) => PostgresStore::open(service, url).await.map(Self::Postgres),
        }
    }

    /// Whether the database judges rows by itself.
    pub(crate) const fn judges_rows(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    pub(crate) async fn profile(
        &self,
        caller: &Caller,
        id: i64,
    ) -> Result<Option<Profile>, StoreError> {
        match self {
            Self::Sqlite(store) => store.profile(id).await,
            Self::Postgres(store) => store.profile(caller, id).await,
        }
    }

    pub(crate) async fn profiles(&self, caller: &Caller) -> Result<Vec<Profile>, StoreError> {
        match self {
            Self::Sqlite(store) => store.profiles(caller).await,
            Self::Postgres(store) => store.profiles(caller).await,
        }
    }

    pub(crate) async fn accounts(&self, caller: &Caller) -> Result<Vec<Account>, StoreError> {
        match self {
            Self::Sqlite(store) => store.accounts(caller).await,
            Self::Postgres(store) => store.accounts(caller).await,
        }
    }

    pub(crate) async fn statements(
        &self,
        caller: &Caller,
        account: i64,
        limit: i64,
    ) -> Result<Option<Statements>, StoreError> {
        match self {
            Self::Sqlite(store) => store.statements(account, limit).await,
            Self::Postgres(store) => store.statements(caller, account, limit).await,
        }
    }

    pub(crate) async fn transfer(
        &self,
        caller: &Caller,
        id: i64,
    ) -> Result<Option<Transfer>, StoreError> {
        match self {
            Self::Sqlite(store) => store.transfer(id).await,
            Self::Postgres(store) => store.transfer(caller, id).await,
        }
    }

    /// Books an order, once for each subject and key. Returns after the commit is durable.
    pub(crate) async fn book(
        &self,
        caller: &Caller,
        order: &Order,
        now_unix_ms: i64,
    ) -> Result<Booking, StoreError> {
        match self {
            Self::Sqlite(store) => store.book(caller, order, now_unix_ms).await,
            Self::Postgres(store) => store.book(caller, order, now_unix_ms).await,
        }
    }

    /// Ends every connection.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(store) => store.close().await,
            Self::Postgres(store) => store.close().await,
        }
    }
}
