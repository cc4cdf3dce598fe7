-- Who takes part, and what there is to share.

-- +goose Up
-- +goose StatementBegin
DO $$
BEGIN
    -- The role under which api and worker connect. It owns nothing and is granted,
    -- table by table, what it needs; above all it cannot touch the audit trail
    -- except to append.
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'gongshu_app') THEN
        CREATE ROLE gongshu_app NOLOGIN;
    END IF;
END
$$;
-- +goose StatementEnd

CREATE TABLE regions (
    id      text PRIMARY KEY CHECK (id ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    name    text NOT NULL,
    name_en text NOT NULL DEFAULT ''
);

CREATE TABLE departments (
    id        text PRIMARY KEY CHECK (id ~ '^[a-z0-9][a-z0-9-]{0,126}$'),
    region_id text NOT NULL REFERENCES regions,
    name      text NOT NULL,
    name_en   text NOT NULL DEFAULT '',
    kind      text NOT NULL DEFAULT 'department' CHECK (kind IN ('department', 'authority', 'supervisor', 'finance'))
);
CREATE INDEX departments_region ON departments (region_id);

CREATE TABLE users (
    id            text PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,126}$'),
    name          text NOT NULL,
    department_id text NOT NULL REFERENCES departments,
    roles         text[] NOT NULL,
    locale        text NOT NULL DEFAULT 'zh' CHECK (locale IN ('zh', 'en')),
    disabled      boolean NOT NULL DEFAULT false
);
CREATE INDEX users_department ON users (department_id);

-- Bearer tokens and browser sessions: only their hashes are kept.
CREATE TABLE access_tokens (
    hash       bytea PRIMARY KEY CHECK (length(hash) = 32),
    user_id    text NOT NULL REFERENCES users,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);

CREATE TABLE sessions (
    hash       bytea PRIMARY KEY CHECK (length(hash) = 32),
    user_id    text NOT NULL REFERENCES users,
    created_at timestamptz NOT NULL DEFAULT now(),
    seen_at    timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);

-- Published catalog entries. A changed entry keeps its id and gets the next
-- version; what a case or grant was given on is its version at that time.
CREATE TABLE resources (
    id            uuid PRIMARY KEY,
    region_id     text NOT NULL REFERENCES regions,
    department_id text NOT NULL REFERENCES departments,
    code          text NOT NULL,
    title         text NOT NULL,
    description   text NOT NULL DEFAULT '',
    class         text NOT NULL CHECK (class IN ('unconditional', 'conditional', 'not_shared')),
    open_class    text NOT NULL CHECK (open_class IN ('open', 'conditional', 'not_open')),
    grade         smallint NOT NULL CHECK (grade BETWEEN 1 AND 4),
    basis         text NOT NULL DEFAULT '',
    condition     text NOT NULL DEFAULT '',
    cycle         text NOT NULL,
    format        text NOT NULL DEFAULT '',
    modes         text[] NOT NULL,
    base          text NOT NULL DEFAULT '',
    fields        jsonb NOT NULL,
    -- facts on which a limit may depend, by the names of the regulation files
    facts         jsonb NOT NULL DEFAULT '{}',
    version       integer NOT NULL DEFAULT 1,
    -- title, code, description and provider, lower-cased: what a search looks in
    haystack      text NOT NULL,
    updated_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (region_id, code),
    -- Not-shared entries cite their basis everywhere (yanzhou 20, city 19,
    -- jinan-startup 15, lishui 18(3), shuozhou 16); conditional ones where the
    -- region's regulation file says so.
    CONSTRAINT resources_basis CHECK (class <> 'not_shared' OR basis <> '')
);
CREATE INDEX resources_list ON resources (region_id, title, id);
CREATE INDEX resources_department ON resources (department_id);

CREATE TABLE resource_versions (
    resource_id uuid NOT NULL REFERENCES resources,
    version     integer NOT NULL,
    entry       jsonb NOT NULL,
    replaced_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (resource_id, version)
);

GRANT SELECT ON regions, departments, users, resources, resource_versions TO gongshu_app;
GRANT UPDATE (locale) ON users TO gongshu_app;
-- To keep an entry from changing while it is applied for (FOR SHARE), a role needs
-- to be allowed to update some column of it.
GRANT UPDATE (updated_at) ON resources TO gongshu_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON access_tokens, sessions TO gongshu_app;

-- +goose Down
DROP TABLE resource_versions, resources, sessions, access_tokens, users, departments, regions;
