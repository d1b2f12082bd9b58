//! A service on its socket, and a client written by hand.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::task::JoinHandle;
use vauban_audit::{Event, Log};
use vauban_bank::{Database, Record, RunError, Seed, Service, Setting, open, seed};
use vauban_net::{Clock, ManualClock, Stopper, stop_pair, task};

pub(crate) const NOW_UNIX_MS: u64 = 1_795_000_000_000;
pub(crate) const DECISION: &str = "0123456789abcdefghjkmnpqrs";

/// Counts what reached the service.
#[derive(Debug, Default)]
pub(crate) struct Reached(pub(crate) Mutex<Vec<(String, String)>>);

impl Record for Reached {
    fn record(&self, operation: &str, subject: &str) {
        self.0
            .lock()
            .unwrap()
            .push((operation.to_owned(), subject.to_owned()));
    }
}

/// A service that serves.
pub(crate) struct House {
    pub(crate) folder: Arc<TempDir>,
    /// The whole ledger, as nobody but its administrator sees it.
    pub(crate) ledger: Database,
    pub(crate) socket: PathBuf,
    pub(crate) reached: Arc<Reached>,
    service: Service,
    audit: Log,
    stopper: Stopper,
    serving: JoinHandle<Result<(), RunError>>,
}

/// What differs between two houses.
pub(crate) struct Ground {
    pub(crate) folder: Arc<TempDir>,
    pub(crate) database: Database,
    /// Where the whole ledger can be judged.
    pub(crate) ledger: Database,
    pub(crate) peer_uid: Option<u32>,
}

impl Ground {
    /// A new SQLite bank.
    pub(crate) async fn sqlite() -> Self {
        let folder = Arc::new(TempDir::new().unwrap());
        let database = Database::Sqlite(folder.path().join("bank.db"));
        seed(&database, &canaries()).await.unwrap();
        Self {
            folder,
            ledger: database.clone(),
            database,
            peer_uid: None,
        }
    }

    /// The setting of one service on this ground.
    pub(crate) fn setting(&self, service: Service, audit: Log, reached: Arc<Reached>) -> Setting {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(NOW_UNIX_MS));
        Setting {
            database: self.database.clone(),
            socket: self.folder.path().join(format!("{service}.sock")),
            peer_uid: self.peer_uid,
            audit,
            clock,
            recorder: Some(reached),
        }
    }

    /// Serves.
    pub(crate) async fn serve(&self, service: Service) -> House {
        let (audit, _writer) =
            Log::open(&self.folder.path().join("audit"), service.line()).unwrap();
        let reached = Arc::new(Reached::default());
        let setting = self.setting(service, audit.clone(), Arc::clone(&reached));
        let socket = setting.socket.clone();
        let opened = open(service, setting).await.unwrap();
        let (stopper, stop) = stop_pair();
        let serving = task::spawn("bank", opened.serve(stop));
        House {
            folder: Arc::clone(&self.folder),
            ledger: self.ledger.clone(),
            socket,
            reached,
            service,
            audit,
            stopper,
            serving,
        }
    }

    /// Tries to serve, and says why not.
    pub(crate) async fn refusal(&self, service: Service) -> String {
        // A folder of its own: the log of a refusal before may still be closing.
        let folder = TempDir::new().unwrap();
        let (audit, _writer) = Log::open(folder.path(), service.line()).unwrap();
        let setting = self.setting(service, audit, Arc::default());
        told(&open(service, setting).await.map(|_| ()).unwrap_err())
    }
}

impl House {
    pub(crate) async fn send(&self, call: Call) -> Said {
        send(&self.socket, &call).await
    }

    /// Ends the service and returns what it recorded, as it stands on the disk.
    pub(crate) async fn end(self) -> Vec<Event> {
        self.stopper.stop();
        self.serving.await.unwrap().unwrap();
        self.audit.close().await.unwrap();
        let audit = self.folder.path().join("audit");
        vauban_audit::verify(&audit).unwrap();
        let mut found = vauban_audit::find(&audit, DECISION).unwrap();
        found.retain(|event| event.line == self.service.line());
        found
    }
}

/// Canaries of every account and profile.
pub(crate) fn canaries() -> Seed {
    Seed {
        account_canaries: [500_101, 500_102, 500_201, 500_401]
            .map(|id| (id, format!("canary-{id}")))
            .into(),
        profile_canaries: [1001, 1002, 1003, 1004, 1005]
            .map(|id| (id, format!("canary-{id}")))
            .into(),
    }
}

/// A request as the guard would write it; every part can be changed.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Call {
    pub(crate) fn new(operation: &str, line: &str, subject: &str, tenant: &str) -> Self {
        let headers = [
            ("vauban-decision", DECISION),
            ("vauban-subject", subject),
            ("vauban-tenant", tenant),
            ("vauban-roles", "user"),
            ("vauban-operation", operation),
        ];
        Self {
            line: line.to_owned(),
            headers: headers
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            body: Vec::new(),
        }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(other, _)| other != name);
        self
    }

    pub(crate) fn body(mut self, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.with("content-type", kind)
    }

    /// The bytes of the request; the connection is for this one alone.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut text = format!(
            "{} HTTP/1.1\r\nhost: bank\r\nconnection: close\r\n",
            self.line
        );
        for (name, value) in &self.headers {
            text.extend([name, ": ", value, "\r\n"]);
        }
        if !self.body.is_empty() {
            let length = self.body.len().to_string();
            text.extend(["content-length: ", &length, "\r\n"]);
        }
        text += "\r\n";
        [text.into_bytes(), self.body.clone()].concat()
    }
}

/// An order to move money, by alice unless changed.
pub(crate) fn order(subject: &str, key: &str, from: i64, to: i64, cents: i64) -> Call {
    let tenant = if subject == "1004" { "south" } else { "north" };
    let body = format!(
        r#"{{"from_account":{from},"to_account":{to},"amount_cents":{cents},"reference":"test"}}"#
    );
    Call::new("createTransfer", "POST /transfers", subject, tenant)
        .with("idempotency-key", key)
        .body("application/json", body)
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Said {
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        Self {
            status: status.unwrap_or(0),
            head: head.to_lowercase(),
            body: body.to_owned(),
        }
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The code of a refusal, whose whole form is judged on the way.
    pub(crate) fn code(&self) -> String {
        let problem = self.json();
        let code = problem["code"].as_str().unwrap().to_owned();
        assert!(
            self.head.contains("content-type: application/problem+json"),
            "{self:?}"
        );
        assert_eq!(problem["status"], self.status, "{self:?}");
        assert_eq!(problem["type"], format!("urn:vauban:denial:{code}"));
        assert_eq!(problem.as_object().unwrap().len(), 5, "{self:?}");
        code
    }
}

pub(crate) async fn send(socket: &Path, call: &Call) -> Said {
    let mut stream = UnixStream::connect(socket).await.unwrap();
    stream.write_all(&call.bytes()).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    Said::read(&bytes)
}

/// Sends, and judges status and code (empty for no refusal).
pub(crate) async fn check(house: &House, call: Call, status: u16, code: &str) -> Said {
    let line = call.line.clone();
    let said = house.send(call).await;
    let found = if said.status < 400 {
        String::new()
    } else {
        said.code()
    };
    assert_eq!(
        (said.status, found.as_str()),
        (status, code),
        "{line}: {said:?}"
    );
    said
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// An error with its sources, as an operator reads it.
pub(crate) fn told(error: &dyn std::error::Error) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    chain
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}
