-- Administrators see to people, departments, keys and rules through the application.

-- +goose Up
-- What an administrator decided on must still be so when it is changed.
ALTER TABLE users ADD COLUMN version integer NOT NULL DEFAULT 1;
ALTER TABLE departments ADD COLUMN version integer NOT NULL DEFAULT 1;

-- +goose StatementBegin
CREATE FUNCTION next_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$$;

-- System, security and audit are administered by different people, whoever says
-- otherwise.
CREATE FUNCTION users_apart() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(DISTINCT r) FROM unnest(NEW.roles) r WHERE r IN ('operator', 'security_officer', 'auditor')) > 1 THEN
        RAISE EXCEPTION 'users: % would hold two of operator, security_officer and auditor', NEW.id USING ERRCODE = 'check_violation', CONSTRAINT = 'users_apart';
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER users_version BEFORE UPDATE OF name, department_id, roles, disabled ON users FOR EACH ROW EXECUTE FUNCTION next_version();
CREATE TRIGGER departments_version BEFORE UPDATE OF name, name_en, kind, merged_into ON departments FOR EACH ROW EXECUTE FUNCTION next_version();
CREATE TRIGGER users_apart BEFORE INSERT OR UPDATE OF roles ON users FOR EACH ROW EXECUTE FUNCTION users_apart();

-- The application adds people, departments, keys and rules for whom the policy
-- lets it, and removes none: what they did names them.
GRANT INSERT, UPDATE (name, department_id, roles, disabled) ON users TO gongshu_app;
GRANT INSERT, UPDATE (name, name_en, merged_into) ON departments TO gongshu_app;
GRANT UPDATE (name, name_en) ON regions TO gongshu_app;
GRANT INSERT, UPDATE (hash, old_hash, old_until, rotated_at) ON api_keys TO gongshu_app;
GRANT INSERT ON policy_rules TO gongshu_app;

-- +goose Down
REVOKE INSERT ON policy_rules FROM gongshu_app;
REVOKE INSERT, UPDATE (hash, old_hash, old_until, rotated_at) ON api_keys FROM gongshu_app;
REVOKE UPDATE (name, name_en) ON regions FROM gongshu_app;
REVOKE INSERT, UPDATE (name, name_en, merged_into) ON departments FROM gongshu_app;
REVOKE INSERT, UPDATE (name, department_id, roles, disabled) ON users FROM gongshu_app;
DROP TRIGGER users_apart ON users;
DROP TRIGGER departments_version ON departments;
DROP TRIGGER users_version ON users;
DROP FUNCTION users_apart, next_version;
ALTER TABLE departments DROP COLUMN version;
ALTER TABLE users DROP COLUMN version;
