//! The aggregates of measures: `sum`, `count`, `min`, `max`.

use model::{Aggregate, Code, FieldIndex, Ratio, Unit};
use sqlparser::ast::{
    DuplicateTreatment, Expr as Sql, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments,
};

use super::operand::Amount;
use super::row::RowCompiler;
use crate::yaml::Span;

/// What a measure computes, with its decimals and its unit.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Computed {
    /// The aggregate.
    pub(crate) aggregate: Aggregate,
    /// Decimals of the result.
    pub(crate) scale: u8,
    /// The unit of the result.
    pub(crate) unit: Unit,
}

/// Whether a function is an aggregate in SQL, known to the language or not.
pub(super) fn is_aggregate(name: &str) -> bool {
    matches!(name, "sum" | "count" | "min" | "max" | "avg" | "median" | "quantile" | "stddev" | "variance" | "mode")
}

/// The arguments of a plain call: expressions without names, `distinct`, filters or windows.
pub(super) fn argument_list(function: &Function) -> Option<Vec<&Sql>> {
    let list = plain_list(function).filter(|list| list.duplicate_treatment.is_none())?;
    expressions(list)
}

fn plain_list(function: &Function) -> Option<&FunctionArgumentList> {
    let bare = function.filter.is_none()
        && function.over.is_none()
        && function.null_treatment.is_none()
        && function.within_group.is_empty()
        && !function.uses_odbc_syntax
        && matches!(function.parameters, FunctionArguments::None);
    match &function.args {
        FunctionArguments::List(list) if bare && list.clauses.is_empty() => Some(list),
        _ => None,
    }
}

fn expressions(list: &FunctionArgumentList) -> Option<Vec<&Sql>> {
    let expression = |argument| match argument {
        &FunctionArg::Unnamed(FunctionArgExpr::Expr(ref sql)) => Some(sql),
        _ => None,
    };
    list.args.iter().map(expression).collect()
}

impl RowCompiler<'_, '_> {
    /// The aggregate that is a measure's value. `row_unit` is what `count(*)` counts.
    pub(crate) fn aggregate(&mut self, sql: &Sql, row_unit: &Unit) -> Option<Computed> {
        let span = self.span(sql);
        match sql {
            Sql::Nested(inner) => self.aggregate(inner, row_unit),
            Sql::Function(function) => self.aggregate_function(function, sql, row_unit),
            Sql::BinaryOp { .. } | Sql::UnaryOp { .. } => {
                self.no_aggregate(span, "give every aggregate its own measure, and combine them in `formula`")
            }
            _ => self.no_aggregate(span, "write sum(...), count(*), count(distinct ...), min(...) or max(...)"),
        }
    }

    fn no_aggregate(&mut self, span: Span, help: &str) -> Option<Computed> {
        self.report.error(Code::AGGREGATION_LEVEL, span, "`value` is one aggregate of rows").help(help);
        None
    }

