-- What order-api boots from: the hash of the request behind each event, and a way to the last hours' events.
-- depends: 0001.read-models

-- NULL in rows from before this migration: there a repeated request is answered without comparing bodies.
ALTER TABLE order_events ADD COLUMN fingerprint text;
ALTER TABLE dead_letters ADD COLUMN fingerprint text;

-- A few kilobytes, and next to nothing a row: events are written in the order of their append times. Not
-- CONCURRENTLY: it is one quick pass, and the only writer is the projector, which waits for this.
CREATE INDEX idx_order_events_appended ON order_events USING brin (appended_at) WITH (autosummarize = on);
