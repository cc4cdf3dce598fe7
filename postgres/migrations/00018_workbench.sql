-- Lists and workbenches: names in the order of their pinyin, and what the inbox is
-- filtered and counted by.

-- +goose Up
-- Chinese names sort by pinyin, numbers in them by value. A server built without ICU
-- sorts them by code point.
-- +goose StatementBegin
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_collation WHERE collname = 'zh-x-icu') THEN
        CREATE COLLATION names_zh (provider = icu, locale = 'zh-u-co-pinyin-kn');
    ELSE
        CREATE COLLATION names_zh FROM "C";
    END IF;
END
$$;
-- +goose StatementEnd

CREATE INDEX resources_names ON resources (region_id, title COLLATE names_zh) WHERE NOT withdrawn;
CREATE INDEX resources_updated ON resources (region_id, updated_at DESC) WHERE NOT withdrawn;
CREATE INDEX tasks_done_by ON tasks (done_by, done_at DESC) WHERE state = 'done';
CREATE INDEX tasks_waiting ON tasks (department_id, kind) WHERE state = 'open';
CREATE INDEX cases_started ON cases (applicant_user, created_at DESC, id) WHERE applicant_user IS NOT NULL;
CREATE INDEX grants_until ON grants (valid_until);

-- +goose Down
DROP INDEX grants_until, cases_started, tasks_waiting, tasks_done_by, resources_updated, resources_names;
DROP COLLATION names_zh;
