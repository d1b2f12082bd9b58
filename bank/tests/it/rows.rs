//! The data line: what PostgreSQL itself shows, to whom, whatever a service or an injected statement says.

use sqlx::{AssertSqlSafe, PgPool};

use crate::cluster::{Cluster, Words, words};

/// Rows that a statement shows in one transaction under this context.
async fn rows(pool: &PgPool, context: Option<&str>, statement: &str) -> Result<i64, String> {
    let mut transaction = pool.begin().await.unwrap();
    if let Some(context) = context {
        let set = sqlx::query("SELECT set_config('app.ctx', $1, true)").bind(context);
        set.execute(&mut *transaction).await.unwrap();
    }
    let counted = sqlx::query_scalar(AssertSqlSafe(statement))
        .fetch_one(&mut *transaction)
        .await;
    counted.map_err(|error: sqlx::Error| error.to_string())
}

const ALL: &str = "SELECT (SELECT count(*) FROM bank.accounts) + (SELECT count(*) FROM bank.balances) \
    + (SELECT count(*) FROM bank.entries) + (SELECT count(*) FROM bank.profiles)";

#[tokio::test(flavor = "multi_thread")]
async fn only_a_signed_context_shows_rows_and_only_ones_own() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    let pool = cluster.pool("svc_accounts").await;
    let alice = || words("1001", "north", "svc_accounts");

    let good = alice().sign();
    let own = "SELECT count(*) FROM bank.accounts WHERE owner_id = 1001";
    assert_eq!(rows(&pool, Some(&good), own).await, Ok(2));
    assert_eq!(
        rows(&pool, Some(&good), "SELECT count(*) FROM bank.accounts").await,
        Ok(2)
    );
    assert_eq!(
        rows(&pool, Some(&good), "SELECT count(*) FROM bank.balances").await,
        Ok(2)
    );
    assert_eq!(
        rows(&pool, Some(&good), "SELECT count(*) FROM bank.profiles").await,
        Ok(1)
    );
    let foreign = "SELECT count(*) FROM bank.entries WHERE owner_id <> 1001";
    assert_eq!(rows(&pool, Some(&good), foreign).await, Ok(0));
    let carol = Words {
        uid: "1003",
        admin: "1",
        ..alice()
    }
    .sign();
    let north = "SELECT count(*) FROM bank.profiles WHERE tenant_id = 'north'";
    assert_eq!(rows(&pool, Some(&carol), north).await, Ok(3));
    assert_eq!(
        rows(&pool, Some(&carol), ALL).await,
        Ok(3),
        "an administrator sees profiles, not money"
    );

    assert_eq!(
        rows(&pool, None, ALL).await,
        Ok(0),
        "no context, also after others had one"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_context_that_does_not_hold_shows_nothing() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    let pool = cluster.pool("svc_accounts").await;
    let alice = || words("1001", "north", "svc_accounts");
    let good = alice().sign();
    assert_ne!(rows(&pool, Some(&good), ALL).await, Ok(0));
    let forged = [
        Words {
            key: [0; 32],
            ..alice()
        }
        .sign(),
        Words {
            kid: "2",
            ..alice()
        }
        .sign(),
        Words {
            role: "svc_payments",
            ..alice()
        }
        .sign(),
        Words {
            tenant: "south",
            ..alice()
        }
        .sign(),
        Words {
            lives_s: -1,
            ..alice()
        }
        .sign(),
        Words {
            lives_s: 60,
            ..alice()
        }
        .sign(),
        good.replacen(".1001.", ".1002.", 1),
        good.replacen(".0.", ".1.", 1),
        good.to_uppercase(),
        format!("{good}.x"),
        good.strip_suffix(&good.chars().last().unwrap().to_string())
            .unwrap()
            .to_owned(),
        "1.1001.north.0".to_owned(),
        "1.1001.north.0.99999999999.zz".to_owned(),
        String::new(),
        "'; SELECT 1; --".to_owned(),
    ];
    for context in forged {
        assert_eq!(rows(&pool, Some(&context), ALL).await, Ok(0), "{context}");
    }
}

