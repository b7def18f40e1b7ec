-- Direct debits, what the bank reports, reminders, closed months, and what was pushed to the co-operative's own Dolibarr.

-- Files of direct debits as they were handed to the bank.
CREATE TABLE collection_files (
    id         TEXT PRIMARY KEY NOT NULL,
    content    TEXT NOT NULL,
    sha256     TEXT NOT NULL,
    made_by    TEXT NOT NULL,
    made_at_us INTEGER NOT NULL
) STRICT;

-- One attempt to collect an invoice.
CREATE TABLE collections (
    end_to_end_id TEXT PRIMARY KEY NOT NULL,
    file          TEXT NOT NULL REFERENCES collection_files (id),
    block         TEXT NOT NULL,
    client        TEXT NOT NULL,
    number        TEXT NOT NULL REFERENCES invoices (number),
    attempt       INTEGER NOT NULL CHECK (attempt >= 1),
    mandate       TEXT NOT NULL,
    sequence      TEXT NOT NULL CHECK (sequence IN ('first', 'recurrent')),
    cents         INTEGER NOT NULL CHECK (cents > 0),
    collected_on  TEXT NOT NULL,
    UNIQUE (number, attempt)
) STRICT;
CREATE INDEX collections_by_client ON collections (client, collected_on);

-- Files of the bank, by their checksum.
CREATE TABLE bank_files (
    sha256         TEXT PRIMARY KEY NOT NULL,
    kind           TEXT NOT NULL,
    message        TEXT NOT NULL,
    name           TEXT NOT NULL,
    imported_by    TEXT NOT NULL,
    imported_at_us INTEGER NOT NULL
) STRICT;

-- What moved on the co-operative's account. The identity is the same in every file that reports the movement.
CREATE TABLE bank_movements (
    position          INTEGER PRIMARY KEY NOT NULL,
    identity          TEXT NOT NULL UNIQUE,
    file              TEXT NOT NULL REFERENCES bank_files (sha256),
    booked_on         TEXT NOT NULL,
    cents             INTEGER NOT NULL CHECK (cents <> 0),
    end_to_end_id     TEXT NOT NULL,
    block             TEXT NOT NULL,
    words             TEXT NOT NULL,
    counterparty      TEXT NOT NULL,
    counterparty_iban TEXT NOT NULL,
    code              TEXT NOT NULL
) STRICT;

-- What became of a movement, once and for ever.
CREATE TABLE bank_decisions (
    movement      INTEGER PRIMARY KEY NOT NULL REFERENCES bank_movements (position),
    how           TEXT NOT NULL CHECK (how IN ('collected', 'returned', 'transfer', 'by-hand', 'known', 'set-aside')),
    client        TEXT,
    fee           INTEGER NOT NULL CHECK (fee >= 0),
    words         TEXT NOT NULL,
    decided_by    TEXT NOT NULL,
    decided_at_us INTEGER NOT NULL
) STRICT;

-- Which payments a movement made.
CREATE TABLE bank_postings (
    payment  INTEGER PRIMARY KEY NOT NULL REFERENCES payments (position),
    movement INTEGER NOT NULL REFERENCES bank_movements (position)
) STRICT;

-- What the bank said of a collection: each thing once.
CREATE TABLE collection_news (
    end_to_end_id  TEXT NOT NULL REFERENCES collections (end_to_end_id),
    kind           TEXT NOT NULL CHECK (kind IN ('rejected', 'settled', 'returned')),
    happened_on    TEXT NOT NULL,
    code           TEXT NOT NULL,
    payment        INTEGER REFERENCES payments (position),
    recorded_at_us INTEGER NOT NULL,
    PRIMARY KEY (end_to_end_id, kind)
) STRICT;

CREATE TABLE reminders (
    position       INTEGER PRIMARY KEY NOT NULL,
    client         TEXT NOT NULL,
    number         TEXT NOT NULL REFERENCES invoices (number),
    level          INTEGER NOT NULL CHECK (level >= 1),
    sent_on        TEXT NOT NULL,
    means          TEXT NOT NULL,
    open           INTEGER NOT NULL,
    interest       INTEGER,
    recorded_by    TEXT NOT NULL,
    recorded_at_us INTEGER NOT NULL,
    UNIQUE (number, level)
) STRICT;

