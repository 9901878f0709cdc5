DROP TABLE trail_retention;
ALTER TABLE dead_letters DROP COLUMN discard_note;
ALTER TABLE dead_letters DROP COLUMN discarded_at;
