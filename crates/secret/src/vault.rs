//! Secrets that a server keeps: `HashiCorp` Vault and `OpenBao`, key/value engine version 2.
//!
//! This crate knows what to ask and how to read the answer; who carries the question is a trait, because sockets belong to
//! another crate.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::reference::VaultPath;
use crate::secret::Secret;

/// The answer that is on its way.
pub type Fetching<'a> = Pin<
    Box<dyn Future<Output = Result<Fetched, Box<dyn std::error::Error + Send + Sync>>> + Send + 'a>,
>;

/// What a server answered.
#[derive(Debug)]
pub struct Fetched {
    /// HTTP status.
    pub status: u16,
    /// The whole body.
    pub body: Secret,
}

/// Carries one `GET` to the vault, over HTTPS, within limits of time and size.
pub trait Fetch: Send + Sync + fmt::Debug {
    /// Asks for `target` with these headers.
    fn fetch<'a>(
        &'a self,
        target: &'a str,
        headers: &'a [(&'static str, &'a Secret)],
    ) -> Fetching<'a>;
}

/// A vault and the token that opens it.
#[derive(Debug, Clone)]
pub struct Vault {
    carrier: Arc<dyn Fetch>,
    token: Secret,
}

/// The vault gave no secret. Neither the token nor the answer is in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// The plan has no `vault`.
    #[error("the plan has no `vault`, so nothing can be read from one")]
    Absent,
    /// No answer.
    #[error("the vault cannot be asked for `{target}`")]
    Unreachable {
        /// What was asked.
        target: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The token is refused, or its policy does not allow this path.
    #[error(
        "the vault refuses `{0}`\n  hint: the token has ended, or its policy does not allow to read this path"
    )]
    Refused(String),
    /// No such secret, or its newest version was deleted.
    #[error(
        "the vault has no secret at `{0}`\n  hint: the mount must be a key/value engine of version 2; deleted versions are not read"
    )]
    Missing(String),
    /// Sealed, starting, or not a vault.
    #[error("the vault answers `{target}` with status {status}")]
    Status {
        /// What was asked.
        target: String,
        /// The answer's status.
        status: u16,
    },
    /// Not an answer of a key/value engine of version 2.
    #[error("the vault's answer to `{0}` is not one of a key/value engine of version 2")]
    Malformed(String),
    /// The secret has no such member, or it is no text.
    #[error("the vault's secret at `{target}` has no text `{field}`")]
    Field {
        /// What was asked.
        target: String,
        /// The member that was wanted.
        field: String,
    },
}

impl Vault {
    /// The vault that `carrier` reaches, opened with `token`.
    pub fn new(carrier: Arc<dyn Fetch>, token: Secret) -> Self {
        Self { carrier, token }
    }

    pub(crate) async fn read(&self, path: &VaultPath) -> Result<Secret, VaultError> {
        let target = path.target();
        // The second header says that a browser was not tricked into asking; agents insist on it.
        let yes = Secret::from("true");
        let headers = [("x-vault-token", &self.token), ("x-vault-request", &yes)];
        let fetched = self.carrier.fetch(&target, &headers).await;
        let Fetched { status, body } = match fetched {
            Ok(fetched) => fetched,
            Err(source) => return Err(VaultError::Unreachable { target, source }),
        };
        match status {
            200 => field_of(&body, path.field(), target),
            403 => Err(VaultError::Refused(target)),
            404 => Err(VaultError::Missing(target)),
            status => Err(VaultError::Status { target, status }),
        }
    }
}

fn field_of(body: &Secret, wanted: &str, target: String) -> Result<Secret, VaultError> {
    let Ok(answer) = serde_json::from_slice::<Answer>(body.expose()) else {
        return Err(VaultError::Malformed(target));
    };
    let mut fields = answer.data.data.0;
    let found = fields.iter().position(|(name, _)| name == wanted);
    match found.map(|at| fields.swap_remove(at).1) {
        Some(Some(secret)) => Ok(secret),
        Some(None) | None => Err(VaultError::Field {
            target,
            field: wanted.to_owned(),
        }),
    }
}

/// The answer's shape: `{"data": {"data": {…}, "metadata": …}, …}`.
#[derive(Deserialize)]
struct Answer {
    data: Versioned,
}

#[derive(Deserialize)]
struct Versioned {
    data: Fields,
}

/// The members of a secret; those that are no text have no value.
struct Fields(Vec<(String, Option<Secret>)>);

struct Members;
impl<'de> Visitor<'de> for Members {
    type Value = Fields;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields: Vec<(String, Option<Secret>)> = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            if fields.iter().any(|(known, _)| *known == name) {
                return Err(A::Error::custom("a member stands twice"));
            }
            let Value(value) = map.next_value()?;
            fields.push((name, value));
        }
        Ok(Fields(fields))
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

/// Text as a secret at once, without a copy in between; anything else as nothing.
struct Value(Option<Secret>);

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value(Some(Secret::from(text))))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value(Some(Secret::from(text))))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value(None))
    }

    fn visit_bool<E>(self, _flag: bool) -> Result<Value, E> {
        Ok(Value(None))
    }

    fn visit_i64<E>(self, _number: i64) -> Result<Value, E> {
        Ok(Value(None))
    }

    fn visit_u64<E>(self, _number: u64) -> Result<Value, E> {
        Ok(Value(None))
    }

    fn visit_f64<E>(self, _number: f64) -> Result<Value, E> {
        Ok(Value(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Value(None))
    }
}

#[cfg(test)]
mod tests;
