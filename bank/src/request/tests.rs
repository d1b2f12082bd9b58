use super::*;

fn check(service: Service, line: &str, wanted: Result<Asked, Refusal>) {
    let (method, target) = line.split_once(' ').unwrap();
    let (path, query) = match target.split_once('?') {
        None => (target, None),
        Some((path, query)) => (path, Some(query)),
    };
    let method: Method = method.parse().unwrap();
    assert_eq!(Asked::read(service, &method, path, query), wanted, "{line}");
}

#[test]
fn each_operation_has_one_target() {
    use Service::{Accounts, Images, Payments};
    let profile = Asked::ReadProfile { id: 1001 };
    check(Accounts, "GET /api/v1/user/profile/1001", Ok(profile));
    check(
        Accounts,
        "GET /api/v1/admin/profiles",
        Ok(Asked::ListProfiles),
    );
    check(Accounts, "GET /accounts", Ok(Asked::ListAccounts));
    let statements = |limit| Asked::ReadStatements {
        account: 500_101,
        limit,
    };
    check(
        Accounts,
        "GET /accounts/500101/statements",
        Ok(statements(50)),
    );
    check(
        Accounts,
        "GET /accounts/500101/statements?limit=100",
        Ok(statements(100)),
    );
    check(Payments, "POST /transfers", Ok(Asked::CreateTransfer));
    check(
        Payments,
        "GET /transfers/7",
        Ok(Asked::ReadTransfer { id: 7 }),
    );
    check(Images, "POST /images", Ok(Asked::DescribeImage));
}

#[test]
fn everything_else_is_refused() {
    use Service::{Accounts, Images, Payments};
    for (service, line) in [
        (Accounts, "POST /accounts"),
        (Accounts, "GET /accounts/"),
        (Accounts, "GET //accounts"),
        (Accounts, "GET /accounts/0500101/statements"),
        (Accounts, "GET /accounts/500101%20/statements"),
        (Accounts, "GET /accounts/500101/statements/"),
        (Accounts, "GET /api/v1/user/profile/0"),
        (Accounts, "GET /api/v1/user/profile/1e3"),
        (Accounts, "POST /transfers"),
        (Payments, "GET /accounts"),
        (Payments, "GET /transfers"),
        (Payments, "DELETE /transfers/7"),
        (Images, "GET /images"),
    ] {
        check(service, line, Err(Refusal::Nothing));
    }
    for line in [
        "GET /accounts?limit=5",
        "GET /accounts/500101/statements?limit=0",
        "GET /accounts/500101/statements?limit=101",
        "GET /accounts/500101/statements?limit=05",
        "GET /accounts/500101/statements?limit=5&limit=6",
        "GET /accounts/500101/statements?offset=5",
    ] {
        check(Accounts, line, Err(Refusal::Query));
    }
}
