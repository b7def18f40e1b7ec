-- Where several clients live on one instance, each has rows of its own: looks are kept per scope, and of a restore test
-- each client has a share, the record without what concerns the others. The whole record is staff's.

ALTER TABLE looks ALTER COLUMN scope TYPE TEXT COLLATE "C";
ALTER TABLE looks DROP CONSTRAINT looks_pkey;
ALTER TABLE looks ADD PRIMARY KEY (subject_kind, subject_id, what, scope);

CREATE TABLE drill_shares (
    drill        TEXT COLLATE "C" NOT NULL,
    scope        TEXT COLLATE "C" NOT NULL,
    instance     TEXT COLLATE "C" NOT NULL,
    number       BIGINT NOT NULL CHECK (number >= 1),
    origin       TEXT COLLATE "C" NOT NULL,
    verdict      TEXT COLLATE "C" NOT NULL,
    ended_at_us  BIGINT NOT NULL,
    hash         TEXT NOT NULL,
    record       TEXT NOT NULL,
    PRIMARY KEY (drill, scope)
);
CREATE INDEX drill_shares_by_instance ON drill_shares (instance, scope, number);
INSERT INTO drill_shares SELECT id, scope, instance, number, origin, verdict, ended_at_us, hash, record
    FROM drills WHERE scope <> 'staff';

CREATE TRIGGER drill_shares_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON drill_shares
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
