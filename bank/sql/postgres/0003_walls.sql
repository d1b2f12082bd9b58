-- Whose row it is. The guard signs who asks; PostgreSQL checks the signature itself, with a key that no service can read. A
-- service that is taken over, or an injected statement inside it, can set `app.ctx` to what it likes and sees nothing by it.

CREATE TABLE sec.context_keys (
    kid integer PRIMARY KEY CHECK (kid > 0),
    key bytea NOT NULL CHECK (length(key) = 32)
);
CREATE TYPE sec.context AS (uid bigint, tenant text, admin boolean);

-- `app.ctx` is `kid.uid.tenant.admin.exp.hexmac`; the mac is HMAC-SHA256 over `kid.uid.tenant.admin.exp|` and the role that is
-- logged in. Anything that does not hold is nobody. Macs are compared through the key again, so that the time of the comparison
-- tells nothing about them.
CREATE FUNCTION sec.ctx() RETURNS sec.context LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    words text := current_setting('app.ctx', true);
    part  text[];
    found bytea;
    now_s numeric := extract(epoch FROM clock_timestamp());
    who   sec.context;
BEGIN
    IF words IS NULL OR words !~ '^[1-9][0-9]{0,8}\.[1-9][0-9]{0,17}\.[a-z0-9-]{1,32}\.[01]\.[1-9][0-9]{0,11}\.[0-9a-f]{64}$' THEN
        RETURN NULL;
    END IF;
    part := string_to_array(words, '.');
    -- 30 seconds of life, 5 of difference between two clocks.
    IF part[5]::numeric <= now_s OR part[5]::numeric > now_s + 35 THEN
        RETURN NULL;
    END IF;
    SELECT k.key INTO found FROM sec.context_keys k WHERE k.kid = part[1]::integer;
    IF found IS NULL THEN
        RETURN NULL;
    END IF;
    IF crypto.hmac(decode(part[6], 'hex'), found, 'sha256') <> crypto.hmac(
        crypto.hmac(convert_to(array_to_string(part[1:5], '.') || '|' || session_user, 'UTF8'), found, 'sha256'), found, 'sha256')
    THEN
        RETURN NULL;
    END IF;
    who.uid := part[2]::bigint;
    who.tenant := part[3];
    who.admin := part[4] = '1';
    RETURN who;
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA bank, sec FROM PUBLIC;
REVOKE ALL ON TYPE sec.context FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sec.ctx() TO svc_accounts, svc_payments;
GRANT USAGE ON TYPE sec.context TO svc_accounts, svc_payments, bank_seal;

-- Forced, so that not even the owner steps around.
DO $$
DECLARE
    name regclass;
BEGIN
    FOR name IN
        SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname IN ('bank', 'sec') AND c.relkind = 'r'
    LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO bank_owner', name);
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', name);
    END LOOP;
END $$;
ALTER TYPE sec.context OWNER TO bank_owner;
ALTER FUNCTION bank.open_account() OWNER TO bank_owner;
ALTER FUNCTION bank.stay() OWNER TO bank_owner;
ALTER FUNCTION bank.post_transfer() OWNER TO bank_ledger;
ALTER FUNCTION sec.ctx() OWNER TO bank_seal;

-- The seal reads its keys.
GRANT SELECT ON sec.context_keys TO bank_seal;
CREATE POLICY seal ON sec.context_keys FOR SELECT TO bank_seal USING (true);

-- The ledger books.
GRANT SELECT (id, owner_id, tenant_id) ON bank.accounts TO bank_ledger;
CREATE POLICY ledger ON bank.accounts FOR SELECT TO bank_ledger USING (true);
GRANT SELECT (account_id, balance_cents), UPDATE (balance_cents) ON bank.balances TO bank_ledger;
CREATE POLICY ledger ON bank.balances TO bank_ledger USING (true) WITH CHECK (true);
GRANT INSERT (transfer_id, account_id, owner_id, tenant_id, amount_cents, memo, booked_at_unix_ms) ON bank.entries TO bank_ledger;
CREATE POLICY ledger ON bank.entries FOR INSERT TO bank_ledger WITH CHECK (true);

