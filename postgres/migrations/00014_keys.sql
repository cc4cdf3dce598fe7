-- Keys under which systems use the API, and what the owner of a browser session is
-- told of it.

-- +goose Up
-- A key belongs to a department and acts as one of its users, with those of the
-- user's roles that it was given and the user still has. Only its hash is kept.
CREATE TABLE api_keys (
    id            text PRIMARY KEY CHECK (id ~ '^[a-z2-7]{12}$'),
    department_id text NOT NULL REFERENCES departments,
    user_id       text NOT NULL REFERENCES users,
    name          text NOT NULL CHECK (name <> ''),
    roles         text[] NOT NULL CHECK (cardinality(roles) > 0),
    scopes        text[] NOT NULL CHECK (cardinality(scopes) > 0 AND scopes <@ ARRAY['read', 'apply', 'answer', 'disputes', 'use', '*']),
    -- from where it may be used; empty: from anywhere
    addresses     cidr[] NOT NULL DEFAULT '{}',
    hash          bytea NOT NULL UNIQUE CHECK (length(hash) = 32),
    -- the secret before the last rotation, as long as it is good
    old_hash      bytea CHECK (length(old_hash) = 32),
    old_until     timestamptz,
    created_at    timestamptz NOT NULL,
    created_by    text NOT NULL CHECK (created_by <> ''),
    expires_at    timestamptz NOT NULL,
    rotated_at    timestamptz,
    last_used_at  timestamptz,
    revoked_at    timestamptz,
    revoked_by    text,
    CONSTRAINT api_keys_expiry CHECK (expires_at > created_at AND expires_at <= created_at + interval '8760 hours'),
    CONSTRAINT api_keys_overlap CHECK ((old_hash IS NULL) = (old_until IS NULL) AND (old_until IS NULL OR old_until <= rotated_at + interval '168 hours')),
    CONSTRAINT api_keys_revoked CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
);
CREATE INDEX api_keys_department ON api_keys (department_id, created_at DESC);

-- The application makes no keys and gives none other powers: whoever breaks into it
-- cannot leave a key behind.
GRANT SELECT ON api_keys TO gongshu_app;
GRANT UPDATE (last_used_at, revoked_at, revoked_by) ON api_keys TO gongshu_app;

-- What is revoked stays revoked.
-- +goose StatementBegin
CREATE FUNCTION api_keys_stay_revoked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'api_keys: a revoked key stays as it is' USING ERRCODE = 'restrict_violation';
END
$$;
-- +goose StatementEnd
CREATE TRIGGER api_keys_stay_revoked BEFORE UPDATE ON api_keys FOR EACH ROW WHEN (OLD.revoked_at IS NOT NULL)
    EXECUTE FUNCTION api_keys_stay_revoked();

-- By its id the owner ends a session elsewhere without knowing its secret.
ALTER TABLE sessions ADD COLUMN id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
    ADD COLUMN address text NOT NULL DEFAULT '',
    ADD COLUMN agent text NOT NULL DEFAULT '';
CREATE INDEX sessions_user ON sessions (user_id);

-- +goose Down
DROP INDEX sessions_user;
ALTER TABLE sessions DROP COLUMN id, DROP COLUMN address, DROP COLUMN agent;
DROP TABLE api_keys;
DROP FUNCTION api_keys_stay_revoked;
