use std::path::Path;
use vauban_audit::{Control, Event, Folder, Kind, Limits, Log, Outcome, Verdict, control};

pub(crate) fn event(line: &'static str, decision: &str) -> Event {
    let mut event = Event::new(1_795_000_000_000, line, decision, Kind::Request);
    event.status = 404;
    event.outcome = Outcome::Refused;
    event.denial = Some("object.foreign_hidden".to_owned());
    event.controls.push(Control::new(
        control::GUARD_OWNERSHIP,
        Verdict::Refused,
        "owner `1002` is not `1001`",
    ));
    event
}

/// Writes events `d0`, `d1` … into small segments and closes the log.
pub(crate) async fn write(audit: &Path, line: &'static str, events: usize) {
    let limits = Limits {
        segment_bytes_max: 4_000,
        ..Limits::default()
    };
    let (log, writer) = Log::open_on(Box::new(Folder::at(audit.join(line))), line, limits).unwrap();
    for nth in 0..events {
        log.record(event(line, &format!("d{nth}"))).await.unwrap();
    }
    log.close().await.unwrap();
    writer.wait().unwrap();
}
