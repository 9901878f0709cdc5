-- What the query API asks by, beside the two composite indexes. Not CONCURRENTLY: 0003 has just made these tables anew
-- and empty, and a partitioned table's index can't be built so.
-- depends: 0003.analytics

CREATE INDEX idx_order_events_venue_offset ON order_events(venue_id, log_offset);
CREATE INDEX idx_venue_status_counts_organization ON venue_status_counts(organization_id);
CREATE INDEX idx_sales_by_hour_day ON sales_by_hour(venue_id, business_date);
CREATE INDEX idx_item_sales_by_hour_day ON item_sales_by_hour(venue_id, business_date);
CREATE INDEX idx_stage_times_day ON stage_times(venue_id, business_date);
