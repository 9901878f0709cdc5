-- What people have decided about the rows. The log does not know it, so a rebuild takes it over from the served schema.
-- depends: 0002.fingerprints

-- A dead letter that was discarded stays, marked: its order's row goes on behind it. No default: no rewrite of rows.
ALTER TABLE dead_letters ADD COLUMN discarded_at timestamptz;
ALTER TABLE dead_letters ADD COLUMN discard_note text;

-- Orders whose trail was removed by retention, up to which version.
CREATE TABLE trail_removed (
    order_id        text   PRIMARY KEY,
    through_version bigint NOT NULL
);
