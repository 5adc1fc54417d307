//! One canonical field: where its cells come from, how they are cast, and what is done with those that are no value.
//!
//! While rows are read the kind of the field is looked at once a strip; the loop over the rows lies inside. Most cells
//! go the quick way, which knows the usual dress of the field's values and answers nothing but the value. Every other
//! cell, good or bad, is prepared and cast once more by the careful way, which has the last word and the reasons.

use model::{CellSpan, Code, Column, ColumnData, ColumnKind, Encoding, RangeRule, RecordBatch, TextData};

use super::ambiguity::Ambiguities;
use super::cell::{Preparation, Prepared, WIDEST};
use super::code::CodeCaster;
use super::date::DateCaster;
use super::digits::Cell;
use super::fault::{Failures, Fault, FaultPlace};
use super::notice::{RemarkIndex, Remarks};
use super::number::NumberCaster;
use super::person::{PersonCaster, PersonClass, PersonMemory};
use super::quote::quoted;
use super::rows::Rows;
use super::text::{TextCaster, TextRemarks, TextStrip};
use super::value::{Sign, boolean, bounds, no_boolean, no_sign, shown_day, signed, within};

/// What is found out about the rows of a batch.
pub(crate) struct Findings {
    pub(crate) failures: Failures,
    pub(crate) remarks: Remarks,
    pub(crate) ambiguities: Ambiguities,
}

/// What a thread remembers of a field from row to row.
pub(crate) enum FieldMemory {
    /// Nothing.
    None,
    /// Room for the texts of a strip.
    Texts(Box<TextStrip>),
    /// The persons seen before.
    Persons(Box<PersonMemory>),
}

/// A compiled field.
pub(crate) struct FieldPlan {
    pub(super) cells: FieldCells,
    pub(super) caster: Caster,
}

/// The cells of a field, and how its faults are told.
pub(super) struct FieldCells {
    /// The position in the dataset, and of the canonical column.
    pub(super) index: usize,
    pub(super) name: String,
    pub(super) origin: CellOrigin,
    pub(super) preparation: Preparation,
    pub(super) encoding: Encoding,
    pub(super) required: bool,
    /// Whether the dataset is about persons.
    pub(super) personal: bool,
    /// Whether a cell may be quoted in a reason.
    pub(super) quotable: bool,
    pub(super) word: &'static str,
}

pub(super) enum CellOrigin {
    /// The cell at this position.
    Column(usize),
    /// Always this cell, which the span covers.
    Constant(Vec<u8>, CellSpan),
    /// The source has nothing for the field.
    Nothing,
}

pub(super) enum Caster {
    Number {
        number: NumberCaster,
        sign: Option<Sign>,
        range: RangeRule,
        scale: u8,
    },
    Date {
        date: DateCaster,
        range: RangeRule,
    },
    /// A period that the delivery's name gives.
    Day(i32),
    Code(CodeCaster),
    Boolean {
        yes: Vec<Vec<u8>>,
        no: Vec<Vec<u8>>,
    },
    Text {
        text: TextCaster,
        remarks: TextRemarks,
    },
    Person {
        person: Box<PersonField>,
        class_column: usize,
    },
    /// Nothing maps to the field.
    Missing,
}

/// A person's caster, and what is said about the numbers that it reads.
pub(super) struct PersonField {
    pub(super) caster: PersonCaster,
    pub(super) repaired: RemarkIndex,
    pub(super) replacement: RemarkIndex,
}

impl PersonField {
    fn remark(&self, class: PersonClass, row: usize, remarks: &mut Remarks) {
        if class.repaired {
            remarks.note(self.repaired, row);
        }
        if class.replacement {
            remarks.note(self.replacement, row);
        }
    }
}

impl CellOrigin {
    /// A cell that is always the same.
    pub(super) fn constant(cell: Vec<u8>) -> Self {
        let end = u32::try_from(cell.len()).expect("a word of the definition is short");
        Self::Constant(cell, CellSpan { start: 0, end })
    }
}

/// The cells of a field in a strip of rows, wherever they come from.
#[derive(Clone, Copy)]
struct Cells<'a> {
    bytes: &'a [u8],
    spans: &'a [CellSpan],
    /// From the span of one row to that of the next; none, if all rows have the same.
    step: usize,
}

