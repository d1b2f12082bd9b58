use super::*;

fn budget(key: BudgetKey, operations: Option<&[&str]>) -> Budget {
    Budget {
        name: "b".into(),
        at: Line::Edge,
        key,
        requests: 1,
        seconds: 60,
        burst: 1,
        operations: operations.map(|listed| listed.iter().map(|one| (*one).to_owned()).collect()),
    }
}

fn budgets(key: BudgetKey, operations: Option<&[&str]>) -> Budgets {
    Budgets {
        budgets: vec![Metered::new(&budget(key, operations)).unwrap()],
    }
}

/// A caller: address, subject and the value of the header `x-key`.
type Who<'a> = (&'a str, Option<&'a str>, Option<&'a str>);

fn spend(budgets: &Budgets, stage: Stage, operation: Option<&str>, who: Who<'_>) -> bool {
    let (address, subject, key) = who;
    let header = |name: &str| (name == "x-key").then_some(key).flatten();
    let address = address.parse().unwrap();
    budgets
        .spend(&Ask {
            stage,
            address,
            subject,
            operation,
            header: &header,
            now_ms: 0,
        })
        .is_ok()
}

/// After the first caller the budget is spent for the second one exactly if it counts both as one.
fn check(key: &BudgetKey, first: Who<'_>, second: Who<'_>, one: bool) {
    let budgets = budgets(key.clone(), None);
    let stage = if *key == BudgetKey::User {
        Stage::Identified
    } else {
        Stage::Arrived
    };
    assert!(spend(&budgets, stage, None, first), "{key:?}: {first:?}");
    assert_eq!(
        spend(&budgets, stage, None, second),
        !one,
        "{key:?}: {first:?} then {second:?}"
    );
}

#[test]
fn who_shares_the_budget_of_an_address() {
    let case = |first, second, one| {
        check(
            &BudgetKey::Ip,
            (first, None, None),
            (second, None, None),
            one,
        );
    };
    case("192.0.2.1", "192.0.2.1", true);
    case("192.0.2.1", "192.0.2.2", false);
    case("192.0.2.1", "::ffff:192.0.2.1", true);
    case("2001:db8::1", "2001:db8::ffff", true);
    case("2001:db8::1", "2001:db8:0:1::1", false);
}

#[test]
fn who_shares_the_budget_of_a_user() {
    let case = |first, second, one| check(&BudgetKey::User, first, second, one);
    case(
        ("192.0.2.1", Some("1"), None),
        ("192.0.2.2", Some("1"), None),
        true,
    );
    case(
        ("192.0.2.1", Some("1"), None),
        ("192.0.2.1", Some("2"), None),
        false,
    );
    case(("192.0.2.1", None, None), ("192.0.2.1", None, None), false);
}

#[test]
fn who_shares_the_budget_of_a_header() {
    let key = BudgetKey::DangerHeader("x-key".into());
    let case = |first, second, one| check(&key, first, second, one);
    case(
        ("192.0.2.1", None, Some("a")),
        ("192.0.2.1", None, Some("b")),
        false,
    );
    case(
        ("192.0.2.1", None, Some("a")),
        ("192.0.2.2", None, Some("a")),
        true,
    );
    case(("192.0.2.1", None, None), ("192.0.2.1", None, None), true);
    case(
        ("192.0.2.1", None, None),
        ("192.0.2.1", None, Some("192.0.2.1")),
        false,
    );
}

#[test]
fn a_budget_is_charged_at_one_stage_and_for_its_operations() {
    let who = ("192.0.2.1", Some("1"), None);
    let cases = [
        (BudgetKey::Ip, None, Stage::Arrived),
        (BudgetKey::Ip, Some(&["read"][..]), Stage::Matched),
        (BudgetKey::User, None, Stage::Identified),
        (BudgetKey::User, Some(&["read"][..]), Stage::Identified),
    ];
    for (key, operations, charged) in cases {
        let budgets = budgets(key.clone(), operations);
        for stage in [Stage::Arrived, Stage::Matched, Stage::Identified]
            .into_iter()
            .filter(|stage| *stage != charged)
        {
            assert!(
                spend(&budgets, stage, Some("read"), who)
                    && spend(&budgets, stage, Some("read"), who),
                "{key:?} {stage:?}"
            );
        }
        if operations.is_some() {
            assert!(
                spend(&budgets, charged, Some("write"), who)
                    && spend(&budgets, charged, Some("write"), who),
                "{key:?}"
            );
        }
        assert!(spend(&budgets, charged, Some("read"), who), "{key:?}");
        assert!(!spend(&budgets, charged, Some("read"), who), "{key:?}");
    }
}

#[test]
fn what_the_edge_cannot_count_by_does_not_start() {
    for key in [BudgetKey::Account, BudgetKey::Endpoint] {
        let error = Metered::new(&budget(key, None))
            .map(|_| ())
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "budget `b` stands at the edge, which counts by `ip`, `user` and `danger_header` only"
        );
    }
}
