-- Which key the stored hashes are made with: a hash under it, never the key. The row is written when the database is first opened
-- with a key; until then its hashes are without one.
CREATE TABLE hash_key (
    one   BIGINT PRIMARY KEY CHECK (one = 1),
    proof BYTEA NOT NULL CHECK (length(proof) = 32)
);

-- For cleaning.
CREATE INDEX revocations_settled ON revocations (settled_at) WHERE settled_at IS NOT NULL;
CREATE INDEX join_tokens_by_end ON join_tokens (expires_at);
