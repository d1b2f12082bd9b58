//! The authority's own keys: the ones that sign now, those that will, and those whose tokens still live.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;
use serde_json::Value;
use vauban_key::{EnvelopeError, HsmError, KeyName, SigningError, SigningKey};
use vauban_policy::Plan;
use vauban_secret::{FileError, SecretError, StateDir};
use vauban_token::{SignError, Signer};

mod keeper;
mod operate;
mod registry;

pub(crate) use keeper::Keeper;
pub use keeper::KeyAccess;
pub use operate::{KeyState, list_keys, retire_key, rotate_key};
pub(crate) use operate::{provision_ca, provision_signers};
pub(crate) use registry::Registry;
pub use registry::{Purpose, Stage};

use registry::{Entry, Lock, Place, SLACK_SECONDS};

/// A key cannot be used or changed. Nothing of a private half, a passphrase or a PIN is in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// A file of the state directory.
    #[error(transparent)]
    File(#[from] FileError),
    /// What the plan's reference names cannot be had.
    #[error("keys: {0}")]
    Secret(#[from] SecretError),
    /// The passphrase, or a file that it opens.
    #[error("keys: {0}")]
    Passphrase(#[source] EnvelopeError),
    /// The token.
    #[error("keys: {0}")]
    Hsm(#[from] HsmError),
    /// The list of keys is not one that we wrote.
    #[error("the list of keys `{}` is damaged\n  hint: nothing was changed; put a good copy in its place", .0.display())]
    Registry(PathBuf),
    /// The list of keys cannot be locked.
    #[error("the list of keys `{}` cannot be locked", .0.display())]
    Lock(PathBuf, #[source] std::io::Error),
    /// A key's file cannot be removed.
    #[error("`{}` cannot be removed", .0.display())]
    Remove(PathBuf, #[source] std::io::Error),
    /// No new key.
    #[error("no {} key could be made: {why}", purpose.word())]
    Make {
        /// What for.
        purpose: Purpose,
        /// Why not.
        why: SigningError,
    },
    /// A key that is not usable where it should lie.
    #[error("the {} key ({place}) cannot be used: {why}", purpose.word())]
    Key {
        /// What it is for.
        purpose: Purpose,
        /// Where it should lie.
        place: String,
        /// Why not.
        why: SigningError,
    },
    /// Another key lies there.
    #[error(
        "{place} holds the key `{found}` and not `{wanted}`\n  hint: keys are exchanged by `vauban key rotate`, not by hand"
    )]
    Other {
        /// Where.
        place: String,
        /// What should lie there.
        wanted: String,
        /// What does.
        found: String,
    },
    /// One key for two purposes.
    #[error(
        "{second} is the same key as {first}\n  hint: one key, one purpose: who learns it must not gain two things"
    )]
    Same {
        /// Where it was met first.
        first: String,
        /// Where again.
        second: String,
    },
    /// A key lies in a token that the plan does not name.
    #[error("a key lies in a PKCS#11 token, and the plan's `keys` names none")]
    NoToken,
    /// The CA's key does not lie where the plan wants it.
    #[error(
        "the internal CA's key ({0}) does not lie where the plan's `keys` says, and a CA is not rotated\n  hint: remove the folder `ca` of the state directory: a new CA is made, and every workload joins again"
    )]
    CaElsewhere(String),
    /// There is nothing to sign with.
    #[error("there is no {} key\n  hint: provision the state directory first", .0.word())]
    Missing(Purpose),
    /// A rotation is under way.
    #[error(
        "the {} key `{kid}` is about to follow; one rotation at a time\n  hint: wait until it signs, or let it sign now with `--now`",
        purpose.word()
    )]
    UnderWay {
        /// Of which kind.
        purpose: Purpose,
        /// The coming key.
        kid: String,
    },
    /// Readers accept only so many keys.
    #[error("there are {KEYS_MAX} {} keys already\n  hint: wait until old ones have ended, or retire one", .0.word())]
    TooMany(Purpose),
    /// The CA is not rotated.
    #[error("the internal CA is replaced by provisioning anew, not by rotation")]
    Ca,
    /// No such key.
    #[error("there is no key `{0}`\n  hint: vauban key list")]
    Unknown(String),
    /// It is in use.
    #[error("the key `{0}` signs now\n  hint: vauban key rotate --now, then retire it")]
    InUse(String),
    /// A task of ours did not finish.
    #[error("opening a key was interrupted")]
    Interrupted,
}

