//! Which real parts does a test need, that are not ours?
//!
//! Processes that are killed without warning ([`process`]), a disk that forgets ([`unsynced`]), a `PostgreSQL` of one's
//! own ([`postgres`]), an HTTPS client that shares no code with us ([`https`]), a PKCS#11 token ([`softhsm`]), the rule
//! engine that others run ([`modsec`]) and the patterns under it ([`pcre2`]), asked for what is made up from a seed or from a
//! fuzzer's bytes ([`choices`], [`grammar`]), and tokens that nobody may accept ([`tokens`]). It refuses to know every other
//! crate: a test's means must not fail together with what they test. Rejected: a pretended database and a client built on our
//! own TLS set-up, because both would agree with our mistakes.
//!
//! Everything here is for tests on one machine. What the machine lacks is an error that begins with `not run:` and names
//! the package, so that a test can print it and return, and a list of what was not run can be had by searching for it.

pub mod choices;
pub mod grammar;
pub mod https;
pub mod modsec;
pub mod pcre2;
pub mod postgres;
pub mod process;
pub mod softhsm;
pub mod tokens;
pub mod unsynced;

pub use unsynced::{Report, Unsynced};

/// A part is not on this machine, or did not work.
#[derive(Debug, thiserror::Error)]
pub enum PartError {
    /// Nothing is wrong with what is tested; say so and return.
    #[error("not run: {0} missing")]
    Missing(&'static str),
    /// The part is there and failed.
    #[error("{part} failed: {reason}")]
    Failed {
        /// Which part.
        part: &'static str,
        /// What it said.
        reason: String,
    },
    /// The system refused.
    #[error("{part}: {source}")]
    System {
        /// Which part.
        part: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
}

impl PartError {
    /// Tells a missing program apart from other trouble when it is started.
    fn start(part: &'static str, package: &'static str, source: std::io::Error) -> Self {
        if source.kind() == std::io::ErrorKind::NotFound {
            Self::Missing(package)
        } else {
            Self::System { part, source }
        }
    }

    fn system(part: &'static str) -> impl Fn(std::io::Error) -> Self {
        move |source| Self::System { part, source }
    }
}
