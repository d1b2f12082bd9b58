//! One thread with one session. A session that was lost is opened anew, a few times per job, and logged in again.

use std::collections::BTreeMap;
use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};

use cryptoki::context::{Function, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::object::ObjectHandle;
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use sha2::{Digest as _, Sha256};
use tokio::sync::oneshot;

use super::{Algorithm, Found, HsmError, HsmSetting, KeyName, SESSIONS, Signature, module, object};

/// Keys whose handle one session remembers; more are looked up again.
const HANDLES_MAX: usize = 32;

/// What the threads of one token have in common.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) setting: HsmSetting,
    /// The last job was done.
    pub(super) well: AtomicBool,
    /// The token refused the PIN: trying again would lock it.
    pub(super) pin_refused: AtomicBool,
}

type Reply<T> = oneshot::Sender<Result<T, HsmError>>;

/// Something to do.
pub(super) struct Job(pub(super) Work);

/// What there is to do, and who waits for it.
pub(super) enum Work {
    Greet(Reply<()>),
    Find(KeyName, Reply<Found>),
    Generate(Algorithm, String, Reply<Found>),
    Destroy(KeyName, Reply<()>),
    Sign(Arc<KeyName>, Algorithm, Vec<u8>, Reply<Signature>),
}

impl Work {
    /// ECDSA signs a digest, because many tokens cannot hash; Ed25519 signs the text.
    pub(super) fn sign(
        name: Arc<KeyName>,
        algorithm: Algorithm,
        input: &[u8],
        reply: Reply<Signature>,
    ) -> Self {
        let data = match algorithm {
            Algorithm::Es256 => Sha256::digest(input).to_vec(),
            Algorithm::Ed25519 => input.to_vec(),
        };
        Self::Sign(name, algorithm, data, reply)
    }
}

/// Why a session did not do it.
pub(super) enum Trouble {
    /// Another session would not do it either.
    Final(HsmError),
    /// The module's error; a new session may help.
    Module(Error),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Module(error)
    }
}

impl From<HsmError> for Trouble {
    fn from(error: HsmError) -> Self {
        Self::Final(error)
    }
}

/// An open session and the keys that it has found.
pub(super) struct Open {
    pub(super) session: Session,
    module: Pkcs11,
    /// What [`module::using`] held when it was opened.
    starts: u64,
    slot: Slot,
    handles: BTreeMap<KeyName, ObjectHandle>,
}

/// A thread's own side of a token.
pub(super) struct Worker {
    shared: Arc<Shared>,
    jobs: Arc<Mutex<Receiver<Job>>>,
    open: Option<Open>,
}

impl Worker {
    pub(super) fn new(shared: Arc<Shared>, jobs: Arc<Mutex<Receiver<Job>>>) -> Self {
        Self {
            shared,
            jobs,
            open: None,
        }
    }

    /// Works until nobody can ask any more.
    pub(super) fn run(mut self) {
        loop {
            let next = self
                .jobs
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .recv();
            match next {
                Ok(Job(work)) => self.work(work),
                Err(_) => return,
            }
        }
    }

    fn work(&mut self, work: Work) {
        match work {
            Work::Greet(reply) => self.answer(reply, |_open| Ok(())),
            Work::Find(name, reply) => self.answer(reply, |open| object::find(open, &name)),
            Work::Generate(algorithm, label, reply) => {
                self.answer(reply, |open| object::generate(open, algorithm, &label));
            }
            Work::Destroy(name, reply) => {
                self.answer(reply, |open| object::destroy(open, &name));
            }
            Work::Sign(name, algorithm, data, reply) => {
                self.answer(reply, |open| open.sign(&name, algorithm, &data));
            }
        }
    }

    fn answer<T>(&mut self, reply: Reply<T>, attempt: impl Fn(&mut Open) -> Result<T, Trouble>) {
        // Who gave up waiting, because the token was slow, must not make it slower.
        if reply.is_closed() {
            return;
        }
        let result = self.attempt(attempt);
        let well = match &result {
            Ok(_) | Err(HsmError::NoKey(_) | HsmError::TwoKeys(_) | HsmError::Kind(_)) => true,
            Err(_) => false,
        };
        if self.shared.well.swap(well, Ordering::AcqRel) && !well {
            tracing::error!(token = %self.shared.setting.token, "the token fails");
        }
        // Nobody may wait any more; the work is done all the same.
        drop(reply.send(result));
    }

