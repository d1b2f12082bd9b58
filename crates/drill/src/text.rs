//! The matrix as text: aligned, readable in 120 columns, with its legend and its sentences.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use vauban_audit::control;

use crate::fault::{Extent, Kind};
use crate::judge::Judgement;
use crate::result::{Cell, Matrix, Measured, Verdict};

/// Longest line.
const WIDTH: usize = 118;
/// Width of one column of the matrix.
const COLUMN: usize = 5;
/// Width of an attack's identifier and title.
const LABEL: usize = 40;

/// What stands in a cell for each control, and what it means.
const LETTERS: &[(&str, &str)] = &[
    (control::EDGE_FRAMING, "Ef"),
    (control::EDGE_CANONICAL, "En"),
    (control::EDGE_HOST, "Eh"),
    (control::EDGE_BUDGET_IP, "Ei"),
    (control::EDGE_ROUTE, "Em"),
    (control::EDGE_TOKEN, "Et"),
    (control::EDGE_BUDGET_USER, "Eu"),
    (control::EDGE_ROLES, "Er"),
    (control::EDGE_PERMISSIONS, "Ep"),
    (control::EDGE_INSPECT, "Ew"),
    (control::EDGE_CONTRACT, "Ec"),
    (control::EDGE_EXCHANGE, "Ex"),
    (control::AUTHORITY_REGISTRY, "Ar"),
    (control::AUTHORITY_CALLER, "Ac"),
    (control::AUTHORITY_THROTTLE, "At"),
    (control::GUARD_PEER, "Gp"),
    (control::GUARD_TOKEN, "Gt"),
    (control::GUARD_SESSION, "Gs"),
    (control::GUARD_BUDGET, "Gb"),
    (control::GUARD_OWNERSHIP, "Go"),
    (control::DATA_RLS, "Dr"),
    (control::SERVICE_STATEMENT, "Ss"),
];

/// Everything that a reader needs, worst first.
pub(crate) fn render(matrix: &Matrix, judgement: &Judgement, extent: Extent) -> String {
    let mut text = String::new();
    for sentence in sentences(matrix, judgement, extent) {
        wrap(&mut text, &sentence);
    }
    text.push('\n');
    table(&mut text, matrix, judgement);
    text.push('\n');
    text.push_str(&legend(matrix));
    credit(&mut text, matrix, judgement);
    text
}

/// Breaks a sentence at spaces; what continues is indented.
fn wrap(text: &mut String, sentence: &str) {
    let mut width = 0;
    for word in sentence.split(' ') {
        let length = word.chars().count();
        let breaks = width > 0 && width + 1 + length > WIDTH;
        let joint = match (width, breaks) {
            (0, _) => "",
            (_, true) => "\n  ",
            (_, false) => " ",
        };
        width = if breaks {
            2 + length
        } else {
            width + joint.len() + length
        };
        text.extend([joint, word]);
    }
    text.push('\n');
}

/// The headline: sentences with counts.
fn sentences(matrix: &Matrix, judgement: &Judgement, extent: Extent) -> Vec<String> {
    let mut sentences = Vec::new();
    if let Extent::Story(story) = extent {
        sentences.push(format!("Story `{}`. {}", story.id, story.moral));
    }
    if !judgement.doubts.is_empty() {
        sentences.push(format!(
            "This drill proves little: it has {} doubts about itself, named below.",
            judgement.doubts.len()
        ));
    }
    let played = |row: &&&vauban_attack::Template| {
        let cell = matrix.baseline(Kind::AllUp, row.id);
        !judgement.duds.contains(&row.id)
            && cell.is_some_and(|cell| cell.verdict != Verdict::NotApplicable)
    };
    let proved = matrix.rows.iter().filter(played).count();
    match (judgement.holes.as_slice(), proved) {
        (_, 0) => {}
        ([], _) => sentences.push(format!(
            "Nothing gets through when all is up ({proved} attacks)."
        )),
        (holes, _) => sentences.push(format!(
            "HOLE: with everything up, these get through: {}.",
            holes.join(", ")
        )),
    }
    let losses = judgement.blast.len();
    let through = judgement.blast.values().filter(|count| **count > 0).count();
    sentences.push(match through {
        0 => format!("None of {losses} single losses lets anything through."),
        _ => format!(
            "{through} of {losses} single losses let something through; thin: {}.",
            judgement
                .thin
                .iter()
                .map(|(row, losses)| format!("{row} ({})", losses.join(", ")))
                .collect::<Vec<_>>()
                .join("; ")
        ),
    });
    if matrix.of_kind(Kind::Solo).next().is_some() {
        sentences.push(model(matrix, judgement));
    }
    sentences.push("The data line is absent: the drill's bank runs on SQLite, which has no row-level security.".to_owned());
    for doubt in &judgement.doubts {
        sentences.push(format!("DOUBT: {doubt}."));
    }
    sentences
}

