-- What the program does by itself: every attempt at a job, which one process holds by a lease (`job/KIND/SUBJECT`); and what a
-- person ordered to be done that way.

CREATE TABLE job_attempts (
    kind         TEXT NOT NULL,
    subject      TEXT NOT NULL,
    due_at_us    INTEGER NOT NULL,
    attempt      INTEGER NOT NULL CHECK (attempt >= 1),
    holder       TEXT NOT NULL,
    fence        INTEGER NOT NULL,
    began_at_us  INTEGER NOT NULL,
    ended_at_us  INTEGER,
    outcome      TEXT CHECK (outcome IN ('done', 'failed', 'refused', 'cut-short')),
    words        TEXT,
    retry_at_us  INTEGER,
    PRIMARY KEY (kind, subject, due_at_us, attempt),
    CHECK ((ended_at_us IS NULL) = (outcome IS NULL))
) STRICT;

CREATE TABLE job_orders (
    id            TEXT PRIMARY KEY NOT NULL,
    kind          TEXT NOT NULL,
    scope         TEXT NOT NULL,
    content       TEXT NOT NULL,
    ordered_by    TEXT NOT NULL,
    ordered_at_us INTEGER NOT NULL,
    ended_at_us   INTEGER,
    outcome       TEXT,
    words         TEXT
) STRICT;
CREATE INDEX job_orders_open ON job_orders (ordered_at_us) WHERE ended_at_us IS NULL;

CREATE TRIGGER job_orders_no_delete BEFORE DELETE ON job_orders
BEGIN SELECT RAISE(ABORT, 'job_orders are never removed'); END;
