//! A running demo, and curl to talk to it.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::{Value, json};

pub(crate) const VAUBAN: &str = env!("CARGO_BIN_EXE_vauban");

/// A demo process with its own state; it ends when its input closes, and so with the test's process at the latest.
pub(crate) struct House {
    child: Child,
    pub(crate) state: PathBuf,
    pub(crate) port: u16,
    folder: Option<tempfile::TempDir>,
}

/// What curl got.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or("").to_owned()
    }

    pub(crate) fn decision(&self) -> &str {
        self.header("vauban-decision")
    }
}

/// Tokens of one login.
#[derive(Debug, Clone)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

impl House {
    /// The demo that most tests share.
    pub(crate) fn shared() -> &'static Self {
        static HOUSE: OnceLock<House> = OnceLock::new();
        HOUSE.get_or_init(Self::start)
    }

    /// A demo of its own.
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let mut house = Self::on(&state, &[]);
        house.folder = Some(folder);
        house
    }

    /// A demo on this state directory, with further environment.
    pub(crate) fn on(state: &Path, environment: &[(&str, &str)]) -> Self {
        Self::with(state, &[], environment)
    }

    /// A demo with further arguments.
    pub(crate) fn with(state: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut command = Command::new(VAUBAN);
        command
            .args(["demo", "--quiet", "--state"])
            .arg(state)
            .args(arguments)
            .envs(environment.iter().copied());
        Self::spawn(command, state, "edge: ")
    }

    /// `vauban run` on the state of a demo that has ended: the lines, without the bank's services.
    pub(crate) fn run(state: &Path) -> Self {
        let mut command = Command::new(VAUBAN);
        command
            .arg("run")
            .arg("--config")
            .arg(state.join("vauban.yaml"))
            .arg("--state")
            .arg(state);
        Self::spawn(command, state, "public: ")
    }

    fn spawn(mut command: Command, state: &Path, prefix: &str) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut port = None;
        let mut said = String::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            said.push_str(&line);
            said.push('\n');
            if let Some(address) = line.strip_prefix(prefix) {
                port = address.rsplit(':').next().unwrap().parse().ok();
            }
            if line == "ready" {
                break;
            }
        }
        Self {
            child,
            state: state.to_path_buf(),
            port: port.unwrap_or_else(|| panic!("it did not start:\n{said}")),
            folder: None,
        }
    }

    /// Process id of one member, as the supervisor wrote it.
    pub(crate) fn pid(&self, member: &str) -> u32 {
        let file = self.state.join(format!("run/{member}.pid"));
        std::fs::read_to_string(file)
            .unwrap()
            .trim()
            .parse()
            .unwrap()
    }

    /// The supervisor's own process id.
    pub(crate) fn supervisor(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the supervisor has ended.
    pub(crate) fn wait(&mut self) {
        self.child.wait().unwrap();
    }

    pub(crate) fn curl(
        &self,
        method: &str,
        path: &str,
        headers: &[&str],
        body: Option<&str>,
    ) -> Answer {
        self.try_curl(method, path, headers, body).unwrap()
    }

    /// One request; `None` when no answer came.
    pub(crate) fn try_curl(
        &self,
        method: &str,
        path: &str,
        headers: &[&str],
        body: Option<&str>,
    ) -> Option<Answer> {
        let body = body.map(|text| ("application/json", text.as_bytes()));
        self.send(method, path, headers, body)
    }

    /// One request with a body of this media type; `None` when no answer came.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[&str],
        body: Option<(&str, &[u8])>,
    ) -> Option<Answer> {
        let mut command = Command::new("curl");
        command
            .args(["--silent", "--include", "--path-as-is", "--max-time", "30"])
            .args(["--request", method, "--cacert"])
            .arg(self.state.join("tls/public-ca.pem"));
        for header in headers {
            command.args(["--header", header]);
        }
        if let Some((kind, _)) = body {
            command.args(["--data-binary", "@-", "--header"]);
            command.arg(format!("content-type: {kind}"));
        }
        command.arg(format!("https://localhost:{}{path}", self.port));
        let output = fed(command, body.map_or(b"", |(_, bytes)| bytes));
        if !output.status.success() {
            return None;
        }
        parse(&String::from_utf8_lossy(&output.stdout))
    }

    pub(crate) fn get(&self, path: &str, token: &str) -> Answer {
        self.curl("GET", path, &[&bearer(token)], None)
    }

    pub(crate) fn transfer(
        &self,
        token: &str,
        key: &str,
        from: u64,
        to: u64,
        cents: u64,
    ) -> Answer {
        self.try_transfer(token, key, from, to, cents).unwrap()
    }

    pub(crate) fn try_transfer(
        &self,
        token: &str,
        key: &str,
        from: u64,
        to: u64,
        cents: u64,
    ) -> Option<Answer> {
        let body = json!({
            "from_account": from, "to_account": to, "amount_cents": cents, "reference": "test",
        });
        let headers = [bearer(token), format!("idempotency-key: {key}")];
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        self.try_curl("POST", "/transfers", &headers, Some(&body.to_string()))
    }

    pub(crate) fn password(&self, name: &str) -> String {
        let text = std::fs::read(self.state.join("secrets/demo-users.json")).unwrap();
        let people: Value = serde_json::from_slice(&text).unwrap();
        people[name].as_str().unwrap().to_owned()
    }

    /// Logs in; waits out the login budget, which all tests of this file share.
    pub(crate) fn login(&self, name: &str) -> Tokens {
        let body = json!({
            "username": name, "password": self.password(name), "client_id": "bank-web",
        });
        for _ in 0..40 {
            let answer = self.curl("POST", "/auth/login", &[], Some(&body.to_string()));
            if answer.status == 200 {
                return tokens(&answer);
            }
            assert!([429, 503].contains(&answer.status), "{answer:?}");
            let seconds: u64 = answer.header("retry-after").parse().unwrap_or(1);
            std::thread::park_timeout(std::time::Duration::from_secs(seconds));
        }
        panic!("the login budget never refilled");
    }

    /// A token of this person that all tests share.
    pub(crate) fn token(&self, name: &'static str) -> String {
        static TOKENS: std::sync::Mutex<BTreeMap<&'static str, String>> =
            std::sync::Mutex::new(BTreeMap::new());
        let mut tokens = TOKENS.lock().unwrap();
        tokens
            .entry(name)
            .or_insert_with(|| self.login(name).access)
            .clone()
    }

    /// A command of the binary on this state.
    pub(crate) fn vauban(&self, arguments: &[&str]) -> Output {
        vauban(&[arguments, &["--state", self.state.to_str().unwrap()]].concat())
    }
}

impl Drop for House {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // `vauban run` is told by a signal, as a service manager would.
        let pid = self.child.id().to_string();
        drop(Command::new("kill").args(["-TERM", &pid]).output());
        drop(self.child.wait());
    }
}

pub(crate) fn bearer(token: &str) -> String {
    format!("authorization: Bearer {token}")
}

pub(crate) fn tokens(answer: &Answer) -> Tokens {
    let json = answer.json();
    Tokens {
        access: json["access_token"].as_str().unwrap().to_owned(),
        refresh: json["refresh_token"].as_str().unwrap().to_owned(),
    }
}

/// Runs the binary to its end.
pub(crate) fn vauban(arguments: &[&str]) -> Output {
    Command::new(VAUBAN)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

pub(crate) fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Runs a command with this input.
pub(crate) fn fed(mut command: Command, input: &[u8]) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that refuses early may close its input before it has read all of it.
    drop(child.stdin.take().unwrap().write_all(input));
    child.wait_with_output().unwrap()
}

fn parse(text: &str) -> Option<Answer> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    if status == 100 {
        return parse(body);
    }
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    Some(Answer {
        status,
        headers,
        text: body.to_owned(),
    })
}
