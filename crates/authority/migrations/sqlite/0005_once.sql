-- Identifiers that count once, such as the `jti` of a client's assertion: hashes only, each until it could not be used anyway.
CREATE TABLE once (
    hash       BLOB    NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX once_by_end ON once (expires_at);
