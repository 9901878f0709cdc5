-- What the query API asks by beside the two composite indexes. Concurrently: on a live system the tables are written to
-- meanwhile. A run that is cut off can leave an invalid index behind, which IF EXISTS clears away before the next one.
-- depends: 0002.fingerprints
-- transactional: false

DROP INDEX IF EXISTS idx_order_events_venue_offset;
CREATE INDEX CONCURRENTLY idx_order_events_venue_offset ON order_events(venue_id, log_offset);
DROP INDEX IF EXISTS idx_venue_status_counts_organization;
CREATE INDEX CONCURRENTLY idx_venue_status_counts_organization ON venue_status_counts(organization_id);
