ALTER TABLE positions DROP COLUMN revision;
