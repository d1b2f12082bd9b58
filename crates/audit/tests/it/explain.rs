use crate::sample::{event, write};
use vauban_audit::{EVENTS_MAX, FindError, Folder, Limits, Log, find};

#[tokio::test]
async fn a_decision_is_found_in_all_lines_in_the_order_of_a_request() {
    let dir = tempfile::tempdir().unwrap();
    for line in ["service-accounts", "guard-accounts", "edge", "authority"] {
        write(dir.path(), line, 40).await;
    }
    let lines: Vec<_> = find(dir.path(), "d17")
        .unwrap()
        .into_iter()
        .map(|event| (event.line, event.decision))
        .collect();
    let due = ["edge", "authority", "guard-accounts", "service-accounts"];
    assert_eq!(lines, due.map(|line| (line.into(), "d17".to_owned())));
    assert_eq!(find(dir.path(), "d17").unwrap()[0], event("edge", "d17"));
    assert_eq!(find(dir.path(), "d1700").unwrap(), []);
    assert_eq!(find(dir.path(), "\"").unwrap(), []);
}

#[tokio::test]
async fn a_log_in_use_is_searched_up_to_its_last_whole_record() {
    let dir = tempfile::tempdir().unwrap();
    let (log, _writer) = Log::open(dir.path(), "edge").unwrap();
    log.record(event("edge", "now")).await.unwrap();
    assert_eq!(find(dir.path(), "now").unwrap().len(), 1);
}

#[tokio::test]
async fn what_cannot_be_answered_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "edge", 1).await;
    let message = |decision: &str| find(dir.path(), decision).unwrap_err().to_string();
    assert_eq!(message(""), "a decision has an id of 1 to 128 characters");
    assert_eq!(
        message(&"d".repeat(129)),
        "a decision has an id of 1 to 128 characters"
    );
    let segment = dir.path().join("edge/000001.seg");
    let text = std::fs::read_to_string(&segment)
        .unwrap()
        .replace("1002", "1009");
    std::fs::write(&segment, text).unwrap();
    assert_eq!(
        message("d0"),
        "`edge/000001.seg`, record 2: damaged, so the answer would not be whole\nhint: `vauban audit verify` says what is wrong"
    );
    let missing = find(&dir.path().join("nowhere"), "d").unwrap_err();
    assert!(matches!(missing, FindError::Unable { .. }), "{missing}");
}

#[tokio::test]
async fn more_events_than_one_request_can_write_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (log, _writer) = Log::open_on(
        Box::new(Folder::at(dir.path().join("edge"))),
        "edge",
        Limits::default(),
    )
    .unwrap();
    for _ in 0..EVENTS_MAX {
        log.note(&event("edge", "same")).unwrap();
    }
    log.record(event("edge", "last")).await.unwrap();
    assert_eq!(find(dir.path(), "same").unwrap().len(), EVENTS_MAX);
    log.record(event("edge", "same")).await.unwrap();
    assert_eq!(
        find(dir.path(), "same").unwrap_err().to_string(),
        "more than 1024 events carry this id"
    );
}
