-- The catalog changes by cases: what a published change needs to write it.

-- +goose Up
ALTER TABLE resources ADD COLUMN withdrawn boolean NOT NULL DEFAULT false;

-- A name without case, width, spaces and punctuation, by which one finds entries
-- that have the same datum.
CREATE FUNCTION datum_key(name text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN regexp_replace(lower(normalize(name, NFKC)), '[-\s_.,;:/\\()\[\]{}<>"''·、。《》〈〉“”‘’【】—]+', '', 'g');

CREATE FUNCTION datum_keys(title text, fields jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ARRAY(SELECT DISTINCT datum_key(name) FROM (
        SELECT title AS name UNION ALL SELECT field ->> 'title'
        FROM jsonb_array_elements(CASE jsonb_typeof(fields) WHEN 'array' THEN fields ELSE '[]' END) AS field) AS names
        WHERE datum_key(name) <> '');

ALTER TABLE resources ADD COLUMN data_keys text[] GENERATED ALWAYS AS (datum_keys(title, fields)) STORED;
CREATE INDEX resources_data ON resources USING gin (data_keys);

-- An entry changes by becoming its next version, and the version before is kept.
-- That its data was updated is no change of the entry.
-- +goose StatementBegin
CREATE FUNCTION resources_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) - 'updated_at' - 'data_keys' = to_jsonb(OLD) - 'updated_at' - 'data_keys' THEN
        RETURN NEW;
    END IF;
    IF NEW.version = OLD.version + 1
        AND EXISTS (SELECT FROM resource_versions WHERE resource_id = OLD.id AND version = OLD.version) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'entry %: version % does not follow %, or that one was not kept', OLD.id, NEW.version, OLD.version
        USING ERRCODE = 'check_violation', CONSTRAINT = 'resources_version';
END
$$;
-- +goose StatementEnd
CREATE TRIGGER resources_step BEFORE UPDATE ON resources FOR EACH ROW EXECUTE FUNCTION resources_step();

-- One change of an entry at a time, and one new entry of a code.
CREATE UNIQUE INDEX cases_one_change ON cases (resource_id)
    WHERE procedure = 'change' AND closed_at IS NULL AND resource_id IS NOT NULL;
CREATE UNIQUE INDEX cases_one_new_entry ON cases (region_id, (content #>> '{entry,code}'))
    WHERE procedure = 'change' AND closed_at IS NULL AND content ->> 'kind' = 'new' AND content #>> '{entry,code}' <> '';

-- Holders of grants who have read the warning of a change. They are no parties of
-- the case, and many acknowledge at once, so it is no step of it.
CREATE TABLE change_acknowledgements (
    case_id       uuid NOT NULL REFERENCES cases,
    department_id text NOT NULL REFERENCES departments,
    user_id       text NOT NULL REFERENCES users,
    at            timestamptz NOT NULL,
    PRIMARY KEY (case_id, department_id)
);

GRANT SELECT, INSERT ON change_acknowledgements TO gongshu_app;
GRANT INSERT ON resource_versions TO gongshu_app;
GRANT INSERT (id, region_id, department_id, code, title, description, class, open_class, grade, basis, condition, cycle, format,
    modes, base, fields, facts, haystack) ON resources TO gongshu_app;
GRANT UPDATE (department_id, title, description, class, open_class, grade, basis, condition, cycle, format, modes, base, fields,
    facts, haystack, withdrawn, version, updated_at) ON resources TO gongshu_app;

-- +goose Down
REVOKE INSERT, UPDATE ON resources FROM gongshu_app;
REVOKE INSERT ON resource_versions FROM gongshu_app;
GRANT UPDATE (updated_at) ON resources TO gongshu_app;
DROP TABLE change_acknowledgements;
DROP INDEX cases_one_change, cases_one_new_entry;
DROP TRIGGER resources_step ON resources;
DROP FUNCTION resources_step;
DROP INDEX resources_data;
ALTER TABLE resources DROP COLUMN data_keys, DROP COLUMN withdrawn;
DROP FUNCTION datum_keys, datum_key;
