//! French legal identity numbers: SIREN, SIRET, RNA, VAT (filled by the inventory slice).
