//! One guard with everything around it.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use tempfile::TempDir;
use vauban_audit::{Event, Kind, Log};
use vauban_guard::{FactsSource, Parts, RunError, Setting};
use vauban_net::{ManualClock, Socket, Stopper, stop_pair, task};
use vauban_policy::{Plan, TextFile};
use vauban_secret::Secret;

use crate::authority::{Authority, Says};
use crate::client::{self, Reply};
use crate::pki::{Ca, TokenKey};
use crate::service::Service;

/// A decision id as the edge makes it.
pub(crate) const DECISION: &str = "0123456789abcdefghjkmnpqrs";

/// The time of the tests, seconds.
pub(crate) const NOW: u64 = 1_790_000_000;

const FACTS: &str = "CREATE TABLE notes (id INTEGER PRIMARY KEY, owner_id INTEGER, tenant TEXT, weight INTEGER, sealed INTEGER);
    INSERT INTO notes VALUES (500101, 1001, 'north', 1, 0), (500201, 1002, 'north', 1, 0), (500301, 1001, 'south', 1, 0),
        (500401, 1001, 'north', 1, 1), (5, 1001, 'north', -1, 0);
    CREATE TABLE folders (name TEXT PRIMARY KEY, owner_id TEXT, tenant TEXT);
    INSERT INTO folders VALUES ('inbox', '1002', 'north'), ('mine', '1001', 'north');";

/// Reads a plan from the test data, each file changed by `change`.
pub(crate) fn plan(change: &dyn Fn(&str, String) -> String) -> Result<Arc<Plan>, String> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let mut read = |name: &str| {
        let text = std::fs::read_to_string(data.join(name)).map_err(|error| error.to_string())?;
        Ok(change(name, text))
    };
    let main = TextFile {
        name: "vauban.yaml".to_owned(),
        text: read("vauban.yaml")?,
    };
    vauban_policy::load(&main, &mut read, &[])
        .map(Arc::new)
        .map_err(|mistakes| mistakes.to_string())
}

/// As the files say.
pub(crate) fn unchanged(_: &str, text: String) -> String {
    text
}

/// A guard, not started yet.
pub(crate) struct Site {
    pub(crate) ca: Ca,
    pub(crate) key: TokenKey,
    pub(crate) dir: TempDir,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) authority: Authority,
    pub(crate) service: Service,
    pub(crate) plan: Arc<Plan>,
    pub(crate) setting: Setting,
}

impl Site {
    pub(crate) async fn new(change: &dyn Fn(&str, String) -> String) -> Self {
        let plan = plan(change).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        let ca = Ca::new();
        let key = TokenKey::new("key-b");
        let dir = tempfile::tempdir().unwrap();
        let says = Says {
            keys: json!({ "keys": [key.entry()] }),
            session: json!({ "live": true, "subject": "1001", "client_id": "app", "tenant": "north" }),
            status: 200,
        };
        let authority =
            Authority::start(&ca.identity("spiffe://notes.internal/line/authority"), says).await;
        let service = Service::start(&dir.path().join("notes.sock"));
        execute(&dir.path().join("notes.db"), FACTS).await;
        let (audit, _writer) = Log::open(&dir.path().join("audit"), "guard-notes").unwrap();
        let clock = Arc::new(ManualClock::new(NOW * 1000));
        let setting = Setting {
            service: "notes".to_owned(),
            workload: ca.workload("spiffe://notes.internal/guard/notes"),
            authority: authority.address,
            socket_path: service.path.clone(),
            facts: FactsSource::Sqlite(dir.path().join("notes.db")),
            context_key: None,
            audit,
            clock: Arc::clone(&clock) as Arc<dyn vauban_net::Clock>,
        };
        Self {
            ca,
            key,
            dir,
            clock,
            authority,
            service,
            plan,
            setting,
        }
    }

    pub(crate) fn with_context_key(mut self) -> Self {
        self.setting.context_key = Some(Secret::from("0f".repeat(32)));
        self
    }

    pub(crate) fn shipped(&self) -> Parts {
        Parts::shipped(&self.plan, &self.setting).unwrap()
    }

    pub(crate) async fn run(self) -> House {
        let parts = self.shipped();
        self.run_with(parts).await
    }

    pub(crate) async fn run_with(self, parts: Parts) -> House {
        let socket = Socket::bind_tcp("127.0.0.1:0".parse().unwrap())
            .await
            .unwrap();
        let address = socket.local_addr().unwrap();
        let (stopper, stop) = stop_pair();
        let running = vauban_guard::run(
            Arc::clone(&self.plan),
            self.setting.clone(),
            parts,
            socket,
            stop,
        );
        let running = task::spawn("test guard", running);
        House {
            site: self,
            address,
            stopper,
            running,
        }
    }
}

