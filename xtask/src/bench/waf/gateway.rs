//! The whole gateway with CRS: the edge against nginx with ModSecurity, same backend, same run.
//!
//! Both are pinned to one core, load and backend share the other; rounds alternate, and medians are quoted. Before anything is
//! measured both must let a harmless request pass and refuse an attack, kind by kind.

use std::path::Path;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::requests::Kind;
use crate::bench::edge::load::{self, Measured, Target};
use crate::bench::edge::{cpu, peer, subject};
use crate::bench::figures::median;
use crate::parts::{self, Part};
use crate::run::exists;
use crate::say;

mod script;

const PARTS: &[Part] = &[
    ("nginx", "nginx-light", "the peer, and the backend of both"),
    (
        peer::MODSECURITY,
        "libnginx-mod-http-modsecurity",
        "ModSecurity in the peer",
    ),
    (
        "/usr/share/modsecurity-crs/rules",
        "modsecurity-crs",
        "the rules of both",
    ),
    ("wrk", "wrk", "load"),
    ("taskset", "util-linux", "cores"),
    ("curl", "curl", "the attack that both must refuse"),
];

/// What the edge is told.
const EDGE: &str = "{ rules: [crs], mode: block, paranoia: 1 }";
/// What ModSecurity is told: Debian's own files, and the two settings without which they block nothing or write a log that the
/// edge does not write.
const MODSECURITY: &str = "\
Include /etc/nginx/modsecurity.conf
SecRuleEngine On
SecAuditEngine Off
Include /etc/modsecurity/crs/crs-setup.conf
Include /etc/modsecurity/crs/REQUEST-900-EXCLUSION-RULES-BEFORE-CRS.conf
Include /usr/share/modsecurity-crs/rules/*.conf
Include /etc/modsecurity/crs/RESPONSE-999-EXCLUSION-RULES-AFTER-CRS.conf
";
const KINDS: [Kind; 3] = [Kind::GetWithQuery, Kind::JsonSmall, Kind::Form];

/// Installs what is missing.
pub(super) fn prepare(root: &Path) -> anyhow::Result<()> {
    parts::install(root, PARTS)?;
    match PARTS.iter().find(|(part, _, _)| !exists(part)) {
        None => Ok(()),
        Some((part, package, purpose)) => {
            bail!("`{part}` is missing ({purpose}); install it: apt-get install {package}")
        }
    }
}

/// Both sides, running.
struct Sides {
    edge: Target,
    nginx: Target,
}

/// Builds, starts, proves, measures.
pub(super) fn measure(
    root: &Path,
    (rounds, seconds): (u32, u32),
    quiet: bool,
) -> anyhow::Result<Value> {
    let folder = tempfile::tempdir().context("temporary folder")?;
    let subject = subject::start(root, folder.path(), Some(EDGE))?;
    let backend = peer::backend(folder.path(), subject.backend_port)?;
    let rules = folder.path().join("modsecurity.conf");
    std::fs::write(&rules, MODSECURITY).context("rules of the peer")?;
    let nginx = peer::proxy(folder.path(), &subject, Some(&rules))?;
    let mut sides = Sides {
        edge: subject.target("inspected")?,
        nginx: nginx.target(),
    };
    for kind in KINDS {
        for target in [&sides.edge, &sides.nginx] {
            prove(target, kind, &subject.authority())?;
        }
    }
    let mut results = Vec::new();
    for kind in KINDS {
        let mut edge = Vec::new();
        let mut nginx = Vec::new();
        // The first pair only fills caches.
        for round in 0..=rounds {
            let pair = pair(&mut sides, kind, round, seconds)?;
            if round == 0 {
                continue;
            }
            if !quiet {
                let (ours, theirs) = &pair;
                say(&format!("{} {round} edge:  {ours}", kind.name()));
                say(&format!("{} {round} nginx: {theirs}", kind.name()));
            }
            edge.push(pair.0);
            nginx.push(pair.1);
        }
        let result = summary(kind, &edge, &nginx);
        if !quiet {
            tell(&result);
        }
        results.push(result);
    }
    drop((nginx, backend));
    Ok(json!({
        "method": "TLS 1.3 keep-alive, 32 connections, no request twice, answers of 1 KB of text; gateway pinned to core 0, load \
                   and backend to core 1; both inspect request and answer, block, write no audit log of ModSecurity; medians of \
                   alternating pairs",
        "edge": EDGE,
        "nginx": MODSECURITY,
        "kinds": results,
    }))
}

/// Harmless passes, an attack does not. A gateway that blocks everything or nothing would be fast.
fn prove(target: &Target, kind: Kind, authority: &Path) -> anyhow::Result<()> {
    for (attack, expected) in [(false, "200"), (true, "403")] {
        let words = script::curl(target, kind, attack, authority);
        let status = crate::run::output(Path::new("/"), "curl", &words)?;
        let status = String::from_utf8_lossy(&status);
        if status != expected {
            let what = if attack { "an attack" } else { "a harmless" };
            bail!(
                "{}: {what} request ({}) got {status} instead of {expected}; nothing was measured",
                target.url,
                kind.name()
            );
        }
    }
    Ok(())
}

/// The edge, then nginx, with the same requests.
fn pair(
    sides: &mut Sides,
    kind: Kind,
    round: u32,
    seconds: u32,
) -> anyhow::Result<(Measured, Measured)> {
    let seed = u64::from(round) + 1;
    let mut run = |ours: bool| {
        settle(sides)?;
        let target = if ours {
            &mut sides.edge
        } else {
            &mut sides.nginx
        };
        target.script = script::wrk(&target.folder, kind, seed)?;
        load::run(target, seconds)
    };
    // Who goes first changes: neither always has the warmer, or the busier, machine.
    if round.is_multiple_of(2) {
        let edge = run(true)?;
        Ok((edge, run(false)?))
    } else {
        let nginx = run(false)?;
        Ok((run(true)?, nginx))
    }
}

/// Waits until neither side works any more: what waited in a queue when the load ended would be paid for by the next one.
fn settle(sides: &Sides) -> anyhow::Result<()> {
    let pids: Vec<u32> = [&sides.edge, &sides.nginx]
        .iter()
        .flat_map(|target| target.pids.clone())
        .collect();
    let mut before = cpu::ticks(&pids)?;
    for _ in 0..100 {
        std::thread::park_timeout(std::time::Duration::from_millis(200));
        let now = cpu::ticks(&pids)?;
        if now <= before + 1 {
            return Ok(());
        }
        before = now;
    }
    bail!("the gateways did not come to rest")
}

fn summary(kind: Kind, edge: &[Measured], nginx: &[Measured]) -> Value {
    let side = |taken: &[Measured]| {
        json!({
            "requests_per_second": middle(taken, |one| one.rate),
            "p50_us": middle(taken, |one| one.p50_us),
            "p99_us": middle(taken, |one| one.p99_us),
            "cpu_us_per_request": middle(taken, |one| one.cpu_us),
            // Of its core: below 1 the load, or another program on the machine, was the limit.
            "busy": middle(taken, |one| one.rate * one.cpu_us / 1e6),
            "raw": taken.iter().map(Measured::json).collect::<Vec<_>>(),
        })
    };
    let pairs: Vec<f64> = edge
        .iter()
        .zip(nginx)
        .map(|(ours, theirs)| ours.rate / theirs.rate)
        .collect();
    json!({
        "kind": kind.name(),
        "edge": side(edge),
        "nginx": side(nginx),
        "ratio": middle(edge, |one| one.rate) / middle(nginx, |one| one.rate),
        "cpu_ratio": middle(nginx, |one| one.cpu_us) / middle(edge, |one| one.cpu_us),
        "pairs": pairs,
    })
}

fn middle(taken: &[Measured], figure: impl Fn(&Measured) -> f64) -> f64 {
    median(&taken.iter().map(figure).collect::<Vec<_>>())
}

fn tell(result: &Value) {
    let figure = |path: &str| {
        result
            .pointer(path)
            .and_then(Value::as_f64)
            .unwrap_or(f64::NAN)
    };
    say(&format!(
        "{:<16} edge {:>7.0} req/s, p99 {:>7.0} µs, {:>6.1} CPU µs   nginx {:>6.0} req/s, p99 {:>7.0} µs, {:>7.1} CPU µs   {:.1} times",
        result.get("kind").and_then(Value::as_str).unwrap_or(""),
        figure("/edge/requests_per_second"),
        figure("/edge/p99_us"),
        figure("/edge/cpu_us_per_request"),
        figure("/nginx/requests_per_second"),
        figure("/nginx/p99_us"),
        figure("/nginx/cpu_us_per_request"),
        figure("/ratio"),
    ));
}
