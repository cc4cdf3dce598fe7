-- Wordings of letters that regions keep, and letters as they were composed.

-- +goose Up
-- Every version stays: a letter is composed in the one that held when it was issued.
-- An empty text goes back to the wording that comes with the program.
CREATE TABLE wordings (
    region_id text NOT NULL REFERENCES regions,
    letter    text NOT NULL CHECK (letter ~ '^[a-z_]{1,40}$'),
    locale    text NOT NULL CHECK (locale IN ('zh', 'en')),
    version   integer NOT NULL CHECK (version > 0),
    text      text NOT NULL CHECK (length(text) <= 8000),
    kept_by   text NOT NULL REFERENCES users,
    at        timestamptz NOT NULL,
    PRIMARY KEY (region_id, letter, locale, version)
);

-- A letter is composed once and read as often as it is wanted: a reprint is the
-- same, whatever has changed since, names and wordings included. It is found again
-- by its name within the case, such as answer-1.
CREATE TABLE letters (
    case_id         uuid NOT NULL REFERENCES cases,
    name            text NOT NULL CHECK (name ~ '^[a-z_]{1,40}-[1-9][0-9]*$'),
    locale          text NOT NULL CHECK (locale IN ('zh', 'en')),
    -- of the region's; 0 for the program's own
    wording_version integer NOT NULL CHECK (wording_version >= 0),
    content         jsonb NOT NULL,
    issued_at       timestamptz NOT NULL,
    composed_at     timestamptz NOT NULL,
    PRIMARY KEY (case_id, name, locale)
);

-- What is kept stays as it is.
GRANT SELECT, INSERT ON wordings, letters TO gongshu_app;

-- +goose Down
DROP TABLE letters;
DROP TABLE wordings;