/// Role, what it tries, and what PostgreSQL says.
const REFUSED: [(&str, &str, &str); 22] = [
    (
        "svc_accounts",
        "SELECT count(*) FROM sec.context_keys",
        "permission denied for table context_keys",
    ),
    (
        "svc_accounts",
        "SET ROLE bank_owner",
        "permission denied to set role",
    ),
    (
        "svc_accounts",
        "SET SESSION AUTHORIZATION svc_payments",
        "permission denied to set session authorization",
    ),
    (
        "svc_accounts",
        "CREATE TEMP TABLE x (y int)",
        "permission denied to create temporary tables",
    ),
    (
        "svc_accounts",
        "CREATE FUNCTION bank.leak() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "permission denied for schema bank",
    ),
    (
        "svc_accounts",
        "ALTER TABLE bank.accounts DISABLE ROW LEVEL SECURITY",
        "must be owner of table accounts",
    ),
    (
        "svc_accounts",
        "SET row_security = off; SELECT count(*) FROM bank.accounts",
        "would be affected by row-level security",
    ),
    (
        "svc_accounts",
        "SELECT count(*) FROM bank.transfers",
        "permission denied for table transfers",
    ),
    (
        "svc_accounts",
        "UPDATE bank.balances SET balance_cents = 1",
        "permission denied for table balances",
    ),
    (
        "svc_accounts",
        "SELECT crypto.hmac('a', 'b', 'sha256')",
        "permission denied for schema crypto",
    ),
    (
        "svc_payments",
        "SELECT count(*) FROM bank.balances",
        "permission denied for table balances",
    ),
    (
        "svc_payments",
        "SELECT count(*) FROM bank.entries",
        "permission denied for table entries",
    ),
    (
        "svc_payments",
        "SELECT name FROM bank.accounts",
        "permission denied for table accounts",
    ),
    (
        "svc_payments",
        "UPDATE bank.transfers SET amount_cents = 1",
        "permission denied for table transfers",
    ),
    (
        "svc_payments",
        "DELETE FROM bank.transfers",
        "permission denied for table transfers",
    ),
    (
        "svc_payments",
        "INSERT INTO bank.entries (transfer_id) VALUES (1)",
        "permission denied for table entries",
    ),
    (
        "facts_accounts",
        "SELECT name FROM bank.accounts",
        "permission denied for table accounts",
    ),
    (
        "facts_accounts",
        "SELECT email FROM bank.profiles",
        "permission denied for table profiles",
    ),
    (
        "facts_accounts",
        "SELECT id FROM bank.transfers",
        "permission denied for table transfers",
    ),
    (
        "facts_payments",
        "SELECT amount_cents FROM bank.transfers",
        "permission denied for table transfers",
    ),
    (
        "facts_payments",
        "SELECT sec.ctx()",
        "permission denied for schema sec",
    ),
    (
        "facts_images",
        "SELECT id FROM bank.accounts",
        "permission denied for schema bank",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn nobody_steps_around() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    let administrator = cluster.pool("superuser").await;
    for (statement, wanted) in [
        ("SELECT count(*) FROM bank.accounts", 6),
        ("SET ROLE bank_owner; SELECT count(*) FROM bank.accounts", 0),
        (
            "SET ROLE bank_owner; SELECT count(*) FROM sec.context_keys",
            0,
        ),
        (
            "SET ROLE bank_ledger; SELECT count(id) FROM bank.accounts",
            6,
        ),
    ] {
        let mut connection = administrator.acquire().await.unwrap();
        let (role, count) = statement
            .split_once("; ")
            .unwrap_or(("RESET ROLE", statement));
        sqlx::raw_sql(AssertSqlSafe(role))
            .execute(&mut *connection)
            .await
            .unwrap();
        let counted: i64 = sqlx::query_scalar(AssertSqlSafe(count))
            .fetch_one(&mut *connection)
            .await
            .unwrap();
        assert_eq!(counted, wanted, "{statement}");
        sqlx::raw_sql("RESET ROLE")
            .execute(&mut *connection)
            .await
            .unwrap();
    }
    for (role, statement, wanted) in REFUSED {
        let pool = cluster.pool(role).await;
        let refused = sqlx::raw_sql(AssertSqlSafe(statement))
            .execute(&pool)
            .await
            .unwrap_err();
        assert!(
            refused.to_string().contains(wanted),
            "{role}: {statement}: {refused}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_injected_statement_takes_over_nobody() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    let pool = cluster.pool("svc_accounts").await;
    let good = words("1001", "north", "svc_accounts").sign();
    // Inside one statement of alice's, an attacker sets the context to bob: plain settings fall to this.
    for other in [good.replacen(".1001.", ".1002.", 1), "1002".to_owned()] {
        let injected = format!(
            "SELECT count(*) FROM (SELECT set_config('app.ctx', '{other}', true) OFFSET 0) AS taken, \
             LATERAL (SELECT id FROM bank.entries WHERE owner_id <> 1001 AND taken.set_config <> '' OFFSET 0) AS seen"
        );
        assert_eq!(rows(&pool, Some(&good), &injected).await, Ok(0), "{other}");
    }

    let payments = cluster.pool("svc_payments").await;
    let alice = words("1001", "north", "svc_payments").sign();
    for (owner, by, wanted) in [
        (1002, 1002, "new row violates row-level security policy"),
        (1002, 1001, "new row violates row-level security policy"),
        (1001, 1002, "new row violates row-level security policy"),
        (
            1001,
            1001,
            "violates foreign key constraint \"transfers_from\"",
        ),
    ] {
        let injected = format!(
            "INSERT INTO bank.transfers (from_account, to_account, owner_id, tenant_id, amount_cents, reference, \
             requested_by, idempotency_key, request_sha256, booked_at_unix_ms) \
             VALUES (500201, 500101, {owner}, 'north', 1, 'x', {by}, 'injected', repeat('0', 64), 1) RETURNING id"
        );
        let refused = rows(&payments, Some(&alice), &injected).await.unwrap_err();
        assert!(refused.contains(wanted), "{owner}, {by}: {refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guards_facts_say_whose_and_nothing_more() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    for (role, entity, id, owner, tenant) in [
        ("facts_accounts", "Account", "500401", "1004", "south"),
        ("facts_accounts", "Profile", "1003", "1003", "north"),
        ("facts_payments", "Account", "500201", "1002", "north"),
        ("facts_payments", "Transfer", "1", "0", "north"),
    ] {
        let found = vauban_bank::files::PLAN.lines().find_map(|line| {
            let statement = line.trim().strip_prefix(entity)?.strip_prefix(": ")?;
            Some(statement.trim_matches('"').to_owned())
        });
        let statement = found.unwrap();
        let pool = cluster.pool(role).await;
        let ask = |id: &'static str| {
            let rows = sqlx::query_as(AssertSqlSafe(statement.clone())).bind(id);
            let pool = pool.clone();
            async move { rows.fetch_optional(&pool).await.unwrap() }
        };
        let row: Option<(String, String)> = ask(id).await;
        assert_eq!(
            row,
            Some((owner.to_owned(), tenant.to_owned())),
            "{role} {entity}"
        );
        let odd: Option<(String, String)> = ask("0500401").await;
        assert_eq!(odd, None);
        let write = sqlx::raw_sql("DELETE FROM bank.accounts")
            .execute(&pool)
            .await
            .unwrap_err()
            .to_string();
        assert!(
            write.contains("permission denied") || write.contains("read-only transaction"),
            "{write}"
        );
    }
}
