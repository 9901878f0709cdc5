-- What reports read: the query API's own, Grafana, and anybody's SQL. No view shows a document or a guest.
-- depends: 0020.query-indexes

CREATE VIEW analytics_venues AS
SELECT DISTINCT venue_id, organization_id FROM venue_status_counts;
COMMENT ON VIEW analytics_venues IS 'Which venue is of which organization.';

CREATE VIEW analytics_orders_now AS
SELECT venue_id, organization_id, status, orders FROM venue_status_counts WHERE orders <> 0;
COMMENT ON VIEW analytics_orders_now IS 'How many orders of a venue are in each status, all that there ever were.';

CREATE VIEW analytics_sales AS
SELECT hour AS "time", business_date, venue_id, organization_id, currency, orders, cancelled, gross, discount, tax,
       service, tip, refunded, promised, late
FROM sales_by_hour;
COMMENT ON VIEW analytics_sales IS 'Sales by venue, hour (UTC) and business day of placing; money in minor units.';

CREATE VIEW analytics_items AS
SELECT hour AS "time", business_date, venue_id, organization_id, currency, sku, name, lines, quantity, revenue,
       refunded_quantity
FROM item_sales_by_hour;
COMMENT ON VIEW analytics_items IS 'Items sold by venue, hour (UTC) and business day of placing; money in minor units.';

CREATE VIEW analytics_times AS
SELECT hour AS "time", business_date, venue_id, organization_id, stage, station, from_seconds, below_seconds, stays,
       milliseconds
FROM stage_times;
COMMENT ON VIEW analytics_times IS
    'Stays by length, from which percentiles over any hours and venues are told: a status of orders, or kitchen of lines.';

CREATE VIEW analytics_time_percentiles AS
SELECT "time", venue_id, organization_id, stage, station, max(total)::bigint AS stays,
       min(below_seconds) FILTER (WHERE so_far >= 0.5 * total) AS p50_seconds,
       min(below_seconds) FILTER (WHERE so_far >= 0.9 * total) AS p90_seconds,
       min(below_seconds) FILTER (WHERE so_far >= 0.99 * total) AS p99_seconds
FROM (
    SELECT "time", venue_id, organization_id, stage, station, below_seconds,
           sum(sum(stays)) OVER (one ORDER BY below_seconds) AS so_far, sum(sum(stays)) OVER one AS total
    FROM analytics_times
    GROUP BY "time", venue_id, organization_id, stage, station, below_seconds
    WINDOW one AS (PARTITION BY "time", venue_id, organization_id, stage, station)
) AS lengths
GROUP BY "time", venue_id, organization_id, stage, station;
COMMENT ON VIEW analytics_time_percentiles IS 'How long stays were, by venue, hour (UTC), stage and station.';

CREATE VIEW analytics_late_orders AS
SELECT ready_at AS "time", order_id, venue_id, organization_id, display_number, channel, status, placed_at,
       promised_at, ready_at, extract(epoch FROM late_by)::bigint AS late_seconds
FROM late_orders;
COMMENT ON VIEW analytics_late_orders IS 'Orders that were made after the time that was promised.';

CREATE VIEW analytics_refunds AS
SELECT refunded_at AS "time", order_id, venue_id, organization_id, currency, amount::numeric AS amount, reason
FROM refunds;
COMMENT ON VIEW analytics_refunds IS 'Money given back, when it was; in minor units.';

CREATE VIEW analytics_positions AS
SELECT partition, epoch, next FROM positions;
COMMENT ON VIEW analytics_positions IS 'How far the log is projected: tells how far a replica is behind.';

-- The role belongs to the whole server and others may make it at this moment; who may not make roles goes on without.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'scanserve_analytics') THEN
        CREATE ROLE scanserve_analytics NOLOGIN;
    END IF;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL;
    WHEN insufficient_privilege THEN
        RAISE WARNING 'no right to make the role scanserve_analytics: let an administrator do so, and grant (docs/query-api.md)';
END $$;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'scanserve_analytics') THEN
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO scanserve_analytics', current_schema());
        GRANT SELECT ON analytics_venues, analytics_orders_now, analytics_sales, analytics_items, analytics_times,
            analytics_time_percentiles, analytics_late_orders, analytics_refunds, analytics_positions
            TO scanserve_analytics;
    END IF;
END $$;