-- The wall between tenants: every other policy is cut down to it.
CREATE POLICY tenant ON bank.profiles AS RESTRICTIVE TO svc_accounts, svc_payments USING (tenant_id = (SELECT (sec.ctx()).tenant));
CREATE POLICY tenant ON bank.accounts AS RESTRICTIVE TO svc_accounts, svc_payments USING (tenant_id = (SELECT (sec.ctx()).tenant));
CREATE POLICY tenant ON bank.balances AS RESTRICTIVE TO svc_accounts, svc_payments USING (tenant_id = (SELECT (sec.ctx()).tenant));
CREATE POLICY tenant ON bank.transfers AS RESTRICTIVE TO svc_accounts, svc_payments USING (tenant_id = (SELECT (sec.ctx()).tenant));
CREATE POLICY tenant ON bank.entries AS RESTRICTIVE TO svc_accounts, svc_payments USING (tenant_id = (SELECT (sec.ctx()).tenant));

-- accounts: reads what is the caller's own; an administrator reads profiles.
GRANT SELECT (id, username, tenant_id, role, display_name, email, address) ON bank.profiles TO svc_accounts;
CREATE POLICY own ON bank.profiles FOR SELECT TO svc_accounts
    USING (id = (SELECT (sec.ctx()).uid) OR (SELECT (sec.ctx()).admin));
GRANT SELECT (id, owner_id, tenant_id, name, currency) ON bank.accounts TO svc_accounts;
GRANT SELECT (account_id, owner_id, tenant_id, balance_cents) ON bank.balances TO svc_accounts;
GRANT SELECT (id, account_id, owner_id, tenant_id, amount_cents, memo, booked_at_unix_ms) ON bank.entries TO svc_accounts;
CREATE POLICY own ON bank.accounts FOR SELECT TO svc_accounts, svc_payments USING (owner_id = (SELECT (sec.ctx()).uid));
CREATE POLICY own ON bank.balances FOR SELECT TO svc_accounts USING (owner_id = (SELECT (sec.ctx()).uid));
CREATE POLICY own ON bank.entries FOR SELECT TO svc_accounts USING (owner_id = (SELECT (sec.ctx()).uid));

-- payments: asks for transfers from the caller's own accounts, and reads them. It sees no balance and no statement.
GRANT SELECT (id, owner_id, tenant_id) ON bank.accounts TO svc_payments;
GRANT SELECT (id, from_account, to_account, owner_id, tenant_id, amount_cents, reference, requested_by, idempotency_key,
              request_sha256, booked_at_unix_ms) ON bank.transfers TO svc_payments;
GRANT INSERT (from_account, to_account, owner_id, tenant_id, amount_cents, reference, requested_by, idempotency_key,
              request_sha256, booked_at_unix_ms) ON bank.transfers TO svc_payments;
CREATE POLICY own ON bank.transfers FOR SELECT TO svc_payments USING (owner_id = (SELECT (sec.ctx()).uid));
CREATE POLICY own_insert ON bank.transfers FOR INSERT TO svc_payments
    WITH CHECK (owner_id = (SELECT (sec.ctx()).uid) AND requested_by = (SELECT (sec.ctx()).uid));

-- The guards' facts: whose, and of which tenant, for every row; no other column.
GRANT SELECT (id, owner_id, tenant_id) ON bank.accounts TO facts_accounts, facts_payments;
GRANT SELECT (id, tenant_id) ON bank.profiles TO facts_accounts;
GRANT SELECT (id, owner_id, tenant_id) ON bank.transfers TO facts_payments;
CREATE POLICY facts ON bank.accounts FOR SELECT TO facts_accounts, facts_payments USING (true);
CREATE POLICY facts ON bank.profiles FOR SELECT TO facts_accounts USING (true);
CREATE POLICY facts ON bank.transfers FOR SELECT TO facts_payments USING (true);
