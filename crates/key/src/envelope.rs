//! PKCS#8 private keys as PEM (RFC 7468): plain, or encrypted with a passphrase (PBES2, RFC 8018), as `openssl` writes and
//! reads them.

use std::fmt;

use pkcs8::der::pem::{LineEnding, PemLabel as _};
use pkcs8::pkcs5::{EncryptionScheme, pbes2, scrypt};
use pkcs8::{
    EncryptedPrivateKeyInfoOwned, EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef, SecretDocument,
    der::asn1::OctetString,
};
use zeroize::Zeroizing;

#[cfg(test)]
mod tests;

/// Shortest passphrase that we encrypt with: 80 bits when it is random hexadecimal digits.
pub const PASSPHRASE_BYTES_MIN: usize = 20;
/// Longest passphrase, bytes.
const PASSPHRASE_BYTES_MAX: usize = 1024;

/// Work of scrypt as we write it: N = 2^14, r = 8, p = 5. OWASP's choice for 16 MiB, which is also the most that `openssl`
/// reads without being told to.
const SCRYPT: (u8, u32, u32) = (14, 8, 5);
/// Most memory that reading a file may cost, bytes, and most passes over it.
const SCRYPT_BYTES_MAX: u64 = 256 * 1024 * 1024;
const SCRYPT_P_MAX: u16 = 16;
/// Most rounds of PBKDF2 that reading a file may cost.
const PBKDF2_ROUNDS_MAX: u32 = 10_000_000;

/// Why a key file cannot be read or written. Nothing of the key or the passphrase is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// Not a PEM block that holds a private key.
    #[error(
        "the text is no PEM block `PRIVATE KEY` or `ENCRYPTED PRIVATE KEY`\n  hint: openssl pkcs8 -topk8 -scrypt -in OLD.pem -out NEW.pem"
    )]
    Pem,
    /// The block does not hold what its label says.
    #[error("the PEM block holds no PKCS#8 key")]
    Content,
    /// It is encrypted and nobody said with what.
    #[error("the key is encrypted, and there is no passphrase for it")]
    NeedsPassphrase,
    /// The passphrase does not open it.
    #[error("the passphrase does not open the key")]
    Passphrase,
    /// Encrypted in a way that we do not read.
    #[error(
        "the key is encrypted in a way that is not read: PBES2 with AES, and scrypt or PBKDF2 with SHA-2\n  hint: openssl pkcs8 -topk8 -scrypt -in OLD.pem -out NEW.pem"
    )]
    Scheme,
    /// Opening it would cost too much.
    #[error("opening the key would take more than 256 MiB or ten million rounds")]
    TooDear,
    /// The passphrase is too short to protect anything.
    #[error(
        "a passphrase has {PASSPHRASE_BYTES_MIN} to {PASSPHRASE_BYTES_MAX} bytes\n  hint: openssl rand -hex 32"
    )]
    PassphraseLength,
    /// No randomness, or the library failed.
    #[error("the key could not be encrypted")]
    Library,
}

/// A private key in PKCS#8, wiped when it is dropped.
pub struct PrivateKey {
    der: Zeroizing<Vec<u8>>,
    encrypted: bool,
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PrivateKey")
            .field("encrypted", &self.encrypted)
            .finish_non_exhaustive()
    }
}

impl PrivateKey {
    /// The DER form of PKCS#8.
    pub fn expose_der(&self) -> &[u8] {
        &self.der
    }

    /// The PEM form, not encrypted.
    pub fn expose_pem(&self) -> Result<Zeroizing<String>, EnvelopeError> {
        document(&self.der)?
            .to_pem(PrivateKeyInfoRef::PEM_LABEL, LineEnding::LF)
            .map_err(|_error| EnvelopeError::Library)
    }

    /// Whether it was encrypted where it was read.
    pub fn was_encrypted(&self) -> bool {
        self.encrypted
    }
}

