-- Mails: put in by whoever announces something, sent by whoever empties the outbox.

CREATE TABLE outbox (
    position       BIGINT PRIMARY KEY NOT NULL,
    mail_key       TEXT COLLATE "C" NOT NULL UNIQUE,
    scope          TEXT COLLATE "C" NOT NULL,
    kind           TEXT NOT NULL,
    about          TEXT COLLATE "C",
    recipient      TEXT NOT NULL,
    subject        TEXT NOT NULL,
    -- Empty for a confidential one: it is among the secrets then.
    message        TEXT NOT NULL,
    confidential   BIGINT NOT NULL CHECK (confidential IN (0, 1)),
    state          TEXT NOT NULL
        CHECK (state IN ('waiting', 'sending', 'sent', 'may-have-been-sent', 'failed', 'given-up')),
    attempts       BIGINT NOT NULL CHECK (attempts >= 0),
    not_before_us  BIGINT NOT NULL,
    holder         TEXT,
    until_us       BIGINT NOT NULL,
    -- From here on the server may have it.
    handed_over    BIGINT NOT NULL CHECK (handed_over IN (0, 1)),
    answer         TEXT NOT NULL,
    put_by         TEXT NOT NULL,
    put_at_us      BIGINT NOT NULL,
    changed_at_us  BIGINT NOT NULL
);
CREATE INDEX outbox_by_state ON outbox (state, not_before_us);
CREATE INDEX outbox_by_about ON outbox (about);

-- What became of each mail, step by step: the proof of sending.
CREATE TABLE outbox_events (
    position BIGINT PRIMARY KEY NOT NULL,
    mail     BIGINT NOT NULL REFERENCES outbox (position),
    state    TEXT NOT NULL,
    answer   TEXT NOT NULL,
    by_whom  TEXT NOT NULL,
    at_us    BIGINT NOT NULL
);
CREATE INDEX outbox_events_by_mail ON outbox_events (mail, position);

CREATE TRIGGER outbox_no_delete BEFORE DELETE OR TRUNCATE ON outbox
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER outbox_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON outbox_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
