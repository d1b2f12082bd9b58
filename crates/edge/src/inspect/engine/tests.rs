use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;

/// A request for `/`, begun, and whether the rules refuse it.
fn begin(loaded: &Loaded) -> (Running, bool) {
    let localhost = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let connection = Connection {
        client: localhost,
        client_port: 1,
        server: localhost,
        server_port: 2,
        now: 1000,
    };
    let head = RequestHead {
        method: b"GET",
        target: b"/",
        protocol: b"HTTP/1.1",
        headers: &[],
        id: "1",
    };
    let (transaction, asked) = loaded.pool.with(|scratch| {
        let (set, store) = (&loaded.set, &loaded.store);
        let mut transaction = Transaction::begin(set, store, &connection, Mode::Block, scratch);
        let asked = transaction.request(&head, scratch);
        (transaction, asked)
    });
    let running = Running {
        transaction: Some(transaction),
        loaded: loaded.clone(),
        redact: Arc::new([]),
        place: String::new(),
        blocks: true,
        version: Version::HTTP_11,
        told: 0,
        sanitised: 0,
        withheld: false,
    };
    (running, asked.is_some())
}

#[test]
fn no_rule_runs_while_a_panic_passes_by() {
    let loaded = Loaded::of_text(
        "SecRuleEngine On\n\
         SecAction \"id:1,phase:1,nolog,pass,initcol:global=all\"\n\
         SecRule GLOBAL:ended \"@eq 1\" \"id:2,phase:1,log,deny\"\n\
         SecAction \"id:3,phase:5,nolog,pass,setvar:global.ended=1\"",
    );
    let (running, _) = begin(&loaded);
    let panicked = catch_unwind(AssertUnwindSafe(move || {
        let _held = running;
        panic!("of this test");
    }));
    assert!(panicked.is_err());
    let (running, refused) = begin(&loaded);
    assert!(!refused, "the last phase has run during the panic");
    drop(running);
    assert!(begin(&loaded).1, "the last phase runs at an ordinary end");
}
