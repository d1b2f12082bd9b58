//! The authority's stream of revocations: one JSON object per line, a sign of life each second.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::HOST;
use http::{HeaderValue, Request, StatusCode, Uri};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde::Deserialize;
use vauban_net::Stop;

use super::CachedExchange;

/// Longest silence before the stream counts as broken.
const SILENCE_MAX: Duration = Duration::from_secs(3);
/// Until the stream is asked for again.
const RETRY_TIME: Duration = Duration::from_millis(500);
/// Longest line, bytes.
const LINE_BYTES_MAX: usize = 4096;

/// One line. Anything else breaks the stream, because it may be a revocation that we cannot read.
#[derive(Debug, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Line {
    Revoked { session: String },
    Alive { ping: u64 },
}

/// Follows the stream until told to stop; while it is broken, nothing is remembered.
pub(super) async fn follow(exchange: &CachedExchange, stop: Stop) {
    while !stop.is_stopped() {
        let end = tokio::select! {
            end = read(exchange) => end,
            () = stop.stopped() => "told to stop",
        };
        exchange.state().cache.follow(false);
        if stop.is_stopped() {
            break;
        }
        tracing::warn!(reason = end, "revocations are not being followed");
        tokio::select! {
            () = tokio::time::sleep(RETRY_TIME) => {}
            () = stop.stopped() => {}
        }
    }
}

/// Reads one connection's stream to its end, and says why it ended.
async fn read(exchange: &CachedExchange) -> &'static str {
    let mut request = Request::new(Bytes::new());
    *request.uri_mut() = Uri::from_static("/internal/revocations");
    request
        .headers_mut()
        .insert(HOST, HeaderValue::from_static("authority"));
    let Ok(answer) = exchange.upstream.stream(request).await else {
        return "no connection";
    };
    if answer.status() != StatusCode::OK {
        return "refused";
    }
    let mut body: Incoming = answer.into_body();
    let mut held = BytesMut::new();
    let mut followed = false;
    loop {
        let Ok(frame) = tokio::time::timeout(SILENCE_MAX, body.frame()).await else {
            return "silence";
        };
        let Some(Ok(frame)) = frame else {
            return "closed";
        };
        let Some(data) = frame.data_ref() else {
            continue;
        };
        held.extend_from_slice(data);
        while let Some(end) = held.iter().position(|byte| *byte == b'\n') {
            let line = held.split_to(end + 1);
            let Ok(line) = serde_json::from_slice::<Line>(&line) else {
                return "unreadable line";
            };
            if !followed {
                followed = true;
                exchange.state().cache.follow(true);
            }
            match line {
                Line::Revoked { session } => exchange.state().cache.revoke(&session),
                Line::Alive { ping } => tracing::trace!(ping, "authority is alive"),
            }
        }
        if held.len() > LINE_BYTES_MAX {
            return "line is too long";
        }
    }
}
