-- The ledger. Money moves only through `transfers`: a trigger books the two entries of each transfer and carries the balances
-- along, so that no statement of a service can book one side without the other.
-- SQLite has no row-level security: whose row it is, is decided by the guard alone.

CREATE TABLE profiles (
    id           INTEGER PRIMARY KEY CHECK (id > 0),
    username     TEXT NOT NULL UNIQUE CHECK (length(username) BETWEEN 1 AND 64),
    tenant_id    TEXT NOT NULL CHECK (length(tenant_id) BETWEEN 1 AND 32),
    role         TEXT NOT NULL CHECK (role IN ('user', 'admin')),
    display_name TEXT NOT NULL CHECK (length(display_name) BETWEEN 1 AND 128),
    email        TEXT NOT NULL CHECK (length(email) BETWEEN 3 AND 254),
    address      TEXT NOT NULL CHECK (length(address) <= 256)
) STRICT;
CREATE UNIQUE INDEX profiles_id_text ON profiles (CAST(id AS TEXT));

-- Owner 0 is the house: its accounts are where money comes from, and only they may be negative.
CREATE TABLE accounts (
    id        INTEGER PRIMARY KEY CHECK (id > 0),
    owner_id  INTEGER NOT NULL CHECK (owner_id >= 0),
    tenant_id TEXT NOT NULL CHECK (length(tenant_id) BETWEEN 1 AND 32),
    name      TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
    currency  TEXT NOT NULL CHECK (currency = 'EUR'),
    UNIQUE (id, tenant_id),
    UNIQUE (id, tenant_id, owner_id)
) STRICT;
CREATE UNIQUE INDEX accounts_id_text ON accounts (CAST(id AS TEXT));
CREATE INDEX accounts_owner ON accounts (owner_id);

CREATE TABLE balances (
    account_id    INTEGER PRIMARY KEY,
    owner_id      INTEGER NOT NULL,
    tenant_id     TEXT NOT NULL,
    balance_cents INTEGER NOT NULL DEFAULT 0,
    FOREIGN KEY (account_id, tenant_id, owner_id) REFERENCES accounts (id, tenant_id, owner_id),
    CONSTRAINT balances_never_negative CHECK (balance_cents >= 0 OR owner_id = 0)
) STRICT;

-- `owner_id` and `tenant_id` are those of the account that pays; both accounts stand in that tenant.
CREATE TABLE transfers (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    from_account      INTEGER NOT NULL,
    to_account        INTEGER NOT NULL,
    owner_id          INTEGER NOT NULL,
    tenant_id         TEXT NOT NULL,
    amount_cents      INTEGER NOT NULL CHECK (amount_cents BETWEEN 1 AND 100000000),
    reference         TEXT NOT NULL CHECK (length(reference) BETWEEN 1 AND 140),
    requested_by      INTEGER NOT NULL CHECK (requested_by >= 0),
    idempotency_key   TEXT NOT NULL CHECK (length(idempotency_key) BETWEEN 8 AND 64),
    request_sha256    TEXT NOT NULL CHECK (length(request_sha256) = 64),
    booked_at_unix_ms INTEGER NOT NULL CHECK (booked_at_unix_ms >= 0),
    CONSTRAINT transfers_once UNIQUE (requested_by, idempotency_key),
    CONSTRAINT transfers_two_accounts CHECK (from_account <> to_account),
    CONSTRAINT transfers_from FOREIGN KEY (from_account, tenant_id, owner_id) REFERENCES accounts (id, tenant_id, owner_id),
    CONSTRAINT transfers_to FOREIGN KEY (to_account, tenant_id) REFERENCES accounts (id, tenant_id)
) STRICT;
CREATE UNIQUE INDEX transfers_id_text ON transfers (CAST(id AS TEXT));

CREATE TABLE entries (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    transfer_id       INTEGER NOT NULL REFERENCES transfers (id),
    account_id        INTEGER NOT NULL,
    owner_id          INTEGER NOT NULL,
    tenant_id         TEXT NOT NULL,
    amount_cents      INTEGER NOT NULL CHECK (amount_cents <> 0),
    memo              TEXT NOT NULL,
    booked_at_unix_ms INTEGER NOT NULL,
    UNIQUE (transfer_id, account_id),
    FOREIGN KEY (account_id, tenant_id, owner_id) REFERENCES accounts (id, tenant_id, owner_id)
) STRICT;
CREATE INDEX entries_account ON entries (account_id, id);

CREATE TRIGGER accounts_open AFTER INSERT ON accounts BEGIN
    INSERT INTO balances (account_id, owner_id, tenant_id) VALUES (NEW.id, NEW.owner_id, NEW.tenant_id);
END;

CREATE TRIGGER transfers_post AFTER INSERT ON transfers BEGIN
    INSERT INTO entries (transfer_id, account_id, owner_id, tenant_id, amount_cents, memo, booked_at_unix_ms)
        SELECT NEW.id, id, owner_id, tenant_id, -NEW.amount_cents, NEW.reference, NEW.booked_at_unix_ms
        FROM accounts WHERE id = NEW.from_account;
    INSERT INTO entries (transfer_id, account_id, owner_id, tenant_id, amount_cents, memo, booked_at_unix_ms)
        SELECT NEW.id, id, owner_id, tenant_id, NEW.amount_cents, NEW.reference, NEW.booked_at_unix_ms
        FROM accounts WHERE id = NEW.to_account;
    UPDATE balances SET balance_cents = balance_cents - NEW.amount_cents WHERE account_id = NEW.from_account;
    UPDATE balances SET balance_cents = balance_cents + NEW.amount_cents WHERE account_id = NEW.to_account;
END;

-- What is booked stays booked.
CREATE TRIGGER transfers_stay BEFORE UPDATE ON transfers BEGIN SELECT RAISE(ABORT, 'transfers are never changed'); END;
CREATE TRIGGER transfers_keep BEFORE DELETE ON transfers BEGIN SELECT RAISE(ABORT, 'transfers are never deleted'); END;
CREATE TRIGGER entries_stay BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END;
CREATE TRIGGER entries_keep BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'entries are never deleted'); END;
