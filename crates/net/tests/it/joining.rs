//! The first certificate, and the next ones.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};

use http::Response;
use serde_json::{Value, json};
use vauban_net::join::{self, JoinError};
use vauban_net::{
    Acceptor, Answer, Arrival, Body, ClientAuth, Clock, ManualClock, Stopper, SystemClock,
    UpstreamError, serve, stop_pair, task,
};

use crate::support::{Ca, LIMITS, soon, tcp};

const AUTHORITY: &str = "spiffe://bank.internal/line/authority";
const EDGE: &str = "spiffe://bank.internal/line/edge";

/// An authority that signs whatever it is asked, and notes who asked for what.
struct Authority {
    ca: Ca,
    seen: Mutex<Vec<(String, Option<String>, Value)>>,
}

impl Answer for Authority {
    async fn answer(&self, arrival: Arrival) -> Response<Body> {
        let Arrival::Request(parts, body, peer) = arrival else {
            panic!("refused")
        };
        let question: Value = serde_json::from_slice(&body.read(10_000).await.unwrap()).unwrap();
        self.seen
            .lock()
            .unwrap()
            .push((parts.uri.to_string(), peer.spiffe, question.clone()));
        let certificate = match question["token"].as_str() {
            Some("wrong") => {
                let mut refused = Response::new(Body::full(r#"{"code":"join.refused"}"#));
                *refused.status_mut() = http::StatusCode::FORBIDDEN;
                return refused;
            }
            Some("nonsense") => return Response::new(Body::full("{}")),
            Some("other") => {
                self.ca
                    .identity_of(&["spiffe://bank.internal/line/other"])
                    .chain_pem
            }
            _ => self.ca.sign_request(question["csr_pem"].as_str().unwrap()),
        };
        Response::new(Body::full(
            json!({ "certificate_pem": certificate, "ca_pem": self.ca.pem }).to_string(),
        ))
    }
}

async fn authority(spiffe: &str) -> (Arc<Authority>, SocketAddr, Stopper) {
    let authority = Arc::new(Authority {
        ca: Ca::new(),
        seen: Mutex::default(),
    });
    let socket = tcp().await;
    let address = socket.local_addr().unwrap();
    let acceptor = Acceptor::Mutual(authority.ca.workload(spiffe), ClientAuth::Optional);
    let (stopper, stop) = stop_pair();
    drop(task::spawn(
        "authority",
        serve(socket, acceptor, LIMITS, Arc::clone(&authority), stop),
    ));
    (authority, address, stopper)
}

#[tokio::test]
async fn a_token_becomes_an_identity_that_is_kept_privately() {
    let (authority, address, _stopper) = authority(AUTHORITY).await;
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("edge");
    let workload = soon(join::join(
        address,
        &authority.ca.pem,
        "good",
        EDGE,
        Some(&dir),
    ))
    .await
    .unwrap();
    assert_eq!(workload.spiffe(), EDGE);
    let (path, peer, question) = authority.seen.lock().unwrap()[0].clone();
    assert_eq!(
        (path.as_str(), peer, question["token"].as_str()),
        ("/internal/join", None, Some("good"))
    );
    for (name, mode) in [("", 0o700), ("cert.pem", 0o600), ("key.pem", 0o600)] {
        assert_eq!(
            fs::metadata(dir.join(name)).unwrap().permissions().mode() & 0o777,
            mode,
            "{name}"
        );
    }

    let resumed = join::resume(&dir, &authority.ca.pem, EDGE, &SystemClock).unwrap();
    assert_eq!(resumed.current().chain_pem, workload.current().chain_pem);
    let late = ManualClock::new(u64::MAX / 2);
    let error = join::resume(&dir, &authority.ca.pem, EDGE, &late).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("the certificate in `{}` has expired", dir.display())
    );
    fs::set_permissions(dir.join("key.pem"), fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(
        join::resume(&dir, &authority.ca.pem, EDGE, &SystemClock),
        Err(JoinError::Store { .. })
    ));
}

#[tokio::test]
async fn the_token_goes_only_to_the_authority() {
    // The right CA, but another line; and the right line of another CA.
    let (impostor, address, _stopper) = authority("spiffe://bank.internal/guard/accounts").await;
    let error = soon(join::join(address, &impostor.ca.pem, "good", EDGE, None))
        .await
        .unwrap_err();
    assert!(
        matches!(error, JoinError::Authority(UpstreamError::WrongPeer(_))),
        "{error:?}"
    );
    let (other, address, _stopper) = authority(AUTHORITY).await;
    let error = soon(join::join(address, &Ca::new().pem, "good", EDGE, None))
        .await
        .unwrap_err();
    assert!(
        matches!(error, JoinError::Authority(UpstreamError::WrongPeer(_))),
        "{error:?}"
    );
    assert!(impostor.seen.lock().unwrap().is_empty() && other.seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_the_authority_refuses_or_garbles_is_no_identity() {
    let (authority, address, _stopper) = authority(AUTHORITY).await;
    let check = async |token: &str, spiffe: &str, message: &str| {
        let dir = tempfile::tempdir().unwrap();
        let error = soon(join::join(
            address,
            &authority.ca.pem,
            token,
            spiffe,
            Some(dir.path()),
        ))
        .await
        .unwrap_err();
        assert_eq!(error.to_string(), message);
        assert_eq!(
            fs::read_dir(dir.path()).unwrap().count(),
            0,
            "something was written"
        );
    };
    check(
        "wrong",
        EDGE,
        "the authority refused with status 403 and code `join.refused`",
    )
    .await;
    check("nonsense", EDGE, "the authority's answer cannot be used").await;
    check("other", EDGE, "the certificate cannot be used").await;
    check(
        "good",
        "https://bank.internal/line/edge",
        "`https://bank.internal/line/edge` is not a SPIFFE id",
    )
    .await;
}

#[tokio::test]
async fn a_certificate_is_renewed_in_the_second_half_of_its_life_with_the_same_key() {
    let (authority, address, _stopper) = authority(AUTHORITY).await;
    let dir = tempfile::tempdir().unwrap();
    let workload = soon(join::join(
        address,
        &authority.ca.pem,
        "good",
        EDGE,
        Some(dir.path()),
    ))
    .await
    .unwrap();
    let before = workload.current();
    // These certificates live from 1975 to 4096, so that now is in the first half and 3500 in the second.
    let (stopper, stop) = stop_pair();
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(48_000_000_000_000));
    let task = task::spawn(
        "renewal",
        join::keep_fresh(workload.clone(), address, clock, stop),
    );
    soon(async {
        while fs::read_to_string(dir.path().join("cert.pem")).unwrap() == before.chain_pem {
            tokio::task::yield_now().await;
        }
    })
    .await;
    stopper.stop();
    soon(task).await.unwrap();
    let after = workload.current();
    assert_ne!(after.chain_pem, before.chain_pem);
    assert_eq!(after.key_pem, before.key_pem);
    let (path, peer, _) = authority.seen.lock().unwrap()[1].clone();
    assert_eq!(
        (path.as_str(), peer.as_deref()),
        ("/internal/renew", Some(EDGE))
    );
}
