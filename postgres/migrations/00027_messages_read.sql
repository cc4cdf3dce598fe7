-- How far people have read what they were told.

-- +goose Up
CREATE TABLE messages_read (
    user_id text PRIMARY KEY REFERENCES users,
    up_to   bigint NOT NULL CHECK (up_to > 0), -- the newest message of the outbox that they have read
    at      timestamptz NOT NULL DEFAULT clock_timestamp()
);
GRANT SELECT, INSERT, UPDATE ON messages_read TO gongshu_app;

-- +goose Down
DROP TABLE messages_read;
