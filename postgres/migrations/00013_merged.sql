-- Departments that were merged into another: they stay, since what they did names
-- them, and have and do nothing new.

-- +goose Up
-- Deferred, since a department and its successor may come with the same import. That
-- the successor was not merged itself is checked there.
ALTER TABLE departments
    ADD COLUMN merged_into text,
    ADD CONSTRAINT departments_merged_into_itself CHECK (merged_into <> id),
    ADD CONSTRAINT departments_id_region UNIQUE (id, region_id),
    ADD CONSTRAINT departments_successor FOREIGN KEY (merged_into, region_id) REFERENCES departments (id, region_id) DEFERRABLE INITIALLY DEFERRED;

-- +goose Down
ALTER TABLE departments DROP CONSTRAINT departments_successor, DROP CONSTRAINT departments_id_region,
    DROP CONSTRAINT departments_merged_into_itself, DROP COLUMN merged_into;
