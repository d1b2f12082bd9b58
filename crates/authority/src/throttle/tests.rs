use vauban_limit::{Limiter, Quota};

use super::{Budgets, Counted, Throttle as _, Throttled, account_key, source_key};

fn budgets(entries: &[(&str, u32, Option<&[&str]>)]) -> Budgets {
    let counted = |(name, burst, operations): &(&str, u32, Option<&[&str]>)| Counted {
        name: (*name).to_owned(),
        operations: operations.map(|list| list.iter().map(|one| (*one).to_owned()).collect()),
        limiter: Limiter::new(
            Quota {
                requests: 1,
                seconds: 10,
                burst: *burst,
            },
            64,
        ),
    };
    Budgets(entries.iter().map(counted).collect())
}

#[test]
fn each_key_has_its_own_budget_and_it_comes_back() {
    let budgets = budgets(&[("login-account", 2, None)]);
    let spent = Throttled {
        budget: "login-account".to_owned(),
        retry_after_seconds: 10,
    };
    assert_eq!(budgets.spend("login", "alice", 0), Ok(()));
    assert_eq!(budgets.spend("login", "alice", 0), Ok(()));
    assert_eq!(budgets.spend("login", "alice", 0), Err(spent.clone()));
    assert_eq!(budgets.spend("login", "bob", 0), Ok(()));
    assert_eq!(
        budgets.spend("login", "alice", 9_999),
        Err(Throttled {
            retry_after_seconds: 1,
            ..spent.clone()
        })
    );
    assert_eq!(budgets.spend("login", "alice", 10_000), Ok(()));
    assert_eq!(spent.to_string(), "budget `login-account` is spent");
}

#[test]
fn operations_that_a_budget_does_not_list_are_free() {
    let budgets = budgets(&[("only-login", 1, Some(&["login"])), ("all", 3, None)]);
    assert_eq!(budgets.spend("login", "a", 0), Ok(()));
    assert_eq!(
        budgets.spend("login", "a", 0).unwrap_err().budget,
        "only-login"
    );
    assert_eq!(budgets.spend("refresh", "a", 0), Ok(()));
    assert_eq!(budgets.spend("refresh", "a", 0), Ok(()));
    assert_eq!(budgets.spend("refresh", "a", 0).unwrap_err().budget, "all");
}

#[test]
fn spellings_of_one_account_share_a_key() {
    assert_eq!(account_key("Alice"), account_key("alice"));
    assert_ne!(account_key("alice"), account_key("alice "));
    assert_eq!(account_key(&"x".repeat(100_000)).len(), 64);
}

#[test]
fn a_source_is_an_address_or_a_customers_prefix() {
    for (address, key) in [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
    ] {
        assert_eq!(source_key(address.parse().unwrap()), key);
    }
}
