DROP INDEX idx_order_events_appended;
ALTER TABLE dead_letters DROP COLUMN fingerprint;
ALTER TABLE order_events DROP COLUMN fingerprint;
