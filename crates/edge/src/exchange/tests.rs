use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use vauban_net::{ManualClock, UpstreamLimits};
use vauban_token::Claims;

use super::*;

fn claims() -> Claims {
    Claims {
        subject: "1".into(),
        client_id: "c".into(),
        tenant: "t".into(),
        session: "s".into(),
        jti: "j".into(),
        roles: Vec::new(),
        permissions: Vec::new(),
        actors: Vec::new(),
        expires_at: 900,
        issued_at: 0,
    }
}

/// An authority that gives every question one answer, and counts the questions.
async fn answer_each(listener: &TcpListener, counted: &Mutex<usize>) {
    let body = r#"{"internal_token":"t","expires_in":60,"session":"s"}"#;
    let length = body.len();
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut piece = [0; 4096];
        let mut text = String::new();
        while !text.ends_with('}') {
            let count = stream.read(&mut piece).await.unwrap();
            text.push_str(std::str::from_utf8(&piece[..count]).unwrap());
        }
        *counted.lock().unwrap() += 1;
        let head =
            format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
        stream
            .write_all(format!("{head}{body}").as_bytes())
            .await
            .unwrap();
    }
}

/// How many questions the authority gets when all of these are asked before the first is answered.
async fn ask_together(followed: bool, asks: &[(&str, &str)]) -> usize {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let limits = UpstreamLimits {
        answer_time: Duration::from_secs(5),
        answer_bytes_max: 4096,
        idle_max: 4,
    };
    let exchange = CachedExchange {
        upstream: Upstream::plain(listener.local_addr().unwrap(), limits),
        clock: Arc::new(ManualClock::new(0)),
        state: Mutex::default(),
    };
    exchange.state().cache.follow(followed);
    let (claims, counted) = (claims(), Mutex::new(0));
    let ask = |&(token, audience)| {
        Box::pin(exchange.get(Presented {
            token,
            audience,
            claims: &claims,
            decision: "d",
        }))
    };
    let mut waiting: Vec<_> = asks.iter().map(ask).collect();
    let all = async {
        // Each is polled once, in one task, before the server runs at all.
        std::future::poll_fn(|context| {
            let pending = waiting
                .iter_mut()
                .all(|one| one.as_mut().poll(context).is_pending());
            assert!(pending, "nobody has answered yet");
            std::task::Poll::Ready(())
        })
        .await;
        for one in waiting {
            assert_eq!(one.await.unwrap().value, "t");
        }
    };
    tokio::select! {
        biased;
        () = all => {}
        () = answer_each(&listener, &counted) => {}
    }
    assert!(
        exchange.state().flights.is_empty(),
        "no flight is left on the board"
    );
    counted.into_inner().unwrap()
}

#[tokio::test]
async fn who_asks_the_same_together_asks_once() {
    let same = [("a", "things"), ("a", "things"), ("a", "things")];
    assert_eq!(ask_together(true, &same).await, 1);
}

#[tokio::test]
async fn who_asks_something_else_asks_alone() {
    assert_eq!(
        ask_together(true, &[("a", "things"), ("b", "things"), ("a", "others")]).await,
        3
    );
}

#[tokio::test]
async fn without_the_stream_everybody_asks_alone() {
    assert_eq!(
        ask_together(false, &[("a", "things"), ("a", "things")]).await,
        2
    );
}

#[test]
fn keys_tell_token_and_audience_apart() {
    assert_ne!(key_of("ab", "c"), key_of("a", "bc"));
    assert_eq!(key_of("a", "b"), key_of("a", "b"));
}