/// Changes the facts.
pub(crate) async fn execute(path: &Path, sql: &str) {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    connection.execute(AssertSqlSafe(sql)).await.unwrap();
    connection.close().await.unwrap();
}

/// A running guard.
pub(crate) struct House {
    pub(crate) site: Site,
    pub(crate) address: SocketAddr,
    pub(crate) stopper: Stopper,
    pub(crate) running: tokio::task::JoinHandle<Result<(), RunError>>,
}

impl House {
    pub(crate) async fn open() -> Self {
        Site::new(&unchanged).await.run().await
    }

    /// The payload of a good token for alice.
    pub(crate) fn claims() -> serde_json::Value {
        json!({
            "iss": "https://authority.notes.internal/internal", "sub": "1001", "aud": "notes", "exp": NOW + 60, "iat": NOW,
            "jti": "j-1", "sid": "s-1", "client_id": "app", "tenant": "north", "roles": ["user"], "permissions": ["notes"],
        })
    }

    /// A good token with some claims replaced, and a session of the authority to match.
    pub(crate) fn token(&self, replaced: &serde_json::Value) -> String {
        let mut claims = Self::claims();
        for (name, value) in replaced.as_object().unwrap() {
            claims[name] = value.clone();
        }
        self.site.authority.set(|says| {
            says.session = json!({
                "live": true, "subject": claims["sub"], "client_id": claims["client_id"], "tenant": claims["tenant"],
            });
        });
        self.site.key.sign(&claims)
    }

    /// Sends bytes as the workload `spiffe`.
    pub(crate) async fn send_as(&self, spiffe: &str, bytes: &str) -> Reply {
        let identity = self.site.ca.identity(spiffe);
        client::send(self.address, Some(&identity), bytes.as_bytes())
            .await
            .unwrap()
    }

    /// Sends bytes as the edge.
    pub(crate) async fn send(&self, bytes: &str) -> Reply {
        self.send_as("spiffe://notes.internal/line/edge", bytes)
            .await
    }

    /// A GET as the edge, with a good token of alice.
    pub(crate) async fn get(&self, target: &str) -> Reply {
        self.get_with(target, &json!({}), "").await
    }

    /// A GET as the edge, with a good token of which some claims are replaced, and further header lines.
    pub(crate) async fn get_with(
        &self,
        target: &str,
        replaced: &serde_json::Value,
        headers: &str,
    ) -> Reply {
        let token = self.token(replaced);
        self.send(&get(
            target,
            &format!("vauban-internal-token: {token}\r\n{headers}"),
        ))
        .await
    }

    /// A POST of JSON as the edge, with a good token of alice.
    pub(crate) async fn post(&self, target: &str, body: &str) -> Reply {
        let token = self.token(&json!({}));
        self.send(&post(
            target,
            &format!("vauban-internal-token: {token}\r\ncontent-type: application/json\r\n"),
            body,
        ))
        .await
    }

    /// What the log has durably of the line itself, in order.
    pub(crate) fn own_events(&self) -> Vec<Event> {
        let segment = self.site.dir.path().join("audit/guard-notes/000001.seg");
        let text = std::fs::read_to_string(segment).unwrap();
        let event = |line: &str| {
            // A record is an object around the event.
            line.match_indices('{').find_map(|(at, _)| {
                let text = &line.as_bytes()[at..];
                let mut values = serde_json::Deserializer::from_slice(text).into_iter::<Event>();
                values.next()?.ok()
            })
        };
        let mut events: Vec<Event> = text.lines().filter_map(event).collect();
        events.retain(|event| matches!(event.kind, Kind::Start | Kind::Stop));
        events
    }

    /// Stops the guard and returns what it recorded under an id.
    pub(crate) async fn close(mut self, decision: &str) -> Vec<Event> {
        self.stop().await;
        let dir = self.site.dir.path().join("audit");
        assert!(vauban_audit::verify(&dir).unwrap().is_intact());
        vauban_audit::find(&dir, decision).unwrap()
    }

    /// Stops the guard and closes its log.
    pub(crate) async fn stop(&mut self) {
        self.stopper.stop();
        (&mut self.running).await.unwrap().unwrap();
        self.site.setting.audit.clone().close().await.unwrap();
    }
}

/// A GET that closes its connection.
pub(crate) fn get(target: &str, headers: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nhost: guard\r\nconnection: close\r\n{headers}\r\n")
}

/// A POST that closes its connection.
pub(crate) fn post(target: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {target} HTTP/1.1\r\nhost: guard\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    )
}
