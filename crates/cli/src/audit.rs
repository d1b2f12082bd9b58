//! `vauban audit`: the chain of decisions.

use std::path::PathBuf;

use clap::Subcommand;

use crate::outcome::{Failure, Outcome};
use crate::{demo, say};

/// `vauban audit …`
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Recompute every chain; name the first damage.
    Verify {
        /// State directory of the instance.
        #[arg(long, default_value = demo::STATE)]
        state: PathBuf,
    },
}

/// Runs it: exit 0 whole, 1 damaged.
pub(crate) fn audit(command: &AuditCommand) -> Outcome {
    let AuditCommand::Verify { state } = command;
    let state = vauban_secret::StateDir::attach(state)?;
    let report = vauban_audit::verify(&state.audit())?;
    for line in &report.lines {
        let torn = match line.torn_bytes {
            0 => String::new(),
            bytes => format!(", {bytes} bytes of a record that was never acknowledged"),
        };
        say(&format!(
            "{:<18} {} events in {} segments, head {}{torn}",
            line.line, line.events, line.segments, line.last_hash
        ));
        if let Some(damage) = &line.damage {
            say(&format!("{:<18} damaged: {damage}", line.line));
        }
    }
    if report.is_intact() {
        Ok(())
    } else {
        Err(Failure::Findings)
    }
}
