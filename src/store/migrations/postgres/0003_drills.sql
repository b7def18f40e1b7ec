-- Records of restore tests, each hashed and chained to the one before it of the same instance; and the machines that a
-- restore of ours made, until their end.

CREATE TABLE drills (
    id            TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    scope         TEXT COLLATE "C" NOT NULL,
    instance      TEXT COLLATE "C" NOT NULL,
    number        BIGINT NOT NULL CHECK (number >= 1),
    origin        TEXT COLLATE "C" NOT NULL CHECK (origin IN ('local', 'remote')),
    verdict       TEXT COLLATE "C" NOT NULL CHECK (verdict IN ('proven', 'failed', 'not-tested')),
    backup_at_us  BIGINT,
    began_at_us   BIGINT NOT NULL,
    ended_at_us   BIGINT NOT NULL,
    previous_hash TEXT,
    hash          TEXT NOT NULL,
    record        TEXT NOT NULL,
    UNIQUE (instance, number)
);

CREATE TABLE restores (
    id            TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    purpose       TEXT COLLATE "C" NOT NULL CHECK (purpose IN ('drill', 'restore')),
    scope         TEXT COLLATE "C" NOT NULL,
    instance      TEXT COLLATE "C" NOT NULL,
    site          TEXT COLLATE "C" NOT NULL,
    vmid          BIGINT NOT NULL,
    state         TEXT COLLATE "C" NOT NULL,
    task          TEXT,
    detail        TEXT NOT NULL,
    begun_at_us   BIGINT NOT NULL,
    changed_at_us BIGINT NOT NULL
);
CREATE INDEX restores_by_instance ON restores (instance, begun_at_us);

CREATE TRIGGER drills_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON drills
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER restores_kept BEFORE DELETE OR TRUNCATE ON restores
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
