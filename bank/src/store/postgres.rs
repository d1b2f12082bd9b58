//! PostgreSQL: a role that owns nothing, and in each transaction the guard's signed word about who asks. The rows judge it.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgTransaction};

use super::{
    ACCOUNTS, ACCOUNTS_MAX, Account, BALANCE, BOOK, BOOKED, Booked, Booking, PROFILE, PROFILES,
    PROFILES_MAX, Profile, SOURCE, STATEMENTS, Source, Statements, StoreError, TRANSFER, Transfer,
};
use crate::caller::Caller;
use crate::order::Order;
use crate::service::Service;
use crate::setting::DatabaseUrl;

const CONNECTIONS_MAX: u32 = 8;
/// Wait for a connection.
const WAIT: Duration = Duration::from_secs(5);
/// `insufficient_privilege`: a policy's check refused a new row.
const REFUSED_BY_POLICY: &str = "42501";

/// A PostgreSQL database under one service's own role.
#[derive(Debug)]
pub(crate) struct PostgresStore(PgPool);

/// Connects under whatever role the URL names.
pub(crate) async fn connect(url: &DatabaseUrl) -> Result<PgPool, StoreError> {
    // The parser's own words could repeat a part of the URL.
    let Ok(options) = PgConnectOptions::from_str(url.expose()) else {
        return Err(StoreError::Url);
    };
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS_MAX)
        .acquire_timeout(WAIT)
        .after_release(|connection, _| {
            Box::pin(async move {
                // A context that outlived its transaction would be the next borrower's. Such a connection is thrown away.
                let clean: bool = sqlx::query_scalar(
                    "SELECT coalesce(current_setting('app.ctx', true), '') = ''",
                )
                .fetch_one(connection)
                .await?;
                Ok(clean)
            })
        })
        .connect_with(options)
        .await?;
    Ok(pool)
}

impl PostgresStore {
    pub(super) async fn open(service: Service, url: &DatabaseUrl) -> Result<Self, StoreError> {
        let pool = connect(url).await?;
        let role: String = sqlx::query_scalar("SELECT session_user::text")
            .fetch_one(&pool)
            .await?;
        if service.database_role() == Some(role.as_str()) {
            Ok(Self(pool))
        } else {
            Err(StoreError::Role {
                service: service.name(),
                role,
            })
        }
    }

    pub(crate) const fn pool(&self) -> &PgPool {
        &self.0
    }

    /// A transaction that says who asks. The context ends with it, however it ends.
    async fn begin(&self, caller: &Caller) -> Result<PgTransaction<'static>, StoreError> {
        let context = caller.context().ok_or(StoreError::NoContext)?;
        let mut transaction = self.0.begin().await?;
        sqlx::query("SELECT set_config('app.ctx', $1, true)")
            .bind(context)
            .execute(&mut *transaction)
            .await?;
        Ok(transaction)
    }

    pub(super) async fn profile(
        &self,
        caller: &Caller,
        id: i64,
    ) -> Result<Option<Profile>, StoreError> {
        let mut transaction = self.begin(caller).await?;
        let row = sqlx::query_as(PROFILE)
            .bind(id)
            .fetch_optional(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(row)
    }

    pub(super) async fn profiles(&self, caller: &Caller) -> Result<Vec<Profile>, StoreError> {
        let mut transaction = self.begin(caller).await?;
        let rows = sqlx::query_as(PROFILES)
            .bind(caller.tenant())
            .bind(PROFILES_MAX)
            .fetch_all(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(rows)
    }

    pub(super) async fn accounts(&self, caller: &Caller) -> Result<Vec<Account>, StoreError> {
        let mut transaction = self.begin(caller).await?;
        let rows = sqlx::query_as(ACCOUNTS)
            .bind(caller.subject())
            .bind(ACCOUNTS_MAX)
            .fetch_all(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(rows)
    }

    pub(super) async fn statements(
        &self,
        caller: &Caller,
        account: i64,
        limit: i64,
    ) -> Result<Option<Statements>, StoreError> {
        let mut transaction = self.begin(caller).await?;
        let balance: Option<i64> = sqlx::query_scalar(BALANCE)
            .bind(account)
            .fetch_optional(&mut *transaction)
            .await?;
        let Some(balance_cents) = balance else {
            return Ok(None);
        };
        let entries = sqlx::query_as(STATEMENTS)
            .bind(account)
            .bind(limit)
            .fetch_all(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(Some(Statements {
            account,
            balance_cents,
            entries,
        }))
    }

    pub(super) async fn transfer(
        &self,
        caller: &Caller,
        id: i64,
    ) -> Result<Option<Transfer>, StoreError> {
        let mut transaction = self.begin(caller).await?;
        let row = sqlx::query_as(TRANSFER)
            .bind(id)
            .fetch_optional(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(row)
    }

    /// The key's unique index makes two orders with one key wait for each other; the trigger locks the two balances.
    pub(super) async fn book(
        &self,
        caller: &Caller,
        order: &Order,
        now_unix_ms: i64,
    ) -> Result<Booking, StoreError> {
        let mut transaction = self.begin(caller).await?;
        let source: Option<Source> = sqlx::query_as(SOURCE)
            .bind(order.from_account)
            .fetch_optional(&mut *transaction)
            .await?;
        let Some(source) = source else {
            return Ok(Booking::SourceUnknown);
        };
        let booked = sqlx::query(BOOK)
            .bind(order.from_account)
            .bind(order.to_account)
            .bind(source.owner_id)
            .bind(&source.tenant_id)
            .bind(order.amount_cents)
            .bind(&order.reference)
            .bind(caller.subject())
            .bind(&order.key)
            .bind(&order.sha256)
            .bind(now_unix_ms)
            .execute(&mut *transaction)
            .await;
        let new = match booked {
            Ok(done) => done.rows_affected() == 1,
            Err(error) => return refused(error),
        };
        let booked: Option<Booked> = sqlx::query_as(BOOKED)
            .bind(caller.subject())
            .bind(&order.key)
            .fetch_optional(&mut *transaction)
            .await?;
        transaction.commit().await?;
        match booked {
            Some(booked) if new => Ok(Booking::New(booked.transfer)),
            Some(booked) => Ok(Booking::of_taken(booked, order)),
            None => Ok(Booking::KeyReused),
        }
    }

    pub(super) async fn close(&self) {
        self.0.close().await;
    }
}

/// The constraints and policies decide; what they say is told apart here.
fn refused(error: sqlx::Error) -> Result<Booking, StoreError> {
    if let sqlx::Error::Database(known) = &error {
        match known.constraint() {
            Some("transfers_to") => return Ok(Booking::DestinationUnknown),
            Some("balances_never_negative") => return Ok(Booking::InsufficientFunds),
            Some(_) | None => {}
        }
        if known.code().as_deref() == Some(REFUSED_BY_POLICY) {
            return Err(StoreError::RowRefused);
        }
    }
    Err(error.into())
}
