//! PKCS#11 modules. The standard makes initialization a matter of the whole process, so each module is loaded once and stays.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Function, Pkcs11};
use cryptoki::error::{Error, RvError};

use super::HsmError;

static MODULES: Mutex<BTreeMap<PathBuf, Pkcs11>> = Mutex::new(BTreeMap::new());

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
    match module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, Function::Initialize)) => {
            Ok(module)
        }
        Err(error) => Err(failed(error)),
    }
}
