//! What is stored about an object, read under a role that can only read.
//!
//! Each entity has one statement of the plan. It is wrapped in a sub-select, so that it can be nothing but a query and can
//! yield at most two rows, of which the second is an error.

use std::collections::BTreeMap;
use std::time::Duration;

use sqlx::Column as _;

use crate::cedar::{Kind, Shape};
use crate::parts::{FactsError, Row};

mod postgres;
mod sqlite;
#[cfg(test)]
mod tests;

pub(crate) use postgres::PostgresFacts;
pub(crate) use sqlite::SqliteFacts;

/// Connections of one guard to its facts.
const CONNECTIONS_MAX: u32 = 8;
/// Time for one look-up, connecting included.
const READ_TIME: Duration = Duration::from_secs(2);
/// Characters of one stored text at most; a longer one is no owner.
const TEXT_BYTES_MAX: usize = 1024;

/// The statement of one entity and what its columns become.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    /// As it is sent.
    pub(crate) text: String,
    /// What the schema declares.
    pub(crate) shape: Shape,
}

impl Statement {
    pub(crate) fn new(query: &str, shape: Shape) -> Self {
        let query = query.trim().trim_end_matches(';');
        Self {
            text: format!("SELECT * FROM ({query}) AS facts LIMIT 2"),
            shape,
        }
    }

    /// Holds the columns of the prepared statement against the schema, both ways.
    fn check_columns(&self, entity: &str, columns: &[String]) -> Result<(), FactsError> {
        for column in columns {
            match self
                .shape
                .attributes
                .get(column)
                .map(|attribute| &attribute.kind)
            {
                Some(Kind::Text | Kind::Integer | Kind::Boolean | Kind::Entity(_)) => {}
                Some(Kind::Other) => {
                    return Err(FactsError(format!(
                        "statement of `{entity}`: attribute `{column}` is neither String, Long, Bool nor an entity, so no column holds it"
                    )));
                }
                None => {
                    return Err(FactsError(format!(
                        "statement of `{entity}` has a column `{column}` that the Cedar schema does not declare\n\
                         hint: remove the column, or declare the attribute"
                    )));
                }
            }
            if columns.iter().filter(|other| *other == column).count() > 1 {
                return Err(FactsError(format!(
                    "statement of `{entity}` has two columns `{column}`"
                )));
            }
        }
        let missing = self
            .shape
            .attributes
            .iter()
            .find(|(name, attribute)| attribute.required && !columns.contains(name));
        match missing {
            Some((name, _)) => Err(FactsError(format!(
                "statement of `{entity}` has no column `{name}`, which the Cedar schema requires\nhint: select it `AS {name}`"
            ))),
            None => Ok(()),
        }
    }
}

/// The statements of a plan.
pub(crate) type Statements = BTreeMap<String, Statement>;

fn statement<'a>(statements: &'a Statements, entity: &str) -> Result<&'a Statement, FactsError> {
    statements
        .get(entity)
        .ok_or_else(|| FactsError(format!("no statement for `{entity}`")))
}

fn column_names<DB: sqlx::Database>(columns: &[DB::Column]) -> Vec<String> {
    columns
        .iter()
        .map(|column| column.name().to_owned())
        .collect()
}

/// At most one row; two of them are no fact.
fn single<T>(
    entity: &str,
    rows: Vec<T>,
    read: impl Fn(&T) -> Result<Row, FactsError>,
) -> Result<Option<Row>, FactsError> {
    let mut rows = rows.into_iter();
    match (rows.next(), rows.next()) {
        (None, _) => Ok(None),
        (Some(row), None) => read(&row).map(Some),
        (Some(_), Some(_)) => Err(FactsError(format!(
            "statement of `{entity}` yields more than one row for one id"
        ))),
    }
}

fn bounded(column: &str, text: String) -> Result<String, FactsError> {
    if text.len() <= TEXT_BYTES_MAX {
        Ok(text)
    } else {
        Err(FactsError(format!(
            "column `{column}` is longer than {TEXT_BYTES_MAX} bytes"
        )))
    }
}

/// Ends a look-up that takes too long.
async fn in_time<T>(work: impl Future<Output = Result<T, FactsError>>) -> Result<T, FactsError> {
    match tokio::time::timeout(READ_TIME, work).await {
        Ok(result) => result,
        Err(_elapsed) => Err(FactsError(format!(
            "the facts database did not answer within {} s",
            READ_TIME.as_secs()
        ))),
    }
}
