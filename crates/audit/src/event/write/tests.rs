//! What is written is what `serde_json` writes of the bounded event.

use super::*;
use crate::event::tests::{largest, sample};
use proptest::prelude::*;

fn same(event: &Event) {
    let mut due = event.clone().bounded();
    due.line = "edge".into();
    let mut written = b"before".to_vec();
    write(&mut written, event, "edge").unwrap();
    let due = format!("before{}", serde_json::to_string(&due).unwrap());
    assert_eq!(String::from_utf8(written).unwrap(), due);
}

#[test]
fn every_word_is_the_one_of_the_type() {
    for kind in [
        Kind::Request,
        Kind::Login,
        Kind::Refresh,
        Kind::Logout,
        Kind::Revocation,
        Kind::Exchange,
        Kind::Join,
        Kind::Transfer,
        Kind::Start,
        Kind::Stop,
        Kind::Rules,
        Kind::Drill,
    ] {
        same(&Event::new(0, "other", "d", kind));
    }
    for outcome in [Outcome::Allowed, Outcome::Refused, Outcome::Failed] {
        let mut event = sample("d");
        event.outcome = outcome;
        same(&event);
    }
    let mut event = largest();
    for verdict in [
        Verdict::Passed,
        Verdict::Refused,
        Verdict::Skipped,
        Verdict::Failed,
    ] {
        event.controls.push(Control::new("c", verdict, "f"));
        event.controls.rotate_right(1);
    }
    same(&event);
}

proptest! {
    #[test]
    fn any_text_is_stored_alike(
        texts in prop::collection::vec(".{0,140}|[ -~]{0,300}|[\"\\\\a\u{1b}\u{202e}]{0,40}", 14),
        controls in 0..3_usize,
        findings in 0..12_usize,
        more in prop_oneof![Just(0), any::<u32>()],
        has in any::<bool>(),
    ) {
        let text = |at: usize| texts[at].clone();
        let some = |at: usize| has.then(|| text(at));
        let mut event = Event::new(u64::MAX, text(0), &text(1), Kind::Request);
        (event.method, event.route, event.operation) = (text(2), text(3), text(4));
        (event.denial, event.subject, event.client_id) = (some(5), some(6), some(7));
        (event.tenant, event.session, event.peer) = (some(8), some(9), some(10));
        let mut control = Control::new(text(11), Verdict::Passed, text(12));
        let finding = Finding {
            rule: 7,
            variable: text(13),
            value: some(5),
            message: some(6),
        };
        (control.findings, control.more) = (vec![finding; findings], more);
        event.controls = vec![control; controls];
        same(&event);
    }
}
