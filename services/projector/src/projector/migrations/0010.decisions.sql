-- What people have decided about the rows. The log does not know it, so a rebuild takes it over from the served schema.
-- depends: 0002.fingerprints

-- A dead letter that was discarded stays, marked: its order's row goes on behind it. No default: no rewrite of rows.
ALTER TABLE dead_letters ADD COLUMN discarded_at timestamptz;
ALTER TABLE dead_letters ADD COLUMN discard_note text;

-- Trails of orders that began before this moment are not kept. One row once retention has run, none before.
CREATE TABLE trail_retention (
    kept_from timestamptz NOT NULL
);
CREATE UNIQUE INDEX trail_retention_is_one_row ON trail_retention ((true));
