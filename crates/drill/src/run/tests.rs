use vauban_attack::Witness;

use super::{bank_witness, by_code};
use crate::fault::{Extent, STORIES};
use crate::ground::tests::plan;
use crate::judge::Judgement;
use crate::result::{Matrix, Verdict};
use crate::stack::Stack;
use crate::witness::Blind;
use vauban_net::{Clock, SystemClock};

fn blind(_stack: &Stack) -> &dyn Witness {
    &Blind
}

fn measure(
    change: impl Fn(String) -> String,
    extent: Extent,
    look: super::Look,
) -> (Matrix, Judgement) {
    let plan = plan(change);
    let rules = vauban_edge::Rules::load(&plan, std::path::Path::new("")).unwrap();
    let matrix = crate::measure(plan, rules, extent, SystemClock.unix_ms(), look).unwrap();
    let judgement = Judgement::of(&matrix);
    (matrix, judgement)
}

fn check(matrix: &Matrix, row: &str, column: &str, verdict: &Verdict, control: Option<&str>) {
    let measured = matrix
        .measured
        .iter()
        .find(|measured| measured.column.id == column)
        .unwrap();
    let cell = measured.cells.get(row).unwrap();
    assert_eq!(
        (&cell.verdict, cell.control.as_deref()),
        (verdict, control),
        "{row} × {column}: {cell:?}"
    );
}

#[test]
fn the_quick_drill_of_the_bank_finds_the_second_line() {
    let (matrix, judgement) = measure(|text| text, Extent::Quick, bank_witness);
    assert_eq!(judgement.doubts, Vec::<String>::new());
    assert_eq!((judgement.exit_code(), judgement.duds.len()), (0, 0));
    check(
        &matrix,
        "A01",
        "all-up",
        &Verdict::Stopped,
        Some("guard.ownership"),
    );
    check(&matrix, "A01", "guard.ownership", &Verdict::Through, None);
    check(
        &matrix,
        "A30",
        "all-up",
        &Verdict::Stopped,
        Some("edge.token"),
    );
    check(
        &matrix,
        "A30",
        "edge.token",
        &Verdict::Stopped,
        Some("authority.registry"),
    );
    check(
        &matrix,
        "FORGED-SUB",
        "library.edge",
        &Verdict::Stopped,
        Some("authority.registry"),
    );
    check(&matrix, "A36", "all-up", &Verdict::NotApplicable, None);
    check(&matrix, "A36", "all-down", &Verdict::Through, None);
}

#[test]
fn a_drill_with_a_blind_witness_fails_itself() {
    let story = STORIES
        .iter()
        .find(|story| story.id == "jwt-is-not-ownership")
        .unwrap();
    let (_, judgement) = measure(|text| text, Extent::Story(story), blind);
    assert_eq!(judgement.exit_code(), 3);
    assert_eq!(judgement.duds, ["A01", "A02", "A04"]);
    assert_eq!(
        judgement.doubts.first().map(String::as_str),
        Some("no attack gets through even with everything down: the witness is blind")
    );
}

#[test]
fn a_plan_that_believes_the_caller_has_a_hole() {
    let story = STORIES
        .iter()
        .find(|story| story.id == "jwt-is-not-ownership")
        .unwrap();
    let believing = |text: String| {
        text.replace(
            "foreign: 404, evidence: stored",
            "foreign: 404, evidence: { danger_header: X-Owner }",
        )
    };
    let (_, judgement) = measure(believing, Extent::Story(story), bank_witness);
    assert_eq!(
        (judgement.doubts, judgement.holes),
        (Vec::new(), vec!["A04"])
    );
}

#[test]
fn a_plan_that_lets_the_caller_choose_the_key_has_a_hole() {
    let story = STORIES
        .iter()
        .find(|story| story.id == "spoofed-limit-key")
        .unwrap();
    let spoofable = |text: String| {
        text.replace(
            "at: edge, key: ip",
            "at: edge, key: { danger_header: X-Forwarded-For }",
        )
    };
    let (matrix, judgement) = measure(spoofable, Extent::Story(story), bank_witness);
    assert_eq!(
        (&judgement.doubts, &judgement.holes),
        (&Vec::<String>::new(), &vec!["A23"])
    );
    check(
        &matrix,
        "FLOOD-IP",
        "all-up",
        &Verdict::Stopped,
        Some("edge.budget.ip"),
    );
    check(
        &matrix,
        "FLOOD-USER",
        "guard.budget",
        &Verdict::Stopped,
        Some("edge.budget.user"),
    );
}

#[test]
fn every_code_of_a_control_leads_to_it() {
    for denial in vauban_policy::Denial::catalogue() {
        let known = by_code(denial.code).is_some();
        let expected = [
            "budget.",
            "token.",
            "role.",
            "permission.",
            "contract.",
            "exchange.",
            "peer.",
            "internal_token.",
        ]
        .iter()
        .chain(&["session.", "object.", "decision.", "waf."])
        .any(|prefix| denial.code.starts_with(prefix));
        assert_eq!(known, expected, "{}", denial.code);
    }
}
