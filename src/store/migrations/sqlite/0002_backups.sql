-- What was last seen of a matter, and since when nothing is seen: unlike the series of observations this never forgets the
-- last answer, however long a site is away.
CREATE TABLE looks (
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
    PRIMARY KEY (subject_kind, subject_id, what)
) STRICT;

-- Markers seen in guests: a restored guest must hold one of them.
CREATE TABLE marker_nonces (
    instance   TEXT NOT NULL,
    nonce      TEXT NOT NULL,
    scope      TEXT NOT NULL,
    made_at_us INTEGER NOT NULL,
    seen_at_us INTEGER NOT NULL,
    marker     TEXT NOT NULL,
    PRIMARY KEY (instance, nonce)
) STRICT;
CREATE INDEX marker_nonces_by_age ON marker_nonces (instance, made_at_us);

CREATE TRIGGER marker_nonces_no_update BEFORE UPDATE ON marker_nonces
BEGIN SELECT RAISE(ABORT, 'marker_nonces is append-only'); END;
CREATE TRIGGER marker_nonces_no_delete BEFORE DELETE ON marker_nonces
BEGIN SELECT RAISE(ABORT, 'marker_nonces is append-only'); END;