/// Reads a private key, with the passphrase if it is encrypted.
pub fn open(pem: &str, passphrase: Option<&[u8]>) -> Result<PrivateKey, EnvelopeError> {
    let (label, content) =
        SecretDocument::from_pem(pem.trim()).map_err(|_error| EnvelopeError::Pem)?;
    if label == PrivateKeyInfoRef::PEM_LABEL {
        return PrivateKey::new(content.as_bytes(), false);
    }
    if label != EncryptedPrivateKeyInfoRef::PEM_LABEL {
        return Err(EnvelopeError::Pem);
    }
    let passphrase = passphrase.ok_or(EnvelopeError::NeedsPassphrase)?;
    let info = EncryptedPrivateKeyInfoRef::try_from(content.as_bytes())
        .map_err(|_error| EnvelopeError::Scheme)?;
    judge(&info.encryption_algorithm)?;
    let opened = info
        .decrypt(passphrase)
        .map_err(|_error| EnvelopeError::Passphrase)?;
    // One wrong passphrase in 256 gives a padding that fits; what is inside is then no key.
    PrivateKey::new(opened.as_bytes(), true).map_err(|_error| EnvelopeError::Passphrase)
}

/// Encrypts a private key in DER; gives PEM.
pub fn seal(der: &[u8], passphrase: &[u8]) -> Result<Zeroizing<String>, EnvelopeError> {
    if !(PASSPHRASE_BYTES_MIN..=PASSPHRASE_BYTES_MAX).contains(&passphrase.len()) {
        return Err(EnvelopeError::PassphraseLength);
    }
    // Only a key is worth the name on the block.
    PrivateKey::new(der, false)?;
    let failed = |_error| EnvelopeError::Library;
    let (mut salt, mut vector) = ([0_u8; 16], [0_u8; 16]);
    getrandom::fill(&mut salt).map_err(|_error| EnvelopeError::Library)?;
    getrandom::fill(&mut vector).map_err(|_error| EnvelopeError::Library)?;
    let (log_n, r, p) = SCRYPT;
    let work = scrypt::Params::new(log_n, r, p).map_err(|_error| EnvelopeError::Library)?;
    let scheme =
        pbes2::Parameters::generate_scrypt_aes256cbc(work, &salt, vector).map_err(failed)?;
    let hidden = scheme.encrypt(passphrase, der).map_err(failed)?;
    let info = EncryptedPrivateKeyInfoOwned {
        encryption_algorithm: scheme.into(),
        encrypted_data: OctetString::new(hidden).map_err(|_error| EnvelopeError::Library)?,
    };
    SecretDocument::try_from(&info)
        .map_err(|_error| EnvelopeError::Library)?
        .to_pem(EncryptedPrivateKeyInfoRef::PEM_LABEL, LineEnding::LF)
        .map_err(|_error| EnvelopeError::Library)
}

impl PrivateKey {
    pub(crate) fn new(der: &[u8], encrypted: bool) -> Result<Self, EnvelopeError> {
        PrivateKeyInfoRef::try_from(der).map_err(|_error| EnvelopeError::Content)?;
        Ok(Self {
            der: Zeroizing::new(der.to_vec()),
            encrypted,
        })
    }
}

fn document(der: &[u8]) -> Result<SecretDocument, EnvelopeError> {
    SecretDocument::try_from(der).map_err(|_error| EnvelopeError::Content)
}

/// A file decides what opening it costs, so it is asked first.
fn judge(scheme: &EncryptionScheme) -> Result<(), EnvelopeError> {
    let EncryptionScheme::Pbes2(parameters) = scheme else {
        return Err(EnvelopeError::Scheme);
    };
    let fine = if let Some(work) = parameters.kdf.scrypt() {
        let bytes = work
            .cost_parameter
            .checked_mul(u64::from(work.block_size))
            .and_then(|product| product.checked_mul(128));
        bytes.is_some_and(|bytes| bytes <= SCRYPT_BYTES_MAX) && work.parallelization <= SCRYPT_P_MAX
    } else if let Some(work) = parameters.kdf.pbkdf2() {
        if work.prf == pbes2::Pbkdf2Prf::HmacWithSha1 {
            return Err(EnvelopeError::Scheme);
        }
        work.iteration_count <= PBKDF2_ROUNDS_MAX
    } else {
        return Err(EnvelopeError::Scheme);
    };
    if fine {
        Ok(())
    } else {
        Err(EnvelopeError::TooDear)
    }
}
