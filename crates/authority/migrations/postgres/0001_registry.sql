-- Everything that the authority vouches for, as ../sqlite has it up to its second step. Times are unix seconds. Tokens are
-- stored as hashes only. Both folders bring a database to the same tables under the same numbers; a number may be missing here
-- when an older one already did its work.

CREATE TABLE password_profile (
    one        BIGINT PRIMARY KEY CHECK (one = 1),
    memory_kib BIGINT NOT NULL,
    iterations BIGINT NOT NULL
);

CREATE TABLE users (
    subject     TEXT   NOT NULL PRIMARY KEY,
    username    TEXT   NOT NULL UNIQUE,
    password    TEXT   NOT NULL,
    tenant      TEXT   NOT NULL,
    roles       TEXT   NOT NULL,
    created_at  BIGINT NOT NULL,
    disabled_at BIGINT,
    changes     BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE sessions (
    id         TEXT   NOT NULL PRIMARY KEY,
    subject    TEXT   NOT NULL REFERENCES users (subject),
    client_id  TEXT   NOT NULL,
    tenant     TEXT   NOT NULL,
    roles      TEXT   NOT NULL,
    started_at BIGINT NOT NULL,
    ends_at    BIGINT NOT NULL,
    ended_at   BIGINT
);
CREATE INDEX sessions_by_subject ON sessions (subject);
CREATE INDEX sessions_by_end ON sessions (ends_at);

CREATE TABLE issued_tokens (
    hash       BYTEA  NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    session    TEXT   NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    expires_at BIGINT NOT NULL
);
CREATE INDEX issued_tokens_by_end ON issued_tokens (expires_at);
CREATE INDEX issued_tokens_by_session ON issued_tokens (session);

-- A used token stays until the family's absolute end: only then can its replay no longer be told from an unknown token.
CREATE TABLE refresh_tokens (
    hash      BYTEA  NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    session   TEXT   NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    issued_at BIGINT NOT NULL,
    ends_at   BIGINT NOT NULL,
    used_at   BIGINT,
    successor BYTEA CHECK (successor IS NULL OR length(successor) = 32)
);
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session);

CREATE TABLE join_tokens (
    hash       BYTEA  NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    spiffe     TEXT   NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT
);

-- Ended sessions. A number is given before the transaction commits, so numbers do not become visible in their order. A row is
-- settled when the audit log of one replica has it.
CREATE TABLE revocations (
    number     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    session    TEXT   NOT NULL,
    subject    TEXT   NOT NULL,
    because    TEXT   NOT NULL,
    decision   TEXT   NOT NULL,
    at         BIGINT NOT NULL,
    settled_at BIGINT
);
CREATE INDEX revocations_unsettled ON revocations (number) WHERE settled_at IS NULL;
