//! Making, opening and destroying private halves, the way that the plan says.

use std::io::ErrorKind;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use vauban_key::{
    EnvelopeError, Hsm, HsmSetting, KeyName, PASSPHRASE_BYTES_MIN, PrivateKey, SigningKey, open,
    seal,
};
use vauban_policy::{KeysKept, KeysPlan};
use vauban_secret::{Reference, Secret, Sources, StateDir, read_private, write_private};
use zeroize::Zeroizing;

use super::KeysError;
use super::registry::{Entry, Place, Purpose};

/// How private keys are kept, with what opens them.
#[derive(Debug, Clone)]
pub struct KeyAccess(Way);

#[derive(Debug, Clone)]
enum Way {
    Plain,
    Encrypted(Secret),
    Token(HsmSetting),
}

impl KeyAccess {
    /// Files that only their owner may read.
    pub fn plain() -> Self {
        Self(Way::Plain)
    }

    /// What the plan says, its passphrase or PIN fetched.
    pub async fn of_plan(plan: &KeysPlan, sources: &Sources) -> Result<Self, KeysError> {
        Ok(Self(match &plan.kept {
            KeysKept::Plain { .. } => Way::Plain,
            KeysKept::Encrypted { passphrase } => {
                let secret = sources.resolve(&passphrase.0).await?;
                if secret.expose().len() < PASSPHRASE_BYTES_MIN {
                    return Err(KeysError::Passphrase(EnvelopeError::PassphraseLength));
                }
                Way::Encrypted(secret)
            }
            KeysKept::Token { token } => Way::Token(token_of(&token.0, sources).await?),
        }))
    }
}

async fn token_of(text: &str, sources: &Sources) -> Result<HsmSetting, KeysError> {
    let parsed = Reference::parse(text).map_err(vauban_secret::SecretError::from)?;
    let Reference::Pkcs11(uri) = parsed else {
        return Err(KeysError::NoToken);
    };
    let (Some(token), Some(module), Some(pin)) = (uri.token, uri.module_path, uri.pin_source)
    else {
        return Err(KeysError::NoToken);
    };
    let pin = sources.resolve(&pin).await?;
    Ok(HsmSetting {
        module,
        token,
        serial: uri.serial,
        pin: Zeroizing::new(pin.expose_text().ok_or(KeysError::NoToken)?.to_owned()),
    })
}

/// [`KeyAccess`] in use: a token is open.
#[derive(Debug, Clone)]
pub(crate) enum Keeper {
    Plain,
    Encrypted(Secret),
    Token(Hsm),
}

impl Keeper {
    pub(crate) async fn open(access: &KeyAccess) -> Result<Self, KeysError> {
        Ok(match &access.0 {
            Way::Plain => Self::Plain,
            Way::Encrypted(passphrase) => Self::Encrypted(passphrase.clone()),
            Way::Token(setting) => Self::Token(Hsm::open(setting.clone()).await?),
        })
    }

    pub(crate) fn token(&self) -> Option<&Hsm> {
        match self {
            Self::Plain | Self::Encrypted(_) => None,
            Self::Token(hsm) => Some(hsm),
        }
    }

    /// Whether new keys would be made where this one lies.
    pub(crate) fn is_of(&self, place: &Place) -> bool {
        match place {
            Place::File(_) => self.token().is_none(),
            Place::Token(_) => self.token().is_some(),
        }
    }

    /// A new key.
    pub(crate) async fn make(
        &self,
        state: &StateDir,
        purpose: Purpose,
    ) -> Result<(Entry, SigningKey), KeysError> {
        let algorithm = purpose.algorithm();
        let named = |why| KeysError::Make { purpose, why };
        if let Self::Token(hsm) = self {
            let label = format!("vauban-{}", purpose.word());
            let made = hsm.generate(algorithm, &label).await?;
            let id = made.name().id.clone().unwrap_or_default();
            let key = SigningKey::in_token(algorithm, made).map_err(named)?;
            return Ok((entry(purpose, Place::Token(hex(&id)), &key), key));
        }
        let private = SigningKey::generate(algorithm).map_err(named)?;
        let key = SigningKey::from_private(algorithm, &private).map_err(named)?;
        let path = state.signing_key(key.kid());
        self.write(&path, private).await?;
        Ok((
            entry(purpose, Place::File(state.relative(&path)), &key),
            key,
        ))
    }

    /// The key of a file that stood there before there was a registry.
    pub(crate) async fn adopt(
        &self,
        state: &StateDir,
        purpose: Purpose,
        name: String,
    ) -> Result<(Entry, SigningKey), KeysError> {
        let place = Place::File(name);
        let key = self.read(state, purpose, &place).await?;
        Ok((entry(purpose, place, &key), key))
    }

