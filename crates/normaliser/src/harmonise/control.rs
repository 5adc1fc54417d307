//! What a file states about itself in its control records, compared with what was read.

use model::{
    Code, ControlField, ControlStatement, Dataset, DeliveryScope, Encoding, FieldIndex, FieldType, MunicipalityCode,
    Notice, Period, Refusal, Source, format_decimal,
};

use super::number::NumberCaster;
use super::quote::shown;

/// The totals of one delivery.
#[derive(Debug, Clone, Default)]
pub(crate) struct ControlTotals {
    /// Data records: rows and broken rows.
    pub(crate) rows: u64,
    /// The sums that the file states, each over every row whose amount could be read.
    pub(crate) sums: Vec<FieldTotal>,
}

/// The total of one field.
#[derive(Debug, Clone)]
pub(crate) struct FieldTotal {
    field: FieldIndex,
    name: String,
    scale: u8,
    sum: i128,
    /// Rows whose amount could not be read.
    unread: u64,
}

impl ControlTotals {
    /// Totals for all sums that the source's control records state.
    pub(crate) fn new(source: &Source, dataset: &Dataset) -> Self {
        let records = source.control.header.iter().chain(&source.control.trailer);
        let mut sums: Vec<FieldTotal> = Vec::new();
        for (stated, ..) in records.flat_map(|record| &record.states) {
            if let ControlField::Sum(field) = stated
                && sums.iter().all(|total| total.field != *field)
            {
                let (name, scale) = (dataset.field(*field).name.to_string(), scale_of(&dataset.field(*field).ty));
                sums.push(FieldTotal { field: *field, name, scale, sum: 0, unread: 0 });
            }
        }
        Self { rows: 0, sums }
    }

    /// Adds the amounts of a batch, and how many could not be read.
    pub(crate) fn add(&mut self, field: FieldIndex, amounts: impl Iterator<Item = i64>, unread: u64) {
        if let Some(total) = self.sums.iter_mut().find(|total| total.field == field) {
            total.sum += amounts.map(i128::from).sum::<i128>();
            total.unread += unread;
        }
    }

    /// Adds records that could not be split into cells.
    pub(crate) fn add_broken(&mut self, rows: u64) {
        self.rows += rows;
        self.sums.iter_mut().for_each(|total| total.unread += rows);
    }

    /// Adds what another thread read of the same delivery.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.rows += other.rows;
        for (total, other) in self.sums.iter_mut().zip(&other.sums) {
            total.sum += other.sum;
            total.unread += other.unread;
        }
    }

    /// Compares the statements; a notice for each that cannot be decided.
    pub(crate) fn compare(
        &self,
        statements: &[ControlStatement],
        scope: &DeliveryScope,
    ) -> Result<Vec<Notice>, Refusal> {
        let mut notices = Vec::new();
        for statement in statements {
            match &statement.field {
                ControlField::Municipality => compare_municipality(statement, scope)?,
                ControlField::Period => compare_period(statement, scope)?,
                ControlField::Rows => self.compare_rows(statement)?,
                ControlField::Sum(field) => notices.extend(self.compare_sum(statement, *field)?),
            }
        }
        Ok(notices)
    }

    fn compare_rows(&self, statement: &ControlStatement) -> Result<(), Refusal> {
        let stated = number(statement, 0)?;
        if i128::from(stated) == i128::from(self.rows) {
            return Ok(());
        }
        Err(mismatch(statement, &format!("{stated} rows, but the file has {}", self.rows)))
    }

    fn compare_sum(&self, statement: &ControlStatement, field: FieldIndex) -> Result<Option<Notice>, Refusal> {
        let Some(total) = self.sums.iter().find(|total| total.field == field) else { return Ok(None) };
        let stated = i128::from(number(statement, total.scale)?);
        if stated == total.sum {
            return Ok(None);
        }
        let (wanted, found) = (format_decimal(stated, total.scale), format_decimal(total.sum, total.scale));
        if total.unread == 0 {
            return Err(mismatch(
                statement,
                &format!("{wanted} as the sum of `{}`, but the rows give {found}", total.name),
            ));
        }
        let unread = total.unread;
        let message = format!(
            "the control record states {wanted} as the sum of `{}`; the rows that could be read give {found}, and {unread} could not be read",
            total.name
        );
        Ok(Some(Notice { code: Code::CONTROL_MISMATCH, message, rows: unread, first_line: Some(statement.line) }))
    }
}

fn scale_of(ty: &FieldType) -> u8 {
    match ty {
        FieldType::Decimal { scale, .. } => *scale,
        _ => 0,
    }
}

fn number(statement: &ControlStatement, scale: u8) -> Result<i64, Refusal> {
    let text = statement.text.trim();
    // Statements arrive decoded, whatever the file's encoding.
    let caster = NumberCaster::new(&statement.number, Encoding::Utf8, scale, i64::MAX.unsigned_abs());
    caster
        .cast(text.as_bytes())
        .map_err(|fault| mismatch(statement, &format!("`{}`, which {}", shown(text, false), fault.what)))
}

fn compare_municipality(statement: &ControlStatement, scope: &DeliveryScope) -> Result<(), Refusal> {
    let Some(expected) = scope.municipality else { return Ok(()) };
    let text = statement.text.trim();
    if MunicipalityCode::new(&format!("{text:0>4}")) == Some(expected) {
        return Ok(());
    }
    Err(mismatch(
        statement,
        &format!("the municipality `{}`, but the delivery is about {expected}", shown(text, false)),
    ))
}

fn compare_period(statement: &ControlStatement, scope: &DeliveryScope) -> Result<(), Refusal> {
    let Some(expected) = scope.period else { return Ok(()) };
    let text = statement.text.trim();
    if Period::parse_compact(expected.kind(), text) == Some(expected) {
        return Ok(());
    }
    Err(mismatch(statement, &format!("the period `{}`, but the delivery is about {expected}", shown(text, false))))
}

fn mismatch(statement: &ControlStatement, what: &str) -> Refusal {
    Refusal::new(Code::CONTROL_MISMATCH, format!("the control record states {what}")).at_line(statement.line)
}
