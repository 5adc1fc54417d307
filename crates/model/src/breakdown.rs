//! Breakdowns: figures of parts of what a key figure is about, beside the figure of all.
//!
//! A dimension sorts rows (or, behind a first grouping, groups) into categories, of which no two have a row in common.
//! The categories are declared, not found: one without rows has a figure, too. A cell is a choice of one category for
//! each dimension of a breakdown; its text, `sex=1,age_band=0-5`, is what tables know it by.

use std::collections::BTreeSet;

use crate::{Comparison, Expr, FieldIndex, FieldName, Indicator, Measure, Period, TOTAL, Text, Validity};

/// The most cells that a breakdown may have: a table with more is no table that anybody reads.
pub const MOST_CELLS: usize = 200;

/// What rows are sorted by.
#[derive(Debug, Clone, PartialEq)]
pub struct Dimension {
    /// Its name.
    pub name: FieldName,
    /// Its title.
    pub title: Text,
    /// The categories, in the order in which they are read.
    pub categories: Vec<Category>,
}

/// A category of a dimension.
#[derive(Debug, Clone, PartialEq)]
pub struct Category {
    /// As tables write it.
    pub code: String,
    /// Its title.
    pub title: Text,
    /// What belongs to it.
    pub values: CategoryValues,
}

/// The values of a field that belong to a category. A missing value belongs to none.
#[derive(Debug, Clone, PartialEq)]
pub enum CategoryValues {
    /// The code that the category is named after; it exists in the periods in which the code is valid on some day.
    Code(Vec<Validity>),
    /// Any of these codes.
    Codes(BTreeSet<String>),
    /// A truth value.
    Boolean(bool),
    /// Whole numbers between two bounds, both included; an open one has none.
    Band(Option<i64>, Option<i64>),
}

impl Category {
    /// Whether a period has the category.
    pub fn exists_in(&self, period: Period) -> bool {
        let CategoryValues::Code(validities) = &self.values else { return true };
        let holds = |validity: &Validity| {
            validity.from.is_none_or(|from| from < period.end()) && validity.to.is_none_or(|to| period.start() < to)
        };
        validities.iter().any(holds)
    }

    /// Whether a field's value belongs to it.
    pub fn condition(&self, field: FieldIndex) -> Expr {
        let of = || Box::new(Expr::Field(field));
        match &self.values {
            CategoryValues::Code(_) => Expr::In(field, BTreeSet::from([self.code.clone()])),
            CategoryValues::Codes(codes) => Expr::In(field, codes.clone()),
            CategoryValues::Boolean(true) => Expr::Field(field),
            CategoryValues::Boolean(false) => Expr::Not(of()),
            CategoryValues::Band(least, most) => {
                let bound = |comparison, bound: &Option<i64>| {
                    let number = |minor| Box::new(Expr::Number { minor, scale: 0 });
                    bound.map(|minor| Expr::Compare(comparison, of(), number(minor)))
                };
                let (from, to) = (bound(Comparison::GreaterOrEqual, least), bound(Comparison::LessOrEqual, most));
                let present = Expr::Not(Box::new(Expr::IsNull(of())));
                Expr::And([Some(present), from, to].into_iter().flatten().collect())
            }
        }
    }
}

/// The dimensions by which figures are broken down together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breakdown {
    /// The positions of the dimensions in the indicator.
    pub dimensions: Vec<usize>,
    /// Whether it is proven that the figures of the cells add up to the total, apart from rounding.
    pub additive: bool,
}

/// How a measure is broken down by one of its indicator's breakdowns.
#[derive(Debug, Clone, PartialEq)]
pub struct Slicing {
    /// The field of each dimension: one of the dataset's, or behind a first grouping, one of the groups'. `None` where
    /// the measure is the same for every category.
    pub fields: Vec<Option<FieldIndex>>,
    /// Which rows count, before they are sorted: other ones than for the total where the dataset has rows that are
    /// totals themselves.
    pub filter: Option<Expr>,
}

/// One category for each dimension of a breakdown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    /// The position of the breakdown in the indicator.
    pub breakdown: usize,
    /// The positions of the categories in their dimensions.
    pub categories: Vec<usize>,
}

