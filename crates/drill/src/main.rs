//! Level 3: the binary `vauban-drill`. *What still stops the attack when a control is taken away?*
//!
//! It starts the whole system in one process on loopback, with everything synthetic, once per configuration: all up, one loss
//! at a time, all down, and all down but one. In each it plays the attacks of `vauban-attack` and their legitimate twins, and
//! writes down what stopped what.
//!
//! It refuses to know real hosts, real secrets and real data: it takes a plan, never a URL, and replaces every address, key and
//! database before anything starts. The faults live here and nowhere else; the product links none of this.
//!
//! Rejected: switching controls off in the product by a feature or a variable (feature unification and environments leak), and
//! trusting an attack that was stopped before it was ever seen to succeed (the all-down run).

mod fault;
mod ground;
mod json;
mod judge;
mod keep;
mod known;
mod open;
mod origin;
mod result;
mod run;
mod scene;
mod stack;
mod template;
mod text;
mod witness;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, bail};
use clap::{Parser, ValueEnum};
use tokio::signal::unix::{SignalKind, signal};
use vauban_edge::Rules;
use vauban_net::{Clock, SystemClock};
use vauban_policy::{Plan, TextFile};

use crate::fault::{Extent, STORIES};
use crate::judge::Judgement;
use crate::origin::{Origin, PlanDigest};
use crate::result::Matrix;

/// Exit code: the plan does not hold.
const BAD_PLAN: u8 = 2;
/// Exit code: the drill could not run, or may not be believed.
const COULD_NOT_RUN: u8 = 3;

/// Takes controls away, one by one, and plays the attacks again.
#[derive(Parser)]
#[command(name = "vauban-drill", version, about)]
struct Arguments {
    /// The plan to drill (`vauban.yaml`); never an address.
    #[arg(short = 'c', long = "config", value_name = "PLAN")]
    config: PathBuf,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Also writes the result as JSON to this file, with what it held of earlier drills of the same plan.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Plays one story only.
    #[arg(long, value_name = "ID", conflicts_with = "quick")]
    story: Option<String>,
    /// Plays the baselines and three losses only.
    #[arg(long)]
    quick: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// A drill that came to its end.
struct Played {
    matrix: Matrix,
    judgement: Judgement,
    extent: Extent,
    started_unix_ms: u64,
    origin: Origin,
}

/// Why there is no matrix.
struct Failure {
    code: u8,
    error: anyhow::Error,
}

impl Failure {
    fn could_not_run(error: anyhow::Error) -> Self {
        Self {
            code: COULD_NOT_RUN,
            error,
        }
    }
}

fn main() -> ExitCode {
    match drill(&Arguments::parse()) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            let message = format!("vauban-drill: {:#}\n", failure.error);
            // Where nobody can be told, the exit code still tells.
            drop(std::io::stderr().write_all(message.as_bytes()));
            ExitCode::from(failure.code)
        }
    }
}

fn drill(arguments: &Arguments) -> Result<u8, Failure> {
    let extent = extent(arguments).map_err(Failure::could_not_run)?;
    let (plan, rules, plan_sha256) = load(&arguments.config).map_err(|error| Failure {
        code: BAD_PLAN,
        error,
    })?;
    ground::judge(&plan)
        .context("this plan is not drilled")
        .map_err(Failure::could_not_run)?;
    let program_sha256 = origin::program_sha256().map_err(Failure::could_not_run)?;
    let started_unix_ms = SystemClock.unix_ms();
    let matrix = measure(plan, rules, extent, started_unix_ms, run::bank_witness)
        .map_err(Failure::could_not_run)?;
    let played = Played {
        judgement: Judgement::of(&matrix),
        matrix,
        extent,
        started_unix_ms,
        origin: Origin {
            plan_sha256,
            program_sha256,
        },
    };
    report(arguments, &played).map_err(Failure::could_not_run)?;
    Ok(played.judgement.exit_code())
}

fn extent(arguments: &Arguments) -> anyhow::Result<Extent> {
    let Some(wanted) = &arguments.story else {
        return Ok(if arguments.quick {
            Extent::Quick
        } else {
            Extent::Full
        });
    };
    let known = || {
        STORIES
            .iter()
            .map(|story| format!("`{}`", story.id))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let story = STORIES.iter().find(|story| story.id == wanted);
    story
        .map(Extent::Story)
        .with_context(|| format!("there is no story `{wanted}`; there are {}", known()))
}

/// Reads the plan and the files that it names, and their digest.
fn load(config: &Path) -> anyhow::Result<(Plan, Rules, String)> {
    let name = config.display().to_string();
    let text =
        std::fs::read_to_string(config).with_context(|| format!("`{name}` cannot be read"))?;
    let folder = config.parent().unwrap_or_else(|| Path::new("."));
    let mut digest = PlanDigest::of(&text);
    let mut read = |beside: &str| {
        let text =
            std::fs::read_to_string(folder.join(beside)).map_err(|error| error.to_string())?;
        digest.add(beside, &text);
        Ok(text)
    };
    let builtin = [("authority", vauban_authority::OPENAPI)];
    let judged = vauban_policy::load(&TextFile { name, text }, &mut read, &builtin)
        .and_then(|plan| vauban_guard::judge_plan_to_run(&plan).map(|()| plan));
    let plan = judged.map_err(|mistakes| anyhow::anyhow!("the plan does not hold\n{mistakes}"))?;
    let rules = Rules::load(&plan, folder)
        .map_err(|mistakes| anyhow::anyhow!("the plan's rules do not hold\n{mistakes}"))?;
    Ok((plan, rules, digest.finish()))
}

/// Lays the ground and plays. An interruption still takes everything down and removes what was laid.
fn measure(
    plan: Plan,
    rules: Rules,
    extent: Extent,
    started_unix_ms: u64,
    look: run::Look,
) -> anyhow::Result<Matrix> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let stop = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&stop);
    let listening = {
        let _inside = runtime.enter();
        vauban_net::task::spawn("drill signals", interruption(told))
    };
    let template = runtime.block_on(template::Template::lay(plan, rules, started_unix_ms))?;
    let player = run::Player {
        template: &template,
        extent,
        look,
        runtime: runtime.handle(),
        stop: &stop,
    };
    let matrix = player.measure();
    listening.abort();
    if stop.load(Ordering::Relaxed) {
        bail!("interrupted; nothing was written");
    }
    Ok(matrix)
}

/// Sets the flag at the first signal that asks the drill to end.
async fn interruption(stop: Arc<AtomicBool>) {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return;
    };
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => {
            if interrupted.is_err() {
                return;
            }
        }
        _ = terminate.recv() => {}
    }
    stop.store(true, Ordering::Relaxed);
}

fn report(arguments: &Arguments, played: &Played) -> anyhow::Result<()> {
    let json = json::render(played);
    let shown = match arguments.format {
        Format::Text => text::render(&played.matrix, &played.judgement, played.extent),
        Format::Json => format!("{json:#}\n"),
    };
    if let Some(out) = &arguments.out {
        let told = keep::keep(out, json, &played.origin, |known| known.learn(played))
            .with_context(|| format!("`{}` cannot be written", out.display()))?;
        if let Some(told) = told {
            let told = format!("vauban-drill: {told}\n");
            // It is kept whether or not anybody can be told.
            drop(std::io::stderr().write_all(told.as_bytes()));
        }
    }
    std::io::stdout()
        .write_all(shown.as_bytes())
        .context("the result cannot be printed")
}

/// Lower-case hexadecimal.
fn hex(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.concat()
}
