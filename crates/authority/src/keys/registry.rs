//! Which keys there are, what each is for and from when it signs. Only public halves and places stand here.
//!
//! What a key does follows from times alone: nobody has to switch anything over, and a restart changes nothing.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use vauban_key::{Algorithm, thumbprint};
use vauban_secret::{StateDir, read_private, write_private};

use super::KeysError;

#[cfg(test)]
mod tests;

/// Added to how long readers may keep a key set, and to how long a token lives: their clocks differ from ours by as much as
/// they accept (5 s), and we look at the registry every second.
pub(crate) const SLACK_SECONDS: u64 = 10;

/// What a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Access tokens (key A).
    Access,
    /// Internal tokens (key B).
    Internal,
    /// Certificates of workloads.
    Ca,
}

impl Purpose {
    /// The one algorithm of such keys.
    pub(crate) fn algorithm(self) -> Algorithm {
        match self {
            Self::Access | Self::Ca => Algorithm::Es256,
            Self::Internal => Algorithm::Ed25519,
        }
    }

    /// Its name for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Internal => "internal",
            Self::Ca => "ca",
        }
    }
}

/// Where a private half lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    /// A file of the state directory.
    File(String),
    /// The plan's PKCS#11 token, under this id (hexadecimal).
    Token(String),
}

impl std::fmt::Display for Place {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(name) => write!(formatter, "file {name}"),
            Self::Token(id) => write!(formatter, "token id {id}"),
        }
    }
}

/// A key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    pub(crate) kid: String,
    pub(crate) purpose: Purpose,
    pub(crate) place: Place,
    pub(crate) public: String,
    /// `None` until the running authority has published it.
    pub(crate) signs_from: Option<u64>,
    /// Longest life of what it signed.
    pub(crate) life_seconds: u64,
}

/// What a key does now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It waits for the running authority to publish it.
    Waiting,
    /// It is in the key set and signs from this time on, Unix seconds.
    Next(u64),
    /// It signs.
    Signs,
    /// It signs no more, and stays in the key set until its last token has ended, Unix seconds.
    Old(u64),
}

impl Entry {
    pub(crate) fn public_bytes(&self) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(&self.public).ok()?;
        (thumbprint(self.purpose.algorithm(), &bytes).as_deref() == Some(self.kid.as_str()))
            .then_some(bytes)
    }

    /// The public half as readers of this kind of token expect it.
    pub(crate) fn jwk(&self) -> Option<Value> {
        let bytes = self.public_bytes()?;
        Some(match self.purpose.algorithm() {
            Algorithm::Ed25519 => json!({"kid": self.kid, "x": self.public}),
            Algorithm::Es256 => {
                let (x, y) = bytes.get(1..)?.split_at_checked(32)?;
                let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
                json!({
                    "kty": "EC", "crv": "P-256", "x": x, "y": y, "use": "sig", "alg": "ES256", "kid": self.kid,
                })
            }
        })
    }
}

/// All keys, in the order in which they were made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Registry {
    pub(crate) keys: Vec<Entry>,
}

impl Registry {
    /// The registry of a state directory; an empty one when there is none.
    pub(crate) fn read(state: &StateDir) -> Result<Self, KeysError> {
        let path = state.key_registry();
        if !path.exists() {
            return Ok(Self::default());
        }
        let damaged = || KeysError::Registry(path.clone());
        let text = read_private(&path)?;
        let read: Self = serde_json::from_slice(text.expose()).map_err(|_error| damaged())?;
        for (at, entry) in read.keys.iter().enumerate() {
            entry.public_bytes().ok_or_else(damaged)?;
            read.keys
                .iter()
                .take(at)
                .try_for_each(|earlier| differ(earlier, entry))?;
        }
        Ok(read)
    }

    pub(crate) fn write(&self, state: &StateDir) -> Result<(), KeysError> {
        let text = serde_json::to_vec_pretty(self)
            .map_err(|_error| KeysError::Registry(state.key_registry()))?;
        Ok(write_private(&state.key_registry(), &text)?)
    }

