//! PKCS#11 modules. The standard makes initialization a matter of the whole process, so each module is loaded once and stays.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Function, Pkcs11};
use cryptoki::error::{Error, RvError};

use super::HsmError;

static MODULES: Mutex<BTreeMap<PathBuf, Pkcs11>> = Mutex::new(BTreeMap::new());

/// How often a module was initialized. One that was started anew counts its sessions from one again, so a session from before has
/// perhaps the number of somebody else's now, whose answers it would get.
static STARTS: RwLock<u64> = RwLock::new(0);

/// Keeps modules from being started anew while it is held. A session that was opened at another number must not be used any more,
/// not even to close it.
pub(super) fn using() -> RwLockReadGuard<'static, u64> {
    STARTS.read().unwrap_or_else(PoisonError::into_inner)
}

/// The module at `path`, initialized for many threads.
pub(super) fn load(path: &Path) -> Result<Pkcs11, HsmError> {
    let mut modules = MODULES.lock().unwrap_or_else(PoisonError::into_inner);
    let failed = |error: Error| HsmError::Module {
        module: path.to_owned(),
        why: error.to_string(),
    };
    let module = if let Some(module) = modules.get(path) {
        module.clone()
    } else {
        let module = Pkcs11::new(path).map_err(failed)?;
        modules.insert(path.to_owned(), module.clone());
        module
    };
    let mut starts = STARTS.write().unwrap_or_else(PoisonError::into_inner);
    match module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) => {
            *starts += 1;
            Ok(module)
        }
        Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, Function::Initialize)) => Ok(module),
        Err(error) => Err(failed(error)),
    }
}
