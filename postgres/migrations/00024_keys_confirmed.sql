-- Who registers a key is not who gets its secret.

-- +goose Up
-- A key that an administrator registered has no secret and opens nothing until a
-- person of the department for which it acts confirms it. Keys from before count as
-- confirmed by who made them.
ALTER TABLE api_keys ALTER COLUMN hash DROP NOT NULL,
    ADD COLUMN confirmed_at timestamptz,
    ADD COLUMN confirmed_by text;
ALTER TABLE api_keys DISABLE TRIGGER api_keys_stay_revoked;
UPDATE api_keys SET confirmed_at = created_at, confirmed_by = created_by;
ALTER TABLE api_keys ENABLE TRIGGER api_keys_stay_revoked;
ALTER TABLE api_keys
    ADD CONSTRAINT api_keys_confirmed CHECK ((hash IS NULL) = (confirmed_at IS NULL) AND (confirmed_at IS NULL) = (confirmed_by IS NULL)
        AND (rotated_at IS NULL OR confirmed_at IS NOT NULL));
CREATE INDEX api_keys_user ON api_keys (user_id);

-- +goose StatementBegin
CREATE FUNCTION api_keys_two_people() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.confirmed_by IS NOT NULL THEN
        RAISE EXCEPTION 'api_keys: a key is confirmed once' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.confirmed_by = OLD.created_by THEN
        RAISE EXCEPTION 'api_keys: who registered a key does not confirm it' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER api_keys_two_people BEFORE UPDATE OF confirmed_at, confirmed_by ON api_keys FOR EACH ROW EXECUTE FUNCTION api_keys_two_people();

-- The application registers keys; it makes none with a secret.
REVOKE INSERT ON api_keys FROM gongshu_app;
GRANT INSERT (id, department_id, user_id, name, roles, scopes, addresses, created_at, created_by, expires_at) ON api_keys TO gongshu_app;
GRANT UPDATE (confirmed_at, confirmed_by) ON api_keys TO gongshu_app;

-- +goose Down
REVOKE UPDATE (confirmed_at, confirmed_by) ON api_keys FROM gongshu_app;
REVOKE INSERT (id, department_id, user_id, name, roles, scopes, addresses, created_at, created_by, expires_at) ON api_keys FROM gongshu_app;
GRANT INSERT ON api_keys TO gongshu_app;
DROP TRIGGER api_keys_two_people ON api_keys;
DROP FUNCTION api_keys_two_people;
DROP INDEX api_keys_user;
DELETE FROM api_keys WHERE hash IS NULL;
ALTER TABLE api_keys DROP CONSTRAINT api_keys_confirmed, DROP COLUMN confirmed_at, DROP COLUMN confirmed_by, ALTER COLUMN hash SET NOT NULL;
