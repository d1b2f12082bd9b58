-- Counts what an operator took from a user: the account, the password, roles. A login that began before a change may not begin a session after it.

ALTER TABLE users ADD COLUMN changes INTEGER NOT NULL DEFAULT 0;
