-- A department's catalog comes in as a file, and long work says how far it is.

-- +goose Up
-- An import: checked, and shown to who handed it in; confirmed, and carried out by the
-- workers, who open a catalog change for each row; done when each row has come to
-- something. One that is given up stays 'checked' until it is cleared away.
CREATE TABLE catalog_imports (
    id            uuid PRIMARY KEY,
    region_id     text NOT NULL REFERENCES regions,
    department_id text NOT NULL REFERENCES departments,
    user_id       text NOT NULL REFERENCES users,
    file_name     text NOT NULL,
    terms         jsonb NOT NULL,  -- what is said once for all rows
    state         text NOT NULL CHECK (state IN ('checked', 'running', 'done')),
    version       integer NOT NULL DEFAULT 1,  -- one more with every check that came to something else
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    confirmed_at  timestamptz,
    ended_at      timestamptz,
    CONSTRAINT catalog_imports_confirmed CHECK ((state = 'checked') = (confirmed_at IS NULL)),
    CONSTRAINT catalog_imports_ended CHECK ((state = 'done') = (ended_at IS NOT NULL))
);
CREATE INDEX catalog_imports_department ON catalog_imports (department_id, created_at DESC);
CREATE INDEX catalog_imports_open ON catalog_imports (created_at) WHERE state <> 'done';

CREATE TABLE catalog_import_rows (
    import_id   uuid NOT NULL REFERENCES catalog_imports ON DELETE CASCADE,
    n           integer NOT NULL,     -- position in the file, from 1
    said        jsonb NOT NULL,       -- the entry as the file has it
    standing    text NOT NULL CHECK (standing IN ('new', 'changed', 'unchanged', 'refused')),
    code        text NOT NULL,
    title       text NOT NULL,
    resource_id uuid,                 -- the entry that it changes
    proposal    jsonb,                -- the change that it asks for
    diff        jsonb NOT NULL DEFAULT '[]',
    findings    jsonb NOT NULL DEFAULT '[]',
    command_id  uuid,                 -- staged when the import was confirmed
    case_id     uuid,                 -- the change that it becomes
    claimed_at  timestamptz,          -- by a worker
    done_at     timestamptz,
    refusal     jsonb,                -- why it did not become one
    PRIMARY KEY (import_id, n),
    CONSTRAINT catalog_import_rows_proposed CHECK ((standing IN ('new', 'changed')) = (proposal IS NOT NULL)),
    CONSTRAINT catalog_import_rows_staged CHECK (command_id IS NULL OR proposal IS NOT NULL)
);
CREATE INDEX catalog_import_rows_waiting ON catalog_import_rows (import_id, n) WHERE command_id IS NOT NULL AND done_at IS NULL;

-- How far a file that is being made for somebody is.
CREATE TABLE exports (
    id         uuid NOT NULL,
    user_id    text NOT NULL REFERENCES users,
    done       integer NOT NULL DEFAULT 0,
    total      integer NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    told_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at   timestamptz,
    PRIMARY KEY (user_id, id)
);
CREATE INDEX exports_started ON exports (started_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON catalog_imports, catalog_import_rows, exports TO gongshu_app;

-- +goose Down
DROP TABLE exports, catalog_import_rows, catalog_imports;
