-- Which key the stored hashes are made with: a hash under it, never the key. The row is written when the database is first opened
-- with a key; until then its hashes are without one.
CREATE TABLE hash_key (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    proof BLOB NOT NULL CHECK (length(proof) = 32)
) STRICT;
