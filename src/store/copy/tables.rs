//! The tables and their columns, as the migrations made them. A test compares this list with the tables of a store.

/// The two kinds of column that a store has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    Text,
}

/// A value of a column.
pub(super) enum Cell {
    Number(Option<i64>),
    Text(Option<String>),
}

/// A table.
pub(super) struct Table {
    pub(super) name: &'static str,
    /// How many of the first columns make its key.
    key_columns: usize,
    pub(super) columns: &'static [(&'static str, Kind)],
}

use Kind::{Number, Text};

/// Every table, those that others refer to first.
pub(super) const TABLES: &[Table] = &[
    Table { name: "counters", key_columns: 1, columns: &[("name", Text), ("value", Number)] },
    Table {
        name: "inventory_versions",
        key_columns: 1,
        columns: &[
            ("number", Number),
            ("content_hash", Text),
            ("model", Text),
            ("files", Text),
            ("accepted_by", Text),
            ("accepted_at_us", Number),
            ("difference", Text),
        ],
    },
    Table {
        name: "vm_ids",
        key_columns: 1,
        columns: &[("vmid", Number), ("instance", Text), ("reserved_at_us", Number)],
    },
    Table {
        name: "plans",
        key_columns: 1,
        columns: &[
            ("id", Text),
            ("inventory_number", Number),
            ("scope", Text),
            ("content", Text),
            ("observed_digest", Text),
            ("created_at_us", Number),
        ],
    },
    Table {
        name: "runs",
        key_columns: 1,
        columns: &[
            ("id", Text),
            ("plan_id", Text),
            ("scope", Text),
            ("started_by", Text),
            ("started_at_us", Number),
            ("outcome", Text),
            ("finished_at_us", Number),
            ("summary", Text),
        ],
    },
    Table {
        name: "journal",
        key_columns: 1,
        columns: &[
            ("position", Number),
            ("run_id", Text),
            ("sequence", Number),
            ("subject", Text),
            ("action_key", Text),
            ("state", Text),
            ("detail", Text),
            ("at_us", Number),
        ],
    },
    Table {
        name: "leases",
        key_columns: 1,
        columns: &[("name", Text), ("holder", Text), ("until_us", Number), ("fence", Number)],
    },
    Table {
        name: "observation_series",
        key_columns: 3,
        columns: &[("subject_kind", Text), ("subject_id", Text), ("what", Text), ("last", Number)],
    },
    Table {
        name: "observations",
        key_columns: 4,
        columns: &[
            ("subject_kind", Text),
            ("subject_id", Text),
            ("what", Text),
            ("sequence", Number),
            ("scope", Text),
            ("value", Text),
            ("observed_at_us", Number),
        ],
    },
    Table {
        name: "host_keys",
        key_columns: 1,
        columns: &[("subject", Text), ("host_key", Text), ("source", Text), ("pinned_at_us", Number)],
    },
    Table { name: "vault", key_columns: 1, columns: &[("id", Number), ("key_id", Text)] },
    Table {
        name: "secrets",
        key_columns: 1,
        columns: &[
            ("name", Text),
            ("version", Number),
            ("nonce", Text),
            ("ciphertext", Text),
            ("set_at_us", Number),
            ("handed_over_at_us", Number),
        ],
    },
    Table {
        name: "departures",
        key_columns: 4,
        columns: &[
            ("client", Text),
            ("person", Text),
            ("instance", Text),
            ("ended_on", Text),
            ("data_kept_until", Text),
            ("recorded_at_us", Number),
            ("deleted_at_us", Number),
        ],
    },
    Table {
        name: "looks",
        key_columns: 3,
        columns: &[
            ("subject_kind", Text),
            ("subject_id", Text),
            ("what", Text),
            ("scope", Text),
            ("tried_at_us", Number),
            ("failures", Number),
            ("failing_since_us", Number),
            ("obstacle", Text),
            ("seen_at_us", Number),
            ("seen", Text),
        ],
    },
    Table {
        name: "marker_nonces",
        key_columns: 2,
        columns: &[
            ("instance", Text),
            ("nonce", Text),
            ("scope", Text),
            ("made_at_us", Number),
            ("seen_at_us", Number),
            ("marker", Text),
        ],
    },
    Table {
        name: "drills",
        key_columns: 1,
        columns: &[
            ("id", Text),
            ("scope", Text),
            ("instance", Text),
            ("number", Number),
            ("origin", Text),
            ("verdict", Text),
            ("backup_at_us", Number),
            ("began_at_us", Number),
            ("ended_at_us", Number),
            ("previous_hash", Text),
            ("hash", Text),
            ("record", Text),
        ],
    },
    Table {
        name: "restores",
        key_columns: 1,
        columns: &[
            ("id", Text),
            ("purpose", Text),
            ("scope", Text),
            ("instance", Text),
            ("site", Text),
            ("vmid", Number),
            ("state", Text),
            ("task", Text),
            ("detail", Text),
            ("begun_at_us", Number),
            ("changed_at_us", Number),
        ],
    },
    Table {
        name: "support_entries",
        key_columns: 1,
        columns: &[
            ("position", Number),
            ("client", Text),
            ("kind", Text),
            ("started_at_us", Number),
            ("minutes", Number),
            ("words", Text),
            ("not_accounted", Text),
            ("corrects", Number),
            ("reason", Text),
            ("recorded_by", Text),
            ("recorded_at_us", Number),
        ],
    },
    Table {
        name: "consents",
        key_columns: 1,
        columns: &[
            ("position", Number),
            ("request", Number),
            ("step", Number),
            ("state", Text),
            ("client", Text),
            ("year_from", Text),
            ("minutes", Number),
            ("price", Number),
            ("approver", Text),
            ("words", Text),
            ("recorded_by", Text),
            ("recorded_at_us", Number),
        ],
    },
    Table {
        name: "invoice_series",
        key_columns: 2,
        columns: &[("series", Text), ("year", Number), ("last", Number), ("last_on", Text)],
    },
    Table {
        name: "invoices",
        key_columns: 1,
        columns: &[
            ("number", Text),
            ("client", Text),
            ("kind", Text),
            ("series", Text),
            ("year", Number),
            ("sequence", Number),
            ("issued_on", Text),
            ("month", Text),
            ("occasion", Text),
            ("corrects", Text),
            ("net", Number),
            ("vat", Number),
            ("gross", Number),
            ("document", Text),
            ("sha256", Text),
            ("explanation", Text),
            ("inventory_number", Number),
            ("issued_by", Text),
            ("issued_at_us", Number),
        ],
    },
    Table {
        name: "charges",
        key_columns: 1,
        columns: &[
            ("position", Number),
            ("client", Text),
            ("number", Text),
            ("line", Number),
            ("month", Text),
            ("kind", Text),
            ("price", Number),
            ("reference", Text),
            ("cents", Number),
            ("amount", Number),
            ("waived", Number),
            ("corrects_line", Number),
        ],
    },
    Table {
        name: "invoice_files",
        key_columns: 2,
        columns: &[
            ("number", Text),
            ("name", Text),
            ("sha256", Text),
            ("size_bytes", Number),
            ("archived_at_us", Number),
        ],
    },
    Table {
        name: "renewal_notices",
        key_columns: 1,
        columns: &[
            ("position", Number),
            ("client", Text),
            ("term", Text),
            ("sent_on", Text),
            ("means", Text),
            ("proof", Text),
            ("recorded_by", Text),
            ("recorded_at_us", Number),
        ],
    },
    Table {
        name: "payments",
        key_columns: 1,
        columns: &[
            ("position", Number),
            ("client", Text),
            ("number", Text),
            ("kind", Text),
            ("cents", Number),
            ("moved_on", Text),
            ("means", Text),
            ("reference", Text),
            ("reverses", Number),
            ("recorded_by", Text),
            ("recorded_at_us", Number),
        ],
    },
    Table {
        name: "job_attempts",
        key_columns: 4,
        columns: &[
            ("kind", Text),
            ("subject", Text),
            ("due_at_us", Number),
            ("attempt", Number),
            ("holder", Text),
            ("fence", Number),
            ("began_at_us", Number),
            ("ended_at_us", Number),
            ("outcome", Text),
            ("words", Text),
            ("retry_at_us", Number),
        ],
    },
    Table {
        name: "job_orders",
        key_columns: 1,
        columns: &[
            ("id", Text),
            ("kind", Text),
            ("scope", Text),
            ("content", Text),
            ("ordered_by", Text),
            ("ordered_at_us", Number),
            ("ended_at_us", Number),
            ("outcome", Text),
            ("words", Text),
        ],
    },
    Table {
        name: "outbox",
        key_columns: 1,
        columns: &[
            ("position", Number),
            ("mail_key", Text),
            ("scope", Text),
            ("kind", Text),
            ("about", Text),
            ("recipient", Text),
            ("subject", Text),
            ("message", Text),
            ("confidential", Number),
            ("state", Text),
            ("attempts", Number),
            ("not_before_us", Number),
            ("holder", Text),
            ("until_us", Number),
            ("handed_over", Number),
            ("answer", Text),
            ("put_by", Text),
            ("put_at_us", Number),
            ("changed_at_us", Number),
        ],
    },
    Table {
        name: "outbox_events",
        key_columns: 1,
        columns: &[
            ("position", Number),
            ("mail", Number),
            ("state", Text),
            ("answer", Text),
            ("by_whom", Text),
            ("at_us", Number),
        ],
    },
    Table {
        name: "accounts",
        key_columns: 1,
        columns: &[
            ("name", Text),
            ("full_name", Text),
            ("email", Text),
            ("role", Text),
            ("password", Text),
            ("disabled_at_us", Number),
            ("created_at_us", Number),
            ("changed_at_us", Number),
        ],
    },
    Table {
        name: "factors",
        key_columns: 1,
        columns: &[("subject", Text), ("since_us", Number), ("last_step", Number)],
    },
    Table {
        name: "recovery_codes",
        key_columns: 2,
        columns: &[("subject", Text), ("code_hash", Text), ("used_at_us", Number)],
    },
    Table {
        name: "entry_links",
        key_columns: 1,
        columns: &[
            ("id", Text),
            ("purpose", Text),
            ("subject", Text),
            ("token_hash", Text),
            ("code_hash", Text),
            ("tries", Number),
            ("made_at_us", Number),
            ("ends_at_us", Number),
            ("used_at_us", Number),
        ],
    },
    Table {
        name: "sessions",
        key_columns: 1,
        columns: &[
            ("id", Text),
            ("token_hash", Text),
            ("subject", Text),
            ("state", Text),
            ("began_at_us", Number),
            ("seen_at_us", Number),
            ("ends_at_us", Number),
            ("ended_at_us", Number),
            ("agent", Text),
            ("address", Text),
        ],
    },
    Table { name: "attempts", key_columns: 2, columns: &[("name", Text), ("window_us", Number), ("count", Number)] },
    Table {
        name: "audit",
        key_columns: 1,
        columns: &[
            ("position", Number),
            ("at_us", Number),
            ("actor", Text),
            ("action", Text),
            ("scope", Text),
            ("detail", Text),
            ("previous", Text),
            ("hash", Text),
        ],
    },
    Table {
        name: "requests",
        key_columns: 1,
        columns: &[
            ("position", Number),
            ("request", Number),
            ("step", Number),
            ("state", Text),
            ("form", Text),
            ("client", Text),
            ("kind", Text),
            ("detail", Text),
            ("recorded_by", Text),
            ("recorded_at_us", Number),
        ],
    },
];

impl Table {
    fn column_names(&self) -> String {
        self.columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    }

    /// Reads every row in the order of the key.
    pub(super) fn select(&self) -> String {
        let key = self.columns[..self.key_columns].iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        format!("SELECT {} FROM {} ORDER BY {key}", self.column_names(), self.name)
    }

    /// Writes one row.
    pub(super) fn insert(&self) -> String {
        let values = (1..=self.columns.len()).map(|place| format!("${place}")).collect::<Vec<_>>().join(", ");
        format!("INSERT INTO {} ({}) VALUES ({values})", self.name, self.column_names())
    }
}
