DROP TABLE trail_removed;
ALTER TABLE dead_letters DROP COLUMN discard_note;
ALTER TABLE dead_letters DROP COLUMN discarded_at;
