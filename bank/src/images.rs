//! The image worker: says what an image is, and keeps nothing of it.

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::order::hex;
use crate::png::{self, Flaw};

/// What an image is.
#[derive(Debug, Serialize)]
pub(crate) struct Description {
    sha256: String,
    bytes: usize,
    width: u32,
    height: u32,
}

/// Describes a PNG image.
pub(crate) fn describe(bytes: &[u8]) -> Result<Description, Flaw> {
    let header = png::describe(bytes)?;
    Ok(Description {
        sha256: hex(&Sha256::digest(bytes)),
        bytes: bytes.len(),
        width: header.width,
        height: header.height,
    })
}
