use super::{Attempt, Outcome, Report};

fn stopped(status: u16) -> Outcome {
    Outcome::Stopped {
        status,
        code: None,
        decision: None,
    }
}

fn through() -> Outcome {
    Outcome::Through {
        evidence: "canary".to_owned(),
    }
}

fn unknown() -> Outcome {
    Outcome::Inconclusive {
        why: "no answer".to_owned(),
    }
}

fn check(outcomes: &[Outcome], expected: &Outcome) {
    let attempts = outcomes
        .iter()
        .map(|outcome| Attempt {
            variant: String::new(),
            outcome: outcome.clone(),
        })
        .collect();
    assert_eq!(&Report::of(attempts).outcome, expected, "{outcomes:?}");
}

#[test]
fn the_worst_attempt_speaks_for_the_attack() {
    check(&[stopped(404), through(), unknown()], &through());
    check(&[stopped(404), unknown()], &unknown());
    check(&[stopped(404), stopped(403)], &stopped(404));
    check(
        &[],
        &Outcome::Inconclusive {
            why: "nothing was tried".to_owned(),
        },
    );
}
