//! Facts in PostgreSQL, under the guard's own role: every transaction read-only, every statement timed.

use std::str::FromStr as _;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgRow};
use sqlx::{
    AssertSqlSafe, Column as _, Either, Executor as _, Postgres, Row as _, SqlSafeStr as _,
    Statement as _, TypeInfo as _,
};

use super::{
    CONNECTIONS_MAX, READ_TIME, Statements, bounded, column_names, in_time, single, statement,
};
use crate::parts::{Answering, Fact, FactsError, ReadFacts, Row};

/// Facts in PostgreSQL.
#[derive(Debug)]
pub(crate) struct PostgresFacts {
    statements: Statements,
    pool: PgPool,
    /// Entity → its parameter is an integer; learned when the statement was prepared.
    integers: tokio::sync::OnceCell<std::collections::BTreeMap<String, bool>>,
}

impl PostgresFacts {
    /// The pool connects when it is first asked. `url` is a secret and appears in no error.
    pub(crate) fn new(url: &str, statements: Statements) -> Result<Self, FactsError> {
        let is_ours = url.starts_with("postgres://") || url.starts_with("postgresql://");
        let options = is_ours
            .then(|| PgConnectOptions::from_str(url).ok())
            .flatten();
        let options = options
            .ok_or_else(|| {
                FactsError("the facts URL is not `postgres://ROLE@HOST/DATABASE`".to_owned())
            })?
            .application_name("vauban-guard")
            .options([
                ("default_transaction_read_only", "on".to_owned()),
                ("statement_timeout", format!("{}ms", READ_TIME.as_millis())),
                (
                    "idle_in_transaction_session_timeout",
                    format!("{}ms", READ_TIME.as_millis()),
                ),
            ]);
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .acquire_timeout(READ_TIME)
            .connect_lazy_with(options);
        Ok(Self {
            statements,
            pool,
            integers: tokio::sync::OnceCell::new(),
        })
    }

    async fn prepare_all(&self) -> Result<std::collections::BTreeMap<String, bool>, FactsError> {
        let mut connection = self.pool.acquire().await.map_err(|error| failed(&error))?;
        let mut integers = std::collections::BTreeMap::new();
        for (entity, wanted) in &self.statements {
            let refused = |error: sqlx::Error| {
                FactsError(format!("statement of `{entity}` does not prepare: {error}"))
            };
            let prepared = (&mut *connection)
                .prepare(AssertSqlSafe(wanted.text.clone()).into_sql_str())
                .await
                .map_err(refused)?;
            let Some(Either::Left([parameter])) = prepared.parameters() else {
                return Err(FactsError(format!(
                    "statement of `{entity}` must have exactly one parameter, `$1`"
                )));
            };
            let integer = match parameter.name() {
                "INT2" | "INT4" | "INT8" => true,
                "TEXT" | "VARCHAR" | "CHAR" | "NAME" => false,
                other => {
                    return Err(FactsError(format!(
                        "statement of `{entity}`: `$1` is {other}; only text and integers name an object\nhint: cast the column"
                    )));
                }
            };
            wanted.check_columns(entity, &column_names::<Postgres>(prepared.columns()))?;
            integers.insert(entity.clone(), integer);
        }
        Ok(integers)
    }

    async fn read_one(&self, entity: &str, id: &str) -> Result<Option<Row>, FactsError> {
        let wanted = statement(&self.statements, entity)?;
        let integers = self.integers.get_or_try_init(|| self.prepare_all()).await?;
        let query = sqlx::query(AssertSqlSafe(wanted.text.clone()));
        let query = if integers.get(entity).copied().unwrap_or(false) {
            // A text that is no integer names no row of a table of integers.
            let Ok(number) = id.parse::<i64>() else {
                return Ok(None);
            };
            query.bind(number)
        } else {
            query.bind(id)
        };
        let rows = query
            .fetch_all(&self.pool)
            .await
            .map_err(|error| failed(&error))?;
        single(entity, rows, row)
    }
}

impl ReadFacts for PostgresFacts {
    fn prepare(&self) -> Answering<'_, Result<(), FactsError>> {
        Box::pin(in_time(async move {
            self.integers
                .get_or_try_init(|| self.prepare_all())
                .await
                .map(|_| ())
        }))
    }

    fn read<'a>(
        &'a self,
        entity: &'a str,
        id: &'a str,
    ) -> Answering<'a, Result<Option<Row>, FactsError>> {
        Box::pin(in_time(self.read_one(entity, id)))
    }
}

fn failed(error: &sqlx::Error) -> FactsError {
    FactsError(format!("cannot read the facts database: {error}"))
}

fn row(row: &PgRow) -> Result<Row, FactsError> {
    let mut facts = Row::default();
    for column in row.columns() {
        let (name, at) = (column.name(), column.ordinal());
        let wrong = |error: sqlx::Error| FactsError(format!("column `{name}`: {error}"));
        let fact = match column.type_info().name() {
            "TEXT" | "VARCHAR" | "CHAR" | "NAME" => {
                let text = row.try_get::<Option<String>, _>(at).map_err(wrong)?;
                text.map(|text| bounded(name, text))
                    .transpose()?
                    .map_or(Fact::Null, Fact::Text)
            }
            "INT8" => row
                .try_get::<Option<i64>, _>(at)
                .map_err(wrong)?
                .map_or(Fact::Null, Fact::Integer),
            "INT4" => row
                .try_get::<Option<i32>, _>(at)
                .map_err(wrong)?
                .map_or(Fact::Null, |number| Fact::Integer(number.into())),
            "INT2" => row
                .try_get::<Option<i16>, _>(at)
                .map_err(wrong)?
                .map_or(Fact::Null, |number| Fact::Integer(number.into())),
            "BOOL" => row
                .try_get::<Option<bool>, _>(at)
                .map_err(wrong)?
                .map_or(Fact::Null, Fact::Boolean),
            other => {
                return Err(FactsError(format!(
                    "column `{name}` is {other}; only text, integers and booleans are facts"
                )));
            }
        };
        facts.columns.insert(name.to_owned(), fact);
    }
    Ok(facts)
}
