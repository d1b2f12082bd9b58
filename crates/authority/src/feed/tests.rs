use std::sync::Arc;

use bytes::Bytes;
use tempfile::TempDir;
use tokio::sync::mpsc;
use vauban_audit::Log;
use vauban_net::{ManualClock, Stopper, stop_pair};
use vauban_policy::Denial;

use super::{BEHIND_MAX, Feed, LINES_MAX, SUBSCRIBERS_MAX};
use crate::store::{HashKey, Place, Store};

struct Ground {
    feed: Feed,
    store: Store,
    audit: Log,
    folder: TempDir,
}

fn key() -> HashKey {
    HashKey::new(&vauban_secret::Secret::random().unwrap()).unwrap()
}

async fn ground() -> Ground {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("authority.db");
    let place = Place::Sqlite(path);
    Store::create(&place).await.unwrap();
    let store = Store::open(&place, key()).await.unwrap();
    let (audit, _writer) = Log::open(&folder.path().join("audit"), "authority").unwrap();
    let feed = Feed::new(
        store.clone(),
        audit.clone(),
        Arc::new(ManualClock::new(1_000_000)),
    );
    Ground {
        feed,
        store,
        audit,
        folder,
    }
}

async fn line(lines: &mut mpsc::Receiver<Bytes>) -> Option<String> {
    lines
        .recv()
        .await
        .map(|line| String::from_utf8(line.to_vec()).unwrap())
}

async fn subscribe(feed: &Feed) -> (mpsc::Receiver<Bytes>, Stopper) {
    let (stopper, stop) = stop_pair();
    let mut lines = feed.subscribe(stop).unwrap();
    assert_eq!(line(&mut lines).await.as_deref(), Some("{\"ping\":0}\n"));
    (lines, stopper)
}

#[tokio::test]
async fn a_subscriber_that_falls_behind_loses_its_stream() {
    let Ground {
        feed,
        folder: _folder,
        ..
    } = ground().await;
    let (mut slow, _stopper) = subscribe(&feed).await;
    // Nothing yields in between, so that the forwarder has not read a single one: it lags.
    for number in 0..=BEHIND_MAX {
        assert_eq!(feed.sender.send(Arc::from(number.to_string())).unwrap(), 1);
    }
    assert_eq!(line(&mut slow).await, None);
}

#[tokio::test]
async fn a_subscriber_that_does_not_read_loses_its_stream() {
    let Ground {
        feed,
        folder: _folder,
        ..
    } = ground().await;
    let (mut idle, _stopper) = subscribe(&feed).await;
    for number in 0..=LINES_MAX {
        assert_eq!(feed.sender.send(Arc::from(number.to_string())).unwrap(), 1);
    }
    feed.sender.closed().await;
    let mut seen = 0;
    while line(&mut idle).await.is_some() {
        seen += 1;
    }
    assert_eq!(
        seen, LINES_MAX,
        "what was on its way still arrives, then the end"
    );
}

#[tokio::test]
async fn streams_end_with_the_line_and_their_number_is_limited() {
    let Ground {
        feed,
        folder: _folder,
        ..
    } = ground().await;
    let (stopper, stop) = stop_pair();
    let mut streams: Vec<_> = (0..SUBSCRIBERS_MAX)
        .map(|_| feed.subscribe(stop.clone()).unwrap())
        .collect();
    assert_eq!(
        feed.subscribe(stop.clone()).unwrap_err(),
        Denial::Overloaded
    );
    stopper.stop();
    for stream in &mut streams {
        while line(stream).await.is_some() {}
    }
    drop(feed.places.acquire().await.unwrap());
}

#[tokio::test]
async fn a_revocation_is_told_even_when_it_cannot_be_recorded_and_is_recorded_later() {
    let Ground {
        feed,
        store,
        audit,
        folder,
    } = ground().await;
    let (mut lines, _stopper) = subscribe(&feed).await;
    revoke(&store).await;
    audit.close().await.unwrap();
    assert_eq!(feed.settle().await, Err(Denial::AuditUnavailable));
    assert_eq!(
        line(&mut lines).await.as_deref(),
        Some("{\"session\":\"s\"}\n")
    );
    assert_eq!(
        store.unsettled().await.unwrap().len(),
        1,
        "it stays to be recorded"
    );
    // The next start has a log again.
    let (audit, _writer) = Log::open(&folder.path().join("again"), "authority").unwrap();
    let next = Feed::new(store.clone(), audit, Arc::new(ManualClock::new(1_000_000)));
    assert_eq!(next.settle().await, Ok(()));
    assert_eq!(store.unsettled().await.unwrap(), []);
    let segment =
        std::fs::read_to_string(folder.path().join("again/authority/000001.seg")).unwrap();
    assert!(segment.contains("session ended: test"), "{segment}");
}

async fn revoke(store: &Store) {
    let hash = crate::store::PasswordHash("hash".to_owned());
    let user = crate::store::UserToAdd {
        subject: "1",
        username: "alice",
        password: &hash,
        tenant: "north",
        roles: &[],
    };
    assert!(store.add_user(user, 0).await.unwrap());
    let new = crate::store::NewSession {
        id: "s",
        subject: "1",
        client_id: "web",
        tenant: "north",
        roles: &[],
        changes: 0,
        now: 0,
        ends_at: 10_000,
        access_hash: [1; 32],
        access_expires_at: 900,
        refresh_hash: [2; 32],
    };
    assert!(store.begin_session(&new).await.unwrap());
    assert!(store.end_session("s", "test", "", 1).await.unwrap());
}
