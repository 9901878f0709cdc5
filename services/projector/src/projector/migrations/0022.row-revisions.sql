-- The projector keeps rows at hand between batches: whoever changes rows of a partition without it says so here.
-- depends: 0021.analytics-views

-- Raised in the same transaction by every other writer of the partition's orders or dead letters. It is compared
-- with the position: the projector's next batch touches no row, and it reads all rows anew.
ALTER TABLE positions ADD COLUMN revision bigint NOT NULL DEFAULT 0;
