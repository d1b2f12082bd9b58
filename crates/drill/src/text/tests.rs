use super::render;
use crate::fault::Extent;
use crate::judge::Judgement;
use crate::judge::tests::{matrix, stopped, through};

fn check(text: &str, needles: &[&str]) {
    for needle in needles {
        assert!(text.contains(needle), "`{needle}` is not in\n{text}");
    }
    for line in text.lines() {
        assert!(line.chars().count() <= 120, "{line}");
    }
}

#[test]
fn the_matrix_says_who_stopped_what() {
    let matrix = matrix(|_, _| None);
    let text = render(&matrix, &Judgement::of(&matrix), Extent::Full);
    check(
        &text,
        &[
            "Nothing gets through when all is up (2 attacks).",
            "1 of 13 single losses let something through; thin: A01 (guard.ownership).",
            "Model: the solo runs predict 1 single points of failure; the losses confirm 1; not predicted: none.",
            "A01        read another user's object      Go   Go   Go",
            "  A10        edge.roles, guard.ownership",
            "stopped by:  ● through  · does not apply  × dud  ? inconclusive  Er edge.roles  Go guard.ownership",
            "The data line is absent",
        ],
    );
    assert!(!text.contains("DOUBT"));
}

#[test]
fn holes_and_duds_are_not_to_be_overlooked() {
    let hole = matrix(|column, _| (column == "all-up").then(through));
    check(
        &render(&hole, &Judgement::of(&hole), Extent::Full),
        &["HOLE: with everything up, these get through: A01, A10."],
    );
    let dud =
        matrix(|column, row| (column == "all-down" && row == "A10").then(|| stopped("edge.roles")));
    let text = render(&dud, &Judgement::of(&dud), Extent::Full);
    check(
        &text,
        &[
            "DOUBT: A10 proves nothing: it fails even with everything down.",
            "    ×    ×",
        ],
    );
}

#[test]
fn a_quick_matrix_claims_nothing_about_a_model() {
    let mut quick = matrix(|_, _| None);
    let ids: Vec<String> = Extent::Quick
        .columns()
        .into_iter()
        .map(|column| column.id)
        .collect();
    quick
        .measured
        .retain(|measured| ids.contains(&measured.column.id));
    let text = render(&quick, &Judgement::of(&quick), Extent::Quick);
    check(&text, &["1 of 3 single losses let something through"]);
    assert!(
        !text.contains("Model:") && !text.contains("Stopped alone"),
        "{text}"
    );
}
