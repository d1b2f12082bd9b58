//! Fetching what a reference names.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::private::{FileError, read_credential, read_private, read_public};
use crate::reference::{Reference, ReferenceError};
use crate::secret::Secret;
use crate::vault::{Vault, VaultError};

/// The variable in which systemd names the folder of a service's credentials.
const CREDENTIALS_DIRECTORY: &str = "CREDENTIALS_DIRECTORY";

/// Looks a variable up.
type Environment = dyn Fn(&str) -> Option<String> + Send + Sync;

/// Where references lead from here: a folder, an environment, and a vault if the plan has one.
#[derive(Clone)]
pub struct Sources {
    base: PathBuf,
    environment: Arc<Environment>,
    vault: Option<Vault>,
}

/// A secret could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// The text is no reference.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// The file cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// The vault gave nothing.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The variable is not set.
    #[error("the environment has no `{0}`")]
    Unset(String),
    /// The process was not started by systemd with credentials.
    #[error(
        "systemd gave this process no credentials, so `{0}` cannot be read\n  hint: add `LoadCredentialEncrypted={0}:PATH` to the unit (systemd.exec(5))"
    )]
    NoCredentials(String),
    /// There is a file or variable, but nothing in it.
    #[error("`{0}` is empty")]
    Empty(String),
    /// A key in a token signs where it is.
    #[error("what a `pkcs11:` reference names cannot be read, only used to sign")]
    InToken,
}

impl fmt::Debug for Sources {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Sources")
            .field("base", &self.base)
            .field("vault", &self.vault.is_some())
            .finish_non_exhaustive()
    }
}

impl Sources {
    /// Files relative to `base`, and the variables that `environment` knows; no vault.
    pub fn new(
        base: impl Into<PathBuf>,
        environment: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        Self {
            base: base.into(),
            environment: Arc::new(environment),
            vault: None,
        }
    }

    /// The same, with a vault.
    #[must_use]
    pub fn with_vault(mut self, vault: Vault) -> Self {
        self.vault = Some(vault);
        self
    }

    /// Fetches the secret that `reference` names. Files must be private; one final line end is not part of the secret, because
    /// editors add it.
    pub async fn resolve(&self, reference: &str) -> Result<Secret, SecretError> {
        self.fetch(reference, read_private).await
    }

    /// Like [`Self::resolve`], for what is referenced but not secret (a certificate chain): the file may be readable by others.
    pub async fn resolve_public(&self, reference: &str) -> Result<Secret, SecretError> {
        self.fetch(reference, read_public).await
    }

    async fn fetch(
        &self,
        reference: &str,
        read: fn(&Path) -> Result<Secret, FileError>,
    ) -> Result<Secret, SecretError> {
        let secret = match Reference::parse(reference)? {
            Reference::File(path) => read(&self.base.join(path))?,
            Reference::Environment(name) => (self.environment)(&name)
                .map(Secret::from)
                .ok_or(SecretError::Unset(name))?,
            Reference::Credential(name) => self.credential(name)?,
            Reference::Vault(path) => {
                let vault = self.vault.as_ref().ok_or(VaultError::Absent)?;
                vault.read(&path).await?
            }
            Reference::Pkcs11(_) => return Err(SecretError::InToken),
        };
        let bytes = secret.expose();
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        if bytes.is_empty() {
            return Err(SecretError::Empty(reference.to_owned()));
        }
        Ok(Secret::new(bytes.to_vec()))
    }

    fn credential(&self, name: String) -> Result<Secret, SecretError> {
        match (self.environment)(CREDENTIALS_DIRECTORY) {
            Some(folder) if Path::new(&folder).is_absolute() => {
                Ok(read_credential(&Path::new(&folder).join(name))?)
            }
            Some(_) | None => Err(SecretError::NoCredentials(name)),
        }
    }
}

#[cfg(test)]
mod tests;
