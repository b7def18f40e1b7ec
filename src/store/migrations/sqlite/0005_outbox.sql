-- Mails: put in by whoever announces something, sent by whoever empties the outbox.

CREATE TABLE outbox (
    position       INTEGER PRIMARY KEY NOT NULL,
    mail_key       TEXT NOT NULL UNIQUE,
    scope          TEXT NOT NULL,
    kind           TEXT NOT NULL,
    about          TEXT,
    recipient      TEXT NOT NULL,
    subject        TEXT NOT NULL,
    -- Empty for a confidential one: it is among the secrets then.
    message        TEXT NOT NULL,
    confidential   INTEGER NOT NULL CHECK (confidential IN (0, 1)),
    state          TEXT NOT NULL
        CHECK (state IN ('waiting', 'sending', 'sent', 'may-have-been-sent', 'failed', 'given-up')),
    attempts       INTEGER NOT NULL CHECK (attempts >= 0),
    not_before_us  INTEGER NOT NULL,
    holder         TEXT,
    until_us       INTEGER NOT NULL,
    -- From here on the server may have it.
    handed_over    INTEGER NOT NULL CHECK (handed_over IN (0, 1)),
    answer         TEXT NOT NULL,
    put_by         TEXT NOT NULL,
    put_at_us      INTEGER NOT NULL,
    changed_at_us  INTEGER NOT NULL
) STRICT;
CREATE INDEX outbox_by_state ON outbox (state, not_before_us);
CREATE INDEX outbox_by_about ON outbox (about);

-- What became of each mail, step by step: the proof of sending.
CREATE TABLE outbox_events (
    position INTEGER PRIMARY KEY NOT NULL,
    mail     INTEGER NOT NULL REFERENCES outbox (position),
    state    TEXT NOT NULL,
    answer   TEXT NOT NULL,
    by_whom  TEXT NOT NULL,
    at_us    INTEGER NOT NULL
) STRICT;
CREATE INDEX outbox_events_by_mail ON outbox_events (mail, position);

CREATE TRIGGER outbox_no_delete BEFORE DELETE ON outbox
BEGIN SELECT RAISE(ABORT, 'mails are kept'); END;
CREATE TRIGGER outbox_events_no_update BEFORE UPDATE ON outbox_events
BEGIN SELECT RAISE(ABORT, 'outbox_events is append-only'); END;
CREATE TRIGGER outbox_events_no_delete BEFORE DELETE ON outbox_events
BEGIN SELECT RAISE(ABORT, 'outbox_events is append-only'); END;