impl<'a> Cells<'a> {
    #[inline]
    fn at(self, row: usize) -> Cell<'a> {
        let span = self.spans[row * self.step];
        Cell::new(self.bytes, span.start as usize, span.end as usize)
    }
}

impl FieldPlan {
    /// The position in the dataset.
    pub(crate) fn index(&self) -> usize {
        self.cells.index
    }

    /// The vendor's column, by its position.
    pub(crate) fn column(&self) -> Option<usize> {
        match self.cells.origin {
            CellOrigin::Column(column) => Some(column),
            _ => None,
        }
    }

    /// What a thread has to remember of the field.
    pub(crate) fn memory(&self) -> FieldMemory {
        match &self.caster {
            Caster::Text { .. } => FieldMemory::Texts(Box::default()),
            Caster::Person { .. } => FieldMemory::Persons(Box::new(PersonMemory::new())),
            _ => FieldMemory::None,
        }
    }

    /// Appends the field's values of all rows to the accepted batch, with a gap where a cell is no value; the number
    /// of those that are not.
    pub(crate) fn cast(
        &self,
        rows: &Rows<'_>,
        accepted: &mut RecordBatch,
        memory: &mut FieldMemory,
        findings: &mut Findings,
    ) -> u64 {
        let class = match &self.caster {
            Caster::Person { class_column, .. } => Some(*class_column),
            _ => None,
        };
        let mut column = taken(accepted, self.cells.index);
        let mut classes = class.map(|at| taken(accepted, at));
        let faults = self.cast_into(rows, accepted, &mut column, &mut classes, memory, findings);
        accepted.columns[self.cells.index] = column;
        for (at, classes) in class.into_iter().zip(classes) {
            accepted.columns[at] = classes;
        }
        faults
    }

    fn cast_into(
        &self,
        rows: &Rows<'_>,
        known: &RecordBatch,
        column: &mut Column,
        classes: &mut Option<Column>,
        memory: &mut FieldMemory,
        findings: &mut Findings,
    ) -> u64 {
        let Self { cells, caster } = self;
        let Column { data, valid } = column;
        match (caster, data) {
            (Caster::Number { number, sign, range, scale }, ColumnData::Number(values)) => {
                let (sign, within_range) = (sign.as_ref(), bounds(*range));
                let careful = |cell: &[u8], row| {
                    let value = number.cast(cell)?;
                    let value = signed(value, sign, rows, row).ok_or_else(|| no_sign(sign))?;
                    within(value, *range, |bound| model::format_decimal(i128::from(bound), *scale))
                };
                if sign.is_none() {
                    let quick = |cell: Cell<'_>, _| number.quick(cell).filter(|value| within_range.contains(value));
                    return cells.each(rows, values, valid, findings, quick, careful);
                }
                let quick = |cell: Cell<'_>, row| {
                    let value = signed(number.quick(cell)?, sign, rows, row)?;
                    within_range.contains(&value).then_some(value)
                };
                cells.each(rows, values, valid, findings, quick, careful)
            }
            (Caster::Date { date, range }, ColumnData::Date(values)) => {
                let within_range = bounds(*range);
                let mut last = None;
                let quick = |cell: Cell<'_>, _| {
                    let day = date.quick(cell, &mut last)?;
                    within_range.contains(&i64::from(day)).then_some(day)
                };
                let careful = |cell: &[u8], _| {
                    let day = date.cast(cell)?;
                    within(i64::from(day), *range, shown_day).map(|_| day)
                };
                cells.each(rows, values, valid, findings, quick, careful)
            }
            (Caster::Day(day), ColumnData::Date(values)) => {
                values.resize(values.len() + rows.len, *day);
                valid.resize(values.len(), true);
                0
            }
            (Caster::Code(code), ColumnData::Code(values)) => {
                cells.each_code(rows, values, valid, findings, known, code)
            }
            (Caster::Boolean { yes, no }, ColumnData::Boolean(values)) => {
                let quick = |cell: Cell<'_>, _| boolean(cell.bytes(), yes, no).filter(|_| cell.len() > 0);
                let careful = |cell: &[u8], _| boolean(cell, yes, no).ok_or_else(no_boolean);
                cells.each(rows, values, valid, findings, quick, careful)
            }
            (Caster::Text { text, remarks }, ColumnData::Text(texts)) => {
                let FieldMemory::Texts(strip) = memory else {
                    unreachable!("the memory is made for the field's caster")
                };
                cells.each_text(rows, texts, valid, findings, strip, text, *remarks)
            }
            (Caster::Person { person, .. }, ColumnData::Text(texts)) => {
                let Some(Column { data: ColumnData::Text(words), valid: has_class }) = classes else {
                    unreachable!("every person has a class column of text")
                };
                let FieldMemory::Persons(memory) = memory else {
                    unreachable!("the memory is made for the field's caster")
                };
                let owners = rows.owners(known);
                let faults = cells.each_person(rows, valid, findings, person, |cell, row| {
                    // Without a municipality there is no key; such a row is rejected for the municipality.
                    let Some((cell, owner)) = cell.zip(owners.at(row)) else {
                        texts.close();
                        words.close();
                        return Ok(None);
                    };
                    let (pseudonym, class) = person.caster.cast(cell, owner, memory)?;
                    texts.push(pseudonym);
                    words.push(class.word());
                    Ok(Some(class))
                });
                has_class.extend_from_slice(&valid[has_class.len()..]);
                faults
            }
            (Caster::Missing, _) => {
                for row in 0..rows.len {
                    column.push_missing();
                    cells.check_missing(row, findings);
                }
                0
            }
            _ => unreachable!("the canonical column is made for the field's type"),
        }
    }
}

