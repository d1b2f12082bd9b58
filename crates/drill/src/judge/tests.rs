use std::collections::BTreeMap;

use vauban_attack::TEMPLATES;

use super::Judgement;
use crate::fault::{Extent, Kind};
use crate::result::{Cell, Matrix, Measured, Verdict};

pub(crate) fn stopped(control: &str) -> Cell {
    Cell {
        verdict: Verdict::Stopped,
        control: Some(control.to_owned()),
        because: None,
        runs: 1,
        attempts: Vec::new(),
    }
}

pub(crate) fn through() -> Cell {
    Cell {
        verdict: Verdict::Through,
        control: None,
        because: Some("canary".to_owned()),
        runs: 1,
        attempts: Vec::new(),
    }
}

/// A matrix of A01 and A10: by default all-down lets everything through, ownership stops A01 and roles stop A10.
pub(crate) fn matrix(change: impl Fn(&str, &str) -> Option<Cell>) -> Matrix {
    let rows = vec![&TEMPLATES[0], &TEMPLATES[3]];
    let usual = |column: &str, kind: Kind, row: &str| match (kind, column, row) {
        (Kind::Solo, "solo:guard.ownership", _) => stopped("guard.ownership"),
        (Kind::Solo, "solo:edge.roles", "A10") => stopped("edge.roles"),
        (Kind::AllDown | Kind::Solo, ..) | (Kind::KnockOut, "guard.ownership", "A01") => through(),
        (_, "edge.roles", "A10") | (_, _, "A01") => stopped("guard.ownership"),
        _ => stopped("edge.roles"),
    };
    let measured = Extent::Full.columns().into_iter().map(|column| {
        let cell = |id: &'static str| {
            change(&column.id, id).unwrap_or_else(|| usual(&column.id, column.kind, id))
        };
        let cells = rows.iter().map(|row| (row.id, cell(row.id))).collect();
        Measured {
            cells,
            twins: BTreeMap::from([("own-read", None)]),
            milliseconds: 1,
            column,
        }
    });
    Matrix {
        measured: measured.collect(),
        rows: rows.clone(),
    }
}

fn check(matrix: &Matrix, exit_code: u8, doubt: Option<&str>) {
    let judgement = Judgement::of(matrix);
    assert_eq!(judgement.exit_code(), exit_code, "{judgement:?}");
    assert_eq!(judgement.doubts.first().map(String::as_str), doubt);
}

#[test]
fn a_sound_matrix_is_fine_and_thin_rows_are_reported() {
    let matrix = matrix(|_, _| None);
    check(&matrix, 0, None);
    let judgement = Judgement::of(&matrix);
    assert_eq!(
        judgement.thin,
        BTreeMap::from([("A01", vec!["guard.ownership".to_owned()])])
    );
    assert_eq!(judgement.blast.get("guard.ownership"), Some(&1));
    assert_eq!(judgement.blast.get("edge.roles"), Some(&0));
    assert_eq!(judgement.credit.get("A01").unwrap(), &["guard.ownership"]);
    assert_eq!(
        judgement.credit.get("A10").unwrap(),
        &["edge.roles", "guard.ownership"]
    );
    assert_eq!(
        judgement.predicted(&matrix),
        BTreeMap::from([("A01", "guard.ownership".to_owned())])
    );
}

#[test]
fn a_reader_finds_what_backs_up_a_control() {
    let judgement = Judgement::of(&matrix(|_, _| None));
    let backup = |control: &str, row: &str| {
        judgement
            .backups
            .get(control)
            .and_then(|rows| rows.get(row))
            .cloned()
    };
    assert_eq!(
        backup("edge.roles", "A10"),
        Some(Some("guard.ownership".to_owned()))
    );
    assert_eq!(backup("guard.ownership", "A01"), Some(None));
    assert_eq!(backup("edge.token", "A01"), None);
    assert!(judgement.backups.contains_key("edge.token"));
}

#[test]
fn a_hole_is_a_finding() {
    let matrix = matrix(|column, row| (column == "all-up" && row == "A10").then(through));
    check(&matrix, 1, None);
    assert_eq!(Judgement::of(&matrix).holes, ["A10"]);
}

#[test]
fn a_dud_is_excluded_and_fails_the_drill() {
    let matrix = matrix(|column, row| {
        (column == "all-down" && row == "A01").then(|| stopped("service.statement"))
    });
    check(
        &matrix,
        3,
        Some("A01 proves nothing: it fails even with everything down"),
    );
    assert!(Judgement::of(&matrix).thin.is_empty());
}

#[test]
fn a_blind_witness_fails_the_drill() {
    let matrix = matrix(|_, _| Some(stopped("edge.token")));
    check(
        &matrix,
        3,
        Some("no attack gets through even with everything down: the witness is blind"),
    );
}

#[test]
fn a_failed_twin_or_an_unknown_cell_fails_the_drill() {
    let unknown = matrix(|column, row| {
        (column == "edge.token" && row == "A01").then(|| Cell::unknown("no answer"))
    });
    check(&unknown, 3, Some("edge.token: A01 inconclusive: no answer"));
    let mut broken = matrix(|_, _| None);
    broken.measured[0]
        .twins
        .insert("own-read", Some("404".to_owned()));
    check(
        &broken,
        3,
        Some("all-up: the legitimate twin `own-read` failed: 404"),
    );
}
