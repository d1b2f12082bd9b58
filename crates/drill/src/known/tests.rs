use super::Known;
use crate::Played;
use crate::fault::{Extent, STORIES};
use crate::judge::Judgement;
use crate::judge::tests::{matrix, stopped, through};
use crate::origin::Origin;
use crate::result::Cell;

/// A drill of A01 and A10, or of the part of them that a story plays.
pub(crate) fn played(
    extent: Extent,
    started: u64,
    change: impl Fn(&str, &str) -> Option<Cell>,
) -> Played {
    let mut matrix = matrix(change);
    let columns: Vec<String> = extent.columns().into_iter().map(|one| one.id).collect();
    matrix.rows.retain(|row| extent.has_row(row.id));
    matrix
        .measured
        .retain(|measured| columns.contains(&measured.column.id));
    for measured in &mut matrix.measured {
        measured.cells.retain(|row, _| extent.has_row(row));
    }
    Played {
        judgement: Judgement::of(&matrix),
        matrix,
        extent,
        started_unix_ms: started,
        origin: Origin {
            plan_sha256: "plan".to_owned(),
            program_sha256: "program".to_owned(),
        },
    }
}

pub(crate) fn story() -> Extent {
    let mut stories = STORIES.iter();
    Extent::Story(
        stories
            .find(|one| one.id == "jwt-is-not-ownership")
            .unwrap(),
    )
}

fn unchanged(_column: &str, _row: &str) -> Option<Cell> {
    None
}

/// What is known of an attack under a loss, in words.
fn check(known: &Known, lost: &str, row: &str, expected: &str) {
    let seen = known.0.get(lost).and_then(|rows| rows.get(row));
    let words = seen.map_or_else(
        || "nothing".to_owned(),
        |seen| {
            let by = seen.control.as_deref().unwrap_or("nobody");
            let needed = if seen.needed { "needed" } else { "spare" };
            format!("{needed}: {:?} by {by} in {}", seen.verdict, seen.started)
        },
    );
    assert_eq!(words, expected, "{row} without {lost}");
}

#[test]
fn a_story_does_not_narrow_what_a_full_drill_has_seen() {
    let mut known = Known::default();
    known.learn(&played(Extent::Full, 1, unchanged));
    known.learn(&played(story(), 2, unchanged));
    // The story played this attack under this loss, and not under that one; the other attack it did not play at all.
    let by = "by guard.ownership in 1";
    for (lost, row, expected) in [
        ("guard.ownership", "A01", "needed: Through by nobody in 2"),
        ("edge.roles", "A01", &format!("spare: Stopped {by}")),
        ("edge.roles", "A10", &format!("needed: Stopped {by}")),
        ("edge.permissions", "A10", &format!("spare: Stopped {by}")),
        ("edge.framing", "A10", "nothing"),
    ] {
        check(&known, lost, row, expected);
    }
}

#[test]
fn the_last_drill_is_believed() {
    let mut known = Known::default();
    known.learn(&played(story(), 1, unchanged));
    known.learn(&played(Extent::Full, 2, |column, row| {
        (column == "guard.ownership" && row == "A01").then(|| stopped("data.rls"))
    }));
    let own = "guard.ownership";
    check(&known, own, "A01", "needed: Stopped by data.rls in 2");
    // What was not clear this time is not clear, and not what it was.
    known.learn(&played(story(), 3, |column, _| {
        (column == "guard.ownership").then(|| Cell::unknown("no answer"))
    }));
    check(&known, own, "A01", "needed: Inconclusive by nobody in 3");
}

#[test]
fn what_proves_nothing_is_not_known() {
    let mut known = Known::default();
    known.learn(&played(Extent::Full, 1, unchanged));
    // A dud this time.
    known.learn(&played(story(), 2, |column, _| {
        (column == "all-down").then(|| stopped("service.statement"))
    }));
    let own = "guard.ownership";
    check(&known, own, "A01", "nothing");
    check(&known, own, "A10", "spare: Stopped by edge.roles in 1");
    // A hole, and an attack that does not apply.
    known.learn(&played(Extent::Full, 3, |column, row| {
        match (column, row) {
            ("all-up", "A01") => Some(through()),
            ("all-up", _) => Some(Cell::not_applicable()),
            _ => None,
        }
    }));
    check(&known, own, "A01", "nothing");
    check(&known, own, "A10", "nothing");
}

#[test]
fn it_is_read_as_it_was_written() {
    let mut known = Known::default();
    known.learn(&played(Extent::Full, 1, unchanged));
    let text = serde_json::to_string(&known).unwrap();
    assert_eq!(serde_json::from_str::<Known>(&text).unwrap(), known);
}
