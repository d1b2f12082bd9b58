//! Where a secret lies, as the configuration writes it: a scheme, and a place that is not secret itself.

use std::path::PathBuf;

mod pkcs11;
mod vault;

pub use pkcs11::Pkcs11Uri;
pub use vault::VaultPath;

/// Longest reference, bytes: a PKCS#11 URI with a long module path stays below it.
const REFERENCE_BYTES_MAX: usize = 1024;

/// A parsed reference. It is not secret itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// A file, relative to the plan's folder unless absolute.
    File(PathBuf),
    /// A variable of the environment.
    Environment(String),
    /// A credential that systemd hands to the service: a file of this name in `$CREDENTIALS_DIRECTORY`.
    Credential(String),
    /// A field of a secret that `HashiCorp` Vault or `OpenBao` keeps (key/value engine, version 2).
    Vault(VaultPath),
    /// A key or a token behind PKCS#11 (RFC 7512). It signs; its bytes cannot be had.
    Pkcs11(Pkcs11Uri),
}

/// A text that is no reference.
///
/// The text is not repeated: whoever writes a password where a reference belongs must not find it in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReferenceError {
    /// No scheme that we know.
    #[error(
        "a secret is named by `file:PATH`, `env:NAME`, `systemd-creds:NAME`, `vault:MOUNT/PATH#FIELD` or, for keys that sign, `pkcs11:…`\n  hint: put the secret itself into a file with mode 600"
    )]
    Scheme,
    /// Nothing after the scheme.
    #[error("the reference names nothing after its `:`")]
    Empty,
    /// Longer than any reference.
    #[error("the reference is longer than {REFERENCE_BYTES_MAX} bytes")]
    TooLong,
    /// Not a name of a variable.
    #[error("a variable's name has letters, digits and `_` only")]
    Variable,
    /// Not a name of a credential.
    #[error(
        "a credential's name has letters, digits, `.`, `_` and `-` only\n  hint: the name of systemd's `LoadCredentialEncrypted=NAME:…`, without a path"
    )]
    Credential,
    /// Not a field of a secret of the vault.
    #[error(
        "a secret of the vault is named by `vault:MOUNT/PATH#FIELD`, of letters, digits, `.`, `_` and `-`\n  hint: without `/data/` and without the server's address, which stands under `vault` in the plan"
    )]
    Vault,
    /// Not a PKCS#11 URI, or with attributes that we do not read.
    #[error(
        "a PKCS#11 URI has `token`, `serial`, `object`, `id` and `type=private`, each once and separated by `;`, then `?` and `module-path` and `pin-source`, separated by `&` (RFC 7512)\n  hint: pkcs11:token=vauban?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:hsm.pin"
    )]
    Pkcs11,
    /// The PIN itself stands in the URI.
    #[error(
        "a PIN does not stand in a PKCS#11 URI\n  hint: write `pin-source=` and a reference, for example `pin-source=file:hsm.pin`"
    )]
    Pin,
    /// `pin-source` is no reference to something that can be read.
    #[error("`pin-source` must refer to the PIN by `file:`, `env:`, `systemd-creds:` or `vault:`")]
    PinSource,
}

impl Reference {
    /// Reads a reference from its text.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        let (scheme, rest) = text.split_once(':').ok_or(ReferenceError::Scheme)?;
        if !["file", "env", "systemd-creds", "vault", "pkcs11"].contains(&scheme) {
            return Err(ReferenceError::Scheme);
        }
        if rest.is_empty() {
            return Err(ReferenceError::Empty);
        }
        if text.len() > REFERENCE_BYTES_MAX {
            return Err(ReferenceError::TooLong);
        }
        match scheme {
            "file" => Ok(Self::File(PathBuf::from(rest))),
            "env" if rest.bytes().all(is_of_variable) => Ok(Self::Environment(rest.to_owned())),
            "env" => Err(ReferenceError::Variable),
            "systemd-creds" if is_segment(rest) => Ok(Self::Credential(rest.to_owned())),
            "systemd-creds" => Err(ReferenceError::Credential),
            "vault" => Ok(Self::Vault(VaultPath::parse(rest)?)),
            _ => Ok(Self::Pkcs11(Pkcs11Uri::parse(rest)?)),
        }
    }
}

fn is_of_variable(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// One component of a path that leads nowhere else.
fn is_segment(text: &str) -> bool {
    !text.is_empty()
        && text != "."
        && text != ".."
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

#[cfg(test)]
mod tests;
