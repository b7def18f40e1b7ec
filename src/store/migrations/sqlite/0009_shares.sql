-- Where several clients live on one instance, each has rows of its own: looks are kept per scope, and of a restore test
-- each client has a share, the record without what concerns the others. The whole record is staff's.

CREATE TABLE looks_by_scope (
    subject_kind     TEXT NOT NULL,
    subject_id       TEXT NOT NULL,
    what             TEXT NOT NULL,
    scope            TEXT NOT NULL,
    tried_at_us      INTEGER NOT NULL,
    failures         INTEGER NOT NULL,
    failing_since_us INTEGER,
    obstacle         TEXT,
    seen_at_us       INTEGER,
    seen             TEXT,
    PRIMARY KEY (subject_kind, subject_id, what, scope)
) STRICT;
INSERT INTO looks_by_scope SELECT * FROM looks;
DROP TABLE looks;
ALTER TABLE looks_by_scope RENAME TO looks;

CREATE TABLE drill_shares (
    drill        TEXT NOT NULL,
    scope        TEXT NOT NULL,
    instance     TEXT NOT NULL,
    number       INTEGER NOT NULL CHECK (number >= 1),
    origin       TEXT NOT NULL,
    verdict      TEXT NOT NULL,
    ended_at_us  INTEGER NOT NULL,
    hash         TEXT NOT NULL,
    record       TEXT NOT NULL,
    PRIMARY KEY (drill, scope)
) STRICT;
CREATE INDEX drill_shares_by_instance ON drill_shares (instance, scope, number);
INSERT INTO drill_shares SELECT id, scope, instance, number, origin, verdict, ended_at_us, hash, record
    FROM drills WHERE scope <> 'staff';

CREATE TRIGGER drill_shares_no_update BEFORE UPDATE ON drill_shares
BEGIN SELECT RAISE(ABORT, 'drill_shares is append-only'); END;
CREATE TRIGGER drill_shares_no_delete BEFORE DELETE ON drill_shares
BEGIN SELECT RAISE(ABORT, 'drill_shares is append-only'); END;
