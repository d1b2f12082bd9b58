use super::writer::{Rest, now};
use super::*;
use crate::event::tests::sample;
use crate::medium::faulty::{Crash, Fault, Faulty};
use crate::record::{Content, unseal};
use std::time::Duration;

fn open(disk: &Faulty, limits: Limits) -> (Log, Writer) {
    Log::open_on(Box::new(disk.clone()), "edge", limits).unwrap()
}

fn decisions(disk: &Faulty) -> Vec<String> {
    let files = disk.content();
    files["000001.seg"]
        .split(|byte| *byte == b'\n')
        .filter_map(|line| match unseal(line).ok()?.content {
            Content::Event(event) => Some(event.decision),
            Content::Segment(_) => None,
        })
        .collect()
}

fn failed(reason: &str) -> RecordError {
    RecordError::Failed {
        line: "edge".to_owned(),
        reason: reason.to_owned(),
    }
}

#[tokio::test]
async fn record_answers_after_the_flush_and_note_does_not_wait() {
    let disk = Faulty::default();
    let (log, writer) = open(&disk, Limits::default());
    log.note(&sample("note")).unwrap();
    log.record(sample("record")).await.unwrap();
    disk.crash(Crash::Prefix, 7);
    assert_eq!(decisions(&disk), ["note", "record"]);
    log.close().await.unwrap();
    writer.wait().unwrap();
}

#[tokio::test]
async fn a_note_alone_reaches_the_disk_by_itself() {
    let disk = Faulty::default();
    let (log, writer) = open(&disk, Limits::default());
    let before = disk.syncs();
    log.note(&sample("note")).unwrap();
    disk.wait_for_syncs(before + 1);
    assert_eq!(decisions(&disk), ["note"]);
    drop(log);
    writer.wait().unwrap();
}

#[tokio::test]
async fn waiters_share_one_flush() {
    let disk = Faulty::default();
    let (log, _writer) = open(&disk, Limits::default());
    let before = disk.syncs();
    disk.shut_gate(true);
    let mut waiting: Vec<_> = (0..200)
        .map(|nth| Box::pin(log.record(sample(&format!("d{nth}")))))
        .collect();
    // Poll each once, so that all are queued while the first flush is held back.
    for one in &mut waiting {
        assert!(
            std::future::poll_fn(|context| std::task::Poll::Ready(
                one.as_mut().poll(context).is_pending()
            ))
            .await
        );
    }
    disk.shut_gate(false);
    for one in waiting {
        one.await.unwrap();
    }
    let syncs = disk.syncs() - before;
    assert!(syncs <= 2, "{syncs} flushes for 200 events");
    assert_eq!(decisions(&disk).len(), 200);
}

#[test]
fn only_a_crowd_waits_for_company() {
    let apart_max = Duration::from_millis(5);
    let start = now();
    // Flushes begin so many microseconds after one another, for so many who wait: what the next one has to rest.
    let check = |flushes: &[(u64, usize)], rest_us: u64| {
        let mut now = start;
        let mut rest = Rest::default();
        for (gap_us, waiting) in flushes {
            now += Duration::from_micros(*gap_us);
            rest = rest.after(*waiting, now, apart_max);
        }
        assert_eq!(
            rest.left(now),
            Duration::from_micros(rest_us),
            "{flushes:?}"
        );
        let later = now + Duration::from_micros(1_500);
        let left_us = rest_us.saturating_sub(1_500);
        assert_eq!(rest.left(later), Duration::from_micros(left_us));
    };
    check(&[], 0);
    check(&[(0, 200)], 0);
    // One client that goes on as soon as it has its answer.
    check(&[(0, 1), (400, 1), (400, 1)], 0);
    // Two at once, and nobody for long before.
    check(&[(0, 2), (50_000, 2)], 0);
    // A dozen at the pace of these two, but not for longer than is allowed.
    check(&[(0, 1), (400, 2)], 2_400);
    check(&[(0, 1), (2_000, 2)], 5_000);
    check(&[(0, 1), (2_000, 4)], 5_000);
    check(&[(0, 1), (400, 2), (2_400, 12)], 2_400);
    check(&[(0, 1), (400, 2), (2_400, 48)], 600);
    // Then it is quiet again.
    check(&[(0, 1), (400, 2), (2_400, 1)], 0);
    check(&[(0, 1), (400, 2), (2_400, 12), (9_000, 2)], 0);
}

#[tokio::test]
async fn the_rest_ends_with_the_log() {
    let disk = Faulty::default();
    let limits = Limits {
        flush_apart_max: Duration::from_hours(1),
        ..Limits::default()
    };
    let (log, writer) = open(&disk, limits);
    log.record(sample("d0")).await.unwrap();
    disk.shut_gate(true);
    let mut waiting: Vec<_> = (1..5)
        .map(|nth| Box::pin(log.record(sample(&format!("d{nth}")))))
        .collect();
    for one in &mut waiting {
        let polled = |context: &mut std::task::Context<'_>| {
            std::task::Poll::Ready(one.as_mut().poll(context).is_pending())
        };
        assert!(std::future::poll_fn(polled).await);
    }
    disk.shut_gate(false);
    waiting.remove(0).await.unwrap();
    // A crowd has been flushed, and whoever comes now waits an hour for more of it.
    log.note(&sample("d5")).unwrap();
    log.clone().close().await.unwrap();
    for one in waiting {
        one.await.unwrap();
    }
    writer.wait().unwrap();
    assert_eq!(decisions(&disk), ["d0", "d1", "d2", "d3", "d4", "d5"]);
}

