-- transactional: false
DROP INDEX IF EXISTS idx_venue_status_counts_organization;
DROP INDEX IF EXISTS idx_order_events_venue_offset;
