//! An identity on disk: `cert.pem` and `key.pem` in a folder of their own, for this user only.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use zeroize::Zeroizing;

use super::JoinError;
use crate::Identity;

const CERTIFICATE: &str = "cert.pem";
const KEY: &str = "key.pem";

/// Certificates and keys are a few kilobytes.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// Writes key and certificate so that each file is whole at any time, and on disk when this returns.
pub(super) fn write(dir: &Path, identity: &Identity) -> Result<(), JoinError> {
    let written = || {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        replace(dir, KEY, &identity.key_pem)?;
        replace(dir, CERTIFICATE, &identity.chain_pem)?;
        File::open(dir)?.sync_all()
    };
    written().map_err(|source| JoinError::Store {
        path: dir.to_owned(),
        source,
    })
}

/// Reads certificate and key. A key that others may read is refused.
pub(super) fn read(dir: &Path) -> Result<(String, Zeroizing<String>), JoinError> {
    let both = || {
        let key = dir.join(KEY);
        if fs::metadata(&key)?.permissions().mode() & 0o077 != 0 {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "others may read the private key",
            ));
        }
        Ok((
            bounded(&dir.join(CERTIFICATE))?,
            Zeroizing::new(bounded(&key)?),
        ))
    };
    both().map_err(|source| JoinError::Store {
        path: dir.to_owned(),
        source,
    })
}

fn bounded(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?
        .take(FILE_BYTES_MAX)
        .read_to_string(&mut text)?;
    Ok(text)
}

fn replace(dir: &Path, name: &str, text: &str) -> io::Result<()> {
    let fresh = dir.join(format!("{name}.new"));
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&fresh)?;
    // The file may stand there from an interrupted write, with another mode.
    file.set_permissions(Permissions::from_mode(0o600))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&fresh, dir.join(name))
}