    /// Adds a key, unless it is there already.
    pub(crate) fn add(&mut self, entry: Entry) -> Result<(), KeysError> {
        self.keys
            .iter()
            .try_for_each(|earlier| differ(earlier, &entry))?;
        self.keys.push(entry);
        Ok(())
    }

    pub(crate) fn of(&self, purpose: Purpose) -> impl Iterator<Item = &Entry> {
        self.keys
            .iter()
            .filter(move |entry| entry.purpose == purpose)
    }

    /// The key that signs now.
    pub(crate) fn signer(&self, purpose: Purpose, now: u64) -> Option<&Entry> {
        self.of(purpose)
            .filter(|entry| entry.signs_from.is_some_and(|from| from <= now))
            // Of two with one time the later entry, which `max_by_key` gives.
            .max_by_key(|entry| entry.signs_from)
    }

    /// What a key does now.
    pub(crate) fn stage(&self, entry: &Entry, now: u64) -> Stage {
        let Some(from) = entry.signs_from else {
            return Stage::Waiting;
        };
        if from > now {
            return Stage::Next(from);
        }
        let mine = self.keys.iter().position(|other| other.kid == entry.kid);
        let succeeded = self.keys.iter().enumerate().filter_map(|(at, other)| {
            let start = other.signs_from.filter(|start| *start <= now)?;
            let later = start > from || (start == from && Some(at) > mine);
            (other.purpose == entry.purpose && later).then_some(start)
        });
        match succeeded.min() {
            None => Stage::Signs,
            Some(start) => Stage::Old(start + entry.life_seconds + SLACK_SECONDS),
        }
    }

    /// Whether its last token has ended.
    pub(crate) fn has_ended(&self, entry: &Entry, now: u64) -> bool {
        matches!(self.stage(entry, now), Stage::Old(until) if until <= now)
    }

    /// Public halves that readers need, the signing key's first.
    pub(crate) fn key_set(&self, purpose: Purpose, now: u64) -> Value {
        let mut shown: Vec<&Entry> = self
            .of(purpose)
            .filter(|entry| entry.signs_from.is_some() && !self.has_ended(entry, now))
            .collect();
        shown.sort_by_key(|entry| self.stage(entry, now) != Stage::Signs);
        let keys: Vec<Value> = shown.into_iter().filter_map(Entry::jwk).collect();
        json!({ "keys": keys })
    }
}

/// One key, one purpose.
fn differ(one: &Entry, other: &Entry) -> Result<(), KeysError> {
    if one.kid == other.kid {
        return Err(KeysError::Same {
            first: format!("{} ({})", one.purpose.word(), one.place),
            second: format!("{} ({})", other.purpose.word(), other.place),
        });
    }
    Ok(())
}

/// Held while the registry is changed.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "dropping it frees the lock")] File);

impl Lock {
    /// Waits for whoever changes it now.
    pub(crate) fn wait(state: &StateDir) -> Result<Self, KeysError> {
        let file = lock_file(state)?;
        file.lock()
            .map_err(|source| KeysError::Lock(state.key_registry(), source))?;
        Ok(Self(file))
    }

    /// `None` when somebody changes it now.
    pub(crate) fn attempt(state: &StateDir) -> Result<Option<Self>, KeysError> {
        let file = lock_file(state)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(std::fs::TryLockError::WouldBlock) => Ok(None),
            Err(std::fs::TryLockError::Error(source)) => {
                Err(KeysError::Lock(state.key_registry(), source))
            }
        }
    }
}

fn lock_file(state: &StateDir) -> Result<File, KeysError> {
    let path = state.key_registry().with_extension("lock");
    if let Some(folder) = path.parent().filter(|folder| !folder.exists()) {
        // Makes the folder as private as everything in it.
        write_private(&folder.join("keys.lock"), b"")?;
    }
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&path)
        .map_err(|source| KeysError::Lock(path, source))
}
