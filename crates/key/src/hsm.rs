//! Keys inside a PKCS#11 token: a few threads, each with a session of its own, and a bounded queue in front of them.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

mod module;
mod object;
#[cfg(test)]
mod speed;
#[cfg(test)]
mod tests;
mod worker;

use worker::{Job, Shared, Work, Worker};

/// Sessions with the token, and threads that use them.
pub const SESSIONS: usize = 4;
/// What may wait for a session; whoever comes then is told at once.
pub const QUEUE_MAX: usize = 256;
/// How long anybody waits for the token. A card that was pulled out may never answer.
const ANSWER_TIME: Duration = Duration::from_secs(5);

/// A signature as JOSE has it: r‖s or Ed25519's own form.
pub type Signature = [u8; 64];

/// What a key signs with; each key has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Algorithm {
    /// ECDSA on P-256 over SHA-256.
    Es256,
    /// Ed25519.
    Ed25519,
}

/// A token and what opens it.
#[derive(Clone)]
pub struct HsmSetting {
    /// The PKCS#11 module.
    pub module: PathBuf,
    /// Label of the token.
    pub token: String,
    /// Serial number, for machines that have two tokens of one label.
    pub serial: Option<String>,
    /// The user's PIN.
    pub pin: Zeroizing<String>,
}

impl fmt::Debug for HsmSetting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("HsmSetting")
            .field("module", &self.module)
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}

/// What a key in a token is known by: its label, its id, or both.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyName {
    /// `CKA_LABEL`.
    pub label: Option<String>,
    /// `CKA_ID`.
    pub id: Option<Vec<u8>>,
}

impl fmt::Display for KeyName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.label.as_deref().unwrap_or("without a label"))?;
        if let Some(id) = &self.id {
            formatter.write_str(" (id ")?;
            for byte in id {
                write!(formatter, "{byte:02x}")?;
            }
            formatter.write_str(")")?;
        }
        Ok(())
    }
}

/// The token did not do it. The PIN is never in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HsmError {
    /// The module cannot be loaded.
    #[error("the PKCS#11 module `{}` cannot be used: {why}", module.display())]
    Module {
        /// Its path.
        module: PathBuf,
        /// The system's or the module's words.
        why: String,
    },
    /// No such token.
    #[error(
        "there is no token `{0}`\n  hint: softhsm2-util --show-slots, or pkcs11-tool --module MODULE --list-token-slots"
    )]
    NoToken(String),
    /// Two of that name.
    #[error("there is more than one token `{0}`\n  hint: add `serial=…` to its URI")]
    TwoTokens(String),
    /// The PIN is wrong, locked or not set.
    #[error(
        "the token `{0}` refuses the PIN; it is not tried again, because tokens lock themselves\n  hint: put the right one where `pin-source` leads, and start again"
    )]
    Pin(String),
    /// No such key.
    #[error("the token has no key `{0}`")]
    NoKey(KeyName),
    /// Two of that name.
    #[error("the token has more than one key `{0}`\n  hint: name it by its id")]
    TwoKeys(KeyName),
    /// A key that we cannot use.
    #[error(
        "the key `{0}` is neither a P-256 key nor an Ed25519 key with its public half beside it"
    )]
    Kind(KeyName),
    /// Too many wait for it.
    #[error("the token has more to sign than it can")]
    Busy,
    /// It does not answer.
    #[error("the token does not answer")]
    Silent,
    /// It answered with an error, also on a new session.
    #[error("the token fails: {0}")]
    Failed(String),
}

/// An open token. Clones share its sessions; they are closed when the last is dropped.
#[derive(Clone)]
pub struct Hsm {
    queue: SyncSender<Job>,
    shared: Arc<Shared>,
}

impl fmt::Debug for Hsm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Hsm")
            .field("token", &self.shared.setting.token)
            .finish_non_exhaustive()
    }
}

