//! A recording service on a Unix socket, by hyper alone.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::UnixListener;

/// A request as the service saw it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// What the service does.
#[derive(Debug, Clone)]
pub(crate) enum Does {
    Answers {
        status: u16,
        headers: Vec<(&'static str, &'static str)>,
        body: String,
    },
    NeverAnswers,
}

/// A running service.
pub(crate) struct Service {
    pub(crate) path: PathBuf,
    pub(crate) does: Arc<Mutex<Does>>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Service {
    pub(crate) fn start(path: &Path) -> Self {
        let listener = UnixListener::bind(path).unwrap();
        let does = Arc::new(Mutex::new(Does::Answers {
            status: 200,
            headers: vec![("content-type", "application/json")],
            body: r#"{"note":"canary-notes"}"#.to_owned(),
        }));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let service = Self {
            path: path.to_owned(),
            does: Arc::clone(&does),
            seen: Arc::clone(&seen),
        };
        drop(vauban_net::task::spawn("test service", async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (does, seen) = (Arc::clone(&does), Arc::clone(&seen));
                drop(vauban_net::task::spawn(
                    "test service's connection",
                    async move {
                        let answer = service_fn(|request| answer(request, &does, &seen));
                        drop(
                            hyper::server::conn::http1::Builder::new()
                                .serve_connection(TokioIo::new(stream), answer)
                                .await,
                        );
                    },
                ));
            }
        }));
        service
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn set(&self, does: Does) {
        *self.does.lock().unwrap() = does;
    }
}

async fn answer(
    request: Request<Incoming>,
    does: &Mutex<Does>,
    seen: &Mutex<Vec<Seen>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    seen.lock().unwrap().push(Seen {
        method: head.method,
        target: head.uri.to_string(),
        headers: head.headers,
        body,
    });
    let does = does.lock().unwrap().clone();
    match does {
        Does::NeverAnswers => std::future::pending().await,
        Does::Answers {
            status,
            headers,
            body,
        } => {
            let mut response = Response::new(Full::new(Bytes::from(body)));
            *response.status_mut() = status.try_into().unwrap();
            for (name, value) in headers {
                response.headers_mut().append(name, value.parse().unwrap());
            }
            Ok(response)
        }
    }
}
