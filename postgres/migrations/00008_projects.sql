-- Projects and rectification: what they are about lies in cases.content.

-- +goose Up
-- A rectification that follows when a ladder ends was begun by nobody.
ALTER TABLE cases ALTER COLUMN applicant_user DROP NOT NULL;
-- One rectification follows from one limit.
CREATE UNIQUE INDEX cases_one_rectification ON cases ((content ->> 'deadline'))
    WHERE procedure = 'rectification' AND content ->> 'deadline' IS NOT NULL;
-- What waits because a project does not meet its conditions.
CREATE INDEX cases_holds ON cases (region_id, applicant_id)
    WHERE procedure = 'project' AND closed_at IS NULL AND content ? 'holds';
-- Public criticism.
CREATE INDEX cases_criticised ON cases (region_id, (content ->> 'criticised'))
    WHERE procedure = 'rectification' AND content ? 'criticised';

-- +goose Down
DROP INDEX cases_criticised, cases_holds, cases_one_rectification;
