//! Each bad thing, done to a real database, is found before a service serves from it.

use sqlx::PgPool;
use vauban_bank::{Service, self_test};

use crate::cluster::Cluster;

/// Done by the administrator, what must be said, and how it is undone.
const BAD: [(&str, &str, &str); 20] = [
    (
        "ALTER TABLE bank.entries NO FORCE ROW LEVEL SECURITY",
        "table `bank.entries` does not force row-level security on its owner",
        "ALTER TABLE bank.entries FORCE ROW LEVEL SECURITY",
    ),
    (
        "ALTER TABLE bank.entries DISABLE ROW LEVEL SECURITY",
        "`bank.entries` shows rows to a session that says nobody asks",
        "ALTER TABLE bank.entries ENABLE ROW LEVEL SECURITY",
    ),
    (
        "CREATE TABLE public.notes (x int); GRANT USAGE ON SCHEMA public TO svc_accounts; GRANT SELECT ON public.notes TO svc_accounts",
        "table `public.notes` has no row-level security",
        "DROP TABLE public.notes; REVOKE USAGE ON SCHEMA public FROM svc_accounts",
    ),
    (
        "ALTER ROLE svc_accounts BYPASSRLS",
        "role `svc_accounts` steps around row-level security (BYPASSRLS)",
        "ALTER ROLE svc_accounts NOBYPASSRLS",
    ),
    (
        "ALTER ROLE svc_accounts SUPERUSER",
        "role `svc_accounts` is a superuser",
        "ALTER ROLE svc_accounts NOSUPERUSER",
    ),
    (
        "ALTER ROLE svc_accounts CREATEROLE",
        "role `svc_accounts` may make roles or databases",
        "ALTER ROLE svc_accounts NOCREATEROLE",
    ),
    (
        "GRANT bank_owner TO svc_accounts",
        "role `svc_accounts` may become role `bank_owner`",
        "REVOKE bank_owner FROM svc_accounts",
    ),
    (
        "ALTER TABLE bank.entries OWNER TO svc_accounts",
        "role `svc_accounts` owns `bank.entries`",
        // With the ownership the grants went along.
        "ALTER TABLE bank.entries OWNER TO bank_owner; GRANT SELECT (id, account_id, owner_id, tenant_id, amount_cents, memo, booked_at_unix_ms) ON bank.entries TO svc_accounts",
    ),
    (
        "CREATE VIEW bank.seen AS SELECT id FROM bank.entries; GRANT SELECT ON bank.seen TO svc_accounts",
        "view `bank.seen` reads with its owner's eyes: set security_invoker",
        "DROP VIEW bank.seen",
    ),
    (
        "CREATE MATERIALIZED VIEW bank.kept AS SELECT id FROM bank.entries; GRANT SELECT ON bank.kept TO svc_accounts",
        "`bank.kept` holds rows that no policy filters",
        "DROP MATERIALIZED VIEW bank.kept",
    ),
    (
        "CREATE FUNCTION bank.rises() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'; REVOKE ALL ON FUNCTION bank.rises() FROM PUBLIC",
        "function `bank.rises` is SECURITY DEFINER without a search_path of its own",
        "DROP FUNCTION bank.rises()",
    ),
    (
        "CREATE FUNCTION bank.rises() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS 'SELECT 1'",
        "function `bank.rises` is SECURITY DEFINER and role `svc_accounts` may call it",
        "DROP FUNCTION bank.rises()",
    ),
    (
        "CREATE POLICY wide ON bank.entries FOR SELECT TO svc_accounts USING (true)",
        "policy `wide` on `bank.entries` lets every row through for role `svc_accounts`",
        "DROP POLICY wide ON bank.entries",
    ),
    (
        "CREATE POLICY slow ON bank.entries FOR SELECT TO svc_accounts USING (owner_id = (sec.ctx()).uid)",
        "policy `slow` on `bank.entries` asks for the context once per row: put the call into a sub-select",
        "DROP POLICY slow ON bank.entries",
    ),
    (
        "ALTER POLICY tenant ON bank.entries TO svc_payments",
        "table `bank.entries` has no restrictive tenant policy for role `svc_accounts`",
        "ALTER POLICY tenant ON bank.entries TO svc_accounts, svc_payments",
    ),
    (
        "GRANT SELECT ON sec.context_keys TO svc_accounts",
        "role `svc_accounts` can reach the context keys",
        "REVOKE SELECT ON sec.context_keys FROM svc_accounts",
    ),
    (
        "GRANT TRUNCATE ON bank.entries TO svc_accounts",
        "role `svc_accounts` may empty, reference or hang triggers on `bank.entries`",
        "REVOKE TRUNCATE ON bank.entries FROM svc_accounts",
    ),
    (
        "GRANT CREATE ON SCHEMA bank TO svc_accounts",
        "role `svc_accounts` may create in schema `bank`",
        "REVOKE CREATE ON SCHEMA bank FROM svc_accounts",
    ),
    (
        "GRANT TEMP ON DATABASE bank TO svc_accounts",
        "role `svc_accounts` may create schemas or temporary tables",
        "REVOKE TEMP ON DATABASE bank FROM svc_accounts",
    ),
    (
        "ALTER TABLE bank.balances RENAME TO scales",
        "`bank.balances` is missing: install the bank's schema",
        "ALTER TABLE bank.scales RENAME TO balances",
    ),
];

async fn run(pool: &PgPool, statements: &'static str) {
    sqlx::raw_sql(statements).execute(pool).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn each_bad_thing_is_found() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    let administrator = cluster.pool("superuser").await;
    self_test(&cluster.urls["svc_payments"]).await.unwrap();
    let url = &cluster.urls["svc_accounts"];
    for (bad, wanted, undo) in BAD {
        self_test(url).await.unwrap();
        run(&administrator, bad).await;
        let said = match self_test(url).await {
            Ok(()) => panic!("not found: {bad}"),
            Err(error) => error.to_string(),
        };
        assert!(
            said.lines().any(|line| line == format!("- {wanted}")),
            "{bad}\n{said}"
        );
        let started = cluster
            .ground("svc_accounts")
            .refusal(Service::Accounts)
            .await;
        assert!(started.contains(wanted), "{bad}\n{started}");
        run(&administrator, undo).await;
    }
    self_test(url).await.unwrap();
}
