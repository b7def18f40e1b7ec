//! Statements carried out on Dolibarr's tables; everything else is refused in MariaDB's words.

use super::DolibarrState;
use super::statement::{Condition, OnRepeat, Shown, Statement, Term, Test, parse};
use super::tables::{Row, Table};
use crate::world::Moment;
use crate::yunohost::when;

/// What a statement gives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SqlResult {
    /// Headings of a SELECT.
    pub columns: Vec<String>,
    /// Its rows; `None` is NULL.
    pub rows: Vec<Vec<Option<String>>>,
    /// How many rows another statement touched, counted as MariaDB counts.
    pub affected: u64,
}

/// A refusal with MariaDB's number and state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("ERROR {number} ({state}) at line 1: {text}")]
pub struct SqlError {
    /// MariaDB's error number.
    pub number: u16,
    /// SQLSTATE.
    pub state: &'static str,
    /// The sentence.
    pub text: String,
}

impl SqlError {
    fn syntax(rest: &str) -> SqlError {
        let text = format!(
            "You have an error in your SQL syntax; check the manual that corresponds to your MariaDB server version for the right syntax to use near '{rest}' at line 1"
        );
        SqlError { number: 1064, state: "42000", text }
    }

    fn no_column(name: &str, clause: &str) -> SqlError {
        SqlError { number: 1054, state: "42S22", text: format!("Unknown column '{name}' in '{clause}'") }
    }
}

/// Carries out one statement.
///
/// # Errors
/// MariaDB's own for a syntax that is not simulated, an unknown table or column, a repeated unique key.
pub fn sql(state: &mut DolibarrState, statement: &str, now: Moment) -> Result<SqlResult, SqlError> {
    let statement = parse(statement.trim()).map_err(|rest| SqlError::syntax(&rest))?;
    let stamp = when::date_and_time(now);
    match statement {
        Statement::Select { shown, table, conditions, order, limit } => {
            let table = table_of(state, &table)?;
            select(table, &shown, &conditions, &order, limit, &stamp)
        }
        Statement::Insert { table, columns, rows, on_repeat } => {
            let table = table_of(state, &table)?;
            check_columns(table, columns.iter(), "INSERT INTO")?;
            insert(table, &columns, rows, &on_repeat, &stamp)
        }
        Statement::Update { table, changes, conditions } => {
            let table = table_of(state, &table)?;
            check_columns(table, changes.iter().map(|(name, _)| name), "SET")?;
            check_columns(table, conditions.iter().map(|one| &one.column), "WHERE")?;
            Ok(update(table, &changes, &conditions, &stamp))
        }
        Statement::Delete { table, conditions } => {
            let table = table_of(state, &table)?;
            check_columns(table, conditions.iter().map(|one| &one.column), "WHERE")?;
            let before = table.rows.len();
            table.rows.retain(|row| !holds(row, &conditions, &stamp));
            Ok(SqlResult { affected: (before - table.rows.len()) as u64, ..SqlResult::default() })
        }
    }
}

fn table_of<'a>(state: &'a mut DolibarrState, name: &str) -> Result<&'a mut Table, SqlError> {
    let unknown = SqlError { number: 1146, state: "42S02", text: format!("Table 'dolibarr.{name}' doesn't exist") };
    state.tables.get_mut(name).ok_or(unknown)
}

fn check_columns<'a>(table: &Table, names: impl Iterator<Item = &'a String>, clause: &str) -> Result<(), SqlError> {
    for name in names {
        if !table.has(name) {
            return Err(SqlError::no_column(name, clause));
        }
    }
    Ok(())
}

fn select(
    table: &Table,
    shown: &Shown,
    conditions: &[Condition],
    order: &[(String, bool)],
    limit: Option<usize>,
    stamp: &str,
) -> Result<SqlResult, SqlError> {
    check_columns(table, conditions.iter().map(|one| &one.column), "WHERE")?;
    check_columns(table, order.iter().map(|(name, _)| name), "ORDER BY")?;
    let mut found: Vec<&Row> = table.rows.iter().filter(|row| holds(row, conditions, stamp)).collect();
    for (column, descending) in order.iter().rev() {
        found.sort_by_key(|row| sort_key(row, column));
        if *descending {
            found.reverse();
        }
    }
    found.truncate(limit.unwrap_or(usize::MAX));
    let columns = match shown {
        Shown::Count(heading) => {
            let rows = vec![vec![Some(found.len().to_string())]];
            return Ok(SqlResult { columns: vec![heading.clone()], rows, affected: 0 });
        }
        Shown::All => table.columns.iter().map(|(name, _)| (name.clone(), name.clone())).collect(),
        Shown::Columns(columns) => columns.clone(),
    };
    check_columns(table, columns.iter().map(|(name, _)| name), "SELECT")?;
    let cells = |row: &&Row| columns.iter().map(|(name, _)| row.get(name).cloned().flatten()).collect();
    let rows = found.iter().map(cells).collect();
    Ok(SqlResult { columns: columns.into_iter().map(|(_, heading)| heading).collect(), rows, affected: 0 })
}

