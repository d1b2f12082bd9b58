//! The binary `vauban`: reads arguments, files and the environment, wires the lines, runs them. No decision is made here.
//!
//! Rejected: one process for everything. A line is a process boundary, so that a taken-over line holds neither the keys
//! nor the memory of the next one.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

mod audit;
mod check;
mod client;
mod demo;
mod drill;
mod explain;
mod files;
mod key;
mod line;
mod outcome;
mod secrets;
mod session;
mod supervise;
mod user;
mod waf;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Defense in depth for HTTP APIs: runs every layer of a request, finds the seams between them, and knocks each one out to
/// prove that another still stops the attack.
#[derive(Debug, Parser)]
#[command(name = "vauban", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run every line of a plan, each as a supervised process; or one line.
    Run(line::RunArguments),
    /// Find the seams: layers that are each right and do not compose.
    Check {
        /// The plan.
        #[arg(short, long, default_value = "vauban.yaml")]
        config: PathBuf,
        /// How to print findings.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
        /// Decision libraries of your own build, instead of those of this binary (shape: `crates/seam/src/components.json`).
        #[arg(long)]
        components: Option<PathBuf>,
    },
    /// Knock out every control in turn and replay the attacks, in an instance of its own.
    Drill {
        /// The plan; a drill takes no URL.
        #[arg(short, long, default_value = "vauban.yaml")]
        config: PathBuf,
        /// How to print the matrix.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
        /// Where `vauban explain` looks for the last drill.
        #[arg(long)]
        state: Option<PathBuf>,
        /// Three knock-outs instead of all.
        #[arg(long)]
        quick: bool,
    },
    /// Say control by control what was decided about a request, on what fact, and what else would have stopped it.
    Explain {
        /// The decision id from the answer.
        decision: String,
        /// State directory of the instance.
        #[arg(long, default_value = demo::STATE)]
        state: PathBuf,
    },
    /// The audit log.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// People who may log in.
    #[command(subcommand)]
    User(user::UserCommand),
    /// Applications that may ask for tokens.
    #[command(subcommand)]
    Client(client::ClientCommand),
    /// Who is logged in, and the end of it.
    #[command(subcommand)]
    Session(session::SessionCommand),
    /// The authority's signing keys.
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Try rule sets: test suites, single requests, payloads, and exclusions for false positives.
    #[command(subcommand)]
    Waf(waf::WafCommand),
    /// A bank behind three lines, on free loopback ports, and the story of a few requests.
    Demo(demo::DemoArguments),
    /// A service of the demo bank (started by `demo`).
    #[command(hide = true)]
    BankService(demo::service::ServiceArguments),
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Run(arguments) => line::run(&arguments),
        Command::Check {
            config,
            format,
            components,
        } => check::check(&config, format, components.as_deref()),
        Command::Drill {
            config,
            format,
            state,
            quick,
        } => drill::drill(&config, format, state.as_deref(), quick),
        Command::Explain { decision, state } => explain::explain(&decision, &state),
        Command::Audit(command) => audit::audit(&command),
        Command::User(command) => user::user(command),
        Command::Client(command) => client::client(command),
        Command::Session(command) => session::session(command),
        Command::Key(command) => key::key(command),
        Command::Waf(command) => waf::waf(&command),
        Command::Demo(arguments) => demo::demo(&arguments),
        Command::BankService(arguments) => demo::service::run(&arguments),
    };
    outcome::exit(outcome)
}

/// Prints a line for the person at the terminal.
fn say(line: &str) {
    // Whoever closes the pipe (`| head`) has read enough.
    if let Err(error) = writeln!(std::io::stdout(), "{line}")
        && error.kind() != std::io::ErrorKind::BrokenPipe
    {
        tell(&format!("the output cannot be written: {error}"));
    }
}

/// Prints a line that is not part of the result.
#[expect(
    clippy::print_stderr,
    reason = "this is the terminal's side of the program"
)]
fn tell(line: &str) {
    eprintln!("{line}");
}
