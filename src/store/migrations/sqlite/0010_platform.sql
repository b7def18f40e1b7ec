-- Files handed to e-invoicing platforms and to Chorus Pro, and the life-cycle statuses of documents.

CREATE TABLE platform_files (
    -- Our own name of the file, for ever.
    tracking      TEXT PRIMARY KEY NOT NULL,
    client        TEXT NOT NULL,
    number        TEXT NOT NULL REFERENCES invoices (number),
    what          TEXT NOT NULL CHECK (what IN ('document', 'status')),
    route         TEXT NOT NULL CHECK (route IN ('platform', 'chorus')),
    -- The file of a status; empty for a document, whose file is in the archive.
    content       TEXT NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('waiting', 'filed', 'accepted', 'refused')),
    -- The platform's name of it.
    flow          TEXT,
    attempts      INTEGER NOT NULL CHECK (attempts >= 0),
    answer        TEXT NOT NULL,
    put_by        TEXT NOT NULL,
    put_at_us     INTEGER NOT NULL,
    changed_at_us INTEGER NOT NULL
) STRICT;
CREATE INDEX platform_files_by_number ON platform_files (number);

CREATE TABLE invoice_statuses (
    position       INTEGER PRIMARY KEY NOT NULL,
    client         TEXT NOT NULL,
    number         TEXT NOT NULL REFERENCES invoices (number),
    code           INTEGER NOT NULL,
    direction      TEXT NOT NULL CHECK (direction IN ('in', 'out')),
    at_us          INTEGER NOT NULL,
    reason         TEXT,
    collected      TEXT NOT NULL,
    -- Tells it apart from every other one: read again it is the same.
    reference      TEXT NOT NULL UNIQUE,
    seen_at_us     INTEGER NOT NULL,
    recorded_at_us INTEGER NOT NULL
) STRICT;
CREATE INDEX invoice_statuses_by_number ON invoice_statuses (number, position);

CREATE TRIGGER platform_files_no_delete BEFORE DELETE ON platform_files
BEGIN SELECT RAISE(ABORT, 'files that were handed over are kept'); END;
CREATE TRIGGER invoice_statuses_no_update BEFORE UPDATE ON invoice_statuses
BEGIN SELECT RAISE(ABORT, 'invoice_statuses is append-only'); END;
CREATE TRIGGER invoice_statuses_no_delete BEFORE DELETE ON invoice_statuses
BEGIN SELECT RAISE(ABORT, 'invoice_statuses is append-only'); END;
