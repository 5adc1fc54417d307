//! The things that expressions compare and combine: fields, literals, sums, conditions.

use model::{ActiveTime, Code, CodeList, Date, DatePart, Expr, FieldIndex, FieldType, Unit};
use sqlparser::ast::{BinaryOperator, Expr as Sql, Function, UnaryOperator, Value};

use super::aggregate::{argument_list, is_aggregate};
use super::history::is_member;
use super::row::RowCompiler;
use crate::decimal::{self, Decimal, Misfit};
use crate::yaml::Span;

/// A number: a literal that still takes the scale of what it meets, or something that has one.
#[derive(Debug, Clone)]
pub(super) enum Amount {
    /// A literal.
    Constant(Decimal),
    /// A field, or what is computed from fields.
    Computed {
        /// How.
        expr: Expr,
        /// Its decimals.
        scale: u8,
        /// Its digits in all, if it is a decimal field.
        precision: Option<u8>,
        /// Its unit, if it has one.
        unit: Option<Unit>,
    },
}

/// A part of an expression with its type.
#[derive(Debug, Clone)]
pub(super) enum Operand {
    /// A number.
    Number(Amount),
    /// A code field.
    Code(FieldIndex),
    /// A code field, by what its codes are called on a day.
    CodeOn(FieldIndex, Date),
    /// A text field.
    Text(FieldIndex),
    /// A field that is a day or a period.
    Temporal(FieldIndex),
    /// A truth value: a comparison, a field, a literal.
    Condition(Expr),
    /// A quoted literal, whose meaning depends on what it meets.
    Literal(String),
    /// `null`.
    Null,
}

impl Operand {
    /// What it is, for messages.
    pub(super) fn noun(&self) -> &'static str {
        match self {
            Self::Number(_) => "a number",
            Self::Code(_) | Self::CodeOn(..) => "a code",
            Self::Text(_) => "a text",
            Self::Temporal(_) => "a date or period",
            Self::Condition(_) => "a condition",
            Self::Literal(_) => "a quoted text",
            Self::Null => "`null`",
        }
    }

    /// Whether it names no field.
    pub(super) fn is_literal(&self) -> bool {
        matches!(self, Self::Literal(_) | Self::Null | Self::Number(Amount::Constant(_)))
    }
}

impl RowCompiler<'_, '_> {
    pub(super) fn operand(&mut self, sql: &Sql) -> Option<Operand> {
        match sql {
            Sql::Nested(inner) => self.operand(inner),
            Sql::Identifier(_) => self.named(sql),
            Sql::CompoundIdentifier(_) if self.scope.looks_up() => self.named(sql),
            Sql::Value(value) => self.literal(&value.value, sql),
            Sql::UnaryOp { op: UnaryOperator::Minus, expr } => self.negated(expr),
            Sql::UnaryOp { op: UnaryOperator::Not, expr } => {
                let inner = self.condition(expr)?;
                Some(Operand::Condition(Expr::Not(Box::new(inner))))
            }
            Sql::BinaryOp { left, op: op @ (BinaryOperator::Plus | BinaryOperator::Minus), right } => {
                self.combined(left, op, right)
            }
            Sql::BinaryOp { op: op @ (BinaryOperator::And | BinaryOperator::Or), .. } => {
                self.chain(sql, op).map(Operand::Condition)
            }
            Sql::Function(function) => self.function(function, sql),
            _ => self.predicate(sql).map(Operand::Condition),
        }
    }

    fn named(&mut self, sql: &Sql) -> Option<Operand> {
        let index = self.field_named(sql)?;
        self.field_operand(index, self.span(sql))
    }