impl FieldCells {
    /// The cells of the strip.
    fn cells<'a>(&'a self, rows: &Rows<'a>) -> Cells<'a> {
        const NONE: &[CellSpan] = &[CellSpan { start: 0, end: 0 }];
        match &self.origin {
            CellOrigin::Column(column) => {
                let (raw, first) = (rows.raw, rows.from * rows.raw.width + column);
                Cells { bytes: &raw.bytes, spans: &raw.cells[first..], step: raw.width }
            }
            CellOrigin::Constant(bytes, span) => Cells { bytes, spans: std::slice::from_ref(span), step: 0 },
            CellOrigin::Nothing => Cells { bytes: &[], spans: NONE, step: 0 },
        }
    }

    /// Casts the cells one after the other; the number of those that are no value.
    #[inline]
    fn each<T: Copy + Default>(
        &self,
        rows: &Rows<'_>,
        values: &mut Vec<T>,
        valid: &mut Vec<bool>,
        findings: &mut Findings,
        quick: impl FnMut(Cell<'_>, usize) -> Option<T>,
        careful: impl Fn(&[u8], usize) -> Result<T, Fault>,
    ) -> u64 {
        let base = values.len();
        values.resize(base + rows.len, T::default());
        valid.resize(base + rows.len, true);
        self.each_from(0, rows, &mut values[base..], &mut valid[base..], findings, quick, careful)
    }

    /// The same for the rows from `first` on.
    #[inline]
    #[expect(clippy::too_many_arguments, reason = "a loop and its two ways; every argument is a part of one strip")]
    fn each_from<T: Copy>(
        &self,
        first: usize,
        rows: &Rows<'_>,
        values: &mut [T],
        valid: &mut [bool],
        findings: &mut Findings,
        mut quick: impl FnMut(Cell<'_>, usize) -> Option<T>,
        careful: impl Fn(&[u8], usize) -> Result<T, Fault>,
    ) -> u64 {
        // Two loops, so that cells which need no more than trimming are not asked what else they need.
        if self.preparation.is_plain() {
            let quick = |cell: Cell<'_>, row| quick(cell.trimmed(), row);
            return self.each_as(first, rows, values, valid, findings, quick, careful);
        }
        let quick = |cell: Cell<'_>, row| self.preparation.ready(cell, &mut [0; 32]).and_then(|cell| quick(cell, row));
        self.each_as(first, rows, values, valid, findings, quick, careful)
    }

    #[inline]
    #[expect(clippy::too_many_arguments, reason = "a loop and its two ways; every argument is a part of one strip")]
    fn each_as<T: Copy>(
        &self,
        first: usize,
        rows: &Rows<'_>,
        values: &mut [T],
        valid: &mut [bool],
        findings: &mut Findings,
        mut quick: impl FnMut(Cell<'_>, usize) -> Option<T>,
        careful: impl Fn(&[u8], usize) -> Result<T, Fault>,
    ) -> u64 {
        let cells = self.cells(rows);
        let mut faults = 0;
        for (row, value) in values.iter_mut().enumerate().skip(first) {
            let cell = cells.at(row);
            if let Some(found) = quick(cell, row) {
                *value = found;
                continue;
            }
            if self.is_gap(cell) {
                valid[row] = false;
                continue;
            }
            match self.carefully(cell, row, findings, &mut faults, |cell| careful(cell, row)) {
                Some(found) => *value = found,
                None => valid[row] = false,
            }
        }
        faults
    }

    /// Whether the cell is empty and may be.
    #[inline]
    fn is_gap(&self, cell: Cell<'_>) -> bool {
        cell.len() == 0 && !self.required && self.preparation.blank_is_null()
    }

    /// Codes: like [`FieldCells::each`], but a cell that is always the same is looked up once.
    fn each_code(
        &self,
        rows: &Rows<'_>,
        values: &mut Vec<u32>,
        valid: &mut Vec<bool>,
        findings: &mut Findings,
        known: &RecordBatch,
        code: &CodeCaster,
    ) -> u64 {
        let days = rows.days(known);
        let base = values.len();
        values.resize(base + rows.len, 0);
        valid.resize(base + rows.len, true);
        let values = &mut values[base..];
        let mut first = 0;
        if let CellOrigin::Constant(cell, _) = &self.origin {
            let prepared = self.preparation.quick(Cell::new(cell, 0, cell.len()));
            first = prepared.map_or(0, |cell| code.repeat(cell.bytes(), days.values, values));
        }
        let quick = |cell: Cell<'_>, row| code.quick(cell, days.values[row]);
        let careful = |cell: &[u8], row| code.cast(cell, days.at(row));
        self.each_from(first, rows, values, &mut valid[base..], findings, quick, careful)
    }

    /// Texts, which have no fixed size.
    #[expect(clippy::too_many_arguments, reason = "a loop and its two ways; every argument is a part of one strip")]
    fn each_text(
        &self,
        rows: &Rows<'_>,
        texts: &mut TextData,
        valid: &mut Vec<bool>,
        findings: &mut Findings,
        strip: &mut TextStrip,
        text: &TextCaster,
        remarks: TextRemarks,
    ) -> u64 {
        let base = valid.len();
        valid.resize(base + rows.len, true);
        let mut each = TextLoop { cells: self, rows, valid: &mut valid[base..], findings, strip, text, remarks };
        // Which dress is the usual one is known before the rows are read; each has a loop of its own.
        let faults = if !self.preparation.is_plain() {
            each.run(|cell, strip| {
                self.preparation.ready(cell, &mut [0; 32]).is_some_and(|cell| text.quick(cell, strip))
            })
        } else if let Some(digits) = text.few_digits() {
            each.run(|cell, strip| digits.quick(cell.trimmed(), strip))
        } else if text.is_free() {
            each.run(|cell, strip| text.quick_free(cell.trimmed(), strip))
        } else {
            each.run(|cell, strip| text.quick(cell.trimmed(), strip))
        };
        strip.move_to(texts);
        faults
    }

    /// Persons: `cast` appends the texts itself, nothing on a fault, and empty ones where it is given no cell.
    fn each_person(
        &self,
        rows: &Rows<'_>,
        valid: &mut Vec<bool>,
        findings: &mut Findings,
        person: &PersonField,
        mut cast: impl FnMut(Option<&[u8]>, usize) -> Result<Option<PersonClass>, Fault>,
    ) -> u64 {
        let cells = self.cells(rows);
        let mut faults = 0;
        for row in 0..rows.len {
            let cell = cells.at(row);
            let class = self.carefully(cell, row, findings, &mut faults, |cell| cast(Some(cell), row));
            match class {
                Some(Some(class)) => person.remark(class, row, &mut findings.remarks),
                Some(None) => {}
                None => {
                    cast(None, row).unwrap_or_else(|_| unreachable!("a gap is always a gap"));
                }
            }
            valid.push(class.is_some());
        }
        faults
    }

    /// Prepares and casts one cell with all that may have to be done to it; notes why it is no value.
    #[cold]
    #[inline(never)]
    fn carefully<T>(
        &self,
        cell: Cell<'_>,
        row: usize,
        findings: &mut Findings,
        faults: &mut u64,
        cast: impl FnOnce(&[u8]) -> Result<T, Fault>,
    ) -> Option<T> {
        let mut padded = [b'0'; WIDEST];
        let outcome = match self.preparation.prepare(cell.bytes(), &mut padded) {
            Prepared::Value(cell) => cast(cell).map(Some),
            Prepared::Missing => Ok(None),
            Prepared::TooShort => Err(self.too_short()),
        };
        let value = outcome.unwrap_or_else(|fault| {
            *faults += 1;
            self.blame(cell.bytes(), row, &fault, findings);
            None
        });
        if value.is_none() {
            self.check_missing(row, findings);
        }
        value
    }

    fn place(&self, row: usize) -> FaultPlace {
        let column = match self.origin {
            CellOrigin::Column(column) => Some(column),
            _ => None,
        };
        FaultPlace { row, order: self.index, column }
    }

    #[cold]
    fn blame(&self, cell: &[u8], row: usize, fault: &Fault, findings: &mut Findings) {
        let own = self.place(row);
        let place = FaultPlace { column: fault.column.or(own.column), ..own };
        if fault.code == Code::NUMBER_AMBIGUOUS {
            findings.ambiguities.note(row);
        }
        findings.failures.note(place, fault.code, || {
            if !self.quotable {
                return format!("the cell {}", fault.what);
            }
            format!("`{}` {}", quoted(cell.trim_ascii(), self.encoding, self.personal), fault.what)
        });
    }

    #[inline]
    fn check_missing(&self, row: usize, findings: &mut Findings) {
        if self.required {
            findings.failures.note(self.place(row), Code::VALUE_MISSING, || {
                format!("the field `{}` is required and has no value", self.name)
            });
        }
    }

    fn too_short(&self) -> Fault {
        let code = match self.word {
            "integer" | "decimal" => Code::NUMBER_INVALID,
            "date" | "month" | "year" | "school_year" => Code::DATE_INVALID,
            "code" => Code::CODE_UNKNOWN,
            "boolean" => Code::BOOLEAN_INVALID,
            "person" => Code::PERSON_INVALID,
            _ => Code::PATTERN_MISMATCH,
        };
        Fault::new(code, "ends before the characters that the field is made of")
    }
}

/// The texts of a strip, one after the other.
struct TextLoop<'a, 'r> {
    cells: &'a FieldCells,
    rows: &'a Rows<'r>,
    valid: &'a mut [bool],
    findings: &'a mut Findings,
    strip: &'a mut TextStrip,
    text: &'a TextCaster,
    remarks: TextRemarks,
}

impl TextLoop<'_, '_> {
    /// Casts the cells, the quick way where it goes; the number of those that are no value.
    #[inline]
    fn run(&mut self, quick: impl Fn(Cell<'_>, &mut TextStrip) -> bool) -> u64 {
        let Self { cells: field, rows, valid, findings, strip, text, remarks } = self;
        let cells = field.cells(rows);
        let mut faults = 0;
        strip.clear();
        for (row, valid) in valid.iter_mut().enumerate() {
            let cell = cells.at(row);
            if !quick(cell, strip) {
                *valid = !field.is_gap(cell) && {
                    let cast = field.carefully(cell, row, findings, &mut faults, |cell| text.cast(cell, strip));
                    remarks.note(cast.unwrap_or_default(), row, &mut findings.remarks);
                    cast.is_some()
                };
            }
            strip.close();
        }
        faults
    }
}

fn taken(batch: &mut RecordBatch, at: usize) -> Column {
    std::mem::replace(&mut batch.columns[at], Column::new(&ColumnKind::Boolean))
}
