//! What an operator does with keys. The running line sees it within a second.

use vauban_net::Clock;
use vauban_policy::Plan;
use vauban_secret::StateDir;

use super::registry::{Entry, Lock, Place};
use super::{KEYS_MAX, Keeper, KeyAccess, KeysError, Purpose, Registry, Stage};
use crate::admin::unix_s;
use crate::ca::InternalCa;

/// A key as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyState {
    /// Its name: the thumbprint of its public half (RFC 7638).
    pub kid: String,
    /// What it signs.
    pub purpose: Purpose,
    /// Where its private half lies.
    pub place: String,
    /// What it does now.
    pub stage: Stage,
}

/// Every key, in the order in which they were made.
pub fn list_keys(state: &StateDir, clock: &dyn Clock) -> Result<Vec<KeyState>, KeysError> {
    let (registry, now) = (Registry::read(state)?, unix_s(clock));
    Ok(registry
        .keys
        .iter()
        .map(|entry| shown(&registry, entry, now))
        .collect())
}

/// Makes a new key, which the running line publishes, and which signs once every reader has had the time to fetch it. With
/// `at_once` it signs from now on (and so does one that was made before and waits): for the day on which a key was stolen.
pub async fn rotate_key(
    state: &StateDir,
    plan: &Plan,
    access: &KeyAccess,
    purpose: Purpose,
    at_once: bool,
    clock: &dyn Clock,
) -> Result<KeyState, KeysError> {
    if purpose == Purpose::Ca {
        return Err(KeysError::Ca);
    }
    let _lock = Lock::wait(state)?;
    let (mut registry, now) = (Registry::read(state)?, unix_s(clock));
    if registry.signer(purpose, now).is_none() {
        return Err(KeysError::Missing(purpose));
    }
    let coming = registry
        .of(purpose)
        .find(|entry| is_coming(&registry, entry, now));
    let kid = match (coming.map(|entry| entry.kid.clone()), at_once) {
        (Some(kid), true) => kid,
        (Some(kid), false) => return Err(KeysError::UnderWay { purpose, kid }),
        (None, _) => {
            if registry.of(purpose).count() >= KEYS_MAX {
                return Err(KeysError::TooMany(purpose));
            }
            let (mut entry, _key) = Keeper::open(access).await?.make(state, purpose).await?;
            entry.life_seconds = super::Times::of(plan).life(purpose);
            let kid = entry.kid.clone();
            registry.add(entry)?;
            kid
        }
    };
    if at_once {
        start(&mut registry, &kid, now);
    }
    registry.write(state)?;
    let found = registry.keys.iter().find(|entry| entry.kid == kid);
    let found = found.ok_or(KeysError::Unknown(kid))?;
    Ok(shown(&registry, found, now))
}

/// Takes a key that does not sign out of the key set at once and destroys its private half: its tokens end with it.
pub async fn retire_key(
    state: &StateDir,
    access: &KeyAccess,
    kid: &str,
    clock: &dyn Clock,
) -> Result<(), KeysError> {
    let _lock = Lock::wait(state)?;
    let (mut registry, now) = (Registry::read(state)?, unix_s(clock));
    let unknown = || KeysError::Unknown(kid.to_owned());
    let found = registry.keys.iter().find(|entry| entry.kid == kid);
    let entry = found.ok_or_else(unknown)?.clone();
    if entry.purpose == Purpose::Ca {
        return Err(KeysError::Ca);
    }
    if registry.stage(&entry, now) == Stage::Signs {
        return Err(KeysError::InUse(kid.to_owned()));
    }
    Keeper::open(access)
        .await?
        .destroy(state, &entry.place)
        .await?;
    registry.keys.retain(|other| other.kid != kid);
    registry.write(state)
}

/// Makes the signing keys that are missing; where the plan keeps keys elsewhere than before, their successors. Files are
/// encrypted if the plan says so and they are not.
pub(crate) async fn provision_signers(
    state: &StateDir,
    keeper: &Keeper,
    now: u64,
) -> Result<(), KeysError> {
    let _lock = Lock::wait(state)?;
    let mut registry = Registry::read(state)?;
    let lost: Vec<String> = registry
        .keys
        .iter()
        .filter(|entry| entry.purpose != Purpose::Ca && is_lost(state, &registry, entry, now))
        .map(|entry| entry.kid.clone())
        .collect();
    registry.keys.retain(|entry| !lost.contains(&entry.kid));
    for (purpose, former) in [
        (Purpose::Access, state.access_key()),
        (Purpose::Internal, state.internal_key()),
    ] {
        if registry.signer(purpose, now).is_none() {
            let coming = registry.of(purpose).next().map(|entry| entry.kid.clone());
            let kid = if let Some(kid) = coming {
                kid
            } else {
                let made = first(state, keeper, purpose, &former).await?;
                let kid = made.kid.clone();
                registry.add(made)?;
                kid
            };
            // Nobody has a key set that this one must wait for.
            start(&mut registry, &kid, now);
        }
        let newest = registry.of(purpose).last();
        if newest.is_some_and(|newest| !keeper.is_of(&newest.place)) {
            registry.add(keeper.make(state, purpose).await?.0)?;
        }
    }
    for entry in &registry.keys {
        keeper.encrypt(state, &entry.place).await?;
    }
    registry.write(state)
}

