use super::{
    Callers, Claimed, Issued, JudgeCaller as _, JudgeRegistry as _, JudgeRotation as _, Names,
    Needed, Registry, RegistryRefusal, Rotation, RotationRefusal, StoredRefresh,
};

fn claimed() -> Claimed {
    Claimed {
        subject: "1001".into(),
        client_id: "bank-web".into(),
        tenant: "north".into(),
        session: "s1".into(),
    }
}

fn issued() -> Issued {
    Issued {
        scope: None,
        actors: vec![],
        subject: "1001".into(),
        client_id: "bank-web".into(),
        tenant: "north".into(),
        roles: vec!["user".into()],
        session: "s1".into(),
        token_expires_at: 1_000,
        session_ends_at: 5_000,
        session_ended: false,
    }
}

#[test]
fn the_registry_vouches_with_its_own_facts_only() {
    let vouched = Registry.judge(&claimed(), Some(&issued()), 999).unwrap();
    assert_eq!(
        (
            vouched.subject.as_str(),
            vouched.roles.as_slice(),
            vouched.ends_at
        ),
        ("1001", &["user".to_owned()][..], 1_000)
    );
    let early = Issued {
        session_ends_at: 500,
        ..issued()
    };
    assert_eq!(
        Registry
            .judge(&claimed(), Some(&early), 499)
            .unwrap()
            .ends_at,
        500
    );
}

fn refuses(
    claimed: &Claimed,
    stored: Option<&Issued>,
    now: u64,
    expected: RegistryRefusal,
    text: &str,
) {
    assert_eq!(Registry.judge(claimed, stored, now), Err(expected));
    assert_eq!(expected.to_string(), text);
}

#[test]
fn a_token_that_is_unknown_or_over_refuses() {
    let (claimed, stored) = (claimed(), issued());
    let revoked = Issued {
        session_ended: true,
        ..issued()
    };
    let ended = Issued {
        session_ends_at: 1,
        ..issued()
    };
    refuses(
        &claimed,
        None,
        1,
        RegistryRefusal::Unknown,
        "token is not in the registry",
    );
    refuses(
        &claimed,
        Some(&stored),
        1_000,
        RegistryRefusal::Expired,
        "token has expired",
    );
    refuses(
        &claimed,
        Some(&revoked),
        1,
        RegistryRefusal::Ended,
        "session has ended",
    );
    refuses(
        &claimed,
        Some(&ended),
        1,
        RegistryRefusal::Ended,
        "session has ended",
    );
}

#[test]
fn every_difference_refuses() {
    let other = |change: fn(&mut Claimed), expected, what: &str| {
        let mut claimed = claimed();
        change(&mut claimed);
        refuses(&claimed, Some(&issued()), 1, expected, what);
    };
    other(
        |c| c.subject = "1002".into(),
        RegistryRefusal::Subject,
        "subject differs from the stored session",
    );
    other(
        |c| c.client_id = "x".into(),
        RegistryRefusal::Client,
        "client differs from the stored session",
    );
    other(
        |c| c.tenant = "south".into(),
        RegistryRefusal::Tenant,
        "tenant differs from the stored session",
    );
    other(
        |c| c.session = "s2".into(),
        RegistryRefusal::Session,
        "session differs from the stored one",
    );
}

/// One that was never used, good until 50, with an absolute end at 100.
fn fresh() -> StoredRefresh {
    StoredRefresh {
        session: "s1".into(),
        client_id: "bank-web".into(),
        ends_at: 100,
        idle_ends_at: 50,
        used: false,
        again_until: None,
        session_ended: false,
    }
}

fn judged(
    client: &str,
    now: u64,
    change: impl FnOnce(&mut StoredRefresh),
    expected: Result<(), RotationRefusal>,
) {
    let mut stored = fresh();
    change(&mut stored);
    let judged = Rotation.judge(client, Some(&stored), now);
    assert_eq!(judged, expected, "{client} {stored:?} {now}");
}

#[test]
fn a_refresh_token_works_once_for_its_client_until_its_end() {
    use RotationRefusal::{Client, Ended, Expired, Reused, Unknown};
    assert_eq!(Rotation.judge("bank-web", None, 1), Err(Unknown));
    judged("bank-web", 49, |_| (), Ok(()));
    judged("bank-web", 50, |_| (), Err(Expired));
    judged("bank-web", 100, |_| (), Err(Expired));
    judged("bank-web", 9, |s| s.ends_at = 9, Err(Expired));
    judged("other", 1, |_| (), Err(Client));
    judged("other", 1, |s| s.used = true, Err(Client));
    judged("bank-web", 1, |s| s.used = true, Err(Reused));
    judged("bank-web", 1, |s| s.session_ended = true, Err(Ended));
    let both = |s: &mut StoredRefresh| (s.used, s.session_ended) = (true, true);
    judged("bank-web", 1, both, Err(Reused));
}

#[test]
fn within_its_grace_a_used_token_works_again_for_its_client() {
    use RotationRefusal::{Client, Ended, Expired, Reused};
    let again = |s: &mut StoredRefresh| (s.used, s.again_until) = (true, Some(10));
    judged("bank-web", 9, again, Ok(()));
    judged("bank-web", 10, again, Err(Reused));
    // Idle for too long; a used one is a thief's all the same.
    judged("bank-web", 60, again, Err(Reused));
    judged("other", 9, again, Err(Client));
    let ended = |s: &mut StoredRefresh| {
        again(s);
        s.session_ended = true;
    };
    judged("bank-web", 9, ended, Err(Ended));
    let over = |s: &mut StoredRefresh| {
        again(s);
        s.ends_at = 9;
    };
    judged("bank-web", 9, over, Err(Expired));
}

#[test]
fn callers_are_admitted_by_exact_name() {
    let names = Names {
        edge: "spiffe://d/line/edge".into(),
        guards: vec!["spiffe://d/guard/accounts".into()],
        prefix: "spiffe://d/".into(),
    };
    for (caller, edge, guard, workload) in [
        (None, false, false, false),
        (Some("spiffe://d/line/edge"), true, false, true),
        (Some("spiffe://d/guard/accounts"), false, true, true),
        (Some("spiffe://d/guard/payments"), false, false, true),
        (Some("spiffe://d/line/edge/"), false, false, true),
        (Some("spiffe://other/line/edge"), false, false, false),
    ] {
        for (needed, expected) in [
            (Needed::Edge, edge),
            (Needed::Guard, guard),
            (Needed::Workload, workload),
        ] {
            assert_eq!(
                Callers.judge(caller, needed, &names),
                expected,
                "{caller:?} {needed:?}"
            );
        }
    }
}
