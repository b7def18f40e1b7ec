-- Files handed to e-invoicing platforms and to Chorus Pro, and the life-cycle statuses of documents.

CREATE TABLE platform_files (
    -- Our own name of the file, for ever.
    tracking      TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    client        TEXT COLLATE "C" NOT NULL,
    number        TEXT COLLATE "C" NOT NULL REFERENCES invoices (number),
    what          TEXT NOT NULL CHECK (what IN ('document', 'status')),
    route         TEXT NOT NULL CHECK (route IN ('platform', 'chorus')),
    -- The file of a status; empty for a document, whose file is in the archive.
    content       TEXT NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('waiting', 'filed', 'accepted', 'refused')),
    -- The platform's name of it.
    flow          TEXT,
    attempts      BIGINT NOT NULL CHECK (attempts >= 0),
    answer        TEXT NOT NULL,
    put_by        TEXT NOT NULL,
    put_at_us     BIGINT NOT NULL,
    changed_at_us BIGINT NOT NULL
);
CREATE INDEX platform_files_by_number ON platform_files (number);

CREATE TABLE invoice_statuses (
    position       BIGINT PRIMARY KEY NOT NULL,
    client         TEXT COLLATE "C" NOT NULL,
    number         TEXT COLLATE "C" NOT NULL REFERENCES invoices (number),
    code           BIGINT NOT NULL,
    direction      TEXT NOT NULL CHECK (direction IN ('in', 'out')),
    at_us          BIGINT NOT NULL,
    reason         TEXT,
    collected      TEXT NOT NULL,
    -- Tells it apart from every other one: read again it is the same.
    reference      TEXT COLLATE "C" NOT NULL UNIQUE,
    seen_at_us     BIGINT NOT NULL,
    recorded_at_us BIGINT NOT NULL
);
CREATE INDEX invoice_statuses_by_number ON invoice_statuses (number, position);

CREATE TRIGGER platform_files_no_delete BEFORE DELETE OR TRUNCATE ON platform_files
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER invoice_statuses_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON invoice_statuses
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
