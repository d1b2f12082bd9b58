-- The ledger. Money moves only through `transfers`: a trigger books the two entries of each transfer and carries the balances
-- along, so that no statement of a service can book one side without the other.

CREATE TABLE bank.profiles (
    id           bigint PRIMARY KEY CHECK (id > 0),
    username     text NOT NULL UNIQUE CHECK (length(username) BETWEEN 1 AND 64),
    tenant_id    text NOT NULL CHECK (tenant_id ~ '^[a-z0-9-]{1,32}$'),
    role         text NOT NULL CHECK (role IN ('user', 'admin')),
    display_name text NOT NULL CHECK (length(display_name) BETWEEN 1 AND 128),
    email        text NOT NULL CHECK (length(email) BETWEEN 3 AND 254),
    address      text NOT NULL CHECK (length(address) <= 256)
);
CREATE UNIQUE INDEX profiles_id_text ON bank.profiles (CAST(id AS text));

-- Owner 0 is the house: its accounts are where money comes from, and only they may be negative.
CREATE TABLE bank.accounts (
    id        bigint PRIMARY KEY CHECK (id > 0),
    owner_id  bigint NOT NULL CHECK (owner_id >= 0),
    tenant_id text NOT NULL CHECK (tenant_id ~ '^[a-z0-9-]{1,32}$'),
    name      text NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
    currency  text NOT NULL CHECK (currency = 'EUR'),
    UNIQUE (id, tenant_id),
    UNIQUE (id, tenant_id, owner_id)
);
CREATE UNIQUE INDEX accounts_id_text ON bank.accounts (CAST(id AS text));
CREATE INDEX accounts_owner ON bank.accounts (owner_id);

CREATE TABLE bank.balances (
    account_id    bigint PRIMARY KEY,
    owner_id      bigint NOT NULL,
    tenant_id     text NOT NULL,
    balance_cents bigint NOT NULL DEFAULT 0,
    FOREIGN KEY (account_id, tenant_id, owner_id) REFERENCES bank.accounts (id, tenant_id, owner_id),
    CONSTRAINT balances_never_negative CHECK (balance_cents >= 0 OR owner_id = 0)
);

-- `owner_id` and `tenant_id` are those of the account that pays; both accounts stand in that tenant. Foreign keys see every
-- row, so the destination is checked without the service being able to read it.
CREATE TABLE bank.transfers (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    from_account      bigint NOT NULL,
    to_account        bigint NOT NULL,
    owner_id          bigint NOT NULL,
    tenant_id         text NOT NULL,
    amount_cents      bigint NOT NULL CHECK (amount_cents BETWEEN 1 AND 100000000),
    reference         text NOT NULL CHECK (length(reference) BETWEEN 1 AND 140),
    requested_by      bigint NOT NULL CHECK (requested_by >= 0),
    idempotency_key   text NOT NULL CHECK (length(idempotency_key) BETWEEN 8 AND 64),
    request_sha256    text NOT NULL CHECK (length(request_sha256) = 64),
    booked_at_unix_ms bigint NOT NULL CHECK (booked_at_unix_ms >= 0),
    CONSTRAINT transfers_once UNIQUE (requested_by, idempotency_key),
    CONSTRAINT transfers_two_accounts CHECK (from_account <> to_account),
    CONSTRAINT transfers_from FOREIGN KEY (from_account, tenant_id, owner_id) REFERENCES bank.accounts (id, tenant_id, owner_id),
    CONSTRAINT transfers_to FOREIGN KEY (to_account, tenant_id) REFERENCES bank.accounts (id, tenant_id)
);
CREATE UNIQUE INDEX transfers_id_text ON bank.transfers (CAST(id AS text));

CREATE TABLE bank.entries (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    transfer_id       bigint NOT NULL REFERENCES bank.transfers (id),
    account_id        bigint NOT NULL,
    owner_id          bigint NOT NULL,
    tenant_id         text NOT NULL,
    amount_cents      bigint NOT NULL CHECK (amount_cents <> 0),
    memo              text NOT NULL,
    booked_at_unix_ms bigint NOT NULL,
    UNIQUE (transfer_id, account_id),
    FOREIGN KEY (account_id, tenant_id, owner_id) REFERENCES bank.accounts (id, tenant_id, owner_id)
);
CREATE INDEX entries_account ON bank.entries (account_id, id);

CREATE FUNCTION bank.open_account() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    INSERT INTO bank.balances (account_id, owner_id, tenant_id) VALUES (NEW.id, NEW.owner_id, NEW.tenant_id);
    RETURN NULL;
END $$;
CREATE TRIGGER accounts_open AFTER INSERT ON bank.accounts FOR EACH ROW EXECUTE FUNCTION bank.open_account();

-- Runs as `bank_ledger`, which may book and may not log in. Balances are locked in the order of account numbers, so that two
-- transfers in opposite directions wait for each other instead of deadlocking. The name sorts after the foreign keys' own
-- triggers, so that an unknown destination is refused before anything is booked.
CREATE FUNCTION bank.post_transfer() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    side record;
BEGIN
    FOR side IN
        SELECT a.id, a.owner_id, a.tenant_id,
               CASE WHEN a.id = NEW.from_account THEN -NEW.amount_cents ELSE NEW.amount_cents END AS amount
        FROM bank.accounts a WHERE a.id IN (NEW.from_account, NEW.to_account) ORDER BY a.id
    LOOP
        UPDATE bank.balances SET balance_cents = balance_cents + side.amount WHERE account_id = side.id;
        INSERT INTO bank.entries (transfer_id, account_id, owner_id, tenant_id, amount_cents, memo, booked_at_unix_ms)
            VALUES (NEW.id, side.id, side.owner_id, side.tenant_id, side.amount, NEW.reference, NEW.booked_at_unix_ms);
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER transfers_post AFTER INSERT ON bank.transfers FOR EACH ROW EXECUTE FUNCTION bank.post_transfer();

-- What is booked stays booked.
CREATE FUNCTION bank.stay() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION '% is never changed', TG_TABLE_NAME;
END $$;
CREATE TRIGGER transfers_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON bank.transfers FOR EACH STATEMENT EXECUTE FUNCTION bank.stay();
CREATE TRIGGER entries_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON bank.entries FOR EACH STATEMENT EXECUTE FUNCTION bank.stay();
