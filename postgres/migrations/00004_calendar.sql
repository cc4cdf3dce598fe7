-- The calendar moves while limits run.

-- +goose Up
-- Holiday notices, as they were recorded, the owner's to write. The last id is the
-- edition of the calendar. A notice that was entered wrongly is corrected by its
-- next revision; nothing is ever changed or deleted.
CREATE TABLE calendar_notices (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    region      text NOT NULL, -- '' for the national notice
    year        integer NOT NULL,
    source      text NOT NULL CHECK (source <> ''),
    revision    integer NOT NULL CHECK (revision >= 1),
    issued      date NOT NULL,
    notice      jsonb NOT NULL,
    imported_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (region, year, source, revision)
);

-- The edition on which the due columns were derived. A running clock of an older
-- one is yet to be looked at, whoever wrote it and when.
ALTER TABLE deadlines ADD COLUMN edition bigint NOT NULL DEFAULT 0;
CREATE INDEX deadlines_edition ON deadlines (edition) WHERE state = 'running';

-- Cases whose workflows are to look at them again, because something is now due
-- earlier than their timers know. Written with what moved it.
CREATE TABLE nudges (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES cases
);

GRANT SELECT ON calendar_notices TO gongshu_app;
GRANT SELECT, INSERT, DELETE ON nudges TO gongshu_app;

-- +goose Down
DROP TABLE nudges, calendar_notices;
ALTER TABLE deadlines DROP COLUMN edition;
