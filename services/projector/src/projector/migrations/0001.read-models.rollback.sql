DROP TABLE dead_letters, venue_status_counts, order_events, orders, positions;