impl Measure {
    /// The measure with the rows that count for a breakdown.
    #[must_use]
    pub fn sliced(&self, slicing: &Slicing) -> Self {
        Self { filter: slicing.filter.clone(), slicings: Vec::new(), ..self.clone() }
    }
}

impl Indicator {
    /// The cells of a breakdown in a period, or in all of them, in the order of the categories.
    pub fn cells(&self, breakdown: usize, period: Option<Period>) -> Vec<Cell> {
        let mut cells = vec![Vec::new()];
        for at in &self.breakdowns[breakdown].dimensions {
            let categories = self.dimensions[*at].categories.iter().enumerate();
            let existing: Vec<usize> = categories
                .filter(|(_, category)| period.is_none_or(|period| category.exists_in(period)))
                .map(|(at, _)| at)
                .collect();
            let with = |cell: Vec<usize>| {
                let one = |category: &usize| cell.iter().copied().chain([*category]).collect::<Vec<_>>();
                existing.iter().map(one).collect::<Vec<_>>()
            };
            cells = cells.into_iter().flat_map(with).collect();
        }
        cells.into_iter().map(|categories| Cell { breakdown, categories }).collect()
    }

    /// The dimensions and categories of a cell.
    pub fn categories<'i>(&'i self, cell: &Cell) -> Vec<(&'i Dimension, &'i Category)> {
        let dimensions = self.breakdowns[cell.breakdown].dimensions.iter().map(|at| &self.dimensions[*at]);
        let pairs = dimensions.zip(&cell.categories);
        pairs.map(|(dimension, at)| (dimension, &dimension.categories[*at])).collect()
    }

    /// The text that tables know a cell by: `sex=1,age_band=0-5`.
    pub fn cell_text(&self, cell: &Cell) -> String {
        let part = |(dimension, category): (&Dimension, &Category)| format!("{}={}", dimension.name, category.code);
        self.categories(cell).into_iter().map(part).collect::<Vec<_>>().join(",")
    }

    /// The cell with this text; `None` also for the total.
    pub fn cell(&self, text: &str) -> Option<Cell> {
        let parts: Vec<(&str, &str)> = text.split(',').map(|part| part.split_once('=')).collect::<Option<_>>()?;
        let of = |(breakdown, broken): (usize, &Breakdown)| {
            let dimensions = broken.dimensions.iter().map(|at| &self.dimensions[*at]);
            let categories = dimensions.zip(&parts).map(|(dimension, (name, code))| {
                let same = dimension.name.as_str() == *name;
                same.then(|| dimension.categories.iter().position(|category| category.code == *code)).flatten()
            });
            let categories: Vec<usize> = categories.collect::<Option<_>>()?;
            (broken.dimensions.len() == parts.len()).then_some(Cell { breakdown, categories })
        };
        self.breakdowns.iter().enumerate().find_map(of)
    }

    /// The names of a breakdown's dimensions, `sex,age_band`.
    pub fn breakdown_text(&self, breakdown: &Breakdown) -> String {
        let names: Vec<&str> = breakdown.dimensions.iter().map(|at| self.dimensions[*at].name.as_str()).collect();
        names.join(",")
    }

    /// What a measure is in a cell: the measure with the rows that count there, and the condition on them (behind a first
    /// grouping, on the groups) that sorts them into the cell.
    pub fn within(&self, measure: &Measure, cell: &Cell) -> (Measure, Option<Expr>) {
        let slicing = &measure.slicings[cell.breakdown];
        let categories = self.categories(cell).into_iter().zip(&slicing.fields);
        let conditions: Vec<Expr> =
            categories.filter_map(|((_, category), field)| field.map(|field| category.condition(field))).collect();
        (measure.sliced(slicing), (!conditions.is_empty()).then_some(Expr::And(conditions)))
    }
}

/// The names of the dimensions in a cell's text, or of several of them, `sex,age_band`; [`TOTAL`] has none.
pub fn dimensions_of(text: &str) -> String {
    if text == TOTAL {
        return String::new();
    }
    let names: Vec<&str> = text.split(',').map(|part| part.split_once('=').map_or(part, |(name, _)| name)).collect();
    names.join(",")
}
