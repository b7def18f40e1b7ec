-- Who may enter the portal, who is in, what was done there, and what was asked for.

-- People of the co-operative. Clients' contacts have none: the accepted inventory says who they are.
CREATE TABLE accounts (
    name           TEXT PRIMARY KEY NOT NULL,
    full_name      TEXT NOT NULL,
    email          TEXT NOT NULL,
    role           TEXT NOT NULL CHECK (role IN ('technician', 'bookkeeper', 'admin')),
    password       TEXT,
    disabled_at_us BIGINT,
    created_at_us  BIGINT NOT NULL,
    changed_at_us  BIGINT NOT NULL
);

-- Second factors of accounts (`staff:NAME`) and of contacts (`contact:ADDRESS`); their secrets are in `secrets`.
CREATE TABLE factors (
    subject     TEXT PRIMARY KEY NOT NULL,
    since_us    BIGINT NOT NULL,
    last_step   BIGINT NOT NULL
);

CREATE TABLE recovery_codes (
    subject    TEXT NOT NULL,
    code_hash  TEXT NOT NULL,
    used_at_us BIGINT,
    PRIMARY KEY (subject, code_hash)
);

-- Links that were sent or handed over, each for one use. Only hashes of what opens them are kept.
CREATE TABLE entry_links (
    id          TEXT PRIMARY KEY NOT NULL,
    purpose     TEXT NOT NULL CHECK (purpose IN ('entry', 'invitation')),
    subject     TEXT NOT NULL,
    token_hash  TEXT NOT NULL UNIQUE,
    code_hash   TEXT,
    tries       BIGINT NOT NULL,
    made_at_us  BIGINT NOT NULL,
    ends_at_us  BIGINT NOT NULL,
    used_at_us  BIGINT
);
CREATE INDEX entry_links_by_end ON entry_links (ends_at_us);

CREATE TABLE sessions (
    id           TEXT PRIMARY KEY NOT NULL,
    token_hash   TEXT NOT NULL UNIQUE,
    subject      TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('factor', 'open')),
    began_at_us  BIGINT NOT NULL,
    seen_at_us   BIGINT NOT NULL,
    ends_at_us   BIGINT NOT NULL,
    ended_at_us  BIGINT,
    agent        TEXT NOT NULL,
    address      TEXT NOT NULL
);
CREATE INDEX sessions_by_subject ON sessions (subject, began_at_us);
CREATE INDEX sessions_by_end ON sessions (ends_at_us);

-- How often something was tried, per window of time: limits outlive a restart.
CREATE TABLE attempts (
    name      TEXT NOT NULL,
    window_us BIGINT NOT NULL,
    count     BIGINT NOT NULL,
    PRIMARY KEY (name, window_us)
);
CREATE INDEX attempts_by_window ON attempts (window_us);

-- What was done in the portal and to its accounts; each entry carries the hash of the one before it.
CREATE TABLE audit (
    position BIGINT PRIMARY KEY NOT NULL,
    at_us    BIGINT NOT NULL,
    actor    TEXT NOT NULL,
    action   TEXT NOT NULL,
    scope    TEXT NOT NULL,
    detail   TEXT NOT NULL,
    previous TEXT NOT NULL,
    hash     TEXT NOT NULL UNIQUE
);
CREATE INDEX audit_by_scope ON audit (scope, position);

-- What clients ask for: the question (step 0), then what became of it. A form that is sent twice asks once.
CREATE TABLE requests (
    position       BIGINT PRIMARY KEY NOT NULL,
    request        BIGINT NOT NULL,
    step           BIGINT NOT NULL CHECK (step >= 0),
    state          TEXT NOT NULL CHECK (state IN ('asked', 'answered', 'done', 'refused', 'withdrawn')),
    form           TEXT UNIQUE,
    client         TEXT NOT NULL,
    kind           TEXT NOT NULL CHECK (kind IN ('help', 'seat-add', 'seat-end')),
    detail         TEXT NOT NULL,
    recorded_by    TEXT NOT NULL,
    recorded_at_us BIGINT NOT NULL,
    UNIQUE (request, step)
);
CREATE INDEX requests_by_client ON requests (client, request);

CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER requests_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON requests
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
