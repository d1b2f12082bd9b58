//! An edge with everything around it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use vauban_audit::{Event, Kind, Log};
use vauban_edge::{Parts, Rules, RunError, Setting, run};
use vauban_net::{Acceptor, ClientAuth, Clock as _, ManualClock, Socket, Stopper, stop_pair, task};
use vauban_policy::plan::Limits;
use vauban_policy::{Plan, TextFile, load};
use vauban_token::{Claims, Es256Key, Profile, mint};

use crate::client::{Answer, Client};
use crate::pki::Ca;
use crate::recorder::{Recorder, Reply, Seen};

pub(crate) const PLAN: &str = include_str!("data/plan.yaml");
/// The time on the edge's clock.
pub(crate) const NOW: u64 = 1_800_000_000;
/// Room for everything a test does.
pub(crate) const WIDE: &str =
    "    - { name: wide, at: edge, key: ip, requests: 100000, seconds: 1, burst: 100000 }";

/// An edge with everything around it.
pub(crate) struct World {
    pub(crate) edge: SocketAddr,
    pub(crate) guard: Recorder,
    pub(crate) authority: Recorder,
    pub(crate) plain: Recorder,
    pub(crate) key: Es256Key,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) log: Log,
    ca: Ca,
    audit: TempDir,
    stopper: Stopper,
    running: Option<JoinHandle<Result<(), RunError>>>,
}

/// The plan with these budgets, and `plain` at this address.
pub(crate) fn plan(budgets: &str, plain: SocketAddr) -> Plan {
    load_text(PLAN, budgets, plain)
}

/// A plan of this text, of which nothing runs.
pub(crate) fn plan_of(text: &str) -> Plan {
    load_text(text, WIDE, ([127, 0, 0, 1], 1).into())
}

fn load_text(text: &str, budgets: &str, plain: SocketAddr) -> Plan {
    let text = text
        .replace("BUDGETS", budgets)
        .replace("PLAIN", &plain.to_string());
    let file = TextFile {
        name: "vauban.yaml".into(),
        text,
    };
    let mut read = |name: &str| match name {
        "things.yaml" => Ok(include_str!("data/things.yaml").to_owned()),
        "plain.yaml" => Ok(include_str!("data/plain.yaml").to_owned()),
        _ => Ok(String::new()),
    };
    load(
        &file,
        &mut read,
        &[("authority", include_str!("data/authority.yaml"))],
    )
    .unwrap_or_else(|m| panic!("{m}"))
}

impl World {
    /// With room in every budget and parts as shipped.
    pub(crate) async fn new() -> Self {
        Self::with(WIDE, |_| {}).await
    }

    /// With these budgets, and parts changed so.
    pub(crate) async fn with(budgets: &str, change: impl FnOnce(&mut Parts)) -> Self {
        Self::with_limits(|_limits| {}, budgets, change).await
    }

    /// Where no rule runs, so that what is malformed comes to the contract.
    pub(crate) async fn uninspected() -> Self {
        let text = PLAN.replace(
            "waf: { rules: [baseline], mode: block }",
            "waf: { danger_off: \"the contract is tested\" }",
        );
        Self::of_text(&text, Path::new("")).await
    }

    /// With these limits and budgets, and parts changed so.
    pub(crate) async fn with_limits(
        limit: impl FnOnce(&mut Limits),
        budgets: &str,
        change: impl FnOnce(&mut Parts),
    ) -> Self {
        let agree = |plain| {
            let mut agreed = plan(budgets, plain);
            limit(&mut agreed.limits);
            agreed
        };
        Self::of_plan(agree, Path::new(""), change).await
    }

    /// With the plan of this text, and rule files in this folder.
    pub(crate) async fn of_text(text: &str, folder: &Path) -> Self {
        let agree = |plain| load_text(text, WIDE, plain);
        Self::of_plan(agree, folder, |_parts| {}).await
    }

    async fn of_plan(
        agree: impl FnOnce(SocketAddr) -> Plan,
        folder: &Path,
        change: impl FnOnce(&mut Parts),
    ) -> Self {
        let (stopper, stop) = stop_pair();
        let ca = Ca::new();
        let mutual = |spiffe: &str| Acceptor::Mutual(ca.workload(spiffe), ClientAuth::Required);
        let authority = Recorder::start(
            mutual("spiffe://test.internal/line/authority"),
            stop.clone(),
        )
        .await;
        let guard =
            Recorder::start(mutual("spiffe://test.internal/guard/things"), stop.clone()).await;
        let plain = Recorder::start(Acceptor::Plain, stop.clone()).await;
        let key = Es256Key::generate().unwrap();
        authority_script(&authority, json!({ "keys": [key.jwk()] }).to_string());
        guard.answer_with(Reply::json(200, json!({"name": "canary"})));
        plain.answer_with(Reply::json(200, json!({"pong": true})));
        let audit = TempDir::new().unwrap();
        let (log, _writer) = Log::open(audit.path(), "edge").unwrap();
        let clock = Arc::new(ManualClock::new(NOW * 1000));
        let agreed = Arc::new(agree(plain.address));
        let setting = Setting {
            workload: ca.workload("spiffe://test.internal/line/edge"),
            authority: authority.address,
            guards: BTreeMap::from([("things".to_owned(), guard.address)]),
            public_tls: ca.public_tls(),
            rules: Rules::load(&agreed, folder).unwrap_or_else(|mistakes| panic!("{mistakes}")),
            audit: log.clone(),
            clock: Arc::<ManualClock>::clone(&clock),
        };
        let mut parts = Parts::shipped(&agreed, &setting).unwrap();
        change(&mut parts);
        let socket = Socket::bind_tcp(([127, 0, 0, 1], 0).into()).await.unwrap();
        let edge = socket.local_addr().unwrap();
        let running = task::spawn("edge", run(agreed, setting, parts, socket, stop));
        Self {
            edge,
            guard,
            authority,
            plain,
            key,
            clock,
            log,
            ca,
            audit,
            stopper,
            running: Some(running),
        }
    }

