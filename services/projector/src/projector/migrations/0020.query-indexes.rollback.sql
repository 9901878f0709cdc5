DROP INDEX idx_stage_times_day;
DROP INDEX idx_item_sales_by_hour_day;
DROP INDEX idx_sales_by_hour_day;
DROP INDEX idx_venue_status_counts_organization;
DROP INDEX idx_order_events_venue_offset;
