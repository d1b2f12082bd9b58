//! What came of an attack.

/// What came of one attack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A canary came back or an effect was witnessed.
    Through {
        /// What was seen.
        evidence: String,
    },
    /// Neither; what the answer said is kept to find out who stopped it, never to judge.
    Stopped {
        /// Status of the answer.
        status: u16,
        /// `code` of its problem details.
        code: Option<String>,
        /// `decision` of its problem details.
        decision: Option<String>,
    },
    /// The attack could not be carried out, so nothing is known.
    Inconclusive {
        /// What was in the way.
        why: String,
    },
}

impl Outcome {
    /// Whether the attack succeeded.
    pub fn is_through(&self) -> bool {
        matches!(self, Self::Through { .. })
    }

    /// Whether nothing is known.
    pub fn is_inconclusive(&self) -> bool {
        matches!(self, Self::Inconclusive { .. })
    }
}

/// One way in which the attack was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// What distinguishes it, e.g. `readStatements with X-User-Id`.
    pub variant: String,
    /// What came of it.
    pub outcome: Outcome,
}

/// An attack with all its attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The worst of the attempts: through before inconclusive before stopped.
    pub outcome: Outcome,
    /// Every attempt, in order.
    pub attempts: Vec<Attempt>,
}

impl Report {
    /// Sums attempts up. Without any attempt nothing is known.
    pub fn of(attempts: Vec<Attempt>) -> Self {
        let worst = attempts
            .iter()
            .find(|attempt| attempt.outcome.is_through())
            .or_else(|| {
                attempts
                    .iter()
                    .find(|attempt| attempt.outcome.is_inconclusive())
            })
            .or_else(|| attempts.first());
        let outcome = worst.map_or_else(
            || Outcome::Inconclusive {
                why: "nothing was tried".to_owned(),
            },
            |attempt| attempt.outcome.clone(),
        );
        Self { outcome, attempts }
    }
}

#[cfg(test)]
mod tests;