    /// The key of an entry. What lies there must be the key that the entry names.
    pub(crate) async fn find(
        &self,
        state: &StateDir,
        entry: &Entry,
    ) -> Result<SigningKey, KeysError> {
        let key = self.read(state, entry.purpose, &entry.place).await?;
        if key.kid() == entry.kid {
            Ok(key)
        } else {
            Err(KeysError::Other {
                place: entry.place.to_string(),
                wanted: entry.kid.clone(),
                found: key.kid().to_owned(),
            })
        }
    }

    async fn read(
        &self,
        state: &StateDir,
        purpose: Purpose,
        place: &Place,
    ) -> Result<SigningKey, KeysError> {
        let algorithm = purpose.algorithm();
        let named = |why| KeysError::Key {
            purpose,
            place: place.to_string(),
            why,
        };
        let found = match place {
            Place::File(name) => {
                let private = self.private(state, name).await.map_err(|error| {
                    if let KeysError::Passphrase(why) = error {
                        named(why.into())
                    } else {
                        error
                    }
                })?;
                SigningKey::from_private(algorithm, &private)
            }
            Place::Token(id) => {
                let hsm = self.token().ok_or(KeysError::NoToken)?;
                let name = by_id(id).ok_or(KeysError::NoToken)?;
                let found = hsm.find(name).await.map_err(|why| named(why.into()))?;
                SigningKey::in_token(algorithm, found)
            }
        };
        found.map_err(named)
    }

    /// Encrypts the files that are not yet, if the plan wants them encrypted.
    pub(crate) async fn encrypt(&self, state: &StateDir, place: &Place) -> Result<(), KeysError> {
        let (Self::Encrypted(_), Place::File(name)) = (self, place) else {
            return Ok(());
        };
        let private = self.private(state, name).await?;
        if private.was_encrypted() {
            return Ok(());
        }
        self.write(&state.root().join(name), private).await
    }

    /// Destroys a private half. That it is gone already is fine.
    pub(crate) async fn destroy(&self, state: &StateDir, place: &Place) -> Result<(), KeysError> {
        match place {
            Place::File(name) => {
                let path = state.root().join(name);
                match std::fs::remove_file(&path) {
                    Ok(()) => Ok(()),
                    Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
                    Err(error) => Err(KeysError::Remove(path, error)),
                }
            }
            Place::Token(id) => {
                let hsm = self.token().ok_or(KeysError::NoToken)?;
                Ok(hsm.destroy(by_id(id).ok_or(KeysError::NoToken)?).await?)
            }
        }
    }

    async fn private(&self, state: &StateDir, name: &str) -> Result<PrivateKey, KeysError> {
        let text = read_private(&state.root().join(name))?;
        let passphrase = match self {
            Self::Encrypted(passphrase) => Some(passphrase.clone()),
            Self::Plain | Self::Token(_) => None,
        };
        // Opening takes a twentieth of a second on purpose.
        let opened = tokio::task::spawn_blocking(move || {
            let text = text.expose_text().ok_or(EnvelopeError::Pem)?;
            open(text, passphrase.as_ref().map(Secret::expose))
        });
        opened
            .await
            .map_err(|_stopped| KeysError::Interrupted)?
            .map_err(KeysError::Passphrase)
    }

    async fn write(&self, path: &std::path::Path, private: PrivateKey) -> Result<(), KeysError> {
        let passphrase = match self {
            Self::Encrypted(passphrase) => Some(passphrase.clone()),
            Self::Plain | Self::Token(_) => None,
        };
        let sealing = tokio::task::spawn_blocking(move || match passphrase {
            Some(passphrase) => seal(private.expose_der(), passphrase.expose()),
            None => private.expose_pem(),
        });
        let pem = sealing
            .await
            .map_err(|_stopped| KeysError::Interrupted)?
            .map_err(KeysError::Passphrase)?;
        Ok(write_private(path, pem.as_bytes())?)
    }
}

impl From<EnvelopeError> for KeysError {
    fn from(error: EnvelopeError) -> Self {
        Self::Passphrase(error)
    }
}

fn entry(purpose: Purpose, place: Place, key: &SigningKey) -> Entry {
    Entry {
        kid: key.kid().to_owned(),
        purpose,
        place,
        public: URL_SAFE_NO_PAD.encode(key.public()),
        signs_from: None,
        life_seconds: 0,
    }
}

/// How a token knows the key of this place.
pub(super) fn name_of(place: &Place) -> Option<KeyName> {
    match place {
        Place::File(_) => None,
        Place::Token(id) => by_id(id),
    }
}

fn by_id(id: &str) -> Option<KeyName> {
    let digits = |pair: &[u8]| {
        let text = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(text, 16).ok()
    };
    let bytes: Option<Vec<u8>> = id.as_bytes().chunks(2).map(digits).collect();
    Some(KeyName {
        label: None,
        id: Some(bytes.filter(|bytes| !bytes.is_empty())?),
    })
}

fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}
