-- What becomes of a grant, how it is used, and the register of scenarios.

-- +goose Up
ALTER TABLE grants
    -- since when it does not hold for now; null while it does
    ADD COLUMN suspended_at timestamptz,
    ADD COLUMN revoked_at   timestamptz,
    -- when its holder is told that it is about to end, and when that was
    ADD COLUMN notice_at    timestamptz,
    ADD COLUMN noticed_at   timestamptz,
    -- the grant that it prolongs
    ADD COLUMN renews       uuid REFERENCES grants,
    ADD CONSTRAINT grants_revoked CHECK (revoked_at IS NULL OR ended_at = revoked_at),
    ADD CONSTRAINT grants_noticed CHECK (noticed_at IS NULL OR noticed_at >= notice_at);
CREATE INDEX grants_notice ON grants (notice_at) WHERE ended_at IS NULL AND noticed_at IS NULL;
CREATE INDEX grants_renews ON grants (renews) WHERE renews IS NOT NULL;

-- The times in which a grant did not hold.
CREATE TABLE grant_suspensions (
    grant_id uuid NOT NULL REFERENCES grants,
    from_at  timestamptz NOT NULL,
    until_at timestamptz,
    PRIMARY KEY (grant_id, from_at),
    CHECK (until_at >= from_at)
);
CREATE UNIQUE INDEX grant_suspensions_one ON grant_suspensions (grant_id) WHERE until_at IS NULL;

-- What gateways reported, as they did. Reports of one day add up.
CREATE TABLE grant_use (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    grant_id    uuid NOT NULL REFERENCES grants,
    day         date NOT NULL,
    calls       bigint NOT NULL CHECK (calls >= 0),
    rows        bigint NOT NULL CHECK (rows >= 0),
    fields      text[] NOT NULL,
    last_at     timestamptz,
    doubts      text[] NOT NULL,
    reported_by text NOT NULL REFERENCES users,
    reported_at timestamptz NOT NULL
);
CREATE INDEX grant_use_day ON grant_use (grant_id, day);

-- The authority's decision on a way of sharing that needs its consent.
CREATE TABLE consents (
    case_id    uuid PRIMARY KEY REFERENCES cases,
    agree      boolean NOT NULL,
    ruling     jsonb NOT NULL,
    decided_by text NOT NULL REFERENCES users,
    decided_at timestamptz NOT NULL,
    CONSTRAINT consents_refusal CHECK (agree OR coalesce(ruling ->> 'reasons', '') <> '')
);

CREATE TABLE scenarios (
    id            uuid PRIMARY KEY,
    region_id     text NOT NULL REFERENCES regions,
    content       jsonb NOT NULL,
    version       integer NOT NULL,
    regulation_id text NOT NULL,
    registered_by text NOT NULL REFERENCES users,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    retired_at    timestamptz
);
CREATE INDEX scenarios_list ON scenarios (region_id, (content ->> 'name'), id);
CREATE UNIQUE INDEX scenarios_name ON scenarios (region_id, (content ->> 'name')) WHERE retired_at IS NULL;

-- What a scenario was before a change or its end.
CREATE TABLE scenario_versions (
    scenario_id uuid NOT NULL REFERENCES scenarios,
    version     integer NOT NULL,
    content     jsonb NOT NULL,
    replaced_at timestamptz NOT NULL,
    replaced_by text NOT NULL REFERENCES users,
    PRIMARY KEY (scenario_id, version)
);

-- An application that repeats one that is still undecided is refused.
CREATE INDEX cases_undecided ON cases (applicant_id, resource_id)
    WHERE procedure = 'share' AND state IN ('checking', 'answering', 'completing', 'consenting');

CREATE INDEX cases_renews ON cases ((request ->> 'renews')) WHERE request ? 'renews';

GRANT SELECT, INSERT, UPDATE ON grant_suspensions, scenarios TO gongshu_app;
GRANT SELECT, INSERT ON grant_use, consents, scenario_versions TO gongshu_app;

-- +goose Down
DROP INDEX cases_renews, cases_undecided;
DROP TABLE scenario_versions, scenarios, consents, grant_use, grant_suspensions;
ALTER TABLE grants DROP COLUMN renews, DROP COLUMN noticed_at, DROP COLUMN notice_at, DROP COLUMN revoked_at, DROP COLUMN suspended_at;
