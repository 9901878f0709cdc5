-- The role stays: other databases of the server may use it.
DROP VIEW analytics_positions, analytics_refunds, analytics_late_orders, analytics_time_percentiles, analytics_times,
    analytics_items, analytics_sales, analytics_orders_now, analytics_venues;
