//! Where a secret lies: `file:PATH` or `env:NAME`.

use std::path::{Path, PathBuf};

use crate::private::{FileError, read_private, read_public};
use crate::secret::Secret;

/// A parsed reference. It is not secret itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// A file, relative to the plan's folder unless absolute.
    File(PathBuf),
    /// A variable of the environment.
    Environment(String),
}

/// A text that is no reference.
///
/// The text is not repeated: whoever writes a password where a reference belongs must not find it in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReferenceError {
    /// Neither `file:` nor `env:`.
    #[error(
        "a secret is named by `file:PATH` or `env:NAME`\n  hint: put the secret itself into a file with mode 600"
    )]
    Scheme,
    /// Nothing after the scheme.
    #[error("the reference names nothing after its `:`")]
    Empty,
    /// Not a name of a variable.
    #[error("a variable's name has letters, digits and `_` only")]
    Variable,
}

/// A secret could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// The text is no reference.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// The file cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// The variable is not set.
    #[error("the environment has no `{0}`")]
    Unset(String),
    /// There is a file or variable, but nothing in it.
    #[error("`{0}` is empty")]
    Empty(String),
}

impl Reference {
    /// Reads a reference from its text.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        let (scheme, rest) = text.split_once(':').ok_or(ReferenceError::Scheme)?;
        match scheme {
            "file" | "env" if rest.is_empty() => Err(ReferenceError::Empty),
            "file" => Ok(Self::File(PathBuf::from(rest))),
            "env"
                if rest
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') =>
            {
                Ok(Self::Environment(rest.to_owned()))
            }
            "env" => Err(ReferenceError::Variable),
            _ => Err(ReferenceError::Scheme),
        }
    }
}

/// Fetches the secret that `reference` names. Files are relative to `base` and must be private; one final line end is not part
/// of the secret, because editors add it.
pub fn resolve(
    reference: &str,
    base: &Path,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Secret, SecretError> {
    fetch(reference, base, env, read_private)
}

/// Like [`resolve`], for what is referenced but not secret (a certificate chain): the file may be readable by others.
pub fn resolve_public(
    reference: &str,
    base: &Path,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Secret, SecretError> {
    fetch(reference, base, env, read_public)
}

fn fetch(
    reference: &str,
    base: &Path,
    env: &dyn Fn(&str) -> Option<String>,
    read: fn(&Path) -> Result<Secret, FileError>,
) -> Result<Secret, SecretError> {
    let secret = match Reference::parse(reference)? {
        Reference::File(path) => read(&base.join(path))?,
        Reference::Environment(name) => env(&name)
            .map(Secret::from)
            .ok_or(SecretError::Unset(name))?,
    };
    let bytes = secret.expose();
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    if bytes.is_empty() {
        return Err(SecretError::Empty(reference.to_owned()));
    }
    Ok(Secret::new(bytes.to_vec()))
}

#[cfg(test)]
mod tests;