-- Months that were closed, with every file of their pack by its checksum.
CREATE TABLE closings (
    month        TEXT PRIMARY KEY NOT NULL,
    record       TEXT NOT NULL,
    sha256       TEXT NOT NULL,
    closed_by    TEXT NOT NULL,
    closed_at_us INTEGER NOT NULL
) STRICT;

-- What stands in the co-operative's own Dolibarr, under which number there.
CREATE TABLE dolibarr_pushes (
    kind         TEXT NOT NULL CHECK (kind IN ('client', 'document', 'payment')),
    ours         TEXT NOT NULL,
    theirs       TEXT NOT NULL,
    pushed_at_us INTEGER NOT NULL,
    PRIMARY KEY (kind, ours)
) STRICT;

CREATE TRIGGER collection_files_no_update BEFORE UPDATE ON collection_files
BEGIN SELECT RAISE(ABORT, 'collection_files is append-only'); END;
CREATE TRIGGER collection_files_no_delete BEFORE DELETE ON collection_files
BEGIN SELECT RAISE(ABORT, 'collection_files is append-only'); END;

CREATE TRIGGER collections_no_update BEFORE UPDATE ON collections
BEGIN SELECT RAISE(ABORT, 'collections is append-only'); END;
CREATE TRIGGER collections_no_delete BEFORE DELETE ON collections
BEGIN SELECT RAISE(ABORT, 'collections is append-only'); END;

CREATE TRIGGER bank_files_no_update BEFORE UPDATE ON bank_files
BEGIN SELECT RAISE(ABORT, 'bank_files is append-only'); END;
CREATE TRIGGER bank_files_no_delete BEFORE DELETE ON bank_files
BEGIN SELECT RAISE(ABORT, 'bank_files is append-only'); END;

CREATE TRIGGER bank_movements_no_update BEFORE UPDATE ON bank_movements
BEGIN SELECT RAISE(ABORT, 'bank_movements is append-only'); END;
CREATE TRIGGER bank_movements_no_delete BEFORE DELETE ON bank_movements
BEGIN SELECT RAISE(ABORT, 'bank_movements is append-only'); END;

CREATE TRIGGER bank_decisions_no_update BEFORE UPDATE ON bank_decisions
BEGIN SELECT RAISE(ABORT, 'bank_decisions is append-only'); END;
CREATE TRIGGER bank_decisions_no_delete BEFORE DELETE ON bank_decisions
BEGIN SELECT RAISE(ABORT, 'bank_decisions is append-only'); END;

CREATE TRIGGER bank_postings_no_update BEFORE UPDATE ON bank_postings
BEGIN SELECT RAISE(ABORT, 'bank_postings is append-only'); END;
CREATE TRIGGER bank_postings_no_delete BEFORE DELETE ON bank_postings
BEGIN SELECT RAISE(ABORT, 'bank_postings is append-only'); END;

CREATE TRIGGER collection_news_no_update BEFORE UPDATE ON collection_news
BEGIN SELECT RAISE(ABORT, 'collection_news is append-only'); END;
CREATE TRIGGER collection_news_no_delete BEFORE DELETE ON collection_news
BEGIN SELECT RAISE(ABORT, 'collection_news is append-only'); END;

CREATE TRIGGER reminders_no_update BEFORE UPDATE ON reminders
BEGIN SELECT RAISE(ABORT, 'reminders is append-only'); END;
CREATE TRIGGER reminders_no_delete BEFORE DELETE ON reminders
BEGIN SELECT RAISE(ABORT, 'reminders is append-only'); END;

CREATE TRIGGER closings_no_update BEFORE UPDATE ON closings
BEGIN SELECT RAISE(ABORT, 'closings is append-only'); END;
CREATE TRIGGER closings_no_delete BEFORE DELETE ON closings
BEGIN SELECT RAISE(ABORT, 'closings is append-only'); END;

CREATE TRIGGER dolibarr_pushes_no_update BEFORE UPDATE ON dolibarr_pushes
BEGIN SELECT RAISE(ABORT, 'dolibarr_pushes is append-only'); END;
CREATE TRIGGER dolibarr_pushes_no_delete BEFORE DELETE ON dolibarr_pushes
BEGIN SELECT RAISE(ABORT, 'dolibarr_pushes is append-only'); END;
