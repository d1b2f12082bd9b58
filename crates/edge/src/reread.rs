//! Reading the rules again while the edge serves.
//!
//! Rejected: watching the files. A set of rules is many files, and half of a change is no change that anybody wrote.

use std::path::PathBuf;
use std::sync::Arc;

use vauban_audit::{Control, Event, Kind, Log, Outcome, RecordError, Verdict, control};
use vauban_net::Clock;
use vauban_policy::Plan;

use crate::LINE;
use crate::inspect::{RuleMistakes, Rules};

/// What is needed to read the rules again.
#[derive(Debug, Clone)]
pub struct Again {
    /// The rules in force.
    pub rules: Rules,
    /// The plan that names their files.
    pub plan: Arc<Plan>,
    /// Where the plan stands.
    pub folder: PathBuf,
    /// The edge's audit log.
    pub audit: Log,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

/// Why the rules in force stay.
#[derive(Debug, thiserror::Error)]
pub enum RereadError {
    /// The new ones have mistakes.
    #[error("{0}")]
    Mistakes(#[from] RuleMistakes),
    /// The change cannot be recorded.
    #[error("the change of rules cannot be recorded")]
    Audit(#[from] RecordError),
    /// The thread that reads them ended.
    #[error("reading the rules ended abnormally")]
    Ended,
}

impl Again {
    /// Reads the rules again, records that they change and puts them in force, in this order; says what is in force now.
    /// That they were refused is on record as well.
    ///
    /// # Errors
    /// Every mistake, or what kept them from being recorded. The rules in force stay.
    pub async fn read(&self) -> Result<String, RereadError> {
        let (rules, plan) = (self.rules.clone(), Arc::clone(&self.plan));
        let folder = self.folder.clone();
        let reading = tokio::task::spawn_blocking(move || rules.read_again(&plan, &folder));
        let reread = match reading.await.map_err(|_ended| RereadError::Ended)? {
            Ok(reread) => reread,
            Err(mistakes) => {
                let count = mistakes.0.len();
                let first = mistakes.0.first().map_or("", String::as_str);
                let fact = format!("{count} mistakes, the rules in force stay: {first}");
                self.record(Outcome::Refused, Verdict::Refused, fact)
                    .await?;
                return Err(mistakes.into());
            }
        };
        let summary = reread.summary();
        self.record(Outcome::Allowed, Verdict::Passed, summary.clone())
            .await?;
        reread.enforce();
        Ok(summary)
    }

    async fn record(
        &self,
        outcome: Outcome,
        verdict: Verdict,
        fact: String,
    ) -> Result<(), RecordError> {
        let mut event = Event::new(self.clock.unix_ms(), LINE, "", Kind::Rules);
        event.outcome = outcome;
        event.controls.push(Control {
            name: control::EDGE_INSPECT.into(),
            verdict,
            fact: fact.into(),
            findings: Vec::new(),
            more: 0,
        });
        self.audit.record(event).await
    }
}
