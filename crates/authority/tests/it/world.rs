//! A provisioned state directory, a running authority, and callers with certificates of its CA.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, SanType};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use vauban_audit::{Event, Kind, Log, Writer};
use vauban_authority::{
    HashError, HashPassword, KeyAccess, NewUser, OPENAPI, Parts, RunError, Setting, Storage,
    add_user, issue_join_token, provision, run,
};
use vauban_net::{Clock, ManualClock, Socket, Stopper, SystemClock, stop_pair};
use vauban_policy::{Plan, SecretRef, TextFile, load};
use vauban_secret::{Secret, StateDir};
use vauban_token::Es256Key;

use crate::client::{Answer, Caller, Watch, send};

pub(crate) const PASSWORD: &str = "correct horse battery staple";
pub(crate) const EDGE: &str = "spiffe://bank.internal/line/edge";
pub(crate) const GUARD: &str = "spiffe://bank.internal/guard/accounts";

/// The key of the client `robot`, another one in each run.
pub(crate) static ROBOT: LazyLock<Es256Key> = LazyLock::new(|| Es256Key::generate().unwrap());

/// Everything that a test needs.
pub(crate) struct World {
    pub(crate) plan: Arc<Plan>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) state: StateDir,
    pub(crate) storage: Storage,
    pub(crate) hashes: Arc<AtomicUsize>,
    pub(crate) keys: KeyAccess,
    pub(crate) address: SocketAddr,
    pub(crate) ca_pem: String,
    pub(crate) edge: Caller,
    pub(crate) guard: Caller,
    running: Option<Running>,
    _folder: TempDir,
}

struct Running {
    stopper: Stopper,
    line: JoinHandle<Result<(), RunError>>,
    audit: Log,
    writer: Writer,
}

/// The second of two authorities.
pub(crate) struct Twin {
    pub(crate) address: SocketAddr,
    _running: Running,
}

/// A session as its client holds it.
#[derive(Clone)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) session: String,
}

/// Counts what the real hasher does.
#[derive(Debug)]
struct Counting {
    inner: Arc<dyn HashPassword>,
    hashes: Arc<AtomicUsize>,
}

impl HashPassword for Counting {
    fn hash(&self, password: &str) -> Result<String, HashError> {
        self.hashes.fetch_add(1, Ordering::SeqCst);
        self.inner.hash(password)
    }

    fn verify(&self, password: &str, stored: &str) -> Result<bool, HashError> {
        self.hashes.fetch_add(1, Ordering::SeqCst);
        self.inner.verify(password, stored)
    }

    fn dummy(&self) -> &str {
        self.inner.dummy()
    }

    fn outdated(&self, stored: &str) -> bool {
        self.inner.outdated(stored)
    }
}

impl World {
    /// A running authority with its shipped parts; the hasher is counted.
    pub(crate) async fn start() -> Self {
        Self::start_with(|_parts| {}).await
    }

    /// A running authority, some of its parts replaced.
    pub(crate) async fn start_with(change: impl FnOnce(&mut Parts)) -> Self {
        Self::start_in(plan(), KeyAccess::plain(), change).await
    }

    /// A running authority that keeps everything in this database of `PostgreSQL`.
    pub(crate) async fn start_on(url: &str) -> Self {
        let mut plan = plan();
        plan.issuer.store.postgres = Some(SecretRef(url.to_owned()));
        Self::start_in(plan, KeyAccess::plain(), |_parts| {}).await
    }

    /// A running authority that keeps its keys in this way.
    pub(crate) async fn start_keeping(keys: KeyAccess) -> Self {
        Self::start_in(plan(), keys, |_parts| {}).await
    }

    async fn start_in(plan: Plan, keys: KeyAccess, change: impl FnOnce(&mut Parts)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::open(folder.path().join("state")).unwrap();
        // The reference is the URL itself here.
        let resolve = async |reference: &str| Ok(Secret::from(reference));
        let storage = Storage::of(&plan, state.clone(), resolve).await.unwrap();
        // Certificates are judged by the system's clock, so the manual one begins there.
        let clock = Arc::new(ManualClock::new(SystemClock.unix_ms()));
        let plan = Arc::new(plan);
        let shared: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
        provision(&storage, &plan, &keys, &shared).await.unwrap();
        for (subject, username, tenant, role) in [
            ("1001", "alice", "north", "user"),
            ("1002", "bob", "north", "user"),
            ("1005", "erin", "south", "admin"),
        ] {
            add_user(
                &storage,
                &plan,
                user(subject, username, tenant, role),
                &*clock,
            )
            .await
            .unwrap();
        }
        let mut world = Self {
            ca_pem: std::fs::read_to_string(state.ca_certificate()).unwrap(),
            plan,
            clock,
            state,
            storage,
            hashes: Arc::default(),
            keys,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            edge: nobody(),
            guard: nobody(),
            running: None,
            _folder: folder,
        };
        world.run(change).await;
        world.edge = world.join(EDGE).await;
        world.guard = world.join(GUARD).await;
        world
    }

