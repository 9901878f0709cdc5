-- Who is sent events, and how far each is. In a schema of its own: a rebuild takes the read models' one away.
-- depends:

-- `term` is raised by whoever takes the endpoint over and by every command that changes it: a sender of an earlier term
-- writes nothing any more. It has `lease_until` to send; before that nobody else takes it.
CREATE TABLE endpoints (
    id               text        PRIMARY KEY,
    organization_id  text        NOT NULL,
    venues           text[],     -- NULL: all of the organization, those to come too
    types            text[],     -- NULL: all
    url              text        NOT NULL,
    secret           text        NOT NULL,
    old_secret       text,       -- signs too until then
    old_secret_until timestamptz,
    enabled          boolean     NOT NULL DEFAULT true,
    reason           text,       -- why it is not enabled
    epoch            text        NOT NULL,  -- the life of the log that its lanes' positions are of
    term             bigint      NOT NULL DEFAULT 0,
    lease_until      timestamptz,
    holder           text,
    created_at       timestamptz NOT NULL DEFAULT now(),
    CHECK (enabled = (reason IS NULL))
);

-- An endpoint's place in each partition of the log: all before `next` was answered with 2xx or is not for it. What was
-- appended before `reached` is dealt with, or a person has said how: only later events can be missed by being dropped.
CREATE TABLE lanes (
    endpoint_id   text        NOT NULL REFERENCES endpoints ON DELETE CASCADE,
    partition     integer     NOT NULL,
    next          bigint      NOT NULL,
    reached       timestamptz NOT NULL,
    term          bigint      NOT NULL DEFAULT 0,
    failures      integer     NOT NULL DEFAULT 0,  -- of the event at the head, in a row
    failing_since timestamptz,
    attempt_at    timestamptz,  -- not before
    error         text,
    PRIMARY KEY (endpoint_id, partition)
) WITH (fillfactor = 70);
