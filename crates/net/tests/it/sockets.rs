//! Binding.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use tokio::net::UnixStream;
use vauban_net::{Acceptor, BindError, Socket};

use crate::support::{Client, LIMITS, start_on};

#[tokio::test]
async fn a_unix_socket_is_private_and_knows_its_peer() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.sock");
    let server = start_on(Socket::bind_unix(&path).unwrap(), Acceptor::Plain, LIMITS);
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let mut client = Client(UnixStream::connect(&path).await.unwrap());
    client.write("GET /a HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(client.answer().await, (200, "GET /a 0".to_owned()));
    let peers = server.recorder.peers.lock().unwrap().clone();
    assert_eq!(peers[0].uid, Some(fs::metadata(&path).unwrap().uid()));
    assert_eq!(peers[0].address, None);
}

#[tokio::test]
async fn a_dead_socket_is_replaced_a_live_one_and_a_file_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.sock");
    let live = Socket::bind_unix(&path).unwrap();
    let error = Socket::bind_unix(&path).unwrap_err();
    assert!(matches!(error, BindError::Live(_)));
    assert_eq!(
        error.to_string(),
        format!("another process listens on `{}`", path.display())
    );
    drop(live);
    assert!(path.exists());
    drop(Socket::bind_unix(&path).unwrap());

    let file = dir.path().join("file");
    fs::write(&file, "precious").unwrap();
    let error = Socket::bind_unix(&file).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("`{}` exists and is not a socket", file.display())
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), "precious");

    let nowhere = dir.path().join("missing/a.sock");
    assert!(matches!(
        Socket::bind_unix(&nowhere),
        Err(BindError::Unix { .. })
    ));
}

#[tokio::test]
async fn a_taken_address_is_refused() {
    let first = crate::support::tcp().await;
    let address = first.local_addr().unwrap();
    let error = Socket::bind_tcp(address).await.unwrap_err();
    assert_eq!(error.to_string(), format!("cannot listen on `{address}`"));
}
