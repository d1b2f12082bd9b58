//! `cargo xtask fuzz`: every fuzz target for some seconds, beginning with what is committed.
//!
//! Rejected: a part of CI. The committed inputs run there as ordinary tests; looking for new ones has no end.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use crate::run::target;
use crate::say;

/// Seconds after which an input counts as a hang. The sanitizer makes code ten to twenty times slower: what takes so long under it
/// takes a second without.
const HANG_SECONDS: u32 = 10;
/// Memory of one target; the sanitizer's own is part of it.
const MEMORY_MIB_MAX: u32 = 2048;
/// Bytes of one input. What only larger ones show is asked of the limits by other tests.
const INPUT_BYTES_MAX: u32 = 4096;

/// What a run ended with.
#[derive(Debug, Default)]
struct Outcome {
    executions: u64,
    per_second: u64,
    coverage: u64,
    inputs: u64,
    found: bool,
}

/// Runs the targets whose names begin with one of `wanted`, or all.
pub(crate) fn fuzz(root: &Path, wanted: &[String], seconds: u32) -> anyhow::Result<()> {
    let targets = targets(root, wanted)?;
    tools(root)?;
    let mut outcomes = BTreeMap::new();
    for name in targets {
        let outcome = run(root, &name, seconds).with_context(|| name.clone())?;
        outcomes.insert(name, outcome);
    }
    say("target                     executions  per second  coverage  inputs");
    for (name, outcome) in &outcomes {
        let Outcome {
            executions,
            per_second,
            coverage,
            inputs,
            found,
        } = outcome;
        let end = if *found { "  FOUND" } else { "" };
        say(&format!(
            "{name:<24} {executions:>12} {per_second:>11} {coverage:>9} {inputs:>7}{end}"
        ));
    }
    let found: Vec<&str> = outcomes
        .iter()
        .filter(|(_, outcome)| outcome.found)
        .map(|(name, _)| name.as_str())
        .collect();
    if !found.is_empty() {
        bail!(
            "the inputs are in fuzz/artifacts: {}\n  hint: `cargo +nightly fuzz tmin TARGET INPUT` makes one smaller; once it is fixed, keep it in fuzz/corpus",
            found.join(", ")
        );
    }
    Ok(())
}

/// Names of the targets, in order.
fn targets(root: &Path, wanted: &[String]) -> anyhow::Result<Vec<String>> {
    let folder = root.join("fuzz/fuzz_targets");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        names.push(name.into_owned());
    }
    names.sort();
    for one in wanted {
        if !names.iter().any(|name| name.starts_with(one.as_str())) {
            bail!(
                "no target begins with `{one}`; there are {}",
                names.join(", ")
            );
        }
    }
    names.retain(|name| {
        wanted.is_empty() || wanted.iter().any(|one| name.starts_with(one.as_str()))
    });
    Ok(names)
}

/// The sanitizers need the nightly compiler; cargo-fuzz knows how to ask for them.
fn tools(root: &Path) -> anyhow::Result<()> {
    for (arguments, missing) in [
        (
            ["+nightly", "--version"],
            "the nightly compiler is missing\n  hint: `rustup toolchain install nightly --profile minimal`",
        ),
        (
            ["+nightly", "fuzz"],
            "cargo-fuzz is missing\n  hint: `cargo install cargo-fuzz --locked`",
        ),
    ] {
        let mut command = Command::new("cargo");
        command.args(arguments).current_dir(root);
        if arguments.contains(&"fuzz") {
            command.arg("--version");
        }
        let status = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if !status.is_ok_and(|status| status.success()) {
            bail!("{missing}");
        }
    }
    Ok(())
}

fn run(root: &Path, name: &str, seconds: u32) -> anyhow::Result<Outcome> {
    // What is found goes below target; what is committed is only read.
    let found = target(root)?.join("fuzz-corpus").join(name);
    let seeds = root.join("fuzz/corpus").join(name);
    for folder in [&found, &seeds] {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    let mut arguments: Vec<String> = ["+nightly", "fuzz", "run", name].map(str::to_owned).into();
    arguments.extend([&found, &seeds].map(|folder| folder.display().to_string()));
    arguments.push("--".to_owned());
    arguments.extend([
        format!("-max_total_time={seconds}"),
        format!("-timeout={HANG_SECONDS}"),
        format!("-rss_limit_mb={MEMORY_MIB_MAX}"),
        format!("-max_len={INPUT_BYTES_MAX}"),
        "-print_final_stats=1".to_owned(),
    ]);
    arguments.extend(dictionary(root, name).map(|path| format!("-dict={}", path.display())));
    say(&format!("$ cargo {}", arguments.join(" ")));
    let mut child = Command::new("cargo")
        .args(&arguments)
        .current_dir(root)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("could not start cargo")?;
    let mut outcome = Outcome::default();
    if let Some(stderr) = child.stderr.take() {
        for line in BufReader::new(stderr).split(b'\n') {
            let line = line.context("cargo's output")?;
            let line = String::from_utf8_lossy(&line);
            outcome.read(&line);
            say(&line);
        }
    }
    outcome.found = !child.wait().context("cargo")?.success();
    if outcome.found && outcome.executions == 0 && outcome.coverage == 0 {
        bail!("it does not build or does not start");
    }
    Ok(outcome)
}

/// Words of the language that the target reads.
fn dictionary(root: &Path, name: &str) -> Option<PathBuf> {
    let path = root.join("fuzz/dictionaries").join(format!("{name}.dict"));
    path.exists().then_some(path)
}

impl Outcome {
    /// One line of libFuzzer, `#8 NEW    cov: 12 ft: 13 corp: 3/9b …` or `stat::average_exec_per_sec:     8`.
    fn read(&mut self, line: &str) {
        let mut words = line.split_whitespace();
        while let Some(word) = words.next() {
            let place = match word {
                "cov:" => &mut self.coverage,
                "corp:" => &mut self.inputs,
                "stat::number_of_executed_units:" => &mut self.executions,
                "stat::average_exec_per_sec:" => &mut self.per_second,
                _ => continue,
            };
            let number = words.next().unwrap_or_default();
            let number = number.split('/').next().unwrap_or_default();
            *place = number.parse().unwrap_or(*place);
        }
    }
}

#[cfg(test)]
mod tests;
