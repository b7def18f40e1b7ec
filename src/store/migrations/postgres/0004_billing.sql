-- Support, consent, invoices and what was charged, notices and payments.

-- Work for clients, as it was done. A correction is an entry that names the one it replaces; minutes 0 take it away.
CREATE TABLE support_entries (
    position       BIGINT PRIMARY KEY NOT NULL,
    client         TEXT COLLATE "C" NOT NULL,
    kind           TEXT NOT NULL,
    started_at_us  BIGINT NOT NULL,
    minutes        BIGINT NOT NULL CHECK (minutes >= 0),
    words          TEXT NOT NULL,
    not_accounted  TEXT,
    corrects       BIGINT UNIQUE REFERENCES support_entries (position),
    reason         TEXT,
    recorded_by    TEXT NOT NULL,
    recorded_at_us BIGINT NOT NULL
);
CREATE INDEX support_entries_by_client ON support_entries (client, position);

-- Consent to hours beyond the allowance: a request (step 0), then one decision (step 1).
CREATE TABLE consents (
    position       BIGINT PRIMARY KEY NOT NULL,
    request        BIGINT NOT NULL,
    step           BIGINT NOT NULL CHECK (step IN (0, 1)),
    state          TEXT NOT NULL CHECK (state IN ('requested', 'approved', 'refused')),
    client         TEXT COLLATE "C" NOT NULL,
    year_from      TEXT COLLATE "C" NOT NULL,
    minutes        BIGINT NOT NULL CHECK (minutes > 0),
    price          BIGINT NOT NULL CHECK (price > 0),
    approver       TEXT,
    words          TEXT NOT NULL,
    recorded_by    TEXT NOT NULL,
    recorded_at_us BIGINT NOT NULL,
    UNIQUE (request, step)
);

-- The last number of each series and year.
CREATE TABLE invoice_series (
    series  TEXT COLLATE "C" NOT NULL,
    year    BIGINT NOT NULL,
    last    BIGINT NOT NULL CHECK (last >= 1),
    last_on TEXT NOT NULL,
    PRIMARY KEY (series, year)
);

CREATE TABLE invoices (
    number           TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    client           TEXT COLLATE "C" NOT NULL,
    kind             TEXT NOT NULL CHECK (kind IN ('invoice', 'credit-note')),
    series           TEXT COLLATE "C" NOT NULL,
    year             BIGINT NOT NULL,
    sequence         BIGINT NOT NULL CHECK (sequence >= 1),
    issued_on        TEXT COLLATE "C" NOT NULL,
    month            TEXT COLLATE "C",
    occasion         TEXT COLLATE "C" NOT NULL UNIQUE,
    corrects         TEXT COLLATE "C",
    net              BIGINT NOT NULL,
    vat              BIGINT NOT NULL,
    gross            BIGINT NOT NULL,
    document         TEXT NOT NULL,
    sha256           TEXT NOT NULL,
    explanation      TEXT NOT NULL,
    inventory_number BIGINT NOT NULL,
    issued_by        TEXT NOT NULL,
    issued_at_us     BIGINT NOT NULL,
    UNIQUE (series, year, sequence)
);
CREATE INDEX invoices_by_client ON invoices (client, issued_on);

-- What each line charged or gave back, by the key under which later runs take it off.
CREATE TABLE charges (
    position      BIGINT PRIMARY KEY NOT NULL,
    client        TEXT COLLATE "C" NOT NULL,
    number        TEXT COLLATE "C" NOT NULL REFERENCES invoices (number),
    line          BIGINT NOT NULL,
    month         TEXT COLLATE "C" NOT NULL,
    kind          TEXT NOT NULL,
    price         BIGINT NOT NULL,
    reference     TEXT NOT NULL,
    cents         BIGINT NOT NULL,
    amount        BIGINT NOT NULL,
    waived        BIGINT NOT NULL CHECK (waived IN (0, 1)),
    corrects_line BIGINT,
    UNIQUE (number, line)
);
CREATE INDEX charges_by_client ON charges (client, position);

-- Bytes that were archived, by their checksum.
CREATE TABLE invoice_files (
    number         TEXT COLLATE "C" NOT NULL REFERENCES invoices (number),
    name           TEXT COLLATE "C" NOT NULL,
    sha256         TEXT NOT NULL,
    size_bytes     BIGINT NOT NULL,
    archived_at_us BIGINT NOT NULL,
    PRIMARY KEY (number, name)
);

-- Notices of renewal that were sent, with what proves it.
CREATE TABLE renewal_notices (
    position       BIGINT PRIMARY KEY NOT NULL,
    client         TEXT COLLATE "C" NOT NULL,
    term           TEXT COLLATE "C" NOT NULL,
    sent_on        TEXT NOT NULL,
    means          TEXT NOT NULL,
    proof          TEXT NOT NULL,
    recorded_by    TEXT NOT NULL,
    recorded_at_us BIGINT NOT NULL
);

-- Money that moved. Nothing is deleted: a returned payment is a row that names the one it reverses.
CREATE TABLE payments (
    position       BIGINT PRIMARY KEY NOT NULL,
    client         TEXT COLLATE "C" NOT NULL,
    number         TEXT COLLATE "C" REFERENCES invoices (number),
    kind           TEXT NOT NULL CHECK (kind IN ('payment', 'refund', 'return')),
    cents          BIGINT NOT NULL CHECK (cents > 0),
    moved_on       TEXT NOT NULL,
    means          TEXT NOT NULL,
    reference      TEXT NOT NULL,
    reverses       BIGINT UNIQUE REFERENCES payments (position),
    recorded_by    TEXT NOT NULL,
    recorded_at_us BIGINT NOT NULL
);
CREATE INDEX payments_by_client ON payments (client, position);

CREATE TRIGGER support_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON support_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER consents_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON consents
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER invoices_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON invoices
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER charges_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON charges
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER invoice_files_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON invoice_files
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER renewal_notices_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON renewal_notices
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER payments_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payments
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
