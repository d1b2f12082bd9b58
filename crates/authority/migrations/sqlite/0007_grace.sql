-- The grace of a used refresh token: its successor, sealed under a key that only the used token itself gives, until the grace is over or
-- the successor is used. `predecessor` leads from the successor to what is to be forgotten then.
ALTER TABLE refresh_tokens ADD COLUMN sealed BLOB;
ALTER TABLE refresh_tokens ADD COLUMN grace_ends_at INTEGER;
ALTER TABLE refresh_tokens ADD COLUMN predecessor BLOB CHECK (predecessor IS NULL OR length(predecessor) = 32);
CREATE INDEX refresh_tokens_by_grace ON refresh_tokens (grace_ends_at) WHERE grace_ends_at IS NOT NULL;
