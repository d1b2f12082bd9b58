//! `vauban waf`: rule sets tried out without a server: test suites, single requests, folders of payloads, and exclusions.

use clap::Subcommand;

use crate::outcome::Outcome;

mod explain;
mod folder;
mod ftw;
mod planned;
mod replay;
mod rules;
mod tune;

/// `vauban waf …`
#[derive(Debug, Subcommand)]
pub(crate) enum WafCommand {
    /// Run the regression tests of OWASP CRS (the form of 3.3 and that of 4) and compare what fails with a ledger.
    Ftw(ftw::FtwArguments),
    /// Say rule by rule what fires on one request, on what, and what follows from it.
    Test(explain::TestArguments),
    /// Count how much of a folder of payloads is blocked.
    Replay(replay::ReplayArguments),
    /// Propose the narrowest exclusions for what was refused and is harmless, and say what they would let through.
    Tune(tune::TuneArguments),
}

/// Runs it.
pub(crate) fn waf(command: &WafCommand) -> Outcome {
    match command {
        WafCommand::Ftw(arguments) => ftw::ftw(arguments),
        WafCommand::Test(arguments) => explain::test(arguments),
        WafCommand::Replay(arguments) => replay::replay(arguments),
        WafCommand::Tune(arguments) => tune::tune(arguments),
    }
}

/// Bytes of a request for the terminal: printable ASCII stays, all else is escaped, so that no request writes to a terminal.
fn shown(bytes: &[u8]) -> String {
    bytes
        .escape_ascii()
        .to_string()
        .replace("\\\"", "\"")
        .replace("\\'", "'")
}

/// `41.7 %`, rounded down, so that 100 % means all; empty of nothing.
fn percent(part: usize, whole: usize) -> String {
    match (part.saturating_mul(1000)).checked_div(whole) {
        Some(thousandths) => format!("{}.{} %", thousandths / 10, thousandths % 10),
        None => "-".to_owned(),
    }
}
