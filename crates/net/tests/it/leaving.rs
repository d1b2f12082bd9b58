//! What happens to a request whose client goes away: it is decided, and so remembered, to its end.

use std::sync::Arc;

use http::Response;
use tokio::sync::Notify;
use vauban_net::{Acceptor, Answer, Arrival, Body, ServerLimits, serve, stop_pair, task};

use crate::support::{LIMITS, connect, soon, tcp};

/// Takes its time, and says when it has finished.
#[derive(Debug, Default)]
struct Slow {
    begun: Notify,
    release: Notify,
    finished: Notify,
}

impl Answer for Slow {
    async fn answer(&self, _arrival: Arrival) -> Response<Body> {
        self.begun.notify_one();
        self.release.notified().await;
        self.finished.notify_one();
        Response::new(Body::empty())
    }
}

/// Panics at its first request.
#[derive(Debug, Default)]
struct Broken;

impl Answer for Broken {
    async fn answer(&self, arrival: Arrival) -> Response<Body> {
        if let Arrival::Request(head, ..) = arrival {
            assert_ne!(head.uri.path(), "/panic");
        }
        Response::new(Body::empty())
    }
}

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// Longer than the server needs to see that a client left: two turns of requests on other connections.
async fn settle(address: std::net::SocketAddr) {
    for _ in 0..2 {
        drop(connect(address).await);
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_client_that_leaves_does_not_stop_its_answer() {
    let (socket, slow) = (tcp().await, Arc::new(Slow::default()));
    let address = socket.local_addr().unwrap();
    let (_stopper, stop) = stop_pair();
    drop(task::spawn(
        "server",
        serve(socket, Acceptor::Plain, LIMITS, Arc::clone(&slow), stop),
    ));
    let mut client = connect(address).await;
    client.write(GET).await;
    soon(slow.begun.notified()).await;
    drop(client);
    settle(address).await;
    slow.release.notify_one();
    soon(slow.finished.notified()).await;
}

#[tokio::test]
async fn a_client_that_leaves_does_not_free_the_place_of_its_answer() {
    let (socket, slow) = (tcp().await, Arc::new(Slow::default()));
    let address = socket.local_addr().unwrap();
    let (_stopper, stop) = stop_pair();
    let limits = ServerLimits {
        connections_max: 1,
        ..LIMITS
    };
    drop(task::spawn(
        "server",
        serve(socket, Acceptor::Plain, limits, Arc::clone(&slow), stop),
    ));
    let mut client = connect(address).await;
    client.write(GET).await;
    soon(slow.begun.notified()).await;
    drop(client);
    settle(address).await;
    let mut second = connect(address).await;
    second.write(GET).await;
    slow.release.notify_one();
    // Whatever the order in which the tasks run, the second begins only after the first has finished.
    soon(async {
        tokio::select! {
            biased;
            () = slow.finished.notified() => {}
            () = slow.begun.notified() => panic!("the second took the place of an answer that was being made"),
        }
    })
    .await;
    soon(slow.begun.notified()).await;
}

#[tokio::test]
async fn a_panic_costs_its_own_connection_only() {
    let socket = tcp().await;
    let address = socket.local_addr().unwrap();
    let (_stopper, stop) = stop_pair();
    drop(task::spawn(
        "server",
        serve(socket, Acceptor::Plain, LIMITS, Arc::new(Broken), stop),
    ));
    let mut client = connect(address).await;
    client.write("GET /panic HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(soon(client.rest()).await, "");
    let mut client = connect(address).await;
    client.write(GET).await;
    assert_eq!(client.answer().await, (200, String::new()));
}
