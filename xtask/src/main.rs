//! The project's own chores: `cargo xtask tidy|test|gen|product|bench|fuzz|ci`.
//!
//! Answers "is the house in order?" and nothing about the product. Rejected: shell scripts, because they rot unseen and
//! cannot read `cargo metadata`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod bench;
mod ci;
mod fuzz;
mod generate;
mod parts;
mod plot;
mod product;
mod run;
mod test;
mod tidy;

/// `cargo xtask …`
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "The project's own chores")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Hold the tree against ARCHITECTURE.md and STYLE.md.
    Tidy,
    /// Install what the tests need from Debian and run every test.
    Test {
        /// Do not install anything; suites whose parts are missing report `not run`.
        #[arg(long)]
        no_install: bool,
        /// Only tests of this package.
        #[arg(short, long)]
        package: Option<String>,
    },
    /// Write the generated documents.
    Gen {
        /// Write nothing; fail when a document is stale.
        #[arg(long)]
        check: bool,
    },
    /// Prove that the product contains no fault code, on every profile that is built or on the binaries named.
    Product {
        /// The binaries to look at.
        binaries: Vec<PathBuf>,
    },
    /// Measure against a peer in the same run.
    Bench {
        /// What to measure: `edge`, `authority`, `waf`, or of the latter `waf-engines`, `waf-growth` or `waf-gateway` alone.
        subject: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        /// Alternating rounds; the median of them is quoted.
        #[arg(long, default_value_t = 7)]
        rounds: u32,
        /// Seconds of one measurement.
        #[arg(long, default_value_t = 4)]
        seconds: u32,
    },
    /// Run fuzz targets on inputs that nobody thought of; needs the nightly compiler and cargo-fuzz.
    Fuzz {
        /// Only targets whose names begin with one of these.
        targets: Vec<String>,
        /// Seconds of each target.
        #[arg(long, default_value_t = 60)]
        seconds: u32,
    },
    /// Everything that CI asks: test, format, lints, tidy, generated documents, no fault code in the product, cargo-deny.
    Ci,
}

fn main() -> ExitCode {
    let root = root();
    let outcome = match Arguments::parse().chore {
        Chore::Tidy => tidy::tidy(&root),
        Chore::Test {
            no_install,
            package,
        } => test::test(&root, !no_install, package.as_deref()),
        Chore::Gen { check } => generate::generate(&root, check),
        Chore::Product { binaries } => product::product(&root, &binaries),
        Chore::Bench {
            subject,
            json,
            rounds,
            seconds,
        } => bench::bench(&root, &subject, json, rounds, seconds),
        Chore::Fuzz { targets, seconds } => fuzz::fuzz(&root, &targets, seconds),
        Chore::Ci => ci::ci(&root),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// The workspace's root: the parent of this package.
fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package
        .parent()
        .map_or_else(|| package.to_path_buf(), Path::to_path_buf)
}

/// Prints one line for the person who runs the chore.
#[expect(clippy::print_stdout, reason = "a chore talks on standard output")]
fn say(line: &str) {
    println!("{line}");
}
