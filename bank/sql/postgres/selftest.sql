-- What must not be, as the role that is logged in sees it: one row for each finding.
WITH me AS (
    SELECT oid, rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication
    FROM pg_catalog.pg_roles WHERE rolname = session_user
),
places AS (
    SELECT oid, nspname, nspowner FROM pg_catalog.pg_namespace
    WHERE nspname <> 'information_schema' AND nspname !~ '^pg_'
),
relations AS (
    SELECT c.oid, c.relname, c.relkind, c.relowner, c.relrowsecurity, c.relforcerowsecurity,
           coalesce(c.reloptions, '{}') AS options, p.nspname,
           (p.nspname || '.' || c.relname) AS name,
           has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE') OR has_table_privilege(c.oid, 'DELETE') AS mine
    FROM pg_catalog.pg_class c JOIN places p ON p.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
),
routines AS (
    SELECT f.oid, f.proowner, f.prosecdef, coalesce(f.proconfig, '{}') AS config, (p.nspname || '.' || f.proname) AS name
    FROM pg_catalog.pg_proc f JOIN places p ON p.oid = f.pronamespace
),
rules AS (
    SELECT (schemaname || '.' || tablename) AS table_name, policyname, permissive, roles,
           coalesce(qual, '') AS qual, coalesce(with_check, '') AS with_check
    FROM pg_catalog.pg_policies
)
SELECT format('role `%s` is a superuser', rolname) AS finding FROM me WHERE rolsuper
UNION ALL SELECT format('role `%s` steps around row-level security (BYPASSRLS)', rolname) FROM me WHERE rolbypassrls
UNION ALL SELECT format('role `%s` may make roles or databases', rolname) FROM me WHERE rolcreaterole OR rolcreatedb OR rolreplication
UNION ALL SELECT format('role `%s` may become role `%s`', me.rolname, g.rolname)
    FROM me JOIN pg_catalog.pg_auth_members m ON m.member = me.oid JOIN pg_catalog.pg_roles g ON g.oid = m.roleid
UNION ALL SELECT format('role `%s` owns schema `%s`', me.rolname, p.nspname) FROM me JOIN places p ON p.nspowner = me.oid
UNION ALL SELECT format('role `%s` owns `%s`', me.rolname, r.name) FROM me JOIN relations r ON r.relowner = me.oid
UNION ALL SELECT format('role `%s` owns function `%s`', me.rolname, f.name) FROM me JOIN routines f ON f.proowner = me.oid
UNION ALL SELECT format('role `%s` may create in schema `%s`', me.rolname, p.nspname)
    FROM me, places p WHERE has_schema_privilege(p.oid, 'CREATE')
UNION ALL SELECT format('role `%s` may create schemas or temporary tables', rolname)
    FROM me WHERE has_database_privilege(current_database(), 'CREATE') OR has_database_privilege(current_database(), 'TEMP')
UNION ALL SELECT format('table `%s` has no row-level security', name)
    FROM relations WHERE relkind IN ('r', 'p') AND NOT relrowsecurity AND (mine OR nspname IN ('bank', 'sec'))
UNION ALL SELECT format('table `%s` does not force row-level security on its owner', name)
    FROM relations WHERE relkind IN ('r', 'p') AND NOT relforcerowsecurity AND (mine OR nspname IN ('bank', 'sec'))
UNION ALL SELECT format('table `%s` has no restrictive tenant policy for role `%s`', r.name, me.rolname)
    FROM me, relations r WHERE r.mine AND r.relkind IN ('r', 'p') AND NOT EXISTS (
        SELECT FROM rules WHERE rules.table_name = r.name AND rules.permissive = 'RESTRICTIVE'
            AND (me.rolname = ANY (rules.roles) OR 'public' = ANY (rules.roles)) AND rules.qual LIKE '%ctx()%tenant%')
UNION ALL SELECT format('policy `%s` on `%s` lets every row through for role `%s`', rules.policyname, rules.table_name, me.rolname)
    FROM me, rules WHERE (me.rolname = ANY (rules.roles) OR 'public' = ANY (rules.roles))
        AND rules.permissive = 'PERMISSIVE' AND (rules.qual = 'true' OR rules.with_check = 'true')
UNION ALL SELECT format('policy `%s` on `%s` asks for the context once per row: put the call into a sub-select', policyname, table_name)
    FROM rules WHERE regexp_replace(qual || ' ' || with_check, 'SELECT \(?(sec\.)?ctx\(\)', '', 'g') LIKE '%ctx()%'
UNION ALL SELECT format('view `%s` reads with its owner''s eyes: set security_invoker', name)
    FROM relations WHERE relkind = 'v' AND (mine OR nspname IN ('bank', 'sec'))
        AND NOT options && ARRAY['security_invoker=true', 'security_invoker=on', 'security_invoker=1', 'security_invoker=yes']
UNION ALL SELECT format('`%s` holds rows that no policy filters', name) FROM relations WHERE relkind IN ('m', 'f') AND mine
UNION ALL SELECT format('function `%s` is SECURITY DEFINER without a search_path of its own', name)
    FROM routines WHERE prosecdef AND NOT EXISTS (SELECT FROM unnest(config) c WHERE c LIKE 'search\_path=%')
UNION ALL SELECT format('function `%s` is SECURITY DEFINER and role `%s` may call it', f.name, me.rolname)
    FROM me, routines f WHERE f.prosecdef AND f.name <> 'sec.ctx' AND has_function_privilege(f.oid, 'EXECUTE')
UNION ALL SELECT format('role `%s` can reach the context keys', me.rolname)
    FROM me, relations r WHERE r.name = 'sec.context_keys' AND r.mine
UNION ALL SELECT format('role `%s` may empty, reference or hang triggers on `%s`', me.rolname, r.name)
    FROM me, relations r WHERE has_table_privilege(r.oid, 'TRUNCATE, TRIGGER') OR has_any_column_privilege(r.oid, 'REFERENCES')
UNION ALL SELECT format('`%s` is missing: install the bank''s schema', wanted)
    FROM unnest(ARRAY['bank.profiles', 'bank.accounts', 'bank.balances', 'bank.transfers', 'bank.entries', 'sec.context_keys']) wanted
    WHERE NOT EXISTS (SELECT FROM relations r WHERE r.name = wanted)
UNION ALL SELECT '`sec.ctx()` is missing: install the bank''s schema' WHERE NOT EXISTS (SELECT FROM routines f WHERE f.name = 'sec.ctx')
ORDER BY 1;
