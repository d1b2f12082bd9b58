//! The events of one decision.
use crate::Event;
use std::path::{Path, PathBuf};

/// Why a search could not be answered.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// A file could not be read.
    #[error("cannot read `{}`: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// The events with this decision id, in line order: edge, authority, guards, services, others.
pub fn find(_dir: &Path, _decision: &str) -> Result<Vec<Event>, FindError> {
    Ok(Vec::new())
}