#[tokio::test]
async fn a_full_queue_refuses_and_says_so() {
    let full = RecordError::Full {
        line: "edge".to_owned(),
    };
    assert_eq!(
        full.to_string(),
        "the audit log of `edge` is full: the disk does not keep up"
    );
    let check = async |limits: Limits| {
        let disk = Faulty::default();
        let (log, writer) = open(&disk, limits);
        disk.shut_gate(true);
        let mut taken = 0;
        while log.note(&sample("d")).is_ok() {
            taken += 1;
            assert!(taken < 100, "the queue has no end");
        }
        assert_eq!(log.note(&sample("d")), Err(full.clone()));
        assert_eq!(log.record(sample("d")).await, Err(full.clone()));
        disk.shut_gate(false);
        log.close().await.unwrap();
        writer.wait().unwrap();
        assert_eq!(decisions(&disk).len(), taken);
    };
    check(Limits {
        queue_events_max: 8,
        ..Limits::default()
    })
    .await;
    check(Limits {
        queue_bytes_max: 4_000,
        ..Limits::default()
    })
    .await;
}

#[tokio::test]
async fn after_one_failure_everything_is_refused_for_good() {
    for step in [1, 2] {
        let disk = Faulty::default();
        let (log, writer) = open(&disk, Limits::default());
        log.record(sample("first")).await.unwrap();
        disk.fail_at(step, Fault::Error);
        assert_eq!(log.record(sample("second")).await, Err(failed("injected")));
        // The disk works again; the log must not.
        assert_eq!(log.note(&sample("third")), Err(failed("injected")));
        assert_eq!(log.record(sample("third")).await, Err(failed("injected")));
        let syncs = disk.syncs();
        assert_eq!(log.clone().close().await, Err(failed("injected")));
        assert_eq!(writer.wait(), Err(failed("injected")));
        assert_eq!(disk.syncs(), syncs, "a flush was tried again");
        disk.crash(Crash::Prefix, 3);
        let (log, _writer) = open(&disk, Limits::default());
        log.record(sample("fourth")).await.unwrap();
        let decisions = decisions(&disk);
        assert_eq!(
            (
                decisions.first().unwrap().as_str(),
                decisions.last().unwrap().as_str()
            ),
            ("first", "fourth")
        );
    }
}

#[tokio::test]
async fn a_closed_log_refuses_all_clones() {
    let disk = Faulty::default();
    let (log, writer) = open(&disk, Limits::default());
    let other = log.clone();
    other.note(&sample("note")).unwrap();
    log.close().await.unwrap();
    let closed = RecordError::Closed {
        line: "edge".to_owned(),
    };
    assert_eq!(closed.to_string(), "the audit log of `edge` is closed");
    assert_eq!(other.note(&sample("late")), Err(closed.clone()));
    assert_eq!(other.record(sample("late")).await, Err(closed));
    other.close().await.unwrap();
    writer.wait().unwrap();
    assert_eq!(decisions(&disk), ["note"]);
}

#[tokio::test]
async fn dropping_the_last_clone_still_writes_what_is_queued() {
    let disk = Faulty::default();
    let (log, writer) = open(
        &disk,
        Limits {
            note_delay: Duration::from_hours(1),
            ..Limits::default()
        },
    );
    log.note(&sample("note")).unwrap();
    drop(log.clone());
    drop(log);
    writer.wait().unwrap();
    assert_eq!(decisions(&disk), ["note"]);
}

#[tokio::test]
async fn a_future_that_is_dropped_does_not_take_its_event_along() {
    let disk = Faulty::default();
    let (log, _writer) = open(&disk, Limits::default());
    disk.shut_gate(true);
    let mut recording = Box::pin(log.record(sample("abandoned")));
    assert!(
        std::future::poll_fn(|context| std::task::Poll::Ready(
            recording.as_mut().poll(context).is_pending()
        ))
        .await
    );
    drop(recording);
    disk.shut_gate(false);
    log.close().await.unwrap();
    assert_eq!(decisions(&disk), ["abandoned"]);
}

#[tokio::test]
async fn the_log_writes_its_own_line() {
    let disk = Faulty::default();
    let (log, _writer) =
        Log::open_on(Box::new(disk.clone()), "guard-accounts", Limits::default()).unwrap();
    assert_eq!(log.line(), "guard-accounts");
    log.record(sample("d")).await.unwrap();
    let content = String::from_utf8(disk.content()["000001.seg"].clone()).unwrap();
    assert!(
        content.contains("\"line\":\"guard-accounts\",\"decision\":\"d\""),
        "{content}"
    );
}

#[test]
fn only_plain_names_can_be_lines() {
    let check = |name: &str, is_fine: bool| {
        assert_eq!(is_line(name), is_fine, "{name}");
        if !is_fine {
            let error =
                Log::open_on(Box::new(Faulty::default()), name, Limits::default()).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("`{name}` cannot name a line: use 1 to 64 of `a`-`z`, `0`-`9` and `-`")
            );
        }
    };
    check("edge", true);
    check("service-payments2", true);
    check(&"a".repeat(64), true);
    check(&"a".repeat(65), false);
    check("", false);
    check("..", false);
    check("a/b", false);
    check("Edge", false);
    check("a b", false);
}
