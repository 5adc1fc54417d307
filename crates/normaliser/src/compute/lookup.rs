//! Rows that are looked up: beside each row of a measure, the one row of another dataset that belongs to it, or nothing.

use model::{Dataset, Field, FieldIndex, FieldType, Join, JoinMoment, Period, Window};
use polars::prelude::{
    DataType, Expr as PlanExpr, JoinArgs, JoinType, LazyFrame, MaintainOrderJoin, NULL, PolarsResult, col, lit,
};

use super::CanonicalFile;
use super::engine::{scan, start_of};
use super::expression::column;

/// What rows are looked up in.
pub(super) struct Register<'a> {
    pub(super) join: &'a Join,
    pub(super) dataset: &'a Dataset,
    /// The files of all partitions and municipalities that may be asked for.
    pub(super) files: Vec<&'a CanonicalFile>,
}

impl Register<'_> {
    /// The rows with the columns of what is looked up for them; `number` tells the look-ups of a measure apart. That no row
    /// is found twice was made sure when the definition was read.
    pub(super) fn beside(
        &self,
        rows: LazyFrame,
        number: usize,
        own: &Dataset,
        (window, period): (Window, Period),
        order: MaintainOrderJoin,
    ) -> PolarsResult<LazyFrame> {
        let Self { join, dataset, .. } = *self;
        if self.files.is_empty() {
            return Ok(rows.with_columns(dataset.fields.iter().map(|field| self.nothing(field)).collect::<Vec<_>>()));
        }
        let mut keys: Vec<(PlanExpr, PlanExpr)> =
            join.on.iter().map(|(one, other)| (key(&own.fields, *one), key(&dataset.fields, *other))).collect();
        if !dataset.whole_country {
            keys.push((key(&own.fields, own.municipality), key(&dataset.fields, dataset.municipality)));
        }
        let mut found = scan(&self.files)?;
        let time = column(&dataset.fields, dataset.time);
        match join.moment {
            JoinMoment::Day(_) => {
                let day = join.day(window, period, dataset);
                found =
                    found.filter(day.map_or_else(|| lit(false), |day| time.cast(DataType::Int32).eq(lit(day.days()))));
            }
            JoinMoment::Row => {
                let mine = column(&own.fields, own.time);
                keys.push(match dataset.field(dataset.time).ty.period_kind() {
                    Some(kind) => (start_of(&mine, kind), start_of(&time, kind)),
                    None => (mine.cast(DataType::Int32), time.cast(DataType::Int32)),
                });
            }
        }
        let name = |at: usize| format!("_look_{number}_{at}");
        let named =
            |keys: Vec<PlanExpr>| keys.into_iter().enumerate().map(|(at, key)| key.alias(name(at))).collect::<Vec<_>>();
        let on: Vec<PlanExpr> = (0..keys.len()).map(|at| col(name(at))).collect();
        let (mine, theirs): (Vec<_>, Vec<_>) = keys.into_iter().unzip();
        let fields = dataset.fields.iter().enumerate();
        let mut columns: Vec<PlanExpr> =
            fields.map(|(at, field)| column(&dataset.fields, FieldIndex(at)).alias(self.column(field))).collect();
        columns.extend(named(theirs));
        let args = JoinArgs { maintain_order: order, ..JoinArgs::new(JoinType::Left) };
        Ok(rows.with_columns(named(mine)).join(found.select(columns), on.clone(), on, args))
    }

    /// The column of a field of what is looked up.
    fn column(&self, field: &Field) -> String {
        field.name.within(&self.join.name).to_string()
    }

    /// The column of a field where nothing can be found.
    fn nothing(&self, field: &Field) -> PlanExpr {
        let ty = match &field.ty {
            FieldType::Text | FieldType::Code(_) | FieldType::Person => DataType::String,
            FieldType::Integer | FieldType::Decimal { .. } => DataType::Int64,
            FieldType::Boolean => DataType::Boolean,
            _ => DataType::Date,
        };
        lit(NULL).cast(ty).alias(self.column(field))
    }
}

/// A value to be compared: codes of two files may be kept in two ways.
fn key(fields: &[Field], field: FieldIndex) -> PlanExpr {
    let value = column(fields, field);
    if matches!(fields[field.0].ty, FieldType::Code(_)) { value.cast(DataType::String) } else { value }
}
