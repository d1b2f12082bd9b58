-- Who exists. Nobody logs in as the owner; what logs in owns nothing, inherits nothing and cannot step around a policy.
-- Passwords are set apart, by `install`. `facts_images` may connect and nothing more: no image belongs to anybody.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['bank_owner', 'bank_ledger', 'bank_seal'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT NOBYPASSRLS', name);
        END IF;
    END LOOP;
    FOREACH name IN ARRAY ARRAY['svc_accounts', 'svc_payments', 'facts_accounts', 'facts_payments', 'facts_images'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I LOGIN NOINHERIT NOBYPASSRLS CONNECTION LIMIT 32', name);
        END IF;
        EXECUTE format('ALTER ROLE %I SET search_path = bank', name);
        EXECUTE format('ALTER ROLE %I SET statement_timeout = ''5s''', name);
        EXECUTE format('ALTER ROLE %I SET lock_timeout = ''4s''', name);
        EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = ''5s''', name);
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), name);
    END LOOP;
    ALTER ROLE facts_accounts SET default_transaction_read_only = on;
    ALTER ROLE facts_payments SET default_transaction_read_only = on;
    ALTER ROLE facts_images SET default_transaction_read_only = on;
    -- A transfer is answered after it is durable.
    ALTER ROLE svc_payments SET synchronous_commit = on;
    -- Without TEMP nobody brings a leaky function of his own.
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
END $$;
REVOKE ALL ON SCHEMA public FROM PUBLIC;

CREATE SCHEMA bank AUTHORIZATION bank_owner;
CREATE SCHEMA sec AUTHORIZATION bank_owner;
CREATE SCHEMA crypto AUTHORIZATION bank_owner;
CREATE EXTENSION pgcrypto WITH SCHEMA crypto;

GRANT USAGE ON SCHEMA bank TO svc_accounts, svc_payments, facts_accounts, facts_payments, bank_ledger;
GRANT USAGE ON SCHEMA sec TO svc_accounts, svc_payments, bank_seal;
GRANT USAGE ON SCHEMA crypto TO bank_seal;