/// Most keys of one purpose at a time; guards accept eight in a set.
const KEYS_MAX: usize = 4;

/// How long what a key signs lives, and how long readers keep its public half, in seconds.
#[derive(Debug, Clone, Copy)]
struct Times {
    cache: u64,
    access: u64,
    internal: u64,
}

/// The keys of the running line.
#[derive(Debug)]
pub(crate) struct Ring {
    state: StateDir,
    keeper: Keeper,
    times: Times,
    held: ArcSwap<Held>,
    token_well: AtomicBool,
}

#[derive(Debug, Default)]
struct Held {
    registry: Registry,
    open: BTreeMap<String, Arc<SigningKey>>,
}

impl Times {
    fn of(plan: &Plan) -> Self {
        Self {
            cache: plan.keys.cache_seconds.into(),
            access: plan.issuer.access_token_seconds.into(),
            internal: plan.issuer.internal_token_seconds.into(),
        }
    }

    fn life(self, purpose: Purpose) -> u64 {
        match purpose {
            Purpose::Access => self.access,
            Purpose::Internal => self.internal,
            Purpose::Ca => 0,
        }
    }
}

impl Ring {
    /// Opens the keys of a provisioned state directory.
    pub(crate) async fn open(
        state: &StateDir,
        access: &KeyAccess,
        plan: &Plan,
        now: u64,
    ) -> Result<Self, KeysError> {
        let ring = Self {
            state: state.clone(),
            keeper: Keeper::open(access).await?,
            times: Times::of(plan),
            held: ArcSwap::default(),
            token_well: AtomicBool::new(true),
        };
        ring.look(now).await?;
        for purpose in [Purpose::Access, Purpose::Internal] {
            ring.find(purpose, now)?;
        }
        Ok(ring)
    }

    /// The internal CA's key.
    pub(crate) async fn ca(&self) -> Result<Arc<SigningKey>, KeysError> {
        let held = self.held.load_full();
        let entry = held.registry.of(Purpose::Ca).next();
        let entry = entry.ok_or(KeysError::Missing(Purpose::Ca))?;
        Ok(Arc::new(self.keeper.find(&self.state, entry).await?))
    }

    /// Looks at the list of keys: opens what will sign, publishes new ones, ends old ones.
    ///
    /// What cannot be opened is not published: otherwise its time would come while nobody can fetch it.
    pub(crate) async fn look(&self, now: u64) -> Result<(), KeysError> {
        let mut registry = Registry::read(&self.state)?;
        let mut open = self.opened(&registry, now).await?;
        if self.is_due(&registry, now)
            && let Some(_lock) = Lock::attempt(&self.state)?
        {
            registry = Registry::read(&self.state)?;
            open = self.opened(&registry, now).await?;
            self.tend(&mut registry, now).await?;
        }
        self.held.store(Arc::new(Held { registry, open }));
        Ok(())
    }

    /// The keys that sign or will sign. Those that are open stay open.
    async fn opened(
        &self,
        registry: &Registry,
        now: u64,
    ) -> Result<BTreeMap<String, Arc<SigningKey>>, KeysError> {
        let held = self.held.load_full();
        let mut open = BTreeMap::new();
        for entry in &registry.keys {
            if entry.purpose == Purpose::Ca || matches!(registry.stage(entry, now), Stage::Old(_)) {
                continue;
            }
            let key = match held.open.get(&entry.kid) {
                Some(key) => Arc::clone(key),
                None => Arc::new(self.keeper.find(&self.state, entry).await?),
            };
            open.insert(entry.kid.clone(), key);
        }
        Ok(open)
    }

    fn is_due(&self, registry: &Registry, now: u64) -> bool {
        registry.keys.iter().any(|entry| {
            entry.signs_from.is_none()
                || entry.life_seconds < self.times.life(entry.purpose)
                || registry.has_ended(entry, now)
        })
    }