/// What the solo runs predict against what the losses showed.
fn model(matrix: &Matrix, judgement: &Judgement) -> String {
    let predicted = judgement.predicted(matrix);
    let shown = |row: &str, loss: &String| {
        judgement
            .thin
            .get(row)
            .is_some_and(|losses| losses.contains(loss))
    };
    let confirmed = predicted
        .iter()
        .filter(|(row, loss)| shown(row, loss))
        .count();
    let unforeseen: Vec<String> = judgement
        .thin
        .iter()
        .flat_map(|(row, losses)| losses.iter().map(move |loss| (*row, loss)))
        .filter(|(row, loss)| predicted.get(row) != Some(*loss))
        .map(|(row, loss)| format!("{row} by {loss}"))
        .collect();
    let unforeseen = if unforeseen.is_empty() {
        "none".to_owned()
    } else {
        unforeseen.join(", ")
    };
    format!(
        "Model: the solo runs predict {} single points of failure; the losses confirm {confirmed}; not predicted: {unforeseen}.",
        predicted.len()
    )
}

fn shown(matrix: &Matrix) -> Vec<&Measured> {
    matrix
        .measured
        .iter()
        .filter(|measured| measured.column.kind != Kind::Solo)
        .collect()
}

fn table(text: &mut String, matrix: &Matrix, judgement: &Judgement) {
    let columns = shown(matrix);
    let mut line = |label: &str, cell: &dyn Fn(&Measured) -> String, last: &str| {
        let cells: Vec<String> = columns
            .iter()
            .map(|measured| format!("{:>COLUMN$}", cell(measured)))
            .collect();
        let line = format!("{label:<LABEL$}{}│{last:>4}", cells.concat());
        text.extend([line.trim_end(), "\n"]);
    };
    line(
        "what is down →",
        &|measured| measured.column.head.0.to_owned(),
        "",
    );
    line(
        "attack",
        &|measured| measured.column.head.1.to_owned(),
        "thin",
    );
    line(&"─".repeat(LABEL), &|_measured| "─".repeat(COLUMN), "────");
    for row in &matrix.rows {
        let dud = judgement.duds.contains(&row.id);
        let thin = judgement.thin.get(row.id).map_or(0, Vec::len);
        let label = format!("{:<11}{}", row.id, row.title);
        line(
            &label,
            &|measured| mark(measured.cells.get(row.id), dud).to_owned(),
            &thin.to_string(),
        );
    }
    let blast = |measured: &Measured| {
        judgement
            .blast
            .get(&measured.column.id)
            .map_or_else(String::new, ToString::to_string)
    };
    line(&"─".repeat(LABEL), &|_measured| "─".repeat(COLUMN), "────");
    line("blast radius", &blast, "");
}

/// Two letters for who stopped it, or one sign.
fn mark(cell: Option<&Cell>, dud: bool) -> &'static str {
    let Some(cell) = cell else {
        return "·";
    };
    match cell.verdict {
        _ if dud => "×",
        Verdict::Through => "●",
        Verdict::NotApplicable => "·",
        Verdict::Inconclusive => "?",
        Verdict::Stopped => {
            let letters = |control: &str| LETTERS.iter().find(|(name, _)| *name == control);
            cell.control
                .as_deref()
                .and_then(letters)
                .map_or("--", |(_, letters)| letters)
        }
    }
}

fn legend(matrix: &Matrix) -> String {
    let used: BTreeMap<&str, &str> = shown(matrix)
        .iter()
        .flat_map(|measured| measured.cells.values())
        .filter_map(|cell| cell.control.as_deref())
        .filter_map(|control| LETTERS.iter().find(|(name, _)| *name == control))
        .map(|(name, letters)| (*letters, *name))
        .collect();
    let mut words: Vec<String> = vec![
        "● through".to_owned(),
        "· does not apply".to_owned(),
        "× dud".to_owned(),
        "? inconclusive".to_owned(),
    ];
    words.extend(
        used.iter()
            .map(|(letters, name)| format!("{letters} {name}")),
    );
    let mut text = String::new();
    let mut line = "stopped by:".to_owned();
    for word in words {
        if line.chars().count() + word.chars().count() + 3 > 110 {
            text.extend([line.as_str(), "\n"]);
            line = " ".repeat(11);
        }
        line.extend(["  ", &word]);
    }
    text.extend([line.as_str(), "\n"]);
    text
}

/// Which controls stopped which attack alone.
fn credit(text: &mut String, matrix: &Matrix, judgement: &Judgement) {
    if matrix.of_kind(Kind::Solo).next().is_none() {
        return;
    }
    text.push_str("\nStopped alone, with everything else down (only these are credited):\n");
    for row in &matrix.rows {
        let controls = judgement
            .credit
            .get(row.id)
            .map_or_else(|| "nothing".to_owned(), |all| all.join(", "));
        // Writing to a String cannot fail.
        if writeln!(text, "  {:<11}{controls}", row.id).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