    fn field_operand(&mut self, index: FieldIndex, span: Span) -> Option<Operand> {
        let field = self.field(index);
        let number = |scale, precision| {
            let (expr, unit) = (Expr::Field(index), field.unit.clone());
            Operand::Number(Amount::Computed { expr, scale, precision, unit })
        };
        Some(match &field.ty {
            FieldType::Text => Operand::Text(index),
            FieldType::Code(_) => Operand::Code(index),
            FieldType::Integer => number(0, None),
            FieldType::Decimal { precision, scale } => number(*scale, Some(*precision)),
            FieldType::Boolean => Operand::Condition(Expr::Field(index)),
            FieldType::Date | FieldType::Month | FieldType::Week | FieldType::Year | FieldType::SchoolYear => {
                Operand::Temporal(index)
            }
            FieldType::Person => {
                let message = format!("the person field `{}` can only be counted", field.name);
                self.report
                    .error(Code::PERSON_EXPOSED, span, message)
                    .help(format!("write count(distinct {})", field.name));
                return None;
            }
        })
    }

    fn literal(&mut self, value: &Value, sql: &Sql) -> Option<Operand> {
        match value {
            Value::SingleQuotedString(text) => Some(Operand::Literal(text.clone())),
            Value::Boolean(value) => Some(Operand::Condition(Expr::Boolean(*value))),
            Value::Null => Some(Operand::Null),
            Value::Number(text, false) => {
                if decimal::is_ambiguous(text, self.span(sql), self.report) {
                    return None;
                }
                let decimal = Decimal::parse(text);
                if decimal.is_none() {
                    let span = self.span(sql);
                    self.report
                        .error(Code::LITERAL_RANGE, span, format!("`{text}` is not a number that a field can hold"))
                        .help("write at most 18 digits, with a decimal point and without an exponent");
                }
                decimal.map(|decimal| Operand::Number(Amount::Constant(decimal)))
            }
            _ => {
                self.unsupported(sql);
                None
            }
        }
    }

    /// A number, or a report that none is there.
    pub(super) fn amount(&mut self, sql: &Sql) -> Option<Amount> {
        let span = self.span(sql);
        match self.operand(sql)? {
            Operand::Number(amount) => Some(amount),
            other => {
                let message = format!("a number belongs here, but this is {}", other.noun());
                self.report.error(Code::TYPE_MISMATCH, span, message);
                None
            }
        }
    }

    fn negated(&mut self, sql: &Sql) -> Option<Operand> {
        Some(Operand::Number(match self.amount(sql)? {
            Amount::Constant(decimal) => Amount::Constant(decimal.negated()),
            Amount::Computed { expr, scale, unit, .. } => {
                Amount::Computed { expr: Expr::Negate(Box::new(expr)), scale, precision: None, unit }
            }
        }))
    }

    fn combined(&mut self, left: &Sql, op: &BinaryOperator, right: &Sql) -> Option<Operand> {
        let span = self.span(left);
        let (left, right) = (self.amount(left), self.amount(right));
        let (left, right) = (left?, right?);
        let (left, right, scale, unit) = self.aligned(left, right, span)?;
        let (left, right) = (Box::new(left), Box::new(right));
        let expr = if *op == BinaryOperator::Plus { Expr::Add(left, right) } else { Expr::Subtract(left, right) };
        Some(Operand::Number(Amount::Computed { expr, scale, precision: None, unit }))
    }

    /// Brings two numbers to one scale. A literal takes the other side's; two fields must already agree, also in their
    /// units.
    pub(super) fn aligned(
        &mut self,
        left: Amount,
        right: Amount,
        span: Span,
    ) -> Option<(Expr, Expr, u8, Option<Unit>)> {
        match (left, right) {
            (Amount::Constant(_), Amount::Constant(_)) => {
                self.report
                    .error(Code::UNSUPPORTED_EXPRESSION, span, "two numbers stand here, but no field")
                    .help("write the result; a day stands in single quotation marks: '2024-05-31'");
                None
            }
            (Amount::Computed { expr, scale, precision, unit }, Amount::Constant(decimal)) => {
                let constant = self.scaled(decimal, scale, precision, span)?;
                Some((expr, constant, scale, unit))
            }
            (Amount::Constant(decimal), Amount::Computed { expr, scale, precision, unit }) => {
                let constant = self.scaled(decimal, scale, precision, span)?;
                Some((constant, expr, scale, unit))
            }
            (
                Amount::Computed { expr: left, scale, unit: left_unit, .. },
                Amount::Computed { expr: right, scale: right_scale, unit: right_unit, .. },
            ) => {
                self.same_scale(scale, right_scale, span)?;
                self.same_unit(left_unit.as_ref(), right_unit.as_ref(), span)?;
                Some((left, right, scale, left_unit.or(right_unit)))
            }
        }
    }

