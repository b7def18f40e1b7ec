-- Support, consent, invoices and what was charged, notices and payments.

-- Work for clients, as it was done. A correction is an entry that names the one it replaces; minutes 0 take it away.
CREATE TABLE support_entries (
    position       INTEGER PRIMARY KEY NOT NULL,
    client         TEXT NOT NULL,
    kind           TEXT NOT NULL,
    started_at_us  INTEGER NOT NULL,
    minutes        INTEGER NOT NULL CHECK (minutes >= 0),
    words          TEXT NOT NULL,
    not_accounted  TEXT,
    corrects       INTEGER UNIQUE REFERENCES support_entries (position),
    reason         TEXT,
    recorded_by    TEXT NOT NULL,
    recorded_at_us INTEGER NOT NULL
) STRICT;
CREATE INDEX support_entries_by_client ON support_entries (client, position);

-- Consent to hours beyond the allowance: a request (step 0), then one decision (step 1).
CREATE TABLE consents (
    position       INTEGER PRIMARY KEY NOT NULL,
    request        INTEGER NOT NULL,
    step           INTEGER NOT NULL CHECK (step IN (0, 1)),
    state          TEXT NOT NULL CHECK (state IN ('requested', 'approved', 'refused')),
    client         TEXT NOT NULL,
    year_from      TEXT NOT NULL,
    minutes        INTEGER NOT NULL CHECK (minutes > 0),
    price          INTEGER NOT NULL CHECK (price > 0),
    approver       TEXT,
    words          TEXT NOT NULL,
    recorded_by    TEXT NOT NULL,
    recorded_at_us INTEGER NOT NULL,
    UNIQUE (request, step)
) STRICT;

-- The last number of each series and year.
CREATE TABLE invoice_series (
    series  TEXT NOT NULL,
    year    INTEGER NOT NULL,
    last    INTEGER NOT NULL CHECK (last >= 1),
    last_on TEXT NOT NULL,
    PRIMARY KEY (series, year)
) STRICT;

CREATE TABLE invoices (
    number           TEXT PRIMARY KEY NOT NULL,
    client           TEXT NOT NULL,
    kind             TEXT NOT NULL CHECK (kind IN ('invoice', 'credit-note')),
    series           TEXT NOT NULL,
    year             INTEGER NOT NULL,
    sequence         INTEGER NOT NULL CHECK (sequence >= 1),
    issued_on        TEXT NOT NULL,
    month            TEXT,
    occasion         TEXT NOT NULL UNIQUE,
    corrects         TEXT,
    net              INTEGER NOT NULL,
    vat              INTEGER NOT NULL,
    gross            INTEGER NOT NULL,
    document         TEXT NOT NULL,
    sha256           TEXT NOT NULL,
    explanation      TEXT NOT NULL,
    inventory_number INTEGER NOT NULL,
    issued_by        TEXT NOT NULL,
    issued_at_us     INTEGER NOT NULL,
    UNIQUE (series, year, sequence)
) STRICT;
CREATE INDEX invoices_by_client ON invoices (client, issued_on);

-- What each line charged or gave back, by the key under which later runs take it off.
CREATE TABLE charges (
    position      INTEGER PRIMARY KEY NOT NULL,
    client        TEXT NOT NULL,
    number        TEXT NOT NULL REFERENCES invoices (number),
    line          INTEGER NOT NULL,
    month         TEXT NOT NULL,
    kind          TEXT NOT NULL,
    price         INTEGER NOT NULL,
    reference     TEXT NOT NULL,
    cents         INTEGER NOT NULL,
    amount        INTEGER NOT NULL,
    waived        INTEGER NOT NULL CHECK (waived IN (0, 1)),
    corrects_line INTEGER,
    UNIQUE (number, line)
) STRICT;
CREATE INDEX charges_by_client ON charges (client, position);

