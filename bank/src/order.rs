//! An order to move money: decoded strictly, and hashed so that a repetition can be told from another order.

use http::HeaderMap;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::reply::Refusal;

#[cfg(test)]
mod tests;

/// Most that one transfer moves, cents.
const AMOUNT_CENTS_MAX: i64 = 100_000_000;
/// Longest reference, characters.
const REFERENCE_CHARACTERS_MAX: usize = 140;
/// Largest account number.
const ACCOUNT_MAX: i64 = 999_999_999_999;

/// An order whose every field holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) from_account: i64,
    pub(crate) to_account: i64,
    pub(crate) amount_cents: i64,
    pub(crate) reference: String,
    /// Chosen by the client; the same key never books twice.
    pub(crate) key: String,
    /// Over what was ordered, hexadecimal.
    pub(crate) sha256: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    from_account: i64,
    to_account: i64,
    amount_cents: i64,
    reference: String,
}

impl Order {
    /// Decodes the body and the `Idempotency-Key`.
    pub(crate) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Self, Refusal> {
        let key = key(headers).ok_or(Refusal::Key)?;
        let Ok(raw) = serde_json::from_slice::<Raw>(body) else {
            return Err(Refusal::BodyUnread);
        };
        let accounts = 1..=ACCOUNT_MAX;
        let reference = raw.reference.chars().count();
        let holds = accounts.contains(&raw.from_account)
            && accounts.contains(&raw.to_account)
            && (1..=AMOUNT_CENTS_MAX).contains(&raw.amount_cents)
            && (1..=REFERENCE_CHARACTERS_MAX).contains(&reference)
            && !raw.reference.chars().any(char::is_control);
        if !holds {
            return Err(Refusal::BodyUnread);
        }
        if raw.from_account == raw.to_account {
            return Err(Refusal::SameAccount);
        }
        let sha256 = fingerprint(&raw);
        Ok(Self {
            from_account: raw.from_account,
            to_account: raw.to_account,
            amount_cents: raw.amount_cents,
            reference: raw.reference,
            key,
            sha256,
        })
    }
}

fn key(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all("idempotency-key").iter();
    let text = values.next()?.to_str().ok()?;
    let alone = values.next().is_none();
    let holds = (8..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    (alone && holds).then(|| text.to_owned())
}

/// Numbers have a fixed width and the only text comes last, so two orders never hash the same bytes.
fn fingerprint(raw: &Raw) -> String {
    let mut hash = Sha256::new();
    hash.update(b"createTransfer\0");
    for number in [raw.from_account, raw.to_account, raw.amount_cents] {
        hash.update(number.to_be_bytes());
    }
    hash.update(raw.reference.as_bytes());
    hex(&hash.finalize())
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}
