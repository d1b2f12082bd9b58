//! The matrix as JSON, for `vauban explain` and for comparison between two drills.

use serde_json::{Map, Value, json};

use crate::Played;
use crate::fault::{Column, Kind};
use crate::result::{Matrix, Measured};

/// Version of the shape.
pub(crate) const VERSION: u64 = 2;

/// The whole result.
pub(crate) fn render(played: &Played) -> Value {
    let (matrix, judgement) = (&played.matrix, &played.judgement);
    let rows: Vec<Value> = matrix
        .rows
        .iter()
        .map(|row| {
            json!({
                "id": row.id, "title": row.title, "api": row.api, "position": row.position, "twin": row.twin.name(),
            })
        })
        .collect();
    let shown = || {
        matrix
            .measured
            .iter()
            .filter(|measured| measured.column.kind != Kind::Solo)
    };
    json!({
        "version": VERSION,
        "started": played.started_unix_ms,
        "extent": played.extent.name(),
        "plan_sha256": played.origin.plan_sha256,
        "program_sha256": played.origin.program_sha256,
        "data_line": "absent",
        "rows": rows,
        "columns": shown().map(|measured| column(&measured.column, measured)).collect::<Vec<_>>(),
        "cells": cells(matrix, shown()),
        "duds": judgement.duds,
        "holes": judgement.holes,
        "thin": judgement.thin,
        "blast": judgement.blast,
        "solo": cells(matrix, matrix.of_kind(Kind::Solo)),
        "credit": judgement.credit,
        "predicted": judgement.predicted(matrix),
        "backups": judgement.backups,
        "twins": twins(matrix),
        "doubts": judgement.doubts,
        "exit_code": judgement.exit_code(),
    })
}

fn column(column: &Column, measured: &Measured) -> Value {
    let kind = match column.kind {
        Kind::AllUp => "all_up",
        Kind::AllDown => "all_down",
        Kind::KnockOut => "knock_out",
        Kind::Solo => "solo",
    };
    json!({
        "id": column.id,
        "title": column.title,
        "kind": kind,
        "controls": column.controls,
        "milliseconds": measured.milliseconds,
    })
}

/// Row → column → cell.
fn cells<'a>(matrix: &Matrix, columns: impl Iterator<Item = &'a Measured>) -> Value {
    let columns: Vec<&Measured> = columns.collect();
    let of_row = |row: &str| -> Map<String, Value> {
        let cell = |measured: &&Measured| {
            Some((measured.column.id.clone(), json!(measured.cells.get(row)?)))
        };
        columns.iter().filter_map(cell).collect()
    };
    let rows = matrix
        .rows
        .iter()
        .map(|row| (row.id.to_owned(), Value::Object(of_row(row.id))));
    Value::Object(rows.collect())
}

/// Column → twin → `succeeded`, or why it failed.
fn twins(matrix: &Matrix) -> Value {
    let of_column = |measured: &Measured| -> Map<String, Value> {
        let twin = |(name, why): (&&str, &Option<String>)| {
            (
                (*name).to_owned(),
                Value::from(why.as_deref().unwrap_or("succeeded")),
            )
        };
        measured.twins.iter().map(twin).collect()
    };
    let columns = matrix.measured.iter().map(|measured| {
        (
            measured.column.id.clone(),
            Value::Object(of_column(measured)),
        )
    });
    Value::Object(columns.collect())
}
