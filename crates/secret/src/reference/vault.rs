//! `vault:MOUNT/PATH#FIELD`: a field of a secret in a key/value engine, version 2.

use super::{ReferenceError, is_segment};

/// Where a secret lies in the vault. Every part is made of characters that need no escaping in a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultPath {
    mount: String,
    path: String,
    field: String,
}

impl VaultPath {
    pub(super) fn parse(text: &str) -> Result<Self, ReferenceError> {
        let (place, field) = text.split_once('#').ok_or(ReferenceError::Vault)?;
        let (mount, path) = place.split_once('/').ok_or(ReferenceError::Vault)?;
        if is_segment(mount) && path.split('/').all(is_segment) && is_segment(field) {
            Ok(Self {
                mount: mount.to_owned(),
                path: path.to_owned(),
                field: field.to_owned(),
            })
        } else {
            Err(ReferenceError::Vault)
        }
    }

    /// The request target that reads the secret's newest version.
    pub fn target(&self) -> String {
        format!("/v1/{}/data/{}", self.mount, self.path)
    }

    /// The member of the secret that is wanted.
    pub fn field(&self) -> &str {
        &self.field
    }
}
