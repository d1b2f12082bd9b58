//! npm `oidc-provider`, installed below `target/` at the version that stands in `bench/authority`.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::{Families, Refresh, Side, basic, text};
use crate::bench::edge::peer::free_port;
use crate::bench::edge::subject::Subject;
use crate::run::{run, target};

const SECRET: &str = "a-secret-of-the-bench-that-is-long-enough-for-the-peer";

/// A running peer; ended when dropped.
#[derive(Debug)]
pub(super) struct Peer {
    child: Child,
    port: u16,
    ready: Value,
}

impl Drop for Peer {
    fn drop(&mut self) {
        // The child is ours, and it keeps nothing.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Installs and starts it on core 0, with the subject's certificate and so many refresh tokens.
pub(super) fn start(root: &Path, subject: &Subject, tokens: usize) -> anyhow::Result<Peer> {
    let home = root.join("bench/authority");
    let folder = target(root)?.join("bench-authority");
    std::fs::create_dir_all(&folder).context("folder of the peer")?;
    for file in ["package.json", "package-lock.json", "peer.mjs"] {
        std::fs::copy(home.join(file), folder.join(file)).context(file)?;
    }
    let place = folder.display().to_string();
    // Nothing of the packages runs while they are installed.
    let quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--silent"];
    let mut words = vec!["ci", "--prefix", &place];
    words.extend(quiet);
    run(root, "npm", &words)?;
    let port = free_port()?;
    let mut child = Command::new("taskset")
        .args(["-c", "0", "node"])
        .arg(folder.join("peer.mjs"))
        .arg(port.to_string())
        .args([&subject.certificate, &subject.key])
        .arg(tokens.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("the peer could not be started")?;
    let stdout = child.stdout.take().context("output of the peer")?;
    let mut line = String::new();
    let read = BufReader::new(stdout).read_line(&mut line);
    let mut peer = Peer {
        child,
        port,
        ready: Value::Null,
    };
    ensure!(
        read.context("output of the peer")? > 0,
        "the peer did not start"
    );
    peer.ready = serde_json::from_str(&line).context("output of the peer")?;
    Ok(peer)
}

impl Peer {
    /// What the load has to know.
    pub(super) fn side(&self) -> anyhow::Result<Side> {
        let tokens = self.ready.get("refresh").and_then(Value::as_array);
        let tokens = tokens.context("refresh tokens of the peer")?;
        let tokens = tokens.iter().filter_map(Value::as_str).map(str::to_owned);
        Ok(Side {
            origin: format!("https://localhost:{}", self.port),
            paths: ["/token", "/token/introspection", "/jwks"],
            authorization: basic(SECRET),
            refresh: Refresh {
                path: "/token",
                media_type: "application/x-www-form-urlencoded",
                before: "grant_type=refresh_token&refresh_token=",
                after: "",
            },
            families: Families::of(tokens.collect()),
            access: text(&self.ready, "access")?,
            pids: vec![self.child.id()],
        })
    }
}
