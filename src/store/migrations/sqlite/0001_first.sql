-- Instants are microseconds since 1970 UTC (`_us`), payloads are JSON in TEXT, versions of a payload are inside it.
-- The PostgreSQL folder holds the same tables; the column lists of `copy/tables.rs` follow them.

CREATE TABLE counters (
    name  TEXT PRIMARY KEY NOT NULL,
    value INTEGER NOT NULL
) STRICT;

CREATE TABLE inventory_versions (
    number         INTEGER PRIMARY KEY NOT NULL CHECK (number >= 1),
    content_hash   TEXT NOT NULL,
    model          TEXT NOT NULL,
    files          TEXT NOT NULL,
    accepted_by    TEXT NOT NULL,
    accepted_at_us INTEGER NOT NULL,
    difference     TEXT NOT NULL
) STRICT;

CREATE TABLE vm_ids (
    vmid           INTEGER PRIMARY KEY NOT NULL,
    instance       TEXT NOT NULL,
    reserved_at_us INTEGER NOT NULL
) STRICT;

CREATE TABLE plans (
    id               TEXT PRIMARY KEY NOT NULL,
    inventory_number INTEGER NOT NULL REFERENCES inventory_versions (number),
    scope            TEXT NOT NULL,
    content          TEXT NOT NULL,
    observed_digest  TEXT NOT NULL,
    created_at_us    INTEGER NOT NULL
) STRICT;

CREATE TABLE runs (
    id             TEXT PRIMARY KEY NOT NULL,
    plan_id        TEXT REFERENCES plans (id),
    scope          TEXT NOT NULL,
    started_by     TEXT NOT NULL,
    started_at_us  INTEGER NOT NULL,
    outcome        TEXT,
    finished_at_us INTEGER,
    summary        TEXT
) STRICT;
CREATE INDEX runs_by_start ON runs (started_at_us);

CREATE TABLE journal (
    position   INTEGER PRIMARY KEY NOT NULL,
    run_id     TEXT NOT NULL REFERENCES runs (id),
    sequence   INTEGER NOT NULL,
    subject    TEXT NOT NULL,
    action_key TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('started', 'submitted', 'done', 'skipped', 'failed')),
    detail     TEXT NOT NULL,
    at_us      INTEGER NOT NULL,
    UNIQUE (run_id, sequence)
) STRICT;
CREATE INDEX journal_by_action ON journal (subject, action_key, position);

CREATE TABLE leases (
    name     TEXT PRIMARY KEY NOT NULL,
    holder   TEXT NOT NULL,
    until_us INTEGER NOT NULL,
    fence    INTEGER NOT NULL
) STRICT;

CREATE TABLE observation_series (
    subject_kind TEXT NOT NULL,
    subject_id   TEXT NOT NULL,
    what         TEXT NOT NULL,
    last         INTEGER NOT NULL,
    PRIMARY KEY (subject_kind, subject_id, what)
) STRICT;

CREATE TABLE observations (
    subject_kind   TEXT NOT NULL,
    subject_id     TEXT NOT NULL,
    what           TEXT NOT NULL,
    sequence       INTEGER NOT NULL,
    scope          TEXT NOT NULL,
    value          TEXT NOT NULL,
    observed_at_us INTEGER NOT NULL,
    PRIMARY KEY (subject_kind, subject_id, what, sequence),
    FOREIGN KEY (subject_kind, subject_id, what) REFERENCES observation_series (subject_kind, subject_id, what)
) STRICT;

CREATE TABLE host_keys (
    subject      TEXT PRIMARY KEY NOT NULL,
    host_key     TEXT NOT NULL,
    source       TEXT NOT NULL,
    pinned_at_us INTEGER NOT NULL
) STRICT;

-- One row: which key the secrets are encrypted under.
CREATE TABLE vault (
    id     INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    key_id TEXT NOT NULL
) STRICT;

CREATE TABLE secrets (
    name              TEXT PRIMARY KEY NOT NULL,
    version           INTEGER NOT NULL,
    nonce             TEXT NOT NULL,
    ciphertext        TEXT NOT NULL,
    set_at_us         INTEGER NOT NULL,
    handed_over_at_us INTEGER
) STRICT;

CREATE TABLE departures (
    client          TEXT NOT NULL,
    person          TEXT NOT NULL,
    instance        TEXT NOT NULL,
    ended_on        TEXT NOT NULL,
    data_kept_until TEXT NOT NULL,
    recorded_at_us  INTEGER NOT NULL,
    deleted_at_us   INTEGER,
    PRIMARY KEY (client, person, instance, ended_on)
) STRICT;

CREATE TRIGGER inventory_versions_no_update BEFORE UPDATE ON inventory_versions
BEGIN SELECT RAISE(ABORT, 'inventory_versions is append-only'); END;
CREATE TRIGGER inventory_versions_no_delete BEFORE DELETE ON inventory_versions
BEGIN SELECT RAISE(ABORT, 'inventory_versions is append-only'); END;

CREATE TRIGGER vm_ids_no_update BEFORE UPDATE ON vm_ids
BEGIN SELECT RAISE(ABORT, 'vm_ids is append-only'); END;
CREATE TRIGGER vm_ids_no_delete BEFORE DELETE ON vm_ids
BEGIN SELECT RAISE(ABORT, 'vm_ids is append-only'); END;

CREATE TRIGGER plans_no_update BEFORE UPDATE ON plans
BEGIN SELECT RAISE(ABORT, 'plans is append-only'); END;
CREATE TRIGGER plans_no_delete BEFORE DELETE ON plans
BEGIN SELECT RAISE(ABORT, 'plans is append-only'); END;

CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal
BEGIN SELECT RAISE(ABORT, 'journal is append-only'); END;
CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal
BEGIN SELECT RAISE(ABORT, 'journal is append-only'); END;
