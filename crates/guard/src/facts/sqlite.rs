//! Facts in an SQLite file: opened read-only, and reopened when another file stands under its name.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions, SqliteRow};
use sqlx::{
    AssertSqlSafe, Column as _, Executor as _, Row as _, SqlSafeStr as _, Sqlite, Statement as _,
    TypeInfo as _, ValueRef as _,
};

use super::{
    CONNECTIONS_MAX, READ_TIME, Statements, bounded, column_names, in_time, single, statement,
};
use crate::parts::{Answering, Fact, FactsError, ReadFacts, Row};

/// Facts in an SQLite file.
#[derive(Debug)]
pub(crate) struct SqliteFacts {
    path: PathBuf,
    statements: Statements,
    open: Mutex<Option<Opened>>,
}

/// A pool and the file that it reads.
#[derive(Debug)]
struct Opened {
    file: (u64, u64),
    pool: SqlitePool,
}

impl SqliteFacts {
    pub(crate) fn new(path: PathBuf, statements: Statements) -> Self {
        Self {
            path,
            statements,
            open: Mutex::new(None),
        }
    }

    /// The pool of the file that stands under the name now. A file that was removed or replaced is not read on.
    pub(crate) fn pool(&self) -> Result<SqlitePool, FactsError> {
        let file = file_id(&self.path)?;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(opened) = open.as_ref().filter(|opened| opened.file == file) {
            return Ok(opened.pool.clone());
        }
        let options = SqliteConnectOptions::new()
            .filename(&self.path)
            .create_if_missing(false)
            .read_only(true)
            .busy_timeout(READ_TIME)
            .pragma("query_only", "ON")
            .pragma("trusted_schema", "OFF");
        let pool = SqlitePoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .acquire_timeout(READ_TIME)
            .connect_lazy_with(options);
        *open = Some(Opened {
            file,
            pool: pool.clone(),
        });
        Ok(pool)
    }

    async fn prepare_all(&self) -> Result<(), FactsError> {
        let pool = self.pool()?;
        let mut connection = pool.acquire().await.map_err(|error| self.failed(&error))?;
        for (entity, wanted) in &self.statements {
            let failed = |error: sqlx::Error| {
                FactsError(format!("statement of `{entity}` does not prepare: {error}"))
            };
            let prepared = (&mut *connection)
                .prepare(AssertSqlSafe(wanted.text.clone()).into_sql_str())
                .await
                .map_err(failed)?;
            let parameters = prepared
                .parameters()
                .map_or(0, |either| either.map_left(<[_]>::len).into_inner());
            if parameters != 1 {
                return Err(FactsError(format!(
                    "statement of `{entity}` must have exactly one parameter, `$1`"
                )));
            }
            wanted.check_columns(entity, &column_names::<Sqlite>(prepared.columns()))?;
        }
        Ok(())
    }

    async fn read_one(&self, entity: &str, id: &str) -> Result<Option<Row>, FactsError> {
        let wanted = statement(&self.statements, entity)?;
        let pool = self.pool()?;
        // The text meets the column's own affinity; only canonical ids come here, so it can become one number at most.
        let query = sqlx::query(AssertSqlSafe(wanted.text.clone())).bind(id);
        let rows = query
            .fetch_all(&pool)
            .await
            .map_err(|error| self.failed(&error))?;
        single(entity, rows, row)
    }

    fn failed(&self, error: &sqlx::Error) -> FactsError {
        FactsError(format!("cannot read `{}`: {error}", self.path.display()))
    }
}

impl ReadFacts for SqliteFacts {
    fn prepare(&self) -> Answering<'_, Result<(), FactsError>> {
        Box::pin(in_time(self.prepare_all()))
    }

    fn read<'a>(
        &'a self,
        entity: &'a str,
        id: &'a str,
    ) -> Answering<'a, Result<Option<Row>, FactsError>> {
        Box::pin(in_time(self.read_one(entity, id)))
    }
}

fn file_id(path: &Path) -> Result<(u64, u64), FactsError> {
    match std::fs::metadata(path) {
        Ok(metadata) => Ok((metadata.dev(), metadata.ino())),
        Err(error) => Err(FactsError(format!(
            "cannot open `{}`: {error}",
            path.display()
        ))),
    }
}

fn row(row: &SqliteRow) -> Result<Row, FactsError> {
    let mut facts = Row::default();
    for column in row.columns() {
        let name = column.name();
        let wrong = |error: sqlx::Error| FactsError(format!("column `{name}`: {error}"));
        let raw = row.try_get_raw(column.ordinal()).map_err(wrong)?;
        let fact = if raw.is_null() {
            Fact::Null
        } else {
            match raw.type_info().name() {
                "TEXT" => Fact::Text(bounded(
                    name,
                    row.try_get_unchecked(column.ordinal()).map_err(wrong)?,
                )?),
                "INTEGER" | "BOOLEAN" => {
                    Fact::Integer(row.try_get_unchecked(column.ordinal()).map_err(wrong)?)
                }
                other => {
                    return Err(FactsError(format!(
                        "column `{name}` is {other}; only text and integers are facts"
                    )));
                }
            }
        };
        facts.columns.insert(name.to_owned(), fact);
    }
    Ok(facts)
}
