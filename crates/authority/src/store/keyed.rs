//! How whatever opens something is stored: as HMAC-SHA-256 of its hash, under a key that is not in the database.
//!
//! Every such value is random and long, so a fast hash keeps it; the key is there because a database is copied more often than a
//! state directory: into backups, to replicas, to a colleague. Who has only the database can neither use what is in it nor
//! tell whether a token that they found elsewhere is among it.

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use vauban_secret::Secret;
use zeroize::Zeroizing;

use super::StoreError;
use super::database::{Database, Transaction, Value};

/// Hexadecimal digits of the key: 256 bits.
pub(crate) const KEY_DIGITS: usize = 64;
/// What the proof of the key is made of. It has another length than the hash of a token, so it is none.
const PROOF: &[u8] = b"vauban authority hash key";

/// What stands before a refresh token where a key is made of it. With it the text is longer than any that is hashed here.
const SEALING: &[u8] = b"vauban authority refresh successor";

/// Tables with a hash as their key, and other columns that hold one.
const HASHED: [(&str, &str); 7] = [
    (
        "SELECT hash FROM issued_tokens",
        "UPDATE issued_tokens SET hash = $1 WHERE hash = $2",
    ),
    (
        "SELECT hash FROM refresh_tokens",
        "UPDATE refresh_tokens SET hash = $1 WHERE hash = $2",
    ),
    (
        "SELECT successor FROM refresh_tokens WHERE successor IS NOT NULL",
        "UPDATE refresh_tokens SET successor = $1 WHERE successor = $2",
    ),
    (
        "SELECT hash FROM join_tokens",
        "UPDATE join_tokens SET hash = $1 WHERE hash = $2",
    ),
    (
        "SELECT hash FROM client_secrets",
        "UPDATE client_secrets SET hash = $1 WHERE hash = $2",
    ),
    (
        "SELECT hash FROM waiting_requests",
        "UPDATE waiting_requests SET hash = $1 WHERE hash = $2",
    ),
    (
        "SELECT hash FROM codes",
        "UPDATE codes SET hash = $1 WHERE hash = $2",
    ),
];

/// The key.
#[derive(Clone)]
pub(crate) struct HashKey(Key);

impl std::fmt::Debug for HashKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("HashKey(…)")
    }
}

impl HashKey {
    /// `None` when the text is not [`KEY_DIGITS`] hexadecimal digits.
    pub(crate) fn new(text: &Secret) -> Option<Self> {
        let text = text.expose();
        let is_key = text.len() == KEY_DIGITS && text.iter().all(u8::is_ascii_hexdigit);
        is_key.then(|| Self(Key::new(HMAC_SHA256, text)))
    }

    /// What is stored for a hash.
    pub(super) fn of(&self, hash: &[u8; 32]) -> Keyed {
        self.under(hash)
    }

    /// The key under which the successor of a refresh token lies ([`super::grace`]).
    pub(super) fn sealing(&self, presented: &[u8]) -> Zeroizing<[u8; 32]> {
        let mut text = Zeroizing::new(SEALING.to_vec());
        text.extend_from_slice(presented);
        Zeroizing::new(self.under(&text).0)
    }

    fn under(&self, text: &[u8]) -> Keyed {
        let tag = sign(&self.0, text);
        let mut stored = [0; 32];
        // An HMAC-SHA-256 has 32 bytes; were it ever shorter, the rest would stay zero.
        for (to, from) in stored.iter_mut().zip(tag.as_ref()) {
            *to = *from;
        }
        Keyed(stored)
    }
}

/// A hash under the key: the only one that a statement takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Keyed([u8; 32]);

impl Keyed {
    pub(super) fn stored(&self) -> &[u8] {
        &self.0
    }
}

/// Compares the key with the one that the database was made with. A database from before there was a key gets its hashes put
/// under this one, all or none.
pub(super) async fn check(
    database: &Database,
    key: &HashKey,
    place: &str,
) -> Result<(), StoreError> {
    let proof = key.under(PROOF);
    let known = "SELECT proof FROM hash_key";
    let found: Option<(Vec<u8>,)> = database.row(known, &[]).await?;
    let found = match found {
        Some((found,)) => found,
        None => adopt(database, key, &proof).await?,
    };
    if found == proof.stored() {
        Ok(())
    } else {
        Err(StoreError::Key {
            place: place.to_owned(),
        })
    }
}

/// Writes the proof and, if nobody else did meanwhile, rewrites what is stored.
async fn adopt(database: &Database, key: &HashKey, proof: &Keyed) -> Result<Vec<u8>, StoreError> {
    let mut transaction = database.begin().await?;
    // Another authority that starts at the same time waits here, and then finds the row.
    let claim = "INSERT INTO hash_key (one, proof) VALUES (1, $1) ON CONFLICT DO NOTHING";
    if transaction.execute(claim, &[proof.into()]).await? == 1 {
        for (read, write) in HASHED {
            rewrite(&mut transaction, key, read, write).await?;
        }
    }
    let known = "SELECT proof FROM hash_key";
    let found: Option<(Vec<u8>,)> = transaction.row(known, &[]).await?;
    transaction.commit().await?;
    found
        .map(|(found,)| found)
        .ok_or(StoreError::Value("hash key"))
}

async fn rewrite(
    transaction: &mut Transaction,
    key: &HashKey,
    read: &'static str,
    write: &'static str,
) -> Result<(), StoreError> {
    let rows: Vec<(Vec<u8>,)> = transaction.rows(read, &[]).await?;
    for (old,) in rows {
        let new = key.under(&old);
        let values = [(&new).into(), Value::Hash(&old)];
        transaction.execute(write, &values).await?;
    }
    Ok(())
}
