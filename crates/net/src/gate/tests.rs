//! The gate alone, without hyper. What it lets through and refuses is tested over sockets in `tests/it/framing.rs`.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::*;

const LIMITS: HeadLimits = HeadLimits {
    head_bytes_max: 200,
    headers_max: 8,
    target_bytes_max: 64,
};
const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(20);

fn gate() -> (UnixStream, Gate, Arc<Verdict>) {
    let (client, server) = UnixStream::pair().unwrap();
    let verdict = Arc::new(Verdict::default());
    let gate = Gate::new(Stream::Unix(server), LIMITS, LONG, Arc::clone(&verdict));
    (client, gate, verdict)
}

/// Reads through the gate with a buffer of this size until `count` bytes have come.
async fn read(gate: &mut Gate, size: usize, count: usize) -> String {
    let mut all = Vec::new();
    let mut buffer = vec![0; size];
    while all.len() < count {
        let read = timeout(LONG, gate.read(&mut buffer))
            .await
            .expect("nothing comes")
            .unwrap();
        assert!(
            read > 0,
            "it ended after {:?}",
            String::from_utf8_lossy(&all)
        );
        all.extend_from_slice(&buffer[..read]);
    }
    String::from_utf8(all).unwrap()
}

#[tokio::test]
async fn what_passes_is_not_changed_whatever_the_readers_buffer() {
    let get = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
    let post =
        "POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    let all = format!("{get}{post}{get}");
    for size in [1, 2, 7, 64, 8192] {
        let (mut client, mut gate, _) = gate();
        client.write_all(all.as_bytes()).await.unwrap();
        assert_eq!(
            read(&mut gate, size, all.len()).await,
            all,
            "with a buffer of {size}"
        );
    }
}

#[tokio::test]
async fn an_unfinished_head_never_reaches_the_reader() {
    let (mut client, mut gate, _) = gate();
    client
        .write_all(b"GET /a HTTP/1.1\r\nHost: a\r\n")
        .await
        .unwrap();
    drop(client);
    assert_eq!(gate.read(&mut [0; 64]).await.unwrap(), 0);
}

#[tokio::test]
async fn a_refused_head_is_replaced_and_the_reason_waits_for_its_turn() {
    let (mut client, mut gate, verdict) = gate();
    client
        .write_all(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /secret HTTP/1.1\r\n\r\n")
        .await
        .unwrap();
    let expected = format!(
        "GET /a HTTP/1.1\r\nHost: a\r\n\r\n{}",
        String::from_utf8_lossy(SYNTHETIC)
    );
    assert_eq!(read(&mut gate, 64, expected.len()).await, expected);
    assert_eq!(verdict.next_request(), None);
    assert_eq!(verdict.next_request(), Some(FramingRefusal::HostMissing));
    assert_eq!(verdict.next_request(), Some(FramingRefusal::HostMissing));
}

#[tokio::test]
async fn a_broken_body_is_an_error_with_a_reason() {
    let (mut client, mut gate, verdict) = gate();
    let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    client
        .write_all(format!("{head}3;x\r\nabc").as_bytes())
        .await
        .unwrap();
    assert_eq!(read(&mut gate, 8192, head.len()).await, head);
    assert_eq!(
        gate.read(&mut [0; 64]).await.unwrap_err().kind(),
        io::ErrorKind::InvalidData
    );
    assert_eq!(verdict.broken(), Some(FramingRefusal::ChunkExtension));
}

#[tokio::test]
async fn an_idle_connection_ends_but_not_one_with_an_answer_in_flight() {
    let (mut client, mut gate, verdict) = gate();
    gate.idle_time = SHORT;
    let get = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
    client.write_all(get.as_bytes()).await.unwrap();
    read(&mut gate, 8192, get.len()).await;
    let flight = Flight::new(&verdict);
    assert!(
        timeout(SHORT * 5, gate.read(&mut [0; 64])).await.is_err(),
        "it ended in the middle of an answer"
    );
    drop(flight);
    assert_eq!(
        timeout(LONG, gate.read(&mut [0; 64]))
            .await
            .expect("it stays open")
            .unwrap(),
        0
    );
}

#[tokio::test]
async fn a_client_that_takes_nothing_does_not_hold_the_connection() {
    let (_client, mut gate, _) = gate();
    let flood = vec![0; 1 << 20];
    let mut written = gate.write(&flood).await;
    while let Ok(Ok(count)) = timeout(SHORT, gate.write(&flood)).await {
        written = Ok(count);
    }
    assert!(written.is_ok());
    assert!(gate.write_deadline.is_set());
    gate.write_deadline.set(Instant::now());
    assert_eq!(
        timeout(LONG, gate.write(&flood))
            .await
            .unwrap()
            .unwrap_err()
            .kind(),
        io::ErrorKind::TimedOut
    );
}
