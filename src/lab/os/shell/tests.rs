//! The shell, rule by rule.
