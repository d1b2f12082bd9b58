//! One measurement with wrk.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::cpu;

/// What is loaded, and whose CPU time is counted.
#[derive(Debug)]
pub(crate) struct Target {
    /// URL.
    pub(crate) url: String,
    /// Headers, `Name: value`.
    pub(crate) headers: Vec<String>,
    /// Processes of the subject.
    pub(crate) pids: Vec<u32>,
    /// Where wrk's script may stand.
    pub(crate) folder: PathBuf,
    /// Lua that says what is requested; empty: the URL, again and again.
    pub(crate) script: String,
}

/// Figures of one measurement.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) rate: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    pub(crate) cpu_us: f64,
    pub(crate) requests: f64,
}

impl std::fmt::Display for Measured {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "{:.0} req/s, p50 {:.0} µs, p99 {:.0} µs, {:.1} CPU µs/request",
            self.rate, self.p50_us, self.p99_us, self.cpu_us
        )
    }
}

impl Measured {
    /// The raw figures.
    pub(crate) fn json(&self) -> Value {
        json!({
            "requests": self.requests, "requests_per_second": self.rate, "p50_us": self.p50_us,
            "p99_us": self.p99_us, "cpu_us_per_request": self.cpu_us,
        })
    }
}

/// wrk's report as one line of JSON; a status other than 200 is an error there, so a fast refusal never counts as speed.
const REPORT: &str = r#"
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('{"requests":%d,"us":%d,"p50":%d,"p99":%d,"errors":%d}\n', summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
"#;

/// Loads the target for some seconds.
pub(crate) fn run(target: &Target, seconds: u32) -> anyhow::Result<Measured> {
    let script = target.folder.join("report.lua");
    std::fs::write(&script, format!("{}{REPORT}", target.script)).context("script of wrk")?;
    let before = cpu::ticks(&target.pids)?;
    let mut words: Vec<String> = ["-c", "1", "wrk", "-t1", "-c32"]
        .map(str::to_owned)
        .to_vec();
    words.push(format!("-d{seconds}s"));
    // A slow peer is to be measured, not given up.
    words.extend(["--timeout".to_owned(), "30s".to_owned()]);
    for header in &target.headers {
        words.push("-H".to_owned());
        words.push(header.clone());
    }
    words.push("-s".to_owned());
    words.push(script.to_string_lossy().into_owned());
    words.push(target.url.clone());
    let text = crate::run::output(Path::new("/"), "taskset", &words)?;
    let after = cpu::ticks(&target.pids)?;
    let text = String::from_utf8_lossy(&text);
    let line = text.lines().last().context("wrk printed nothing")?;
    let figures: Value = serde_json::from_str(line).context("wrk's report")?;
    let figure = |name: &str| {
        figures
            .get(name)
            .and_then(Value::as_f64)
            .unwrap_or(f64::NAN)
    };
    let requests = figure("requests");
    anyhow::ensure!(
        figure("errors") == 0.0 && requests > 0.0,
        "`{}`: {requests} requests were answered and {} failed; nothing was measured",
        target.url,
        figure("errors")
    );
    #[expect(clippy::cast_precision_loss, reason = "ticks of a few seconds")]
    let cpu_seconds = (after - before) as f64 / cpu::ticks_per_second()?;
    Ok(Measured {
        rate: requests / (figure("us") / 1e6),
        p50_us: figure("p50"),
        p99_us: figure("p99"),
        cpu_us: cpu_seconds * 1e6 / requests,
        requests,
    })
}
