//! The subject: the demo with the benchmark's plan, every process on core 0.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, bail};

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
        let pids = members
            .iter()
            .map(|member| {
                let file = self.state.join(format!("run/{member}.pid"));
                let text =
                    std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
                text.trim().parse().context("pid")
            })
            .collect::<anyhow::Result<_>>()?;
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

    fn port(&self) -> &str {
        self.address.rsplit(':').next().unwrap_or_default()
    }
}

/// Builds the release binary, proves that it is the product, writes the plan, starts it on core 0, logs in. `waf` replaces what
/// the plan says about inspection.
pub(crate) fn start(root: &Path, folder: &Path, waf: Option<&str>) -> anyhow::Result<Subject> {
    run(
        root,
        env!("CARGO"),
        &["build", "--release", "--locked", "-p", "vauban-cli"],
    )?;
    let program = target(root)?.join("release/vauban");
    crate::product::examine(&program)?;
    let backend_port = free_port()?;
    let plan = folder.join("plan");
    copy_plan(root, &plan, backend_port, waf)?;
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
    subject.token = login(&subject)?;
    say("subject: ready");
    Ok(subject)
}

fn copy_plan(root: &Path, plan: &Path, port: u16, waf: Option<&str>) -> anyhow::Result<()> {
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
    let mut text = std::fs::read_to_string(root.join("bench/edge/vauban.yaml")).context("plan")?;
    if let Some(waf) = waf {
        let (before, _) = text.rsplit_once("\nwaf: ").context("`waf` in the plan")?;
        text = format!("{before}\nwaf: {waf}\n");
    }
    std::fs::write(
        plan.join("vauban.yaml"),
        text.replace("@BACKEND@", &port.to_string()),
    )
    .context("plan")
}

/// Alice's access token, by curl.
fn login(subject: &Subject) -> anyhow::Result<String> {
    let people = std::fs::read(subject.state.join("secrets/demo-users.json")).context("people")?;
    let people: serde_json::Value = serde_json::from_slice(&people).context("people")?;
    let body = serde_json::json!({
        "username": "alice", "password": people.get("alice"), "client_id": "bank-web",
    });
    let answer = crate::run::output(
        &subject.folder,
        "curl",
        &[
            "-s",
            "--cacert",
            &subject.authority().to_string_lossy(),
            "-H",
            "content-type: application/json",
            "-d",
            &body.to_string(),
            &format!("https://localhost:{}/auth/login", subject.port()),
        ],
    )?;
    let answer: serde_json::Value = serde_json::from_slice(&answer).context("login")?;
    let token = answer.get("access_token").and_then(|value| value.as_str());
    Ok(token.context("login was refused")?.to_owned())
}
