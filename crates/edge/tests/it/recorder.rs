//! A server that remembers what reached it and answers as it is told.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Response;
use tokio::sync::mpsc;
use vauban_http::HeadLimits;
use vauban_net::{Acceptor, Answer, Arrival, Body, ServerLimits, Socket, Stop, serve, task};

/// The status of a reply that never comes.
pub(crate) const NEVER: u16 = 0;

/// What reached the server.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

/// What it answers.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(status: u16, body: impl std::fmt::Display) -> Self {
        let headers = vec![("content-type", "application/json".to_owned())];
        let body = format!("{body}");
        Self {
            status,
            headers,
            body,
        }
    }

    pub(crate) fn problem(status: u16, code: &str) -> Self {
        let body = serde_json::json!({
            "type": format!("urn:vauban:denial:{code}"), "title": "inside", "status": status, "code": code, "decision": "x",
        });
        let headers = vec![("content-type", "application/problem+json".to_owned())];
        Self {
            status,
            headers,
            body: body.to_string(),
        }
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

type Script = Arc<dyn Fn(&Seen) -> Reply + Send + Sync>;

/// The server.
#[derive(Clone)]
pub(crate) struct Recorder {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    script: Arc<Mutex<Script>>,
    streams: Arc<Mutex<Vec<mpsc::Sender<bytes::Bytes>>>>,
}

impl Recorder {
    pub(crate) async fn start(acceptor: Acceptor, stop: Stop) -> Self {
        let socket = Socket::bind_tcp(([127, 0, 0, 1], 0).into()).await.unwrap();
        let recorder = Self {
            address: socket.local_addr().unwrap(),
            seen: Arc::default(),
            script: Arc::new(Mutex::new(Arc::new(|_| Reply::json(200, "{}")))),
            streams: Arc::default(),
        };
        let limits = ServerLimits {
            head: HeadLimits {
                head_bytes_max: 65_536,
                headers_max: 100,
                target_bytes_max: 32_768,
            },
            header_time: Duration::from_secs(20),
            body_time: Duration::from_secs(20),
            connections_max: 100,
            drain_time: Duration::from_millis(1),
        };
        let answer = Arc::new(recorder.clone());
        drop(task::spawn("recorder", async move {
            serve(socket, acceptor, limits, answer, stop).await
        }));
        recorder
    }

    /// Answers by this script from now on.
    pub(crate) fn answer_by(&self, script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) {
        *self.script.lock().unwrap() = Arc::new(script);
    }

    pub(crate) fn answer_with(&self, reply: Reply) {
        self.answer_by(move |_| reply.clone());
    }

    /// What reached the server, apart from the revocation stream.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn seen_at(&self, target: &str) -> Vec<Seen> {
        self.seen()
            .into_iter()
            .filter(|seen| seen.target == target)
            .collect()
    }

    /// Sends a line to everybody who follows the revocations.
    pub(crate) async fn revoke(&self, line: &str) {
        let streams = self.streams.lock().unwrap().clone();
        assert!(!streams.is_empty(), "nobody follows");
        for stream in streams {
            drop(stream.send(format!("{line}\n").into()).await);
        }
    }

    /// Ends every revocation stream.
    pub(crate) fn end_streams(&self) {
        self.streams.lock().unwrap().clear();
    }
}

impl Answer for Recorder {
    async fn answer(&self, arrival: Arrival) -> Response<Body> {
        let Arrival::Request(head, body, _) = arrival else {
            panic!("the edge sent a broken request: {arrival:?}")
        };
        let target = head.uri.to_string();
        if target == "/internal/revocations" {
            let (sender, pieces) = mpsc::channel(8);
            sender.send("{\"ping\":1}\n".into()).await.unwrap();
            self.streams.lock().unwrap().push(sender);
            return Response::new(Body::stream(pieces));
        }
        let headers = head
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
        let seen = Seen {
            method: head.method.to_string(),
            target,
            headers: headers.collect(),
            body: body.read(1 << 20).await.unwrap().to_vec(),
        };
        let script = Arc::clone(&*self.script.lock().unwrap());
        let reply = script(&seen);
        self.seen.lock().unwrap().push(seen);
        if reply.status == NEVER {
            std::future::pending::<()>().await;
        }
        let mut response = Response::builder().status(reply.status);
        for (name, value) in reply.headers {
            response = response.header(name, value);
        }
        response.body(Body::full(reply.body)).unwrap()
    }
}
