//! What a used refresh token may still give: its successor once more, for a short time (docs/adr/0011-refresh-grace.md).
//!
//! The successor is a secret that opens the session for days, and everything else that opens something is stored as a hash. So
//! this one lies there sealed: its key follows from the token that was used, which is not stored, and from the hash key, which is
//! not in the database. It is forgotten when the grace is over and when the successor itself is used.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use vauban_secret::Secret;

use super::database::{Sql, Transaction};
use super::keyed::{HashKey, Keyed};
use super::sessions::CLEANED_MAX;
use super::{Store, StoreError, stored_time};

const DAMAGED: StoreError = StoreError::Value("sealed successor");

/// Nonce, ciphertext, tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sealed(Vec<u8>);

impl Sealed {
    /// Seals the successor of the token that was presented, for its session only.
    pub(super) fn new(
        key: &HashKey,
        presented: &[u8],
        successor: &[u8],
        session: &str,
    ) -> Result<Self, StoreError> {
        let mut text = successor.to_vec();
        let nonce = sealing(key, presented)?
            .seal_in_place_append_tag(Aad::from(session), &mut text)
            .map_err(|_unspecified| DAMAGED)?;
        let mut sealed = nonce.as_ref().to_vec();
        sealed.append(&mut text);
        Ok(Self(sealed))
    }

    pub(super) fn of_row(stored: Vec<u8>) -> Self {
        Self(stored)
    }

    pub(super) fn stored(&self) -> &[u8] {
        &self.0
    }

    /// The successor, for who presents the token that it followed.
    pub(super) fn open(
        &self,
        key: &HashKey,
        presented: &[u8],
        session: &str,
    ) -> Result<Secret, StoreError> {
        let (nonce, text) = self.0.split_first_chunk::<NONCE_LEN>().ok_or(DAMAGED)?;
        let mut text = text.to_vec();
        let length = sealing(key, presented)?
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(session),
                &mut text,
            )
            .map_err(|_unspecified| DAMAGED)?
            .len();
        text.truncate(length);
        Ok(Secret::new(text))
    }
}

fn sealing(key: &HashKey, presented: &[u8]) -> Result<RandomizedNonceKey, StoreError> {
    RandomizedNonceKey::new(&AES_256_GCM, &*key.sealing(presented)).map_err(|_unspecified| DAMAGED)
}

/// Forgets what the predecessor of this token would still give: who uses the successor has got it.
pub(super) async fn forget(
    transaction: &mut Transaction,
    successor: &Keyed,
) -> Result<(), StoreError> {
    let statement = "UPDATE refresh_tokens SET sealed = NULL, grace_ends_at = NULL \
                     WHERE hash = (SELECT predecessor FROM refresh_tokens WHERE hash = $1)";
    let values = [successor.into()];
    transaction.execute(statement, &values).await.map(drop)
}

/// Graces that are over, some at a time.
const OVER: Sql = Sql {
    sqlite: "UPDATE refresh_tokens SET sealed = NULL, grace_ends_at = NULL \
             WHERE hash IN (SELECT hash FROM refresh_tokens WHERE grace_ends_at <= $1 LIMIT $2)",
    postgres: "UPDATE refresh_tokens SET sealed = NULL, grace_ends_at = NULL \
               WHERE hash IN (SELECT hash FROM refresh_tokens WHERE grace_ends_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
};

impl Store {
    /// Forgets successors whose grace is over. Bounded per call; says whether there may be more.
    pub(crate) async fn forget_graces(&self, now: u64) -> Result<bool, StoreError> {
        let values = [stored_time(now).into(), CLEANED_MAX.into()];
        let forgotten = self.database.execute(OVER, &values).await?;
        Ok(forgotten >= CLEANED_MAX.unsigned_abs())
    }
}
