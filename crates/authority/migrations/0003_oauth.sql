-- What OAuth clients prove themselves with, ask for, and get.

-- NULL: everything that roles and client have in common.
ALTER TABLE sessions ADD COLUMN scope TEXT;

CREATE TABLE client_secrets (
    hash       BLOB    NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    client_id  TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    ended_at   INTEGER
) STRICT, WITHOUT ROWID;

-- Authorization requests that wait: pushed ones for the browser, shown ones for the user. Taking one removes it.
CREATE TABLE waiting_requests (
    hash       BLOB    NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    stage      TEXT    NOT NULL CHECK (stage IN ('pushed', 'login')),
    client_id  TEXT    NOT NULL,
    request    TEXT    NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX waiting_requests_by_end ON waiting_requests (expires_at);

-- A used code stays until its session is gone: only then can a second use no longer be told from an unknown code.
CREATE TABLE codes (
    hash         BLOB    NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    session      TEXT    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    redirect_uri TEXT    NOT NULL,
    challenge    TEXT    NOT NULL,
    expires_at   INTEGER NOT NULL,
    used_at      INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX codes_by_session ON codes (session);
