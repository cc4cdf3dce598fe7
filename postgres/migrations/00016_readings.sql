-- Who read what of security grades 3 and 4. It is a log of its own, beside the audit
-- trail: reading takes no lock of the chain.

-- +goose Up
CREATE TABLE readings (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at            timestamptz NOT NULL DEFAULT clock_timestamp(),
    region_id     text NOT NULL REFERENCES regions,
    user_id       text NOT NULL REFERENCES users,
    department_id text NOT NULL REFERENCES departments,
    on_behalf_of  text NOT NULL, -- the user whose roles allowed it, or ''
    via           text NOT NULL, -- session:…, key:… or token
    operation     text NOT NULL, -- the page or operation asked for
    request_id    text NOT NULL, -- as in the access log
    kind          text NOT NULL CHECK (kind <> ''),
    subject_id    text NOT NULL CHECK (subject_id <> ''),
    name          text NOT NULL, -- code or number, for people
    grade         smallint NOT NULL CHECK (grade BETWEEN 3 AND 4),
    fields        text[] NOT NULL,
    purpose       text NOT NULL,
    policy        text NOT NULL
);
-- It grows without end and is asked for by time; rows of one time lie together.
CREATE INDEX readings_at ON readings USING brin (at) WITH (pages_per_range = 32);
CREATE INDEX readings_user ON readings (user_id, id DESC);
CREATE INDEX readings_subject ON readings (subject_id, id DESC);
CREATE INDEX readings_name ON readings (name, id DESC);

-- What was read stays on record.
-- +goose StatementBegin
CREATE FUNCTION readings_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'readings: what was read stays on record' USING ERRCODE = 'restrict_violation';
END
$$;
-- +goose StatementEnd
CREATE TRIGGER readings_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON readings EXECUTE FUNCTION readings_stay();

-- When is by the database's clock, and nobody's to choose.
GRANT SELECT ON readings TO gongshu_app;
GRANT INSERT (region_id, user_id, department_id, on_behalf_of, via, operation, request_id, kind, subject_id, name, grade, fields, purpose, policy)
    ON readings TO gongshu_app;

-- +goose Down
DROP TABLE readings;
DROP FUNCTION readings_stay;
