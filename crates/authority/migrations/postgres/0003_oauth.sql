-- What OAuth clients prove themselves with, ask for, and get.

-- NULL: everything that roles and client have in common.
ALTER TABLE sessions ADD COLUMN scope TEXT;

CREATE TABLE client_secrets (
    hash       BYTEA  NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    client_id  TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    ended_at   BIGINT
);

-- Authorization requests that wait: pushed ones for the browser, shown ones for the user. Taking one removes it.
CREATE TABLE waiting_requests (
    hash       BYTEA  NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    stage      TEXT   NOT NULL CHECK (stage IN ('pushed', 'login')),
    client_id  TEXT   NOT NULL,
    request    TEXT   NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX waiting_requests_by_end ON waiting_requests (expires_at);

-- A used code stays until its session is gone: only then can a second use no longer be told from an unknown code.
CREATE TABLE codes (
    hash         BYTEA  NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    session      TEXT   NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    redirect_uri TEXT   NOT NULL,
    challenge    TEXT   NOT NULL,
    expires_at   BIGINT NOT NULL,
    used_at      BIGINT
);
CREATE INDEX codes_by_session ON codes (session);