/// The first key of a purpose: the file that lies there, or a new key. New files get the well-known name.
async fn first(
    state: &StateDir,
    keeper: &Keeper,
    purpose: Purpose,
    former: &std::path::Path,
) -> Result<Entry, KeysError> {
    if former.exists() {
        let name = state.relative(former);
        return Ok(keeper.adopt(state, purpose, name).await?.0);
    }
    let (mut entry, _key) = keeper.make(state, purpose).await?;
    if let Place::File(name) = &entry.place {
        let made = state.root().join(name);
        std::fs::rename(&made, former).map_err(|error| KeysError::Remove(made, error))?;
        entry.place = Place::File(state.relative(former));
    }
    Ok(entry)
}

/// Makes the internal CA if there is none.
pub(crate) async fn provision_ca(
    state: &StateDir,
    keeper: &Keeper,
    now: u64,
) -> Result<(), KeysError> {
    let _lock = Lock::wait(state)?;
    let mut registry = Registry::read(state)?;
    let (certificate, file) = (state.ca_certificate(), state.ca_key());
    let known = registry.of(Purpose::Ca).next().cloned();
    let has_key = match &known {
        Some(entry) => !is_lost(state, &registry, entry, now),
        None => file.exists(),
    };
    if certificate.exists() && has_key {
        let entry = if let Some(entry) = known {
            entry
        } else {
            let name = state.relative(&file);
            keeper.adopt(state, Purpose::Ca, name).await?.0
        };
        if !keeper.is_of(&entry.place) {
            return Err(KeysError::CaElsewhere(entry.place.to_string()));
        }
        keeper.encrypt(state, &entry.place).await?;
        if registry.of(Purpose::Ca).next().is_none() {
            registry.add(entry)?;
        }
        return registry.write(state);
    }
    // A crash between key and certificate left a key that nobody trusts; so does who removes the certificate.
    if let Some(former) = known
        && let Err(error) = keeper.destroy(state, &former.place).await
    {
        tracing::warn!(%error, "the former CA's key cannot be destroyed");
    }
    registry.keys.retain(|entry| entry.purpose != Purpose::Ca);
    let (mut entry, key) = keeper.make(state, Purpose::Ca).await?;
    let pem = InternalCa::create(&key, now).map_err(|_error| KeysError::Make {
        purpose: Purpose::Ca,
        why: vauban_key::SigningError::Library,
    })?;
    if let Place::File(name) = &entry.place {
        let made = state.root().join(name);
        vauban_secret::write_private(&file, b"")?;
        std::fs::rename(&made, &file).map_err(|error| KeysError::Remove(made, error))?;
        entry.place = Place::File(state.relative(&file));
    }
    entry.signs_from = Some(now);
    registry.add(entry)?;
    registry.write(state)?;
    // The certificate last: a crash before it is seen as a missing CA.
    Ok(vauban_secret::write_private(&certificate, pem.as_bytes())?)
}

/// Whether a key that should sign has lost its file.
fn is_lost(state: &StateDir, registry: &Registry, entry: &Entry, now: u64) -> bool {
    match &entry.place {
        Place::File(name) => {
            !matches!(registry.stage(entry, now), Stage::Old(_))
                && !state.root().join(name).exists()
        }
        Place::Token(_) => false,
    }
}

fn is_coming(registry: &Registry, entry: &Entry, now: u64) -> bool {
    matches!(registry.stage(entry, now), Stage::Waiting | Stage::Next(_))
}

fn start(registry: &mut Registry, kid: &str, now: u64) {
    for entry in registry.keys.iter_mut().filter(|entry| entry.kid == kid) {
        entry.signs_from = Some(now);
    }
}

fn shown(registry: &Registry, entry: &Entry, now: u64) -> KeyState {
    KeyState {
        kid: entry.kid.clone(),
        purpose: entry.purpose,
        place: entry.place.to_string(),
        stage: registry.stage(entry, now),
    }
}
