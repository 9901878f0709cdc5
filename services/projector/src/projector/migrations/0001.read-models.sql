-- The read models and the positions that they stand for.
-- depends:

-- COLLATE "C" where a text is part of a key: looked up and sorted byte by byte, whatever language the database speaks
-- (decision 59). Schemas made before 2026-11-30 keep the database's collation until they are rebuilt.

-- Where each partition's projection stands, in the transaction that wrote its rows. `lineage` is a digest of the
-- record before `next`: it is read again at every start, so that another log under the same name is noticed.
CREATE TABLE positions (
    partition integer PRIMARY KEY,
    epoch     text    NOT NULL,
    next      bigint  NOT NULL CHECK (next >= 0),
    lineage   text,
    CHECK ((next = 0) = (lineage IS NULL))
);

-- `head` is the order's last accepted event. created_at and updated_at are the log's clock: the append times of its
-- first and last events, so that a rebuild gives the same rows.
CREATE TABLE orders (
    order_id        text COLLATE "C" PRIMARY KEY,
    venue_id        text COLLATE "C" NOT NULL,
    organization_id text COLLATE "C" NOT NULL,
    version         bigint      NOT NULL,
    head            text        NOT NULL,
    status          text COLLATE "C" NOT NULL,
    payment         text,
    channel         text,
    display_number  text,
    placed_at       timestamptz,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    document        jsonb       NOT NULL
);

-- Not CONCURRENTLY: the table is made in this very transaction, nobody waits on it, and CONCURRENTLY could leave an
-- invalid index behind if it were cut off. On a live table a later migration writes CONCURRENTLY, without transaction.
CREATE INDEX idx_orders_venue_status_created ON orders(venue_id, status, created_at DESC);
CREATE INDEX idx_orders_organization_status_created ON orders(organization_id, status, created_at DESC);

-- The audit trail: accepted events as they stand in the log, byte for byte, hence json and not jsonb.
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
    event           json        NOT NULL,
    PRIMARY KEY (order_id, version)
);

-- Rows stay at 0: whether a status was passed through within one batch or in two must not show.
CREATE TABLE venue_status_counts (
    venue_id        text COLLATE "C" NOT NULL,
    status          text COLLATE "C" NOT NULL,
    organization_id text COLLATE "C" NOT NULL,
    orders          bigint NOT NULL,
    PRIMARY KEY (venue_id, status, organization_id)
);

-- Accepted events that could not be projected, and all later ones of their orders, in order. The whole record is
-- kept, so that a replay needs nothing else.
CREATE TABLE dead_letters (
    partition       integer     NOT NULL,
    order_id        text COLLATE "C" NOT NULL,
    version         bigint      NOT NULL,
    event_id        text        NOT NULL,
    type            text        NOT NULL,
    venue_id        text COLLATE "C" NOT NULL,
    organization_id text COLLATE "C" NOT NULL,
    log_offset      bigint      NOT NULL,
    appended_at     timestamptz NOT NULL,
    value           bytea       NOT NULL,
    reason          text        NOT NULL,
    PRIMARY KEY (partition, order_id, version)
);
CREATE INDEX idx_dead_letters_order ON dead_letters(order_id);
