//! `pkcs11:…` (RFC 7512): a token, a key in it, the module that leads there, and where its PIN is.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::{Reference, ReferenceError};

/// Longest label (PKCS#11 pads a token's to 32 bytes) and longest id, bytes.
const NAME_BYTES_MAX: usize = 64;

/// A PKCS#11 URI. Attributes that are not there are left open: whoever uses it says which it needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pkcs11Uri {
    /// Label of the token.
    pub token: Option<String>,
    /// Serial number of the token, for machines that have two of one label.
    pub serial: Option<String>,
    /// Label of the key.
    pub object: Option<String>,
    /// Id of the key (`CKA_ID`).
    pub id: Option<Vec<u8>>,
    /// The PKCS#11 module.
    pub module_path: Option<PathBuf>,
    /// Reference to the PIN.
    pub pin_source: Option<String>,
}

impl Pkcs11Uri {
    pub(super) fn parse(text: &str) -> Result<Self, ReferenceError> {
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        let mut uri = Self::default();
        let mut seen = Vec::new();
        for part in path.split(';').filter(|part| !part.is_empty()) {
            uri.take(part, true, &mut seen)?;
        }
        for part in query.split('&').filter(|part| !part.is_empty()) {
            uri.take(part, false, &mut seen)?;
        }
        if uri == Self::default() {
            return Err(ReferenceError::Pkcs11);
        }
        Ok(uri)
    }

    fn take<'t>(
        &mut self,
        part: &'t str,
        in_path: bool,
        seen: &mut Vec<&'t str>,
    ) -> Result<(), ReferenceError> {
        let (name, value) = part.split_once('=').ok_or(ReferenceError::Pkcs11)?;
        if name == "pin-value" {
            return Err(ReferenceError::Pin);
        }
        if seen.contains(&name) {
            return Err(ReferenceError::Pkcs11);
        }
        seen.push(name);
        let bytes = unescape(value)
            .filter(|bytes| !bytes.is_empty())
            .ok_or(ReferenceError::Pkcs11)?;
        let text = || {
            String::from_utf8(bytes.clone())
                .ok()
                .filter(|text| !text.chars().any(char::is_control))
        };
        let label = || text().filter(|text| text.len() <= NAME_BYTES_MAX);
        let known = match (name, in_path) {
            ("token", true) => label().map(|label| self.token = Some(label)),
            ("serial", true) => label().map(|label| self.serial = Some(label)),
            ("object", true) => label().map(|label| self.object = Some(label)),
            ("id", true) if bytes.len() <= NAME_BYTES_MAX => {
                self.id = Some(bytes);
                Some(())
            }
            ("type", true) if value == "private" => Some(()),
            ("module-path", false) => text()
                .filter(|path| path.starts_with('/'))
                .map(|path| self.module_path = Some(PathBuf::from(path))),
            ("pin-source", false) => {
                let text = text().ok_or(ReferenceError::PinSource)?;
                if !is_readable(&text) {
                    return Err(ReferenceError::PinSource);
                }
                self.pin_source = Some(text);
                Some(())
            }
            _ => None,
        };
        known.ok_or(ReferenceError::Pkcs11)
    }
}

/// The URI as text, which [`Reference::parse`] reads back as the same.
impl std::fmt::Display for Pkcs11Uri {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut path = Vec::new();
        for (name, value) in [
            ("token", &self.token),
            ("serial", &self.serial),
            ("object", &self.object),
        ] {
            if let Some(value) = value {
                path.push(format!("{name}={}", escape(value.as_bytes())));
            }
        }
        if let Some(id) = &self.id {
            path.push(format!("id={}", escape(id)));
        }
        let mut query = Vec::new();
        if let Some(module) = &self.module_path {
            query.push(format!("module-path={}", escape_path(module)));
        }
        if let Some(source) = &self.pin_source {
            query.push(format!("pin-source={}", escape(source.as_bytes())));
        }
        write!(formatter, "pkcs11:{}", path.join(";"))?;
        if !query.is_empty() {
            write!(formatter, "?{}", query.join("&"))?;
        }
        Ok(())
    }
}

/// A PIN can be read from all places but a PKCS#11 token.
fn is_readable(text: &str) -> bool {
    matches!(
        Reference::parse(text),
        Ok(Reference::File(_)
            | Reference::Environment(_)
            | Reference::Credential(_)
            | Reference::Vault(_))
    )
}

fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            // RFC 7512 §2.3: everything else is written with `%`.
            let plain = byte.is_ascii_alphanumeric() || b"-._~:[]@!$'()*+,=/#".contains(&byte);
            if !plain {
                return None;
            }
            bytes.push(byte);
            continue;
        }
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    Some(bytes)
}

fn escape_path(path: &Path) -> String {
    escape(path.as_os_str().as_bytes())
}

fn escape(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~:/".contains(byte) {
            text.push(char::from(*byte));
        } else {
            text.push('%');
            for half in [byte >> 4, byte & 15] {
                let digit = char::from_digit(half.into(), 16).unwrap_or('0');
                text.push(digit.to_ascii_uppercase());
            }
        }
    }
    text
}
