//! A strip of rows, and what is known of each before its other fields are cast: its day, and whose persons it names.

use model::{Column, ColumnData, MunicipalityCode, RawBatch, RecordBatch, RowAddress};

use super::Harmoniser;

/// A strip of rows of a batch, and what is already known of them.
pub(crate) struct Rows<'a> {
    pub(crate) raw: &'a RawBatch,
    /// The first of them in the raw batch.
    pub(crate) from: usize,
    /// How many they are.
    pub(crate) len: usize,
    /// The first of them in the accepted batch.
    pub(crate) base: usize,
    pub(crate) plan: &'a Harmoniser,
}

/// The days of the rows, where the time field could be read.
pub(super) struct Days<'a> {
    pub(super) values: &'a [i32],
    valid: &'a [bool],
}

impl Days<'_> {
    #[inline]
    pub(super) fn at(&self, row: usize) -> Option<i32> {
        self.valid[row].then(|| self.values[row])
    }
}

/// The municipalities whose key hides the persons of the rows.
pub(super) enum Owners<'a> {
    Delivery(MunicipalityCode),
    Rows { values: &'a [u32], valid: &'a [bool], codes: &'a [Option<MunicipalityCode>] },
}

impl Owners<'_> {
    #[inline]
    pub(super) fn at(&self, row: usize) -> Option<MunicipalityCode> {
        match self {
            Self::Delivery(code) => Some(*code),
            Self::Rows { values, valid, codes } => {
                codes.get(values[row] as usize).copied().flatten().filter(|_| valid[row])
            }
        }
    }
}

impl Rows<'_> {
    /// The place of a row in the file.
    pub(crate) fn address(&self, row: usize) -> RowAddress {
        self.raw.rows[self.from + row]
    }

    pub(super) fn days<'b>(&self, known: &'b RecordBatch) -> Days<'b> {
        let Column { data: ColumnData::Date(values), valid } = &known.columns[self.plan.time] else {
            unreachable!("the time field is a day")
        };
        Days { values: &values[self.base..], valid: &valid[self.base..] }
    }

    pub(super) fn owners<'b>(&'b self, known: &'b RecordBatch) -> Owners<'b> {
        if let Some(code) = self.plan.delivery_municipality {
            return Owners::Delivery(code);
        }
        let Column { data: ColumnData::Code(values), valid } = &known.columns[self.plan.municipality] else {
            unreachable!("the municipality field is a code")
        };
        Owners::Rows { values: &values[self.base..], valid: &valid[self.base..], codes: &self.plan.municipalities }
    }
}
