//! Who says whether an attack had an effect.

/// Sees what the attack did, from outside of what is attacked.
pub trait Witness {
    /// Whether an answer holds a canary.
    fn leaked(&self, answer: &[u8], canary: &str) -> bool {
        contains(answer, canary)
    }

    /// Whether the change that carries `reference` has happened to the stored data.
    fn money_moved(&self, reference: &str) -> Result<bool, WitnessError>;

    /// How many requests for `operation` the service has received on behalf of `subject` so far.
    fn served(&self, operation: &str, subject: &str) -> Result<u64, WitnessError>;
}

/// The witness could not look.
#[derive(Debug, thiserror::Error)]
#[error("the witness could not look: {0}")]
pub struct WitnessError(pub String);

/// Whether `canary` stands somewhere in `answer`. An empty canary is nowhere: it would make everything a leak.
pub fn contains(answer: &[u8], canary: &str) -> bool {
    !canary.is_empty()
        && answer
            .windows(canary.len())
            .any(|window| window == canary.as_bytes())
}

#[cfg(test)]
mod tests;