    /// Tries with the session at hand, and with new ones when it was lost.
    ///
    /// More than one, because the module may be ended again meanwhile.
    fn attempt<T>(
        &mut self,
        attempt: impl Fn(&mut Open) -> Result<T, Trouble>,
    ) -> Result<T, HsmError> {
        let mut failed = HsmError::Silent;
        for _session in 0..=SESSIONS {
            match self.with_session(&attempt) {
                Ok(done) => return Ok(done),
                Err(Trouble::Final(error)) => return Err(error),
                Err(Trouble::Module(error)) => failed = HsmError::Failed(error.to_string()),
            }
        }
        Err(failed)
    }

    fn with_session<T>(
        &mut self,
        attempt: &impl Fn(&mut Open) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => Open::new(&self.shared)?,
        };
        let starts = module::using();
        if open.starts != *starts {
            open.leave();
            return Err(
                Error::Pkcs11(RvError::SessionHandleInvalid, Function::GetSessionInfo).into(),
            );
        }
        let done = attempt(&mut open);
        match &done {
            // Whatever state the session is in now, it is not one to go on with.
            Err(Trouble::Module(error)) if is_gone(error) => open.leave(),
            Err(Trouble::Module(_)) => drop(open),
            Ok(_) | Err(Trouble::Final(_)) => self.open = Some(open),
        }
        done
    }
}

impl Open {
    fn new(shared: &Shared) -> Result<Self, Trouble> {
        let setting = &shared.setting;
        if shared.pin_refused.load(Ordering::Acquire) {
            return Err(HsmError::Pin(setting.token.clone()).into());
        }
        let module = module::load(&setting.module)?;
        let starts = module::using();
        let slot = find_token(&module, setting)?;
        let session = module.open_ro_session(slot)?;
        let pin = AuthPin::from(setting.pin.as_str());
        match session.login(UserType::User, Some(&pin)) {
            // One login is everybody's: PKCS#11 keeps it for the process.
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {}
            Err(Error::Pkcs11(
                RvError::PinIncorrect
                | RvError::PinInvalid
                | RvError::PinLenRange
                | RvError::PinExpired
                | RvError::PinLocked
                | RvError::UserPinNotInitialized,
                _,
            )) => {
                shared.pin_refused.store(true, Ordering::Release);
                return Err(HsmError::Pin(setting.token.clone()).into());
            }
            Err(error) => return Err(error.into()),
        }
        Ok(Self {
            session,
            module,
            starts: *starts,
            slot,
            handles: BTreeMap::new(),
        })
    }

    /// A session that may write, for the moment in which it is needed; the login holds for it too.
    pub(super) fn writing(&self) -> Result<Session, Trouble> {
        Ok(self.module.open_rw_session(self.slot)?)
    }

    fn sign(
        &mut self,
        name: &KeyName,
        algorithm: Algorithm,
        data: &[u8],
    ) -> Result<Signature, Trouble> {
        let key = self.handle(name)?;
        let mechanism = match algorithm {
            Algorithm::Es256 => Mechanism::Ecdsa,
            Algorithm::Ed25519 => Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Ed25519)),
        };
        let signature = self.session.sign(&mechanism, key, data)?;
        let whole: Result<Signature, _> = signature.try_into();
        whole.map_err(|bytes| {
            let length = bytes.len();
            HsmError::Failed(format!("a signature of {length} bytes")).into()
        })
    }

    fn handle(&mut self, name: &KeyName) -> Result<ObjectHandle, Trouble> {
        if let Some(handle) = self.handles.get(name) {
            return Ok(*handle);
        }
        let handle = object::private(&self.session, name)?;
        if self.handles.len() >= HANDLES_MAX {
            self.handles.clear();
        }
        self.handles.insert(name.clone(), handle);
        Ok(handle)
    }

    /// Lets go of a session that the module no longer knows. Closing it could close another that has its number by now.
    fn leave(self) {
        let _not_closed = ManuallyDrop::new(self.session);
    }

    pub(super) fn forget(&mut self) {
        self.handles.clear();
    }
}

/// Whether the module says that there is no such session.
fn is_gone(error: &Error) -> bool {
    matches!(
        error,
        Error::Pkcs11(
            RvError::SessionHandleInvalid
                | RvError::SessionClosed
                | RvError::CryptokiNotInitialized
                | RvError::DeviceRemoved
                | RvError::TokenNotPresent,
            _
        )
    )
}

fn find_token(module: &Pkcs11, setting: &HsmSetting) -> Result<Slot, Trouble> {
    let mut found = None;
    for slot in module.get_slots_with_token()? {
        let token = module.get_token_info(slot)?;
        let serial = setting.serial.as_deref();
        let is_it = token.label().trim_end() == setting.token
            && serial.is_none_or(|serial| token.serial_number().trim_end() == serial);
        if is_it && found.replace(slot).is_some() {
            return Err(HsmError::TwoTokens(setting.token.clone()).into());
        }
    }
    found.ok_or_else(|| HsmError::NoToken(setting.token.clone()).into())
}
