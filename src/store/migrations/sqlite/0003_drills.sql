-- Records of restore tests, each hashed and chained to the one before it of the same instance; and the machines that a
-- restore of ours made, until their end.

CREATE TABLE drills (
    id            TEXT PRIMARY KEY NOT NULL,
    scope         TEXT NOT NULL,
    instance      TEXT NOT NULL,
    number        INTEGER NOT NULL CHECK (number >= 1),
    origin        TEXT NOT NULL CHECK (origin IN ('local', 'remote')),
    verdict       TEXT NOT NULL CHECK (verdict IN ('proven', 'failed', 'not-tested')),
    backup_at_us  INTEGER,
    began_at_us   INTEGER NOT NULL,
    ended_at_us   INTEGER NOT NULL,
    previous_hash TEXT,
    hash          TEXT NOT NULL,
    record        TEXT NOT NULL,
    UNIQUE (instance, number)
) STRICT;

CREATE TABLE restores (
    id            TEXT PRIMARY KEY NOT NULL,
    purpose       TEXT NOT NULL CHECK (purpose IN ('drill', 'restore')),
    scope         TEXT NOT NULL,
    instance      TEXT NOT NULL,
    site          TEXT NOT NULL,
    vmid          INTEGER NOT NULL,
    state         TEXT NOT NULL,
    task          TEXT,
    detail        TEXT NOT NULL,
    begun_at_us   INTEGER NOT NULL,
    changed_at_us INTEGER NOT NULL
) STRICT;
CREATE INDEX restores_by_instance ON restores (instance, begun_at_us);

CREATE TRIGGER drills_no_update BEFORE UPDATE ON drills
BEGIN SELECT RAISE(ABORT, 'drills is append-only'); END;
CREATE TRIGGER drills_no_delete BEFORE DELETE ON drills
BEGIN SELECT RAISE(ABORT, 'drills is append-only'); END;
CREATE TRIGGER restores_no_delete BEFORE DELETE ON restores
BEGIN SELECT RAISE(ABORT, 'restores are never removed'); END;
