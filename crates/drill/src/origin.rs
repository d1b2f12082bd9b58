//! What a result is about: which plan, and which program with which faults.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use aws_lc_rs::digest::{Context, SHA256};

/// Bytes that are read from the program at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// Two results are about the same thing when these are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    /// Of the plan and of every file that it names, in the order in which they are read.
    pub(crate) plan_sha256: String,
    /// Of the drill's own program, and so of the lines in it.
    pub(crate) program_sha256: String,
}

/// Gathers the texts of a plan.
pub(crate) struct PlanDigest(Context);

impl PlanDigest {
    /// Begins with the plan itself. Where it lies does not matter.
    pub(crate) fn of(plan: &str) -> Self {
        let mut digest = Self(Context::new(&SHA256));
        digest.add("", plan);
        digest
    }

    /// Adds a file that the plan names.
    pub(crate) fn add(&mut self, name: &str, text: &str) {
        // With the lengths, so that no byte can move from one text into the next unseen.
        for part in [name, text] {
            self.0
                .update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            self.0.update(part.as_bytes());
        }
    }

    /// In hexadecimal.
    pub(crate) fn finish(self) -> String {
        crate::hex(self.0.finish().as_ref())
    }
}

/// Digest of the running program's file.
pub(crate) fn program_sha256() -> anyhow::Result<String> {
    let path = std::env::current_exe().context("path of this program")?;
    file_sha256(&path).with_context(|| format!("`{}` cannot be read", path.display()))
}

fn file_sha256(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let mut digest = Context::new(&SHA256);
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let count = file.read(&mut chunk)?;
        let Some(read) = chunk.get(..count).filter(|read| !read.is_empty()) else {
            return Ok(crate::hex(digest.finish().as_ref()));
        };
        digest.update(read);
    }
}

#[cfg(test)]
mod tests;
