DROP FUNCTION written;
ALTER TABLE venue_status_counts RESET (fillfactor);
CREATE OR REPLACE VIEW analytics_times AS
SELECT hour AS "time", business_date, venue_id, organization_id, stage, station, from_seconds, below_seconds, stays,
       milliseconds
FROM stage_times;
WITH single AS (DELETE FROM stage_times RETURNING *)
INSERT INTO stage_times
SELECT venue_id, hour, business_date, stage, station, from_seconds, organization_id, below_seconds, sum(stays),
       sum(milliseconds)
FROM single
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
HAVING sum(stays) <> 0;
ALTER TABLE stage_times
    SET (fillfactor = 70),
    ADD PRIMARY KEY (venue_id, hour, business_date, stage, station, from_seconds, organization_id);
