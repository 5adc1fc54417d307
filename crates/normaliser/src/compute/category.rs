//! The columns that rows, or groups of rows, are sorted by into categories.

use model::{CategoryValues, Dimension, Expr, Field, FieldIndex, Period};
use polars::prelude::{
    DataFrame, DataType, Expr as PlanExpr, NULL, PolarsResult, StringChunked, coalesce, col, lit, when,
};

use super::expression::{column, condition};

/// A dimension, and the field that a measure has it in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sorting<'a> {
    pub(super) dimension: &'a Dimension,
    pub(super) field: FieldIndex,
}

/// The name of the column of the dimension at this place.
pub(super) fn name(at: usize) -> String {
    format!("_category_{at}")
}

/// The columns with the codes of the categories of a period; nothing where a row belongs to none.
pub(super) fn columns(by: &[Sorting<'_>], fields: &[Field], period: Period) -> Vec<PlanExpr> {
    by.iter().enumerate().map(|(at, sorting)| code(sorting, fields, period).alias(name(at).as_str())).collect()
}

/// Whether a row belongs to a category of each dimension.
pub(super) fn sorted(by: &[Sorting<'_>]) -> Option<PlanExpr> {
    (0..by.len()).map(|at| col(name(at).as_str()).is_not_null()).reduce(PlanExpr::and)
}

fn code(sorting: &Sorting<'_>, fields: &[Field], period: Period) -> PlanExpr {
    let nothing = || lit(NULL).cast(DataType::String);
    let existing = || sorting.dimension.categories.iter().filter(move |category| category.exists_in(period));
    // Where codes are the categories, the field says it itself: a hundred comparisons a row would be asked for nothing.
    if existing().all(|category| matches!(category.values, CategoryValues::Code(_))) {
        let codes = existing().map(|category| category.code.clone()).collect();
        let known = condition(&Expr::In(sorting.field, codes), fields);
        return when(known).then(column(fields, sorting.field).cast(DataType::String)).otherwise(nothing());
    }
    let one = |category: &model::Category| {
        let belongs = condition(&category.condition(sorting.field), fields);
        when(belongs).then(lit(category.code.as_str())).otherwise(nothing())
    };
    coalesce(&existing().map(one).collect::<Vec<_>>())
}

/// Which categories the rows of an answer are of.
pub(super) struct Found<'a> {
    by: &'a [Sorting<'a>],
    codes: Vec<StringChunked>,
}

impl<'a> Found<'a> {
    pub(super) fn of(by: &'a [Sorting<'a>], frame: &DataFrame) -> PolarsResult<Self> {
        let column = |at| frame.column(name(at).as_str()).and_then(|column| column.str().cloned());
        Ok(Self { by, codes: (0..by.len()).map(column).collect::<PolarsResult<_>>()? })
    }

    /// The positions of a row's categories in their dimensions.
    pub(super) fn categories(&self, row: usize) -> Option<Vec<usize>> {
        let position = |(sorting, codes): (&Sorting<'_>, &StringChunked)| {
            let code = codes.get(row)?;
            sorting.dimension.categories.iter().position(|category| category.code == code)
        };
        self.by.iter().zip(&self.codes).map(position).collect()
    }
}
