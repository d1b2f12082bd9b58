use super::DeclaredCallers;
use crate::parts::JudgePeer as _;
use crate::samples::plan;

const EDGE: &str = "spiffe://notes.internal/line/edge";
const INDEXER: &str = "spiffe://notes.internal/service/indexer";
const SCANNER: &str = "spiffe://notes.internal/service/scanner";

#[track_caller]
fn check(
    callers: &DeclaredCallers,
    spiffe: Option<&str>,
    operation: Option<&str>,
    expected: Result<&str, &str>,
) {
    let said = callers
        .judge(spiffe, operation)
        .map_err(|refusal| refusal.fact);
    assert_eq!(
        said.as_deref().map_err(String::as_str),
        expected,
        "{spiffe:?} {operation:?}"
    );
}

#[test]
fn only_declared_callers_call_and_only_their_operations() {
    let callers = DeclaredCallers::new(&plan(&[]), "notes");
    check(&callers, Some(EDGE), None, Ok(EDGE));
    check(&callers, Some(EDGE), Some("readNote"), Ok(EDGE));
    check(&callers, Some(INDEXER), None, Ok(INDEXER));
    check(&callers, Some(INDEXER), Some("listNotes"), Ok(INDEXER));
    check(
        &callers,
        Some(INDEXER),
        Some("readNote"),
        Err("spiffe://notes.internal/service/indexer is no declared caller of readNote"),
    );
    check(
        &callers,
        None,
        None,
        Err("the connection has no workload certificate"),
    );
    check(
        &callers,
        Some(""),
        None,
        Err(" is no declared caller of notes"),
    );
    for near in [
        "spiffe://notes.internal/line/Edge",
        "spiffe://notes.internal/line/edge/",
        "spiffe://other/line/edge",
    ] {
        check(
            &callers,
            Some(near),
            None,
            Err(&format!("{near} is no declared caller of notes")),
        );
    }
    let other = DeclaredCallers::new(&plan(&[]), "indexer");
    check(
        &other,
        Some(EDGE),
        None,
        Err("spiffe://notes.internal/line/edge is no declared caller of indexer"),
    );
}

#[test]
fn anybody_is_anybody_except_the_isolated() {
    let anyone = plan(&[(
        "{ from: edge, to: notes }",
        "{ from: danger_anyone, to: notes }",
    )]);
    let callers = DeclaredCallers::new(&anyone, "notes");
    let monitor = "spiffe://notes.internal/line/monitor";
    check(&callers, Some(monitor), Some("readNote"), Ok(monitor));
    check(
        &callers,
        None,
        None,
        Err("the connection has no workload certificate"),
    );
    for isolated in [SCANNER, "spiffe://notes.internal/guard/scanner"] {
        let fact =
            format!("{isolated} stands in the isolated zone quarantine, which may call nobody");
        check(&callers, Some(isolated), None, Err(&fact));
    }
}