    fn aggregate_function(&mut self, function: &Function, sql: &Sql, row_unit: &Unit) -> Option<Computed> {
        let name = function.name.to_string().to_lowercase();
        let span = self.span(sql);
        let list = plain_list(function);
        let distinct = list.and_then(|list| list.duplicate_treatment) == Some(DuplicateTreatment::Distinct);
        match (name.as_str(), list) {
            ("count", Some(list)) if distinct => self.count_distinct(list, span),
            ("count", Some(list)) if is_star(list) => {
                Some(Computed { aggregate: Aggregate::Count, scale: 0, unit: row_unit.clone() })
            }
            ("sum" | "min" | "max" | "avg" | "median", Some(list)) if !distinct => {
                self.of_a_number(&name, expressions(list).as_deref(), span)
            }
            ("quantile", Some(list)) if !distinct => self.quantile(list, span),
            ("count", list) => {
                let of = list.and_then(expressions).filter(|of| !of.is_empty());
                let of = of.map(|of| of.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
                let of = of.unwrap_or_else(|| "field".to_owned());
                self.unknown_form(span, &format!("write count(*) for all rows, or count(distinct {of})"))
            }
            ("sum" | "min" | "max" | "avg" | "median" | "quantile", _) => {
                self.unknown_form(span, "write it of one number: sum(amount)")
            }
            _ if is_aggregate(&name) => {
                self.unknown_form(span, "there are sum, count, count(distinct), avg, min, max, median and quantile")
            }
            _ => self.no_aggregate(span, "write sum(...), count(*), count(distinct ...), min(...) or max(...)"),
        }
    }

    fn unknown_form(&mut self, span: Span, help: &str) -> Option<Computed> {
        self.report
            .error(Code::UNSUPPORTED_EXPRESSION, span, "this form of the aggregate is not part of the language")
            .help(help);
        None
    }

    /// `quantile(x, 0.9)`.
    fn quantile(&mut self, list: &FunctionArgumentList, span: Span) -> Option<Computed> {
        let arguments = expressions(list);
        let Some(&[of, share]) = arguments.as_deref() else {
            return self.unknown_form(span, "write it of one number and a share: quantile(amount, 0.9)");
        };
        let share_span = self.span(share);
        let share = match self.amount(share)? {
            Amount::Constant(share) => Ratio::decimal(share.minor, share.scale).ok(),
            Amount::Computed { .. } => None,
        };
        let within = share.filter(|share| share.numerator() > 0 && share.numerator() < share.denominator());
        let Some(share) = within else {
            self.report
                .error(Code::LITERAL_RANGE, share_span, "the share of a quantile lies between 0 and 1")
                .help("write quantile(amount, 0.9)");
            return None;
        };
        let computed = self.of_a_number("median", Some(&[of]), span)?;
        let Aggregate::Quantile(expr, _) = computed.aggregate else { return None };
        Some(Computed { aggregate: Aggregate::Quantile(expr, share), ..computed })
    }

    fn of_a_number(&mut self, name: &str, arguments: Option<&[&Sql]>, span: Span) -> Option<Computed> {
        let Some(&[argument]) = arguments else {
            return self.unknown_form(span, &format!("write {name} of one number: {name}(amount)"));
        };
        let Amount::Computed { expr, scale, unit, .. } = self.amount(argument)? else {
            return self.unknown_form(span, "a number that is the same for every row needs no aggregate");
        };
        let aggregate = match name {
            "sum" => Aggregate::Sum(expr),
            "min" => Aggregate::Min(expr),
            "avg" => Aggregate::Mean(expr),
            "median" => Aggregate::Quantile(expr, Ratio::new(1, 2).ok()?),
            _ => Aggregate::Max(expr),
        };
        Some(Computed { aggregate, scale, unit: unit.unwrap_or_else(Unit::one) })
    }

    /// The one place where a person field may stand: persons are counted, never shown.
    fn count_distinct(&mut self, list: &FunctionArgumentList, span: Span) -> Option<Computed> {
        let Some(arguments) = expressions(list) else {
            return self.unknown_form(span, "write count(distinct field)");
        };
        let fields: Vec<Option<FieldIndex>> = arguments.into_iter().map(|sql| self.field_named(sql)).collect();
        let fields: Vec<FieldIndex> = fields.into_iter().collect::<Option<_>>()?;
        if let Some(twice) =
            fields.iter().enumerate().find_map(|(at, field)| fields[..at].contains(field).then_some(field))
        {
            let message = format!("`{}` stands twice", self.field(*twice).name);
            self.report.error(Code::INVALID_VALUE, span, message);
            return None;
        }
        let unit = self.field(*fields.first()?).unit.clone().unwrap_or_else(Unit::one);
        Some(Computed { aggregate: Aggregate::CountDistinct(fields), scale: 0, unit })
    }
}

fn is_star(list: &FunctionArgumentList) -> bool {
    matches!(list.args.as_slice(), [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)])
        && list.duplicate_treatment.is_none()
}
