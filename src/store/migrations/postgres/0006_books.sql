-- Direct debits, what the bank reports, reminders, closed months, and what was pushed to the co-operative's own Dolibarr.

-- Files of direct debits as they were handed to the bank.
CREATE TABLE collection_files (
    id         TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    content    TEXT NOT NULL,
    sha256     TEXT COLLATE "C" NOT NULL,
    made_by    TEXT NOT NULL,
    made_at_us BIGINT NOT NULL
);

-- One attempt to collect an invoice.
CREATE TABLE collections (
    end_to_end_id TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    file          TEXT COLLATE "C" NOT NULL REFERENCES collection_files (id),
    block         TEXT COLLATE "C" NOT NULL,
    client        TEXT COLLATE "C" NOT NULL,
    number        TEXT COLLATE "C" NOT NULL REFERENCES invoices (number),
    attempt       BIGINT NOT NULL CHECK (attempt >= 1),
    mandate       TEXT NOT NULL,
    sequence      TEXT NOT NULL CHECK (sequence IN ('first', 'recurrent')),
    cents         BIGINT NOT NULL CHECK (cents > 0),
    collected_on  TEXT COLLATE "C" NOT NULL,
    UNIQUE (number, attempt)
);
CREATE INDEX collections_by_client ON collections (client, collected_on);

-- Files of the bank, by their checksum.
CREATE TABLE bank_files (
    sha256         TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    kind           TEXT NOT NULL,
    message        TEXT NOT NULL,
    name           TEXT NOT NULL,
    imported_by    TEXT NOT NULL,
    imported_at_us BIGINT NOT NULL
);

-- What moved on the co-operative's account. The identity is the same in every file that reports the movement.
CREATE TABLE bank_movements (
    position          BIGINT PRIMARY KEY NOT NULL,
    identity          TEXT COLLATE "C" NOT NULL UNIQUE,
    file              TEXT COLLATE "C" NOT NULL REFERENCES bank_files (sha256),
    booked_on         TEXT COLLATE "C" NOT NULL,
    cents             BIGINT NOT NULL CHECK (cents <> 0),
    end_to_end_id     TEXT COLLATE "C" NOT NULL,
    block             TEXT COLLATE "C" NOT NULL,
    words             TEXT NOT NULL,
    counterparty      TEXT NOT NULL,
    counterparty_iban TEXT NOT NULL,
    code              TEXT NOT NULL
);

-- What became of a movement, once and for ever.
CREATE TABLE bank_decisions (
    movement      BIGINT PRIMARY KEY NOT NULL REFERENCES bank_movements (position),
    how           TEXT NOT NULL CHECK (how IN ('collected', 'returned', 'transfer', 'by-hand', 'known', 'set-aside')),
    client        TEXT COLLATE "C",
    fee           BIGINT NOT NULL CHECK (fee >= 0),
    words         TEXT NOT NULL,
    decided_by    TEXT NOT NULL,
    decided_at_us BIGINT NOT NULL
);

-- Which payments a movement made.
CREATE TABLE bank_postings (
    payment  BIGINT PRIMARY KEY NOT NULL REFERENCES payments (position),
    movement BIGINT NOT NULL REFERENCES bank_movements (position)
);

-- What the bank said of a collection: each thing once.
CREATE TABLE collection_news (
    end_to_end_id  TEXT COLLATE "C" NOT NULL REFERENCES collections (end_to_end_id),
    kind           TEXT NOT NULL CHECK (kind IN ('rejected', 'settled', 'returned')),
    happened_on    TEXT NOT NULL,
    code           TEXT NOT NULL,
    payment        BIGINT REFERENCES payments (position),
    recorded_at_us BIGINT NOT NULL,
    PRIMARY KEY (end_to_end_id, kind)
);

CREATE TABLE reminders (
    position       BIGINT PRIMARY KEY NOT NULL,
    client         TEXT COLLATE "C" NOT NULL,
    number         TEXT COLLATE "C" NOT NULL REFERENCES invoices (number),
    level          BIGINT NOT NULL CHECK (level >= 1),
    sent_on        TEXT NOT NULL,
    means          TEXT NOT NULL,
    open           BIGINT NOT NULL,
    interest       BIGINT,
    recorded_by    TEXT NOT NULL,
    recorded_at_us BIGINT NOT NULL,
    UNIQUE (number, level)
);

-- Months that were closed, with every file of their pack by its checksum.
CREATE TABLE closings (
    month        TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    record       TEXT NOT NULL,
    sha256       TEXT COLLATE "C" NOT NULL,
    closed_by    TEXT NOT NULL,
    closed_at_us BIGINT NOT NULL
);

-- What stands in the co-operative's own Dolibarr, under which number there.
CREATE TABLE dolibarr_pushes (
    kind         TEXT NOT NULL CHECK (kind IN ('client', 'document', 'payment')),
    ours         TEXT COLLATE "C" NOT NULL,
    theirs       TEXT NOT NULL,
    pushed_at_us BIGINT NOT NULL,
    PRIMARY KEY (kind, ours)
);

CREATE TRIGGER collection_files_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON collection_files
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER collections_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON collections
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER bank_files_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON bank_files
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER bank_movements_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON bank_movements
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER bank_decisions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON bank_decisions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER bank_postings_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON bank_postings
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER collection_news_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON collection_news
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER reminders_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reminders
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER closings_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON closings
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER dolibarr_pushes_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON dolibarr_pushes
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
