//! Passwords: Argon2id (RFC 9106), tuned to the machine.

use std::fmt::Debug;

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use subtle::ConstantTimeEq as _;
use unicode_normalization::UnicodeNormalization as _;
use vauban_net::Clock;
use vauban_policy::PasswordPlan;
use zeroize::Zeroizing;

/// Longest password that is hashed, bytes.
pub const PASSWORD_BYTES_MAX: usize = 1024;
/// Shortest password that a new user may have, characters (NIST SP 800-63B-4 for a password as the only factor).
pub const PASSWORD_CHARS_MIN: usize = 15;

const ITERATIONS_MAX: u32 = 64;
const OUTPUT_BYTES: usize = 32;
const SALT_BYTES: usize = 16;
/// Below this memory one pass is too cheap, whatever the clock says (OWASP's floor is 46 MiB for one pass).
const ONE_PASS_KIB_MIN: u32 = 47_104;
/// A stored hash that asks for more memory than this is damaged or hostile.
const STORED_MEMORY_KIB_MAX: u32 = 1_048_576;
const PROBES: usize = 3;

/// Hashing of passwords, as a part of the line. The caller decides where it runs and how many run at once.
pub trait HashPassword: Send + Sync + Debug {
    /// A new hash with a new salt, as text that [`HashPassword::verify`] understands.
    fn hash(&self, password: &str) -> Result<String, HashError>;
    /// Whether `password` belongs to `stored`. For unknown users the line passes [`HashPassword::dummy`] and ignores the answer.
    fn verify(&self, password: &str, stored: &str) -> Result<bool, HashError>;
    /// A hash of nobody's password with the parameters of new hashes, so that unknown users cost what known ones cost.
    fn dummy(&self) -> &str;
    /// Whether `stored` is weaker than new hashes and should be replaced at the next login.
    fn outdated(&self, stored: &str) -> bool;
}

/// A password could not be hashed or compared. Nothing about the password is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// Longer than [`PASSWORD_BYTES_MAX`].
    #[error("password is longer than {PASSWORD_BYTES_MAX} bytes")]
    TooLong,
    /// The stored text is not one of our hashes.
    #[error("stored password hash is damaged")]
    Damaged,
    /// The parameters are outside of what Argon2 allows.
    #[error("password hashing parameters are not possible")]
    Parameters,
    /// The system gave no random salt.
    #[error("the system gave no random bytes")]
    Random,
}

/// Argon2id with one lane.
#[derive(Debug, Clone)]
pub struct Argon2id {
    cost: Cost,
    dummy: String,
}

/// What one hash costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory, KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub iterations: u32,
}

struct Stored {
    cost: Cost,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl Argon2id {
    /// Exactly these parameters. The shipped line uses [`Argon2id::tuned`]; tests and drills may choose cheaper ones.
    pub fn with(memory_kib: u32, iterations: u32) -> Result<Self, HashError> {
        let cost = Cost {
            memory_kib,
            iterations,
        };
        let mut nobody = Zeroizing::new([0_u8; 32]);
        getrandom::fill(nobody.as_mut()).map_err(|_error| HashError::Random)?;
        let dummy = cost.hash_bytes(nobody.as_ref())?;
        Ok(Self { cost, dummy })
    }

    /// Parameters for this machine: the plan's memory, and as many passes as fit the plan's target time, but never less than
    /// `floor`, the parameters of an earlier start. They only rise, so that no stored hash is ever dearer than the dummy.
    ///
    /// Takes a few hundred milliseconds of one core.
    pub fn tuned(
        plan: &PasswordPlan,
        floor: Option<Cost>,
        clock: &dyn Clock,
    ) -> Result<Self, HashError> {
        let mut fastest_ms = u64::MAX;
        for _ in 0..PROBES {
            let before = clock.monotonic_ms();
            Cost {
                memory_kib: plan.memory_kib,
                iterations: 1,
            }
            .hash_bytes(b"a password of ordinary length")?;
            fastest_ms = fastest_ms.min(clock.monotonic_ms().saturating_sub(before));
        }
        let fits = u64::from(plan.target_milliseconds) / fastest_ms.max(1);
        let at_least = if plan.memory_kib < ONE_PASS_KIB_MIN {
            2
        } else {
            1
        };
        let iterations = u32::try_from(fits)
            .unwrap_or(ITERATIONS_MAX)
            .clamp(at_least, ITERATIONS_MAX);
        let measured = Cost {
            memory_kib: plan.memory_kib,
            iterations,
        };
        let cost = floor
            .filter(|floor| floor.is_at_least(measured))
            .unwrap_or(measured);
        tracing::info!(
            memory_kib = cost.memory_kib,
            iterations = cost.iterations,
            pass_milliseconds = fastest_ms,
            target_milliseconds = plan.target_milliseconds,
            "password hashing is tuned"
        );
        Self::with(cost.memory_kib, cost.iterations)
    }

    /// The parameters of new hashes.
    pub fn cost(&self) -> Cost {
        self.cost
    }
}

impl HashPassword for Argon2id {
    fn hash(&self, password: &str) -> Result<String, HashError> {
        self.cost.hash_bytes(normal(password)?.as_bytes())
    }

