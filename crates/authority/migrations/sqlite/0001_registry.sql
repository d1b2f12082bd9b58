-- Everything that the authority vouches for. Times are unix seconds. Tokens are stored as SHA-256 only.

CREATE TABLE password_profile (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    memory_kib INTEGER NOT NULL,
    iterations INTEGER NOT NULL
) STRICT;

CREATE TABLE users (
    subject     TEXT    NOT NULL PRIMARY KEY,
    username    TEXT    NOT NULL UNIQUE,
    password    TEXT    NOT NULL,
    tenant      TEXT    NOT NULL,
    roles       TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    disabled_at INTEGER
) STRICT;

CREATE TABLE sessions (
    id         TEXT    NOT NULL PRIMARY KEY,
    subject    TEXT    NOT NULL REFERENCES users (subject),
    client_id  TEXT    NOT NULL,
    tenant     TEXT    NOT NULL,
    roles      TEXT    NOT NULL,
    started_at INTEGER NOT NULL,
    ends_at    INTEGER NOT NULL,
    ended_at   INTEGER
) STRICT;
CREATE INDEX sessions_by_subject ON sessions (subject);
CREATE INDEX sessions_by_end ON sessions (ends_at);

CREATE TABLE issued_tokens (
    hash       BLOB    NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    session    TEXT    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX issued_tokens_by_end ON issued_tokens (expires_at);
CREATE INDEX issued_tokens_by_session ON issued_tokens (session);

-- A used token stays until the family's absolute end: only then can its replay no longer be told from an unknown token.
CREATE TABLE refresh_tokens (
    hash      BLOB    NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    session   TEXT    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    issued_at INTEGER NOT NULL,
    ends_at   INTEGER NOT NULL,
    used_at   INTEGER,
    successor BLOB CHECK (successor IS NULL OR length(successor) = 32)
) STRICT, WITHOUT ROWID;
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session);

CREATE TABLE join_tokens (
    hash       BLOB    NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    spiffe     TEXT    NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER
) STRICT, WITHOUT ROWID;

-- Ended sessions in the order of their ending. A row is settled when the edge was told and the audit log has it, so that
-- neither a crash nor another process (the command line) can end a session unheard.
CREATE TABLE revocations (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    session    TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    because    TEXT    NOT NULL,
    decision   TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    settled_at INTEGER
) STRICT;
CREATE INDEX revocations_unsettled ON revocations (number) WHERE settled_at IS NULL;
