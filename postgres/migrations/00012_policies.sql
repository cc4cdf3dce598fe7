-- Rules on who may see and do what, as they were published. The rules that come
-- with the program stand where nothing was.

-- +goose Up
CREATE TABLE policy_rules (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- the region that adds them to the rules of every region; null for those
    region_id text REFERENCES regions,
    -- the rules file; '' takes back what was published before
    text      text NOT NULL,
    -- of the policy that this led to, as it stands in audit entries
    hash      text NOT NULL CHECK (hash ~ '^[0-9a-f]{64}$'),
    by        text NOT NULL CHECK (by <> ''),
    at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    note      text NOT NULL CHECK (note <> '')
);

-- What was published stays as it was, whoever asks: which rules stood when is part
-- of what every audit entry means.
-- +goose StatementBegin
CREATE FUNCTION policy_rules_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'policy_rules: publications are added, never changed or removed' USING ERRCODE = 'restrict_violation';
END
$$;

CREATE FUNCTION policy_rules_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('policy_rules', '');
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER policy_rules_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON policy_rules EXECUTE FUNCTION policy_rules_stay();
CREATE TRIGGER policy_rules_tell AFTER INSERT ON policy_rules EXECUTE FUNCTION policy_rules_tell();

GRANT SELECT ON policy_rules TO gongshu_app;

-- +goose Down
DROP TABLE policy_rules;
DROP FUNCTION policy_rules_tell, policy_rules_stay;
