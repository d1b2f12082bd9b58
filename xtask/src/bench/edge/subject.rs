//! The subject: the demo with the benchmark's plan, every process on core 0.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::load::Target;
use super::peer::free_port;
use crate::run::{run, target};
use crate::say;

/// A running demo; ended when dropped.
#[derive(Debug)]
pub(crate) struct Subject {
    child: Child,
    address: String,
    token: String,
    state: PathBuf,
    folder: PathBuf,
    /// Port on which the backend must listen.
    pub(crate) backend_port: u16,
    /// Certificate that nginx shows as well.
    pub(crate) certificate: PathBuf,
    /// Its key.
    pub(crate) key: PathBuf,
}

impl Drop for Subject {
    fn drop(&mut self) {
        // The quiet demo ends when its input closes, and ends its children in order.
        drop(self.child.stdin.take());
        drop(self.child.wait());
    }
}

impl Subject {
    /// One row as a target: the edge alone, or (guarded) every process of the demo.
    pub(crate) fn target(&self, row: &str) -> anyhow::Result<Target> {
        let authorization = format!("authorization: Bearer {}", self.token);
        let (path, headers, members): (_, _, &[&str]) = match row {
            "plain" | "inspected" => ("/plain", Vec::new(), &["edge"]),
            "policy" => ("/policy?limit=10", vec![authorization], &["edge"]),
            "guarded" => (
                "/accounts/500101/statements",
                vec![authorization],
                &["edge", "authority", "guard-accounts", "service-accounts"],
            ),
            other => bail!("no row is named `{other}`"),
        };
        let pids = self.pids(members)?;
        Ok(Target {
            url: format!("https://localhost:{}{path}", self.port()),
            headers,
            pids,
            folder: self.folder.clone(),
            script: String::new(),
        })
    }

    /// The authority that signed the certificate.
    pub(crate) fn authority(&self) -> PathBuf {
        self.state.join("tls/public-ca.pem")
    }

    /// Where clients find it.
    pub(crate) fn origin(&self) -> String {
        format!("https://localhost:{}", self.port())
    }

    /// What one of its own commands prints, about this plan and state.
    pub(crate) fn command(&self, root: &Path, words: &[&str]) -> anyhow::Result<String> {
        let program = target(root)?.join("release/vauban");
        let (plan, state) = (self.folder.join("plan/vauban.yaml"), &self.state);
        let mut all: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        for (flag, path) in [("--config", plan.as_path()), ("--state", state)] {
            all.extend([flag.to_owned(), path.display().to_string()]);
        }
        let printed = crate::run::output(&self.folder, &program.to_string_lossy(), &all)?;
        Ok(String::from_utf8_lossy(&printed).into_owned())
    }

    /// Alice's tokens, by curl.
    pub(crate) fn login(&self) -> anyhow::Result<Value> {
        let people = std::fs::read(self.state.join("secrets/demo-users.json")).context("people")?;
        let people: Value = serde_json::from_slice(&people).context("people")?;
        let body = serde_json::json!({
            "username": "alice", "password": people.get("alice"), "client_id": "bank-web",
        });
        let answer = crate::run::output(
            &self.folder,
            "curl",
            &[
                "-s",
                "--cacert",
                &self.authority().to_string_lossy(),
                "-H",
                "content-type: application/json",
                "-d",
                &body.to_string(),
                &format!("{}/auth/login", self.origin()),
            ],
        )?;
        serde_json::from_slice(&answer).context("login")
    }

    /// The processes with these names.
    pub(crate) fn pids(&self, members: &[&str]) -> anyhow::Result<Vec<u32>> {
        let pid = |member: &&str| {
            let file = self.state.join(format!("run/{member}.pid"));
            let text =
                std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
            text.trim().parse().context("pid")
        };
        members.iter().map(pid).collect()
    }

    /// Memory that a process occupies, KiB.
    pub(crate) fn resident_kib(&self, member: &str) -> anyhow::Result<u64> {
        let pids = self.pids(&[member])?;
        let pid = pids.first().context("pid")?;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).context("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next());
        number.context("VmRSS")?.parse().context("VmRSS")
    }

    fn port(&self) -> &str {
        self.address.rsplit(':').next().unwrap_or_default()
    }
}

/// Builds the release binary, proves that it is the product, writes the plan, starts it on core 0, logs in. `waf` replaces what
/// the plan says about inspection.
pub(crate) fn start(root: &Path, folder: &Path, waf: Option<&str>) -> anyhow::Result<Subject> {
    start_with(root, folder, &|text| match waf {
        None => text.to_owned(),
        Some(waf) => {
            let before = text
                .rsplit_once("\nwaf: ")
                .map_or(text, |(before, _)| before);
            format!("{before}\nwaf: {waf}\n")
        }
    })
}

/// The same with any change to the plan.
pub(crate) fn start_with(
    root: &Path,
    folder: &Path,
    change: &dyn Fn(&str) -> String,
) -> anyhow::Result<Subject> {
    run(
        root,
        env!("CARGO"),
        &["build", "--release", "--locked", "-p", "vauban-cli"],
    )?;
    let program = target(root)?.join("release/vauban");
    crate::product::examine(&program)?;
    let backend_port = free_port()?;
    let plan = folder.join("plan");
    copy_plan(root, &plan, backend_port, change)?;
    let state = folder.join("state");
    let mut child = Command::new("taskset")
        .args(["-c", "0"])
        .arg(program)
        .args(["demo", "--quiet", "--plan"])
        .arg(&plan)
        .arg("--state")
        .arg(&state)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("the demo could not be started")?;
    let stdout = child.stdout.take().context("output of the demo")?;
    let mut address = None;
    let mut ready = false;
    for line in BufReader::new(stdout).lines() {
        let line = line.context("output of the demo")?;
        if let Some(text) = line.strip_prefix("edge: ") {
            address = Some(text.to_owned());
        }
        if line == "ready" {
            ready = true;
            break;
        }
    }
    let mut subject = Subject {
        child,
        address: address.unwrap_or_default(),
        token: String::new(),
        certificate: state.join("tls/public.pem"),
        key: state.join("tls/public.key"),
        state,
        folder: folder.to_path_buf(),
        backend_port,
    };
    if !ready {
        bail!("the demo did not start");
    }
    let tokens = subject.login()?;
    let token = tokens.get("access_token").and_then(Value::as_str);
    token
        .context("login was refused")?
        .clone_into(&mut subject.token);
    say("subject: ready");
    Ok(subject)
}

fn copy_plan(
    root: &Path,
    plan: &Path,
    port: u16,
    change: &dyn Fn(&str) -> String,
) -> anyhow::Result<()> {
    for kind in ["openapi", "cedar"] {
        std::fs::create_dir_all(plan.join(kind)).context("plan")?;
        for entry in std::fs::read_dir(root.join("bank").join(kind)).context("plan")? {
            let entry = entry.context("plan")?;
            std::fs::copy(entry.path(), plan.join(kind).join(entry.file_name())).context("plan")?;
        }
    }
    std::fs::copy(
        root.join("bench/edge/plain.yaml"),
        plan.join("openapi/plain.yaml"),
    )
    .context("plan")?;
    let text = std::fs::read_to_string(root.join("bench/edge/vauban.yaml")).context("plan")?;
    let text = change(&text);
    std::fs::write(
        plan.join("vauban.yaml"),
        text.replace("@BACKEND@", &port.to_string()),
    )
    .context("plan")
}
