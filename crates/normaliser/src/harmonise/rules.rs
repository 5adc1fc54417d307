//! Rules of the whole row: whose it is, when it is, and what its dataset demands.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{
    Check, Code, CodeIndex, CodeList, CodeListId, Column, ColumnData, Dataset, Date, DeliveryScope, FieldType,
    MunicipalityCode, Period, RecordBatch, Refusal, Severity,
};

use super::condition::holds;
use super::fault::FaultPlace;
use super::field::Findings;
use super::notice::{RemarkIndex, RemarkKinds};
use super::rows::Rows;

/// The compiled rules of a delivery.
pub(crate) struct RowRules {
    dataset: String,
    /// The number of fields: what is wrong with a field comes before what is wrong with the row.
    fields: usize,
    columns: PlaceColumns,
    municipality: usize,
    municipality_list: Arc<CodeList>,
    /// The delivery's municipality, with its position in the code list.
    home: Option<(MunicipalityCode, u32)>,
    time: usize,
    period: Option<Period>,
    checks: Vec<(Check, RemarkIndex)>,
}

/// Rows whose municipality could be read.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tenancy {
    /// Those of the delivery's municipality.
    own: u64,
    /// Those of others.
    foreign: u64,
}

impl Tenancy {
    /// Adds what another thread saw of the same delivery.
    pub(crate) fn merge(&mut self, other: Self) {
        self.own += other.own;
        self.foreign += other.foreign;
    }
}

/// The vendor's columns of the two fields that place a row.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PlaceColumns {
    pub(crate) municipality: Option<usize>,
    pub(crate) time: Option<usize>,
}

impl RowRules {
    /// Compiles the rules.
    pub(crate) fn new(
        dataset: &Dataset,
        codelists: &BTreeMap<CodeListId, Arc<CodeList>>,
        scope: &DeliveryScope,
        columns: PlaceColumns,
        remarks: &mut RemarkKinds,
    ) -> Result<Self, Refusal> {
        let list = match &dataset.field(dataset.municipality).ty {
            FieldType::Code(id) => codelists.get(id),
            _ => None,
        };
        let list = list.ok_or_else(|| {
            Refusal::new(
                Code::UNKNOWN_REFERENCE,
                format!("the dataset `{}` has no code list of municipalities", dataset.id),
            )
        })?;
        let home = scope.municipality.map(|code| position(code, list)).transpose()?;
        let checks = dataset.checks.iter().map(|check| {
            let message = format!("rows break the rule `{}`: {}", check.id, check.title.en);
            (check.clone(), remarks.declare(Code::CHECK_WARNING, message))
        });
        Ok(Self {
            dataset: dataset.id.to_string(),
            fields: dataset.fields.len(),
            columns,
            municipality: dataset.municipality.0,
            municipality_list: Arc::clone(list),
            home,
            time: dataset.time.0,
            period: scope.period,
            checks: checks.collect(),
        })
    }

    /// The codes of all municipalities by their position in the code list.
    pub(crate) fn municipality_codes(&self) -> Vec<Option<MunicipalityCode>> {
        self.municipality_list.codes().iter().map(|code| MunicipalityCode::new(code)).collect()
    }

    /// Applies the rules to a strip of rows.
    pub(crate) fn apply(
        &self,
        rows: &Rows<'_>,
        batch: &RecordBatch,
        tenancy: &mut Tenancy,
        findings: &mut Findings,
    ) -> Result<(), Refusal> {
        self.check_municipality(batch, rows.base, tenancy, findings);
        self.check_period(batch, rows.base, findings);
        let mut fatal: Option<(usize, String)> = None;
        for (at, (check, warning)) in self.checks.iter().enumerate() {
            for row in 0..rows.len {
                if findings.failures.has(row) || holds(&check.condition, batch, rows.base + row) != Some(false) {
                    continue;
                }
                let reason = || format!("the row breaks the rule `{}`: {}", check.id, check.title.en);
                match check.severity {
                    // The first row of the file that stops the delivery is named, whichever rule it breaks.
                    Severity::Fatal => {
                        if fatal.as_ref().is_none_or(|(first, _)| row < *first) {
                            fatal = Some((row, reason()));
                        }
                        break;
                    }
                    Severity::Error => {
                        let place = FaultPlace { row, order: self.fields + 2 + at, column: None };
                        findings.failures.note(place, Code::CHECK_FAILED, reason);
                    }
                    Severity::Warning | Severity::Info => findings.remarks.note(*warning, row),
                }
            }
        }
        match fatal {
            None => Ok(()),
            Some((row, reason)) => Err(Refusal::new(Code::CHECK_FAILED, reason).at_line(rows.address(row).line)),
        }
    }

    fn check_municipality(&self, batch: &RecordBatch, base: usize, tenancy: &mut Tenancy, findings: &mut Findings) {
        let Some((home, position)) = self.home else { return };
        let Column { data: ColumnData::Code(values), valid } = &batch.columns[self.municipality] else {
            unreachable!("the municipality is a code")
        };
        for (row, (value, valid)) in values[base..].iter().zip(&valid[base..]).enumerate() {
            if !valid {
                continue;
            }
            if *value == position {
                tenancy.own += 1;
                continue;
            }
            tenancy.foreign += 1;
            let place = FaultPlace { row, order: self.fields, column: self.columns.municipality };
            findings.failures.note(place, Code::ROW_FOREIGN, || {
                let code = self.municipality_list.code(CodeIndex(*value));
                format!("the row is about the municipality {code}, the delivery about {home}")
            });
        }
    }

    fn check_period(&self, batch: &RecordBatch, base: usize, findings: &mut Findings) {
        let Some(period) = self.period else { return };
        let Column { data: ColumnData::Date(values), valid } = &batch.columns[self.time] else {
            unreachable!("the time field is a day")
        };
        let (start, end) = (period.start().days(), period.end().days());
        for (row, (value, valid)) in values[base..].iter().zip(&valid[base..]).enumerate() {
            if *valid && !(start..end).contains(value) {
                let place = FaultPlace { row, order: self.fields + 1, column: self.columns.time };
                findings.failures.note(place, Code::OUTSIDE_PERIOD, || {
                    let day = Date::from_days(*value).map(|day| day.to_string()).unwrap_or_default();
                    format!("the row lies at {day}, outside the period {period} of the delivery")
                });
            }
        }
    }

    /// Refuses a delivery that is about somebody else altogether.
    pub(crate) fn finish(&self, tenancy: Tenancy) -> Result<(), Refusal> {
        match self.home {
            Some((home, _)) if tenancy.own == 0 && tenancy.foreign > 0 => {
                let (foreign, dataset) = (tenancy.foreign, &self.dataset);
                let message = format!("none of the {foreign} rows of `{dataset}` is about the municipality {home}");
                Err(Refusal::new(Code::TENANT_FOREIGN, message))
            }
            _ => Ok(()),
        }
    }
}

fn position(code: MunicipalityCode, list: &CodeList) -> Result<(MunicipalityCode, u32), Refusal> {
    let known = list.index_of(&code.to_string()).map(|index| (code, index.0));
    known.ok_or_else(|| {
        Refusal::new(Code::MUNICIPALITY_UNKNOWN, format!("the code list `{}` has no municipality {code}", list.id))
    })
}
