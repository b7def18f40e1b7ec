-- What was last seen of a matter, and since when nothing is seen: unlike the series of observations this never forgets the
-- last answer, however long a site is away.
CREATE TABLE looks (
    subject_kind     TEXT COLLATE "C" NOT NULL,
    subject_id       TEXT COLLATE "C" NOT NULL,
    what             TEXT COLLATE "C" NOT NULL,
    scope            TEXT NOT NULL,
    tried_at_us      BIGINT NOT NULL,
    failures         BIGINT NOT NULL,
    failing_since_us BIGINT,
    obstacle         TEXT,
    seen_at_us       BIGINT,
    seen             TEXT,
    PRIMARY KEY (subject_kind, subject_id, what)
);

-- Markers seen in guests: a restored guest must hold one of them.
CREATE TABLE marker_nonces (
    instance   TEXT COLLATE "C" NOT NULL,
    nonce      TEXT COLLATE "C" NOT NULL,
    scope      TEXT NOT NULL,
    made_at_us BIGINT NOT NULL,
    seen_at_us BIGINT NOT NULL,
    marker     TEXT NOT NULL,
    PRIMARY KEY (instance, nonce)
);
CREATE INDEX marker_nonces_by_age ON marker_nonces (instance, made_at_us);

CREATE TRIGGER marker_nonces_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON marker_nonces
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
