-- What Postgres spends on an event, lessened (decision 59).
-- depends: 0022.row-revisions

-- A batch appends to stage_times what it moved, and adds nothing up: next to no row was met twice. What is there stays
-- and counts, since whoever reads adds rows up. A projector of an older release, which would look for the key, is fenced
-- off by the number of migrations before it writes.
ALTER TABLE stage_times DROP CONSTRAINT stage_times_pkey;
ALTER TABLE stage_times RESET (fillfactor);

CREATE OR REPLACE VIEW analytics_times AS
SELECT hour AS "time", business_date, venue_id, organization_id, stage, station, from_seconds, below_seconds,
       sum(stays)::bigint AS stays, sum(milliseconds) AS milliseconds
FROM stage_times
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
HAVING sum(stays) <> 0;

-- Few rows, each rewritten by nearly every batch: room in their pages keeps that out of the indexes.
ALTER TABLE venue_status_counts SET (fillfactor = 50);

-- Our own JSON on its way into a column. Where that is a text, as in schemas made since, nobody looks at it once more.
DO $$
DECLARE
    kept text := (SELECT format_type(atttypid, NULL) FROM pg_attribute
                  WHERE attrelid = 'orders'::regclass AND attname = 'document');
BEGIN
    EXECUTE format('CREATE FUNCTION written(text) RETURNS %s LANGUAGE sql STABLE AS ''SELECT $1::%1$s''', kept);
END $$;