impl Hsm {
    /// Opens a token: loads the module, finds the token, logs in.
    pub async fn open(setting: HsmSetting) -> Result<Self, HsmError> {
        let (queue, jobs) = sync_channel(QUEUE_MAX);
        let shared = Arc::new(Shared {
            setting,
            well: AtomicBool::new(false),
            pin_refused: AtomicBool::new(false),
        });
        let jobs = Arc::new(std::sync::Mutex::new(jobs));
        for number in 0..SESSIONS {
            let worker = Worker::new(Arc::clone(&shared), Arc::clone(&jobs));
            std::thread::Builder::new()
                .name(format!("token {number}"))
                .spawn(move || worker.run())
                .map_err(|error| HsmError::Failed(error.to_string()))?;
        }
        let hsm = Self { queue, shared };
        hsm.ask(Work::Greet).await?;
        Ok(hsm)
    }

    /// The key of this name, and its public half.
    pub async fn find(&self, name: KeyName) -> Result<HsmKey, HsmError> {
        let found = self.ask(|reply| Work::Find(name, reply)).await?;
        Ok(HsmKey::new(self.clone(), found))
    }

    /// Makes a key that cannot leave the token. Its id is random.
    pub async fn generate(&self, algorithm: Algorithm, label: &str) -> Result<HsmKey, HsmError> {
        let label = label.to_owned();
        let made = self
            .ask(|reply| Work::Generate(algorithm, label, reply))
            .await?;
        Ok(HsmKey::new(self.clone(), made))
    }

    /// Destroys both halves of a key. That there is none is fine.
    pub async fn destroy(&self, name: KeyName) -> Result<(), HsmError> {
        self.ask(|reply| Work::Destroy(name, reply)).await
    }

    /// Whether the last thing that was asked of the token was done.
    pub fn is_well(&self) -> bool {
        self.shared.well.load(Ordering::Acquire)
    }

    async fn ask<T>(
        &self,
        work: impl FnOnce(oneshot::Sender<Result<T, HsmError>>) -> Work,
    ) -> Result<T, HsmError> {
        let (reply, answer) = oneshot::channel();
        self.put(work(reply))?;
        self.answered(answer).await
    }

    fn put(&self, work: Work) -> Result<(), HsmError> {
        self.queue.try_send(Job(work)).map_err(|error| match error {
            TrySendError::Full(_) => HsmError::Busy,
            TrySendError::Disconnected(_) => HsmError::Silent,
        })
    }

    async fn answered<T>(
        &self,
        answer: oneshot::Receiver<Result<T, HsmError>>,
    ) -> Result<T, HsmError> {
        if let Ok(Ok(answer)) = tokio::time::timeout(ANSWER_TIME, answer).await {
            answer
        } else {
            self.shared.well.store(false, Ordering::Release);
            Err(HsmError::Silent)
        }
    }
}

/// A key inside a token.
#[derive(Clone)]
pub struct HsmKey {
    hsm: Hsm,
    name: Arc<KeyName>,
    algorithm: Algorithm,
    public: Vec<u8>,
}

/// A key as it was found: its full name, algorithm and public half.
type Found = (KeyName, Algorithm, Vec<u8>);

impl fmt::Debug for HsmKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("HsmKey")
            .field("name", &self.name)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

impl HsmKey {
    fn new(hsm: Hsm, (name, algorithm, public): Found) -> Self {
        Self {
            hsm,
            name: Arc::new(name),
            algorithm,
            public,
        }
    }

    /// Its name in the token, with the id.
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// What it signs with.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The public half: an uncompressed point (65 bytes) or Ed25519's 32 bytes.
    pub fn public(&self) -> &[u8] {
        &self.public
    }

    /// The token that it lies in.
    pub fn hsm(&self) -> &Hsm {
        &self.hsm
    }

    /// Signs. The caller's thread is not held up.
    pub async fn sign(&self, input: &[u8]) -> Result<Signature, HsmError> {
        let work = |reply| Work::sign(Arc::clone(&self.name), self.algorithm, input, reply);
        self.hsm.ask(work).await
    }

    /// Signs for libraries that know no other way than to wait. A runtime of many threads goes on meanwhile; one of a single
    /// thread would stand still, and is refused.
    pub fn sign_blocking(&self, input: &[u8]) -> Result<Signature, HsmError> {
        match Handle::try_current() {
            Ok(runtime) if runtime.runtime_flavor() == RuntimeFlavor::MultiThread => {
                tokio::task::block_in_place(|| runtime.block_on(self.sign(input)))
            }
            Ok(_) | Err(_) => Err(HsmError::Failed(
                "it is asked from outside a runtime of many threads".to_owned(),
            )),
        }
    }
}