    /// What time asks for. A private half goes before its entry, so that a crash between the two leaves no key that nobody
    /// knows of.
    async fn tend(&self, registry: &mut Registry, now: u64) -> Result<(), KeysError> {
        let ended: Vec<Entry> = registry
            .keys
            .iter()
            .filter(|entry| registry.has_ended(entry, now))
            .cloned()
            .collect();
        for entry in ended {
            match self.keeper.destroy(&self.state, &entry.place).await {
                Ok(()) => {}
                Err(KeysError::NoToken) => {
                    tracing::warn!(kid = entry.kid, "an old key stays in its token");
                }
                Err(error) => {
                    tracing::warn!(kid = entry.kid, %error, "an old key cannot be destroyed yet");
                    continue;
                }
            }
            registry.keys.retain(|other| other.kid != entry.kid);
        }
        for entry in &mut registry.keys {
            entry.life_seconds = entry.life_seconds.max(self.times.life(entry.purpose));
            // Whoever fetched the set just before keeps it for its whole time; only then may anything be signed with this key.
            entry
                .signs_from
                .get_or_insert(now + self.times.cache + SLACK_SECONDS);
        }
        registry.write(&self.state)
    }

    /// The key that signs now.
    fn find(&self, purpose: Purpose, now: u64) -> Result<Ringed, KeysError> {
        let held = self.held.load();
        let entry = held
            .registry
            .signer(purpose, now)
            .ok_or(KeysError::Missing(purpose))?;
        let key = held
            .open
            .get(&entry.kid)
            .ok_or(KeysError::Missing(purpose))?;
        Ok(Ringed {
            key: Arc::clone(key),
            in_token: matches!(entry.place, Place::Token(_)),
        })
    }

    /// Something that signs with the key of now, unless its token is lost: then nobody waits for it.
    pub(crate) fn signer(&self, purpose: Purpose, now: u64) -> Result<Pen<'_>, KeysError> {
        let found = self.find(purpose, now)?;
        if found.in_token && !self.is_well() {
            return Err(HsmError::Silent.into());
        }
        Ok(Pen { ring: self, found })
    }

    /// The key set of a purpose.
    pub(crate) fn key_set(&self, purpose: Purpose, now: u64) -> Value {
        self.held.load().registry.key_set(purpose, now)
    }

    /// Whether there is a token and it fails.
    pub(crate) fn is_well(&self) -> bool {
        self.token_well.load(Ordering::Acquire)
    }

    /// Asks the token for the keys that sign, so that its loss and its return are seen without anybody's request.
    pub(crate) async fn probe(&self, now: u64) {
        let Some(hsm) = self.keeper.token() else {
            return;
        };
        let names: Vec<KeyName> = {
            let held = self.held.load();
            let signing = [Purpose::Access, Purpose::Internal]
                .into_iter()
                .filter_map(|purpose| held.registry.signer(purpose, now));
            signing
                .filter_map(|entry| keeper::name_of(&entry.place))
                .collect()
        };
        let mut well = true;
        for name in names {
            match hsm.find(name).await {
                // A full queue is work, not loss.
                Ok(_) | Err(HsmError::Busy) => {}
                Err(_) => well = false,
            }
        }
        self.note(well);
    }

    fn note(&self, well: bool) {
        if self.token_well.swap(well, Ordering::AcqRel) != well {
            if well {
                tracing::warn!("the token is back");
            } else {
                tracing::error!("the token is lost; nothing is signed until it is back");
            }
        }
    }
}

#[derive(Debug)]
struct Ringed {
    key: Arc<SigningKey>,
    in_token: bool,
}

/// Signs, and sees when the token does not.
#[derive(Debug)]
pub(crate) struct Pen<'a> {
    ring: &'a Ring,
    found: Ringed,
}

impl Pen<'_> {
    pub(crate) fn write(&self, input: &[u8]) -> Result<[u8; 64], SigningError> {
        let signed = self.found.key.sign(input);
        match &signed {
            Ok(_) | Err(SigningError::Hsm(HsmError::Busy)) => {}
            Err(SigningError::Hsm(_)) => self.ring.note(false),
            Err(_) => {}
        }
        signed
    }

    pub(crate) fn name(&self) -> &str {
        self.found.key.kid()
    }
}

impl Signer for Pen<'_> {
    fn kid(&self) -> &str {
        self.name()
    }

    fn sign(&self, signing_input: &[u8]) -> Result<Vec<u8>, SignError> {
        match self.write(signing_input) {
            Ok(signature) => Ok(signature.to_vec()),
            Err(error) => {
                tracing::error!(%error, "the access key does not sign");
                Err(SignError::Key)
            }
        }
    }
}