    fn same_scale(&mut self, left: u8, right: u8, span: Span) -> Option<()> {
        if left != right {
            let message = format!("numbers with {left} and with {right} decimals meet here");
            self.report
                .error(Code::TYPE_MISMATCH, span, message)
                .help("give both fields of the dataset the same scale");
            return None;
        }
        Some(())
    }

    fn same_unit(&mut self, left: Option<&Unit>, right: Option<&Unit>, span: Span) -> Option<()> {
        let (Some(left), Some(right)) = (left, right) else { return Some(()) };
        if left.conversion_to(right) != Some(model::Ratio::integer(1)) {
            let message = format!("`{left}` and `{right}` cannot be added or compared");
            self.report.error(Code::UNIT_MISMATCH, span, message);
            return None;
        }
        Some(())
    }

    fn scaled(&mut self, decimal: Decimal, scale: u8, precision: Option<u8>, span: Span) -> Option<Expr> {
        let fits = |minor: &i64| {
            let limit = precision.and_then(|precision| model::pow10(precision).ok());
            limit.is_none_or(|limit| i128::from(*minor).abs() < limit)
        };
        let minor = decimal.at_scale(scale).and_then(|minor| Some(minor).filter(fits).ok_or(Misfit::Digits));
        let message = match minor {
            Ok(minor) => return Some(Expr::Number { minor, scale }),
            Err(Misfit::Decimals) => format!("the number has more than the {scale} decimals of the field"),
            Err(Misfit::Digits) => "the number has more digits than the field".to_owned(),
        };
        self.report.error(Code::LITERAL_RANGE, span, message);
        None
    }

    fn function(&mut self, function: &Function, sql: &Sql) -> Option<Operand> {
        let name = function.name.to_string().to_lowercase();
        if name == "in_group" {
            return self.in_group(function, sql).map(Operand::Condition);
        }
        if name == "as_of" {
            return self.as_of(function, sql).map(|(field, day)| Operand::CodeOn(field, day));
        }
        let span = self.span(sql);
        if let Some(part) = [DatePart::Year, DatePart::Month].into_iter().find(|part| part.as_str() == name) {
            return self.date_part(part, function, span);
        }
        if let Some(time) = [ActiveTime::Days, ActiveTime::Months].into_iter().find(|time| time.as_str() == name) {
            return self.active_time(time, function, span);
        }
        if is_aggregate(&name) {
            self.report
                .error(Code::AGGREGATION_LEVEL, span, format!("the aggregate `{name}` stands where one row is meant"))
                .help("a `where` speaks of one row; aggregates belong in `value`");
        } else {
            self.report
                .error(Code::UNSUPPORTED_EXPRESSION, span, format!("the function `{name}` is not part of the language"))
                .did_you_mean_one_of(&name, ["in_group", "as_of", "year", "month", "days_active", "months_active"]);
        }
        None
    }

    /// `year(field)`, `month(field)`.
    fn date_part(&mut self, part: DatePart, function: &Function, span: Span) -> Option<Operand> {
        let Some(&[field]) = argument_list(function).as_deref() else {
            let help = format!("write {}(field)", part.as_str());
            let message = format!("`{}` takes one date or period", part.as_str());
            self.report.error(Code::UNSUPPORTED_EXPRESSION, span, message).help(help);
            return None;
        };
        let field = self.field_named(field)?;
        if !self.field(field).ty.is_temporal() {
            let message = format!("`{}` is no date or period, so it has no {}", self.field(field).name, part.as_str());
            self.report.error(Code::TYPE_MISMATCH, span, message);
            return None;
        }
        let expr = Expr::Part(part, field);
        Some(Operand::Number(Amount::Computed { expr, scale: 0, precision: None, unit: None }))
    }

