-- Instants are microseconds since 1970 UTC (`_us`), payloads are JSON in TEXT, versions of a payload are inside it.
-- Keys sort by bytes (COLLATE "C") so that both engines list rows in one order.
-- The SQLite folder holds the same tables; the column lists of `copy/tables.rs` follow them.

CREATE TABLE counters (
    name  TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    value BIGINT NOT NULL
);

CREATE TABLE inventory_versions (
    number         BIGINT PRIMARY KEY NOT NULL CHECK (number >= 1),
    content_hash   TEXT NOT NULL,
    model          TEXT NOT NULL,
    files          TEXT NOT NULL,
    accepted_by    TEXT NOT NULL,
    accepted_at_us BIGINT NOT NULL,
    difference     TEXT NOT NULL
);

CREATE TABLE vm_ids (
    vmid           BIGINT PRIMARY KEY NOT NULL,
    instance       TEXT COLLATE "C" NOT NULL,
    reserved_at_us BIGINT NOT NULL
);

CREATE TABLE plans (
    id               TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    inventory_number BIGINT NOT NULL REFERENCES inventory_versions (number),
    scope            TEXT NOT NULL,
    content          TEXT NOT NULL,
    observed_digest  TEXT NOT NULL,
    created_at_us    BIGINT NOT NULL
);

CREATE TABLE runs (
    id             TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    plan_id        TEXT COLLATE "C" REFERENCES plans (id),
    scope          TEXT NOT NULL,
    started_by     TEXT NOT NULL,
    started_at_us  BIGINT NOT NULL,
    outcome        TEXT,
    finished_at_us BIGINT,
    summary        TEXT
);
CREATE INDEX runs_by_start ON runs (started_at_us);

CREATE TABLE journal (
    position   BIGINT PRIMARY KEY NOT NULL,
    run_id     TEXT COLLATE "C" NOT NULL REFERENCES runs (id),
    sequence   BIGINT NOT NULL,
    subject    TEXT COLLATE "C" NOT NULL,
    action_key TEXT COLLATE "C" NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('started', 'submitted', 'done', 'skipped', 'failed')),
    detail     TEXT NOT NULL,
    at_us      BIGINT NOT NULL,
    UNIQUE (run_id, sequence)
);
CREATE INDEX journal_by_action ON journal (subject, action_key, position);

CREATE TABLE leases (
    name     TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    holder   TEXT NOT NULL,
    until_us BIGINT NOT NULL,
    fence    BIGINT NOT NULL
);

CREATE TABLE observation_series (
    subject_kind TEXT COLLATE "C" NOT NULL,
    subject_id   TEXT COLLATE "C" NOT NULL,
    what         TEXT COLLATE "C" NOT NULL,
    last         BIGINT NOT NULL,
    PRIMARY KEY (subject_kind, subject_id, what)
);

CREATE TABLE observations (
    subject_kind   TEXT COLLATE "C" NOT NULL,
    subject_id     TEXT COLLATE "C" NOT NULL,
    what           TEXT COLLATE "C" NOT NULL,
    sequence       BIGINT NOT NULL,
    scope          TEXT NOT NULL,
    value          TEXT NOT NULL,
    observed_at_us BIGINT NOT NULL,
    PRIMARY KEY (subject_kind, subject_id, what, sequence),
    FOREIGN KEY (subject_kind, subject_id, what) REFERENCES observation_series (subject_kind, subject_id, what)
);

CREATE TABLE host_keys (
    subject      TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    host_key     TEXT NOT NULL,
    source       TEXT NOT NULL,
    pinned_at_us BIGINT NOT NULL
);

-- One row: which key the secrets are encrypted under.
CREATE TABLE vault (
    id     BIGINT PRIMARY KEY NOT NULL CHECK (id = 1),
    key_id TEXT NOT NULL
);

CREATE TABLE secrets (
    name              TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    version           BIGINT NOT NULL,
    nonce             TEXT NOT NULL,
    ciphertext        TEXT NOT NULL,
    set_at_us         BIGINT NOT NULL,
    handed_over_at_us BIGINT
);

CREATE TABLE departures (
    client          TEXT COLLATE "C" NOT NULL,
    person          TEXT COLLATE "C" NOT NULL,
    instance        TEXT COLLATE "C" NOT NULL,
    ended_on        TEXT COLLATE "C" NOT NULL,
    data_kept_until TEXT NOT NULL,
    recorded_at_us  BIGINT NOT NULL,
    deleted_at_us   BIGINT,
    PRIMARY KEY (client, person, instance, ended_on)
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END
$$;

CREATE TRIGGER inventory_versions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON inventory_versions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER vm_ids_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON vm_ids
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER plans_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON plans
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER journal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON journal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
