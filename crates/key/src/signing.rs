//! One key that signs, wherever its private half lies, and the name that its public half gives it.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::{Algorithm, EnvelopeError, HsmError, HsmKey, PrivateKey, Signature};

#[cfg(test)]
mod tests;

/// A key that cannot be used, or did not sign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SigningError {
    /// What the file holds is another kind of key.
    #[error("it is not a PKCS#8 key for {0}")]
    Kind(Algorithm),
    /// The key's file.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The token.
    #[error(transparent)]
    Hsm(#[from] HsmError),
    /// The cryptographic library refused.
    #[error("the key could not be made or used")]
    Library,
}

impl fmt::Display for Algorithm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Es256 => "ES256",
            Self::Ed25519 => "Ed25519",
        })
    }
}

/// A key that signs. Its `Debug` shows only the public name.
pub struct SigningKey {
    held: Held,
    algorithm: Algorithm,
    public: Vec<u8>,
    kid: String,
}

/// The library wipes the two kinds that are in memory when they are dropped.
enum Held {
    Es256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Token(HsmKey),
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SigningKey")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

impl SigningKey {
    /// A new private key, to be kept in a file.
    pub fn generate(algorithm: Algorithm) -> Result<PrivateKey, SigningError> {
        let failed = |_error| SigningError::Library;
        let document = match algorithm {
            Algorithm::Es256 => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
                .and_then(|pair| pair.to_pkcs8v1()),
            // Version 1 has no public half inside; it is what other tools read.
            Algorithm::Ed25519 => Ed25519KeyPair::generate().and_then(|pair| pair.to_pkcs8v1()),
        };
        let document = document.map_err(failed)?;
        Ok(PrivateKey::new(document.as_ref(), false)?)
    }

    /// The key of a file.
    pub fn from_private(algorithm: Algorithm, key: &PrivateKey) -> Result<Self, SigningError> {
        let other = |_error| SigningError::Kind(algorithm);
        let der = key.expose_der();
        let (held, public) = match algorithm {
            Algorithm::Es256 => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der)
                    .map_err(other)?;
                let public = pair.public_key().as_ref().to_vec();
                (Held::Es256(pair), public)
            }
            Algorithm::Ed25519 => {
                let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(other)?;
                let public = pair.public_key().as_ref().to_vec();
                (Held::Ed25519(pair), public)
            }
        };
        Self::new(held, algorithm, public).ok_or(SigningError::Kind(algorithm))
    }

    /// The key of a token.
    pub fn in_token(algorithm: Algorithm, key: HsmKey) -> Result<Self, SigningError> {
        if key.algorithm() != algorithm {
            return Err(SigningError::Kind(algorithm));
        }
        let public = key.public().to_vec();
        Self::new(Held::Token(key), algorithm, public).ok_or(SigningError::Kind(algorithm))
    }

    fn new(held: Held, algorithm: Algorithm, public: Vec<u8>) -> Option<Self> {
        let kid = thumbprint(algorithm, &public)?;
        Some(Self {
            held,
            algorithm,
            public,
            kid,
        })
    }

    /// Its name: the thumbprint of its public half.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// What it signs with.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The public half: an uncompressed point (65 bytes) or Ed25519's 32 bytes.
    pub fn public(&self) -> &[u8] {
        &self.public
    }

    /// Signs. With a token that takes its time this thread waits, and the runtime's others go on.
    pub fn sign(&self, input: &[u8]) -> Result<Signature, SigningError> {
        let whole = |signature: &[u8]| signature.try_into().map_err(|_error| SigningError::Library);
        match &self.held {
            Held::Es256(pair) => {
                let signature = pair
                    .sign(&SystemRandom::new(), input)
                    .map_err(|_error| SigningError::Library)?;
                whole(signature.as_ref())
            }
            Held::Ed25519(pair) => {
                let signature = pair
                    .try_sign(input)
                    .map_err(|_error| SigningError::Library)?;
                whole(signature.as_ref())
            }
            Held::Token(key) => Ok(key.sign_blocking(input)?),
        }
    }
}

/// The thumbprint of a public half (RFC 7638, RFC 8037), if it has the right form.
pub fn thumbprint(algorithm: Algorithm, public: &[u8]) -> Option<String> {
    let members = match algorithm {
        Algorithm::Es256 => {
            let point = public
                .strip_prefix(&[4])
                .filter(|point| point.len() == 64)?;
            let (x, y) = point.split_at(32);
            let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
            format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#)
        }
        Algorithm::Ed25519 => {
            let x = URL_SAFE_NO_PAD.encode(public);
            (public.len() == 32).then(|| format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#))?
        }
    };
    Some(URL_SAFE_NO_PAD.encode(Sha256::digest(members)))
}
