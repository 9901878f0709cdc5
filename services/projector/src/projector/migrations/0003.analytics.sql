-- The whole read side: sales, item sales, times, refunds; and an audit trail that can be cut off month by month.
-- depends: 0002.fingerprints

-- What is added here is told from every event since the log's first, so all rows are made anew: this migration takes
-- them away and sets the positions to the log's beginning, and the projector that ran it reads the log again (decision
-- 52). Until it has caught up, answers are incomplete, and order-api boots from the log. Where that is too long, let
-- the old schema serve and project into a new DATABASE_SCHEMA first.
TRUNCATE orders, venue_status_counts, dead_letters;
DROP TABLE order_events;
UPDATE positions SET next = 0, lineage = NULL;

-- The document as the text that was folded, not parsed once more on each write: it is answered as text. (json in
-- schemas made before 2026-11-30, as are pace and event; decision 59.)
ALTER TABLE orders
    ALTER COLUMN document TYPE text USING document::text,
    ADD COLUMN promised_at timestamptz,
    ADD COLUMN ready_at    timestamptz,  -- made, by the log's clock; NULL while it is not, and for imported orders
    ADD COLUMN pace        text NOT NULL;  -- the clocks that stage_times is told from: [since, {status: ms}, {line: …}]

-- Of late orders only, and therefore next to nothing to keep up.
CREATE INDEX idx_orders_late ON orders (venue_id, ready_at) WHERE ready_at > promised_at;

CREATE VIEW late_orders AS
SELECT order_id, venue_id, organization_id, display_number, channel, status, placed_at, promised_at, ready_at,
       ready_at - promised_at AS late_by
FROM orders
WHERE ready_at > promised_at AND status NOT IN ('rejected', 'cancelled', 'failed');

-- The audit trail, in partitions by the month in which an order began: an order's history is in one of them, whole,
-- and goes with it, whole. The projector makes them (trail_months). That (order_id, version) is unique holds across
-- partitions too: only one of them can hold an order, since began_at never changes.
CREATE TABLE order_events (
    order_id        text COLLATE "C" NOT NULL,
    version         bigint      NOT NULL,
    event_id        text        NOT NULL,
    type            text        NOT NULL,
    venue_id        text COLLATE "C" NOT NULL,
    organization_id text COLLATE "C" NOT NULL,
    partition       integer     NOT NULL,
    log_offset      bigint      NOT NULL,
    appended_at     timestamptz NOT NULL,
    began_at        timestamptz NOT NULL,  -- appended_at of the order's first event, as orders.created_at
    fingerprint     text,
    event           text        NOT NULL,
    PRIMARY KEY (order_id, version, began_at)
) PARTITION BY RANGE (began_at);
CREATE INDEX idx_order_events_appended ON order_events USING brin (appended_at) WITH (autosummarize = on);

-- Sums below stand for the orders that count (decision 50), at the hour (UTC) and business day of their placing.
-- Money is in minor units. numeric, since no sum of allowed amounts may overflow and stop the projector.
-- A row whose orders all went away again is deleted: that they once were there must not show. Rows are small and
-- rewritten often: room in each page keeps their updates out of the index.
CREATE TABLE sales_by_hour (
    venue_id        text COLLATE "C" NOT NULL,
    hour            timestamptz NOT NULL,
    business_date   date        NOT NULL,
    currency        text COLLATE "C" NOT NULL,  -- XXX where an order says nothing of money
    organization_id text COLLATE "C" NOT NULL,
    orders          bigint      NOT NULL,
    cancelled       bigint      NOT NULL,  -- rejected, cancelled or failed: in no other column
    gross           numeric     NOT NULL,  -- stated totals; of orders without one, the sum of their lines
    discount        numeric     NOT NULL,
    tax             numeric     NOT NULL,
    service         numeric     NOT NULL,
    tip             numeric     NOT NULL,
    refunded        numeric     NOT NULL,  -- of these orders, whenever it was given back: see refunds
    promised        bigint      NOT NULL,  -- made, with a promised time
    late            bigint      NOT NULL,  -- made after it
    PRIMARY KEY (venue_id, hour, business_date, currency, organization_id)
) WITH (fillfactor = 70);

CREATE TABLE item_sales_by_hour (
    venue_id          text COLLATE "C" NOT NULL,
    hour              timestamptz NOT NULL,
    business_date     date        NOT NULL,
    currency          text COLLATE "C" NOT NULL,
    sku               text COLLATE "C" NOT NULL,  -- '' without one; the first 100 characters
    name              text COLLATE "C" NOT NULL,  -- the first 200 characters
    organization_id   text COLLATE "C" NOT NULL,
    lines             bigint      NOT NULL,
    quantity          numeric     NOT NULL,
    revenue           numeric     NOT NULL,  -- quantity × (price + modifiers), each line rounded to minor units
    refunded_quantity numeric     NOT NULL,  -- of lines that a refund named
    PRIMARY KEY (venue_id, hour, business_date, currency, sku, name, organization_id)
) WITH (fillfactor = 70);

-- How many stays were so long: a distribution, from which percentiles over any venues and hours are told (decision
-- 51). `stage` is an order's status, or `kitchen` for a line at its station, from when the kitchen had it to when it
-- was made.
CREATE TABLE stage_times (
    venue_id        text COLLATE "C" NOT NULL,
    hour            timestamptz NOT NULL,
    business_date   date        NOT NULL,
    stage           text        NOT NULL,
    station         text        NOT NULL,  -- '' for a whole order, and for a line without one
    from_seconds    bigint      NOT NULL,
    organization_id text COLLATE "C" NOT NULL,
    below_seconds   bigint      NOT NULL,
    stays           bigint      NOT NULL,
    milliseconds    numeric     NOT NULL,
    PRIMARY KEY (venue_id, hour, business_date, stage, station, from_seconds, organization_id)
) WITH (fillfactor = 70);

-- One row an event that gave money back, at the time when it did.
CREATE TABLE refunds (
    order_id        text COLLATE "C" NOT NULL,
    version         bigint      NOT NULL,
    venue_id        text COLLATE "C" NOT NULL,
    organization_id text COLLATE "C" NOT NULL,
    refunded_at     timestamptz NOT NULL,
    currency        text COLLATE "C" NOT NULL,
    amount          bigint      NOT NULL,
    actor           text        NOT NULL,
    reason          text,
    PRIMARY KEY (order_id, version)
);
CREATE INDEX idx_refunds_venue ON refunds (venue_id, refunded_at);
