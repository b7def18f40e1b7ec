-- What the program does by itself: every attempt at a job, which one process holds by a lease (`job/KIND/SUBJECT`); and what a
-- person ordered to be done that way.

CREATE TABLE job_attempts (
    kind         TEXT COLLATE "C" NOT NULL,
    subject      TEXT COLLATE "C" NOT NULL,
    due_at_us    BIGINT NOT NULL,
    attempt      BIGINT NOT NULL CHECK (attempt >= 1),
    holder       TEXT NOT NULL,
    fence        BIGINT NOT NULL,
    began_at_us  BIGINT NOT NULL,
    ended_at_us  BIGINT,
    outcome      TEXT COLLATE "C" CHECK (outcome IN ('done', 'failed', 'refused', 'cut-short')),
    words        TEXT,
    retry_at_us  BIGINT,
    PRIMARY KEY (kind, subject, due_at_us, attempt),
    CHECK ((ended_at_us IS NULL) = (outcome IS NULL))
);

CREATE TABLE job_orders (
    id            TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    kind          TEXT COLLATE "C" NOT NULL,
    scope         TEXT COLLATE "C" NOT NULL,
    content       TEXT NOT NULL,
    ordered_by    TEXT NOT NULL,
    ordered_at_us BIGINT NOT NULL,
    ended_at_us   BIGINT,
    outcome       TEXT COLLATE "C",
    words         TEXT
);
CREATE INDEX job_orders_open ON job_orders (ordered_at_us) WHERE ended_at_us IS NULL;

CREATE TRIGGER job_orders_kept BEFORE DELETE OR TRUNCATE ON job_orders
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
