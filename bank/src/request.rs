//! What was asked, of which service: the bank's whole routing.

use http::Method;

use crate::caller::number;
use crate::reply::Refusal;
use crate::service::Service;

#[cfg(test)]
mod tests;

/// Statements in one answer, unless the query says fewer.
const STATEMENTS_DEFAULT: i64 = 50;
/// Statements in one answer at most.
const STATEMENTS_MAX: i64 = 100;

/// What was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    ReadProfile { id: i64 },
    ListProfiles,
    ListAccounts,
    ReadStatements { account: i64, limit: i64 },
    CreateTransfer,
    ReadTransfer { id: i64 },
    DescribeImage,
}

impl Asked {
    /// Reads the target, which the edge wrote canonically.
    pub(crate) fn read(
        service: Service,
        method: &Method,
        path: &str,
        query: Option<&str>,
    ) -> Result<Self, Refusal> {
        let words: Vec<&str> = path.split('/').skip(1).collect();
        let get = method == Method::GET;
        let post = method == Method::POST;
        let asked = match (service, words.as_slice()) {
            (Service::Accounts, ["api", "v1", "user", "profile", id]) if get => {
                Self::ReadProfile { id: named(id)? }
            }
            (Service::Accounts, ["api", "v1", "admin", "profiles"]) if get => Self::ListProfiles,
            (Service::Accounts, ["accounts"]) if get => Self::ListAccounts,
            (Service::Accounts, ["accounts", id, "statements"]) if get => {
                return Ok(Self::ReadStatements {
                    account: named(id)?,
                    limit: limit(query)?,
                });
            }
            (Service::Payments, ["transfers"]) if post => Self::CreateTransfer,
            (Service::Payments, ["transfers", id]) if get => Self::ReadTransfer { id: named(id)? },
            (Service::Images, ["images"]) if post => Self::DescribeImage,
            (Service::Accounts | Service::Payments | Service::Images, _) => {
                return Err(Refusal::Nothing);
            }
        };
        match query {
            None | Some("") => Ok(asked),
            Some(_) => Err(Refusal::Query),
        }
    }

    /// The operation's id.
    pub(crate) const fn operation(self) -> &'static str {
        match self {
            Self::ReadProfile { .. } => "readProfile",
            Self::ListProfiles => "listProfiles",
            Self::ListAccounts => "listAccounts",
            Self::ReadStatements { .. } => "readStatements",
            Self::CreateTransfer => "createTransfer",
            Self::ReadTransfer { .. } => "readTransfer",
            Self::DescribeImage => "describeImage",
        }
    }

    /// The route's template.
    pub(crate) const fn template(self) -> &'static str {
        match self {
            Self::ReadProfile { .. } => "/api/v1/user/profile/{id}",
            Self::ListProfiles => "/api/v1/admin/profiles",
            Self::ListAccounts => "/accounts",
            Self::ReadStatements { .. } => "/accounts/{id}/statements",
            Self::CreateTransfer => "/transfers",
            Self::ReadTransfer { .. } => "/transfers/{id}",
            Self::DescribeImage => "/images",
        }
    }

    /// Largest body, bytes; none is accepted where nothing is sent.
    pub(crate) const fn body_bytes_max(self) -> usize {
        match self {
            Self::CreateTransfer => 4096,
            Self::DescribeImage => 65_536,
            Self::ReadProfile { .. }
            | Self::ListProfiles
            | Self::ListAccounts
            | Self::ReadStatements { .. }
            | Self::ReadTransfer { .. } => 0,
        }
    }
}

fn named(id: &str) -> Result<i64, Refusal> {
    number(id).ok_or(Refusal::Nothing)
}

fn limit(query: Option<&str>) -> Result<i64, Refusal> {
    match query {
        None | Some("") => Ok(STATEMENTS_DEFAULT),
        Some(query) => query
            .strip_prefix("limit=")
            .and_then(number)
            .filter(|limit| *limit <= STATEMENTS_MAX)
            .ok_or(Refusal::Query),
    }
}