    /// `days_active()`, `months_active()`.
    fn active_time(&mut self, time: ActiveTime, function: &Function, span: Span) -> Option<Operand> {
        let name = time.as_str();
        if argument_list(function).is_none_or(|list| !list.is_empty()) {
            self.report
                .error(Code::UNSUPPORTED_EXPRESSION, span, format!("`{name}` takes nothing"))
                .help(format!("write {name}()"));
            return None;
        }
        if !self.scope.active {
            let message = format!("`{name}()` is about the intervals of a measure, and there are none here");
            self.report.error(Code::MOMENT_MISMATCH, span, message);
            return None;
        }
        let unit = match time {
            ActiveTime::Days => Unit::parse("day"),
            ActiveTime::Months => Unit::parse("month"),
        };
        let expr = Expr::Active(time);
        Some(Operand::Number(Amount::Computed { expr, scale: 0, precision: None, unit: unit.ok() }))
    }

    /// `in_group(field, 'group')`: the codes that the group has now become part of the plan, so that a changed group
    /// changes the plan's fingerprint.
    fn in_group(&mut self, function: &Function, sql: &Sql) -> Option<Expr> {
        let span = self.span(sql);
        let Some([field, group]) = argument_list(function).as_deref().and_then(|list| <[&Sql; 2]>::try_from(list).ok())
        else {
            self.report
                .error(Code::UNSUPPORTED_EXPRESSION, span, "`in_group` takes a code field and the name of a group")
                .help("write in_group(function, 'elderly')");
            return None;
        };
        let group_span = self.span(group);
        let field_span = self.span(field);
        let (index, day) = match field {
            Sql::Function(inner) if inner.name.to_string().eq_ignore_ascii_case("as_of") => {
                let (index, day) = self.as_of(inner, field)?;
                (index, Some(day))
            }
            _ => (self.field_named(field)?, None),
        };
        if !matches!(self.field(index).ty, FieldType::Code(_)) {
            let message = format!("`{}` is no code, so it has no groups", self.field(index).name);
            self.report.error(Code::TYPE_MISMATCH, field_span, message);
            return None;
        }
        let name = match group {
            Sql::Value(value) => match &value.value {
                Value::SingleQuotedString(name) => name,
                _ => return self.group_needed("elderly", group_span),
            },
            Sql::Identifier(name) => return self.group_needed(&name.value, group_span),
            _ => return self.group_needed("elderly", group_span),
        };
        let list = self.list_of(index)?;
        let members = self.members_of(list, name, group_span)?;
        match day {
            Some(day) => {
                let belongs = |code| members.contains(&code) && is_member(list, name, code, day);
                self.codes_on(index, day, span, belongs)
            }
            None => self.codes_in_group(index, list, name, span),
        }
    }

    fn group_needed(&mut self, name: &str, span: Span) -> Option<Expr> {
        self.report
            .error(Code::TYPE_MISMATCH, span, "the name of a group belongs here")
            .help(format!("write it in single quotation marks: '{name}'"));
        None
    }

    fn members_of<'l>(
        &mut self,
        list: &'l CodeList,
        name: &str,
        span: Span,
    ) -> Option<&'l std::collections::BTreeSet<model::CodeIndex>> {
        let members = list.groups.get(name);
        if members.is_none() {
            self.report
                .error(Code::UNKNOWN_GROUP, span, format!("the code list `{}` has no group `{name}`", list.id))
                .did_you_mean_one_of(name, list.groups.keys().map(model::FieldName::as_str));
        }
        members
    }
}