    /// Stops the edge and closes its log.
    pub(crate) async fn stop(&mut self) {
        self.stopper.stop();
        self.running.take().unwrap().await.unwrap().unwrap();
        self.log.clone().close().await.unwrap();
    }

    /// What the log has durably of the line itself, in order.
    pub(crate) fn own_events(&self) -> Vec<Event> {
        let mut events = first_events(self.audit.path());
        events.retain(|event| matches!(event.kind, Kind::Start | Kind::Stop));
        events
    }

    pub(crate) fn connect(&self) -> Client {
        Client::connect(self.edge, &self.ca.pem)
    }

    /// Connects from another address of this machine.
    pub(crate) async fn connect_from(&self, source: [u8; 4]) -> Client {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind((source, 0).into()).unwrap();
        let tcp = socket.connect(self.edge).await.unwrap();
        let tcp = tcp.into_std().unwrap();
        tcp.set_nonblocking(false).unwrap();
        Client::over(tcp, &self.ca.pem)
    }

    /// Sends bytes over a connection of their own.
    pub(crate) fn raw(&self, bytes: &[u8]) -> Answer {
        let mut client = self.connect();
        client.write(bytes);
        client.read()
    }

    /// Sends a request with further header lines, each ending in CR LF.
    pub(crate) fn send(&self, method: &str, target: &str, headers: &str, body: &str) -> Answer {
        let length = if body.is_empty() {
            String::new()
        } else {
            format!("Content-Length: {}\r\n", body.len())
        };
        self.raw(
            format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\n{length}{headers}\r\n{body}")
                .as_bytes(),
        )
    }

    /// A GET with a bearer token.
    pub(crate) fn get(&self, target: &str, token: &str) -> Answer {
        self.send("GET", target, &bearer(token), "")
    }

    /// A good token of a user.
    pub(crate) fn token(&self) -> String {
        self.token_of(&user())
    }

    pub(crate) fn token_of(&self, claims: &Claims) -> String {
        mint(&self.key, &profile(), claims).unwrap()
    }

    /// Nothing has gone inside, except questions for keys.
    pub(crate) fn assert_nothing_inside(&self, name: &str) {
        let inside: Vec<Seen> = [&self.guard, &self.plain, &self.authority]
            .iter()
            .flat_map(|one| one.seen())
            .collect();
        let inside: Vec<&Seen> = inside
            .iter()
            .filter(|seen| seen.target != "/.well-known/jwks.json")
            .collect();
        assert!(inside.is_empty(), "case `{name}`: {inside:?}");
    }

    /// The one event of a decision.
    pub(crate) async fn event(&self, decision: &str) -> Event {
        // A durable event comes after every note before it.
        let marker = Event::new(self.clock.unix_ms(), "edge", "", Kind::Start);
        self.log.record(marker).await.unwrap();
        let events = vauban_audit::find(self.audit.path(), decision).unwrap();
        assert_eq!(events.len(), 1, "one event of `{decision}`");
        events.into_iter().next().unwrap()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stopper.stop();
    }
}

/// The authority of a world where everybody is known.
pub(crate) fn authority_script(authority: &Recorder, keys: String) {
    authority.answer_by(move |seen| match seen.target.as_str() {
        "/.well-known/jwks.json" => Reply::json(200, &keys),
        "/internal/exchange" => {
            let asked: serde_json::Value = serde_json::from_slice(&seen.body).unwrap();
            let token = format!("internal-for-{}", asked["audience"].as_str().unwrap());
            Reply::json(
                200,
                json!({"internal_token": token, "expires_in": 60, "session": asked["sid"]}),
            )
        }
        "/auth/login" => Reply::json(200, json!({"access_token": "t"})),
        "/auth/logout" => Reply {
            status: 204,
            headers: Vec::new(),
            body: String::new(),
        },
        _ => Reply::json(404, "{}"),
    });
}

pub(crate) fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\n")
}

pub(crate) fn profile() -> Profile {
    Profile {
        issuer: "https://issuer.test".into(),
        audience: "https://api.test".into(),
        life_seconds_max: 900,
    }
}

pub(crate) fn user() -> Claims {
    Claims {
        subject: "1001".into(),
        client_id: "web".into(),
        tenant: "north".into(),
        session: "s1".into(),
        jti: "j1".into(),
        roles: vec!["user".into()],
        permissions: vec!["read:things".into(), "write:things".into()],
        actors: vec![],
        expires_at: NOW + 600,
        issued_at: NOW,
    }
}

/// What the edge's log in this folder has durably in its first file, in order.
pub(crate) fn first_events(audit: &Path) -> Vec<Event> {
    let text = std::fs::read_to_string(audit.join("edge/000001.seg")).unwrap();
    let event = |line: &str| {
        // A record is an object around the event.
        line.match_indices('{').find_map(|(at, _)| {
            let text = &line.as_bytes()[at..];
            let mut values = serde_json::Deserializer::from_slice(text).into_iter::<Event>();
            values.next()?.ok()
        })
    };
    text.lines().filter_map(event).collect()
}