    /// Stops the line and starts it again on the same state.
    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        self.run(|_parts| {}).await;
    }

    pub(crate) async fn stop(&mut self) {
        let Some(Running {
            stopper,
            line,
            audit,
            writer,
        }) = self.running.take()
        else {
            return;
        };
        stopper.stop();
        line.await.unwrap().unwrap();
        audit.close().await.unwrap();
        tokio::task::spawn_blocking(|| writer.wait().unwrap())
            .await
            .unwrap();
    }

    async fn run(&mut self, change: impl FnOnce(&mut Parts)) {
        let (address, running) = self.line("authority", change).await;
        self.address = address;
        self.running = Some(running);
    }

    /// Another authority with the same keys and the same database, as a second machine has them.
    pub(crate) async fn twin(&self) -> Twin {
        let (address, running) = self.line("authority-twin", |_parts| {}).await;
        Twin {
            address,
            _running: running,
        }
    }

    async fn line(&self, log: &str, change: impl FnOnce(&mut Parts)) -> (SocketAddr, Running) {
        let (audit, writer) = Log::open(&self.state.audit(), log).unwrap();
        let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(&self.clock);
        let setting = Setting {
            storage: self.storage.clone(),
            keys: self.keys.clone(),
            audit: audit.clone(),
            clock,
        };
        let mut parts = Parts::shipped(&self.plan, &setting).await.unwrap();
        parts.hasher = Arc::new(Counting {
            inner: Arc::clone(&parts.hasher),
            hashes: Arc::clone(&self.hashes),
        });
        change(&mut parts);
        let socket = Socket::bind_tcp(SocketAddr::from(([127, 0, 0, 1], 0)))
            .await
            .unwrap();
        let address = socket.local_addr().unwrap();
        let (stopper, stop) = stop_pair();
        let line = vauban_net::task::spawn(
            "authority",
            run(Arc::clone(&self.plan), setting, parts, socket, stop),
        );
        let running = Running {
            stopper,
            line,
            audit,
            writer,
        };
        (address, running)
    }

    /// Asks until the line says, to anybody, that it is ready, or that it is not.
    pub(crate) async fn until_ready(&self, ready: bool) {
        self.until_ready_at(self.address, ready).await;
    }

    pub(crate) async fn until_ready_at(&self, address: SocketAddr, ready: bool) {
        loop {
            let answer = send(address, &self.ca_pem, None, "GET /readyz HTTP/1.1", "").await;
            let status = if ready { 200 } else { 503 };
            if answer.status == status {
                assert_eq!(answer.json(), json!({"ready": ready}));
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    /// A certificate for `spiffe`, the way a workload gets one.
    pub(crate) async fn join(&self, spiffe: &str) -> Caller {
        let token = issue_join_token(&self.storage, &self.plan, spiffe, &*self.clock)
            .await
            .unwrap();
        let (key_pem, csr_pem) = request(&[]);
        let answer = self.post_join(token.expose_text().unwrap(), &csr_pem).await;
        Caller {
            chain_pem: answer.fine().text("certificate_pem"),
            key_pem,
        }
    }

    pub(crate) async fn post_join(&self, token: &str, csr_pem: &str) -> Answer {
        let body = json!({"token": token, "csr_pem": csr_pem}).to_string();
        send(
            self.address,
            &self.ca_pem,
            None,
            "POST /internal/join HTTP/1.1",
            &body,
        )
        .await
    }

    /// A request as `caller`.
    pub(crate) async fn ask(&self, caller: Option<&Caller>, head: &str, body: &Value) -> Answer {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        send(self.address, &self.ca_pem, caller, head, &body).await
    }

    /// A request with a body of any kind, whose type stands in the head.
    pub(crate) async fn ask_text(&self, caller: Option<&Caller>, head: &str, body: &str) -> Answer {
        send(self.address, &self.ca_pem, caller, head, body).await
    }

    /// A request that the edge relays for a client at `address`.
    pub(crate) async fn relay(&self, address: &str, target: &str, body: &Value) -> Answer {
        let head = format!("POST {target} HTTP/1.1\r\nvauban-client-address: {address}");
        self.ask(Some(&self.edge), &head, body).await
    }

    pub(crate) async fn login(&self, username: &str, password: &str) -> Answer {
        let body = json!({"username": username, "password": password, "client_id": "bank-web"});
        self.relay("192.0.2.1", "/auth/login", &body).await
    }

    /// Logs in, which must succeed.
    pub(crate) async fn session(&self, username: &str) -> Tokens {
        Tokens::of(self.login(username, PASSWORD).await.fine())
    }

    pub(crate) async fn refresh(&self, token: &str) -> Answer {
        self.relay(
            "192.0.2.1",
            "/auth/refresh",
            &json!({"refresh_token": token, "client_id": "bank-web"}),
        )
        .await
    }

    pub(crate) async fn logout(&self, access: &str) -> Answer {
        let head = format!(
            "POST /auth/logout HTTP/1.1\r\nvauban-client-address: 192.0.2.1\r\nauthorization: Bearer {access}"
        );
        self.ask(Some(&self.edge), &head, &Value::Null).await
    }

    /// Exchanges a token, telling the truth about it, for an internal one for `accounts`.
    pub(crate) async fn exchange(&self, tokens: &Tokens, subject: &str) -> Answer {
        self.ask(
            Some(&self.edge),
            "POST /internal/exchange HTTP/1.1",
            &tokens.truth(subject),
        )
        .await
    }

    pub(crate) async fn is_live(&self, session: &str) -> Value {
        let head = format!("GET /internal/sessions/{session} HTTP/1.1");
        self.ask(Some(&self.guard), &head, &Value::Null)
            .await
            .fine()
            .json()
    }

    pub(crate) async fn watch(&self) -> Watch {
        self.watch_at(self.address).await
    }

    pub(crate) async fn watch_at(&self, address: SocketAddr) -> Watch {
        let mut watch =
            Watch::open(address, &self.ca_pem, &self.edge, "/internal/revocations").await;
        watch.until("{\"ping\":0}").await;
        watch
    }

    /// What the log remembers of one kind, in order. Refusals and sessions are there before their answer.
    pub(crate) fn remembered(&self, kind: Kind) -> Vec<Event> {
        let mut events: Vec<Event> = Vec::new();
        let folder = self.state.audit_line("authority");
        let mut segments: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        segments.retain(|path| path.extension().is_some_and(|ending| ending == "seg"));
        segments.sort();
        for segment in segments {
            events.extend(
                std::fs::read_to_string(segment)
                    .unwrap()
                    .lines()
                    .filter_map(event_of_line),
            );
        }
        events.retain(|event| event.kind == kind);
        events
    }
}

impl Tokens {
    pub(crate) fn of(answer: &Answer) -> Self {
        let access = answer.text("access_token");
        let session = claims(&access)["sid"].as_str().unwrap().to_owned();
        Self {
            access,
            refresh: answer.text("refresh_token"),
            session,
        }
    }

    /// What an honest edge says of the token in an exchange.
    pub(crate) fn truth(&self, subject: &str) -> Value {
        json!({
            "subject_token": self.access, "audience": "accounts", "subject": subject, "client_id": "bank-web",
            "tenant": "north", "sid": self.session,
        })
    }
}

/// The payload of a compact token, unverified.
pub(crate) fn claims(token: &str) -> Value {
    part(token, 1)
}

/// One part of a compact token, unverified.
pub(crate) fn part(token: &str, index: usize) -> Value {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    serde_json::from_slice(
        &URL_SAFE_NO_PAD
            .decode(token.split('.').nth(index).unwrap())
            .unwrap(),
    )
    .unwrap()
}

/// A fresh key and a certificate request that names `names`.
pub(crate) fn request(names: &[&str]) -> (String, String) {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let mut params = CertificateParams::default();
    params.subject_alt_names = names
        .iter()
        .map(|name| SanType::URI((*name).try_into().unwrap()))
        .collect();
    (
        key.serialize_pem(),
        params.serialize_request(&key).unwrap().pem().unwrap(),
    )
}

pub(crate) fn user(subject: &str, username: &str, tenant: &str, role: &str) -> NewUser {
    NewUser {
        subject: subject.to_owned(),
        username: username.to_owned(),
        password: Secret::from(PASSWORD),
        roles: vec![role.to_owned()],
        tenant: tenant.to_owned(),
    }
}

/// The test plan, with password hashing that costs nothing.
pub(crate) fn plan() -> Plan {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let jwk = ROBOT.jwk();
    let text = std::fs::read_to_string(folder.join("plan.yaml")).unwrap();
    let main = TextFile {
        name: "plan.yaml".to_owned(),
        text: text
            .replace("ROBOT_X", jwk["x"].as_str().unwrap())
            .replace("ROBOT_Y", jwk["y"].as_str().unwrap()),
    };
    let service = std::fs::read_to_string(folder.join("service.yaml")).unwrap();
    let mut read = |name: &str| match name {
        "accounts.yaml" => Ok(service
            .replace("PATH", "accounts")
            .replace("OPERATION", "listAccounts")),
        "ledger.yaml" => Ok(service
            .replace("PATH", "ledger")
            .replace("OPERATION", "readLedger")),
        _ => Ok(String::new()),
    };
    let mut plan = load(&main, &mut read, &[("authority", OPENAPI)])
        .unwrap_or_else(|mistakes| panic!("{mistakes}"));
    plan.issuer.password.memory_kib = 64;
    plan.issuer.password.target_milliseconds = 1;
    plan
}

/// The event in a line of a segment: a tab-free JSON object somewhere in it.
fn event_of_line(line: &str) -> Option<Event> {
    line.match_indices('{').find_map(|(at, _)| {
        let mut values =
            serde_json::Deserializer::from_slice(&line.as_bytes()[at..]).into_iter::<Event>();
        values.next()?.ok()
    })
}

fn nobody() -> Caller {
    Caller {
        chain_pem: String::new(),
        key_pem: String::new(),
    }
}
