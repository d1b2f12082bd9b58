//! Parameters of a form or a query: each once, empty is absent, unknown ones are ignored (OAuth 2.1 §3.1, §3.2).

use http::request::Parts as Head;
use vauban_http::Query;
use vauban_net::IncomingBody;
use vauban_policy::{Denial, OauthError};

use crate::call::{read_body, single};

const FORM: &str = "application/x-www-form-urlencoded";
/// The one parameter that may come more than once (RFC 8707 §2).
const REPEATABLE: &str = "resource";

/// What a client says.
pub(super) struct Parameters(Vec<(String, String)>);

/// Without values: some are secrets.
impl std::fmt::Debug for Parameters {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_list()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}

impl Parameters {
    /// The parameters of a form in the body.
    pub(super) async fn form(head: &Head, body: IncomingBody) -> Result<Self, Denial> {
        let media = single(head, "content-type")
            .and_then(|value| value.split(';').next())
            .unwrap_or_default();
        if !media.trim().eq_ignore_ascii_case(FORM) {
            return Err(Denial::ContractMediaType);
        }
        // Credentials never travel in a URI (OAuth 2.1 §2.4.1): what stands there is not looked at.
        let bytes = read_body(body).await?;
        let text = std::str::from_utf8(&bytes)
            .map_err(|_error| Denial::Oauth(OauthError::InvalidRequest))?;
        Self::parse(text)
    }

    /// The parameters of a query or a form.
    pub(super) fn parse(text: &str) -> Result<Self, Denial> {
        let invalid = Denial::Oauth(OauthError::InvalidRequest);
        let query = Query::parse(text).map_err(|_refusal| invalid.clone())?;
        let mut kept: Vec<(String, String)> = Vec::new();
        for (name, value) in query.pairs() {
            if value.is_empty() {
                continue;
            }
            if name != REPEATABLE && kept.iter().any(|(other, _)| other == name) {
                return Err(invalid);
            }
            kept.push((name.clone(), value.clone()));
        }
        Ok(Self(kept))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// A parameter that must be there.
    pub(super) fn need(&self, name: &str) -> Result<&str, Denial> {
        self.get(name)
            .ok_or(Denial::Oauth(OauthError::InvalidRequest))
    }

    pub(super) fn all<'p>(&'p self, name: &str) -> impl Iterator<Item = &'p str> {
        self.0
            .iter()
            .filter(move |(own, _)| own == name)
            .map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests;