/// NULL first, then numbers by value, then text.
fn sort_key(row: &Row, column: &str) -> (bool, i64, String) {
    match row.get(column).and_then(Option::as_ref) {
        None => (false, 0, String::new()),
        Some(text) => match text.parse() {
            Ok(number) => (true, number, String::new()),
            Err(_) => (true, i64::MAX, text.to_lowercase()),
        },
    }
}

fn insert(
    table: &mut Table,
    columns: &[String],
    rows: Vec<Vec<Term>>,
    on_repeat: &OnRepeat,
    stamp: &str,
) -> Result<SqlResult, SqlError> {
    if let OnRepeat::Update(changes) = on_repeat {
        check_columns(table, changes.iter().map(|(name, _)| name), "SET")?;
    }
    let mut affected = 0;
    for (number, terms) in rows.into_iter().enumerate() {
        if terms.len() != columns.len() {
            let text = format!("Column count doesn't match value count at row {}", number + 1);
            return Err(SqlError { number: 1136, state: "21S01", text });
        }
        let given: Row = columns.iter().cloned().zip(terms.iter().map(|term| value(term, None, stamp))).collect();
        let row = table.complete(given);
        match (table.conflict(&row), on_repeat) {
            (None, _) => {
                table.rows.push(row);
                affected += 1;
            }
            (Some((_, text)), OnRepeat::Fail) => return Err(SqlError { number: 1062, state: "23000", text }),
            (Some(_), OnRepeat::Skip) => {}
            (Some((mut at, _)), OnRepeat::Replace) => {
                // A row may repeat the keys of several others: all of them go.
                affected += 1;
                loop {
                    table.rows.remove(at);
                    affected += 1;
                    match table.conflict(&row) {
                        Some((next, _)) => at = next,
                        None => break,
                    }
                }
                table.rows.push(row);
            }
            (Some((at, _)), OnRepeat::Update(changes)) => {
                let before = table.rows[at].clone();
                for (name, term) in changes {
                    table.rows[at].insert(name.clone(), value(term, Some(&row), stamp));
                }
                affected += if table.rows[at] == before { 0 } else { 2 };
            }
        }
    }
    Ok(SqlResult { affected, ..SqlResult::default() })
}

fn update(table: &mut Table, changes: &[(String, Term)], conditions: &[Condition], stamp: &str) -> SqlResult {
    let mut affected = 0;
    for row in table.rows.iter_mut().filter(|row| holds(row, conditions, stamp)) {
        let before = row.clone();
        for (name, term) in changes {
            let new = value(term, Some(&before), stamp);
            row.insert(name.clone(), new);
        }
        affected += u64::from(*row != before);
    }
    SqlResult { affected, ..SqlResult::default() }
}

fn value(term: &Term, row: Option<&Row>, stamp: &str) -> Option<String> {
    match term {
        Term::Text(text) => Some(text.clone()),
        Term::Null => None,
        Term::Now => Some(stamp.to_owned()),
        Term::Column(name) => row.and_then(|row| row.get(name).cloned().flatten()),
    }
}

fn holds(row: &Row, conditions: &[Condition], stamp: &str) -> bool {
    conditions.iter().all(|condition| {
        let cell = row.get(&condition.column).and_then(Option::as_deref);
        // MariaDB's usual collation does not tell upper from lower case.
        let equal = |term: &Term| {
            cell.is_some_and(|cell| {
                value(term, Some(row), stamp).is_some_and(|other| cell.eq_ignore_ascii_case(&other))
            })
        };
        match &condition.test {
            Test::Is(term) => equal(term),
            Test::IsNot(term) => cell.is_some() && !matches!(term, Term::Null) && !equal(term),
            Test::Among(terms) => terms.iter().any(equal),
            Test::Like(pattern) => cell.is_some_and(|cell| like(&cell.to_lowercase(), &pattern.to_lowercase())),
            Test::Null => cell.is_none(),
            Test::NotNull => cell.is_some(),
        }
    })
}

/// `%` stands for any text, `_` for one character.
fn like(text: &str, pattern: &str) -> bool {
    match pattern.chars().next() {
        None => text.is_empty(),
        Some('%') => {
            (0..=text.len()).filter(|at| text.is_char_boundary(*at)).any(|at| like(&text[at..], &pattern[1..]))
        }
        Some(one) => text.chars().next().is_some_and(|first| {
            (one == '_' || one == first) && like(&text[first.len_utf8()..], &pattern[one.len_utf8()..])
        }),
    }
}
