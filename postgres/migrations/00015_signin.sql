-- Signing in with a provider outside.

-- +goose Up
-- A browser that was sent to a provider and has not come back yet. Only the hash of
-- what the browser keeps is here; the row goes when it comes back, so that no answer
-- counts twice.
CREATE TABLE sign_ins (
    hash       bytea PRIMARY KEY CHECK (length(hash) = 32),
    way        text NOT NULL,
    next       text NOT NULL CHECK (next LIKE '/%' AND length(next) <= 2000),
    -- a form that was sent after its session had ended
    kept       jsonb NOT NULL CHECK (octet_length(kept::text) <= 200000),
    expires_at timestamptz NOT NULL
);
CREATE INDEX sign_ins_over ON sign_ins (expires_at);
GRANT SELECT, INSERT, DELETE ON sign_ins TO gongshu_app;

-- Which way its owner signed in, empty for an access token or the demo, and what the
-- provider wants to see at sign-out, sealed with the session's secret.
ALTER TABLE sessions ADD COLUMN way text NOT NULL DEFAULT '', ADD COLUMN hint bytea;

-- Where the operator's claims file says so, name and roles follow the provider at
-- sign-in; each change of roles stands in the audit trail.
GRANT UPDATE (name, roles) ON users TO gongshu_app;

-- +goose Down
REVOKE UPDATE (name, roles) ON users FROM gongshu_app;
ALTER TABLE sessions DROP COLUMN way, DROP COLUMN hint;
DROP TABLE sign_ins;