    fn verify(&self, password: &str, stored: &str) -> Result<bool, HashError> {
        let password = normal(password)?;
        let stored = Stored::parse(stored)?;
        let found = stored.cost.derive(password.as_bytes(), &stored.salt)?;
        Ok(found.as_slice().ct_eq(&stored.hash).into())
    }

    fn dummy(&self) -> &str {
        &self.dummy
    }

    fn outdated(&self, stored: &str) -> bool {
        Stored::parse(stored).is_ok_and(|stored| !stored.cost.is_at_least(self.cost))
    }
}

impl Cost {
    fn is_at_least(self, other: Self) -> bool {
        self.memory_kib >= other.memory_kib && self.iterations >= other.iterations
    }

    fn hash_bytes(self, password: &[u8]) -> Result<String, HashError> {
        let mut salt = [0_u8; SALT_BYTES];
        getrandom::fill(&mut salt).map_err(|_error| HashError::Random)?;
        let hash = self.derive(password, &salt)?;
        let (memory, passes) = (self.memory_kib, self.iterations);
        let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash));
        Ok(format!(
            "$argon2id$v=19$m={memory},t={passes},p=1${salt}${hash}"
        ))
    }

    fn derive(self, password: &[u8], salt: &[u8]) -> Result<[u8; OUTPUT_BYTES], HashError> {
        let params = Params::new(self.memory_kib, self.iterations, 1, Some(OUTPUT_BYTES))
            .map_err(|_error| HashError::Parameters)?;
        let mut output = [0_u8; OUTPUT_BYTES];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(password, salt, &mut output)
            .map_err(|_error| HashError::Parameters)?;
        Ok(output)
    }
}

impl Stored {
    /// Reads exactly the form that [`Cost::hash_bytes`] writes.
    fn parse(text: &str) -> Result<Self, HashError> {
        Self::parse_fields(text).ok_or(HashError::Damaged)
    }

    fn parse_fields(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("$argon2id$v=19$m=")?;
        let (memory, rest) = rest.split_once(",t=")?;
        let (passes, rest) = rest.split_once(",p=1$")?;
        let (salt, hash) = rest.split_once('$')?;
        let cost = Cost {
            memory_kib: memory.parse().ok()?,
            iterations: passes.parse().ok()?,
        };
        let (salt, hash) = (
            STANDARD_NO_PAD.decode(salt).ok()?,
            STANDARD_NO_PAD.decode(hash).ok()?,
        );
        let sane = cost.memory_kib <= STORED_MEMORY_KIB_MAX
            && (1..=ITERATIONS_MAX).contains(&cost.iterations);
        (sane && salt.len() == SALT_BYTES && hash.len() == OUTPUT_BYTES).then_some(Self {
            cost,
            salt,
            hash,
        })
    }
}

/// The form that is hashed: NFC, so that the same password typed on two keyboards is the same password.
fn normal(password: &str) -> Result<Zeroizing<String>, HashError> {
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(HashError::TooLong);
    }
    Ok(Zeroizing::new(password.nfc().collect()))
}

#[cfg(test)]
mod tests;