-- Bytes that were archived, by their checksum.
CREATE TABLE invoice_files (
    number         TEXT NOT NULL REFERENCES invoices (number),
    name           TEXT NOT NULL,
    sha256         TEXT NOT NULL,
    size_bytes     INTEGER NOT NULL,
    archived_at_us INTEGER NOT NULL,
    PRIMARY KEY (number, name)
) STRICT;

-- Notices of renewal that were sent, with what proves it.
CREATE TABLE renewal_notices (
    position       INTEGER PRIMARY KEY NOT NULL,
    client         TEXT NOT NULL,
    term           TEXT NOT NULL,
    sent_on        TEXT NOT NULL,
    means          TEXT NOT NULL,
    proof          TEXT NOT NULL,
    recorded_by    TEXT NOT NULL,
    recorded_at_us INTEGER NOT NULL
) STRICT;

-- Money that moved. Nothing is deleted: a returned payment is a row that names the one it reverses.
CREATE TABLE payments (
    position       INTEGER PRIMARY KEY NOT NULL,
    client         TEXT NOT NULL,
    number         TEXT REFERENCES invoices (number),
    kind           TEXT NOT NULL CHECK (kind IN ('payment', 'refund', 'return')),
    cents          INTEGER NOT NULL CHECK (cents > 0),
    moved_on       TEXT NOT NULL,
    means          TEXT NOT NULL,
    reference      TEXT NOT NULL,
    reverses       INTEGER UNIQUE REFERENCES payments (position),
    recorded_by    TEXT NOT NULL,
    recorded_at_us INTEGER NOT NULL
) STRICT;
CREATE INDEX payments_by_client ON payments (client, position);

CREATE TRIGGER support_entries_no_update BEFORE UPDATE ON support_entries
BEGIN SELECT RAISE(ABORT, 'support_entries is append-only'); END;
CREATE TRIGGER support_entries_no_delete BEFORE DELETE ON support_entries
BEGIN SELECT RAISE(ABORT, 'support_entries is append-only'); END;

CREATE TRIGGER consents_no_update BEFORE UPDATE ON consents
BEGIN SELECT RAISE(ABORT, 'consents is append-only'); END;
CREATE TRIGGER consents_no_delete BEFORE DELETE ON consents
BEGIN SELECT RAISE(ABORT, 'consents is append-only'); END;

CREATE TRIGGER invoices_no_update BEFORE UPDATE ON invoices
BEGIN SELECT RAISE(ABORT, 'invoices is append-only'); END;
CREATE TRIGGER invoices_no_delete BEFORE DELETE ON invoices
BEGIN SELECT RAISE(ABORT, 'invoices is append-only'); END;

CREATE TRIGGER charges_no_update BEFORE UPDATE ON charges
BEGIN SELECT RAISE(ABORT, 'charges is append-only'); END;
CREATE TRIGGER charges_no_delete BEFORE DELETE ON charges
BEGIN SELECT RAISE(ABORT, 'charges is append-only'); END;

CREATE TRIGGER invoice_files_no_update BEFORE UPDATE ON invoice_files
BEGIN SELECT RAISE(ABORT, 'invoice_files is append-only'); END;
CREATE TRIGGER invoice_files_no_delete BEFORE DELETE ON invoice_files
BEGIN SELECT RAISE(ABORT, 'invoice_files is append-only'); END;

CREATE TRIGGER renewal_notices_no_update BEFORE UPDATE ON renewal_notices
BEGIN SELECT RAISE(ABORT, 'renewal_notices is append-only'); END;
CREATE TRIGGER renewal_notices_no_delete BEFORE DELETE ON renewal_notices
BEGIN SELECT RAISE(ABORT, 'renewal_notices is append-only'); END;

CREATE TRIGGER payments_no_update BEFORE UPDATE ON payments
BEGIN SELECT RAISE(ABORT, 'payments is append-only'); END;
CREATE TRIGGER payments_no_delete BEFORE DELETE ON payments
BEGIN SELECT RAISE(ABORT, 'payments is append-only'); END;
