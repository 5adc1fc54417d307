//! Comparisons, `in`, `between` and `is null`: two sides of one type, or a report that shows both.

use std::collections::BTreeSet;

use model::{Code, Comparison, Date, Expr, FieldIndex, FieldType, Period};
use sqlparser::ast::{BinaryOperator, Expr as Sql};

use super::operand::Operand;
use super::row::RowCompiler;
use crate::codelist::not_listed;
use crate::yaml::Span;

fn comparison(op: &BinaryOperator) -> Option<Comparison> {
    Some(match op {
        BinaryOperator::Eq => Comparison::Equal,
        BinaryOperator::NotEq => Comparison::NotEqual,
        BinaryOperator::Lt => Comparison::Less,
        BinaryOperator::LtEq => Comparison::LessOrEqual,
        BinaryOperator::Gt => Comparison::Greater,
        BinaryOperator::GtEq => Comparison::GreaterOrEqual,
        _ => return None,
    })
}

fn mirrored(op: Comparison) -> Comparison {
    match op {
        Comparison::Equal | Comparison::NotEqual => op,
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
    }
}

fn compare(op: Comparison, left: Expr, right: Expr) -> Expr {
    Expr::Compare(op, Box::new(left), Box::new(right))
}

fn negated_if(negated: bool, expr: Expr) -> Expr {
    if negated { Expr::Not(Box::new(expr)) } else { expr }
}

/// One side of a comparison.
struct Side {
    operand: Operand,
    span: Span,
}

impl RowCompiler<'_, '_> {
    pub(super) fn predicate(&mut self, sql: &Sql) -> Option<Expr> {
        match sql {
            Sql::BinaryOp { left, op, right } => {
                let Some(op) = comparison(op) else {
                    self.unsupported(sql);
                    return None;
                };
                let (left, right) = (self.side(left), self.side(right));
                self.compared(op, left?, right?)
            }
            Sql::InList { expr, list, negated } => Some(negated_if(*negated, self.in_list(expr, list)?)),
            Sql::Between { expr, negated, low, high } => Some(negated_if(*negated, self.between(expr, low, high)?)),
            Sql::IsNull(expr) => self.is_null(expr),
            Sql::IsNotNull(expr) => Some(negated_if(true, self.is_null(expr)?)),
            _ => {
                self.unsupported(sql);
                None
            }
        }
    }

    fn side(&mut self, sql: &Sql) -> Option<Side> {
        Some(Side { span: self.span(sql), operand: self.operand(sql)? })
    }

    fn is_null(&mut self, sql: &Sql) -> Option<Expr> {
        let index = self.field_named(sql)?;
        if self.field(index).ty == FieldType::Person {
            self.operand(sql)?;
        }
        Some(Expr::IsNull(Box::new(Expr::Field(index))))
    }

    fn compared(&mut self, op: Comparison, left: Side, right: Side) -> Option<Expr> {
        if left.operand.is_literal() && !right.operand.is_literal() {
            return self.compared(mirrored(op), right, left);
        }
        let equality = matches!(op, Comparison::Equal | Comparison::NotEqual);
        match (&left.operand, &right.operand) {
            (Operand::Null, _) | (_, Operand::Null) => {
                self.report
                    .error(Code::UNSUPPORTED_EXPRESSION, right.span, "a comparison with `null` is never true")
                    .help("write `is null` or `is not null`");
                None
            }
            (Operand::Number(a), Operand::Number(b)) => {
                let (a, b, ..) = self.aligned(a.clone(), b.clone(), right.span)?;
                Some(compare(op, a, b))
            }
            (Operand::Temporal(a), Operand::Literal(text)) => {
                let day = self.day(*a, text, right.span)?;
                Some(compare(op, Expr::Field(*a), Expr::Date(day)))
            }
            (Operand::Temporal(a), Operand::Temporal(b)) => Some(compare(op, Expr::Field(*a), Expr::Field(*b))),
            (Operand::Code(_) | Operand::CodeOn(..) | Operand::Text(_) | Operand::Condition(_), _) if !equality => {
                let message = format!("{} has no order that `<` and `>` could mean", left.operand.noun());
                self.report
                    .error(Code::TYPE_MISMATCH, left.span, message)
                    .help("use `=`, `<>`, `in`, or `between` on codes");
                None
            }
            (Operand::Code(a), Operand::Literal(text)) => {
                self.known_code(*a, text, right.span)?;
                Some(compare(op, Expr::Field(*a), Expr::Text(text.clone())))
            }
            (Operand::CodeOn(a, day), Operand::Literal(text)) => {
                self.known_code(*a, text, right.span)?;
                let list = self.list_of(*a)?;
                let equal = self.codes_on(*a, *day, left.span, |code| list.code(code) == text)?;
                Some(negated_if(op == Comparison::NotEqual, equal))
            }
            (Operand::Text(a), Operand::Literal(text)) => Some(compare(op, Expr::Field(*a), Expr::Text(text.clone()))),
            (Operand::Code(a), Operand::Code(b)) if self.field(*a).ty == self.field(*b).ty => {
                Some(compare(op, Expr::Field(*a), Expr::Field(*b)))
            }
            (Operand::Text(a), Operand::Text(b)) => Some(compare(op, Expr::Field(*a), Expr::Field(*b))),
            (Operand::Condition(a), Operand::Condition(b)) => Some(compare(op, a.clone(), b.clone())),
            _ => self.mismatch(&left, &right),
        }
    }

    fn mismatch(&mut self, left: &Side, right: &Side) -> Option<Expr> {
        let message = format!("{} is compared with {}", left.operand.noun(), right.operand.noun());
        let finding = self.report.error(Code::TYPE_MISMATCH, right.span, message);
        match (&left.operand, &right.operand) {
            (Operand::Code(_) | Operand::CodeOn(..) | Operand::Text(_), Operand::Number(_)) => {
                finding.help("codes and texts stand in single quotation marks: '1'");
            }
            (Operand::Number(_), Operand::Literal(_)) => {
                finding.help("numbers stand without quotation marks");
            }
            (Operand::Code(_), Operand::Code(_)) => {
                finding.help("the two fields have different code lists");
            }
            _ => {}
        }
        None
    }

    fn in_list(&mut self, expr: &Sql, list: &[Sql]) -> Option<Expr> {
        let subject = self.side(expr)?;
        match subject.operand {
            Operand::Code(index) | Operand::Text(index) => {
                let is_code = matches!(subject.operand, Operand::Code(_));
                let members = list.iter().map(|item| self.member(index, is_code, item)).collect::<Vec<_>>();
                Some(Expr::In(index, members.into_iter().collect::<Option<_>>()?))
            }
            Operand::CodeOn(index, day) => {
                let members = list.iter().map(|item| self.member(index, true, item)).collect::<Vec<_>>();
                let members = members.into_iter().collect::<Option<BTreeSet<_>>>()?;
                let codes = self.list_of(index)?;
                self.codes_on(index, day, subject.span, |code| members.contains(codes.code(code)))
            }
            _ => {
                let equals: Vec<Option<Expr>> = list
                    .iter()
                    .map(|item| {
                        let right = self.side(item)?;
                        let left = Side { operand: subject.operand.clone(), span: subject.span };
                        self.compared(Comparison::Equal, left, right)
                    })
                    .collect();
                Some(Expr::Or(equals.into_iter().collect::<Option<_>>()?))
            }
        }
    }

    fn member(&mut self, index: FieldIndex, is_code: bool, item: &Sql) -> Option<String> {
        let side = self.side(item)?;
        let Operand::Literal(text) = &side.operand else {
            let field = Side { operand: if is_code { Operand::Code(index) } else { Operand::Text(index) }, ..side };
            let side = self.side(item)?;
            self.mismatch(&field, &side)?;
            return None;
        };
        if is_code {
            self.known_code(index, text, side.span)?;
        }
        Some(text.clone())
    }

    fn between(&mut self, expr: &Sql, low: &Sql, high: &Sql) -> Option<Expr> {
        let subject = self.side(expr)?;
        match subject.operand {
            Operand::Code(index) => {
                let within = self.codes_between(index, low, high)?;
                return Some(Expr::In(index, within));
            }
            Operand::CodeOn(index, day) => {
                let within = self.codes_between(index, low, high)?;
                let list = self.list_of(index)?;
                return self.codes_on(index, day, subject.span, |code| within.contains(list.code(code)));
            }
            _ => {}
        }
        let (low, high) = (self.side(low), self.side(high));
        let again = Side { operand: subject.operand.clone(), span: subject.span };
        let from = low.and_then(|low| self.compared(Comparison::GreaterOrEqual, subject, low));
        let to = high.and_then(|high| self.compared(Comparison::LessOrEqual, again, high));
        Some(Expr::And(vec![from?, to?]))
    }

    /// The codes of the list from the first to the last one, in the order of the codes.
    fn codes_between(&mut self, index: FieldIndex, low: &Sql, high: &Sql) -> Option<BTreeSet<String>> {
        let span = self.span(low);
        let (low, high) = (self.member(index, true, low), self.member(index, true, high));
        let (low, high) = (low?, high?);
        if low > high {
            self.report
                .error(Code::INVALID_VALUE, span, format!("`{low}` comes after `{high}`, so nothing lies between"))
                .help("write the smaller code first");
            return None;
        }
        let codes = self.list_of(index)?.codes();
        Some(codes.iter().filter(|code| **code >= low && **code <= high).cloned().collect())
    }

    fn known_code(&mut self, index: FieldIndex, text: &str, span: Span) -> Option<()> {
        let list = self.list_of(index)?;
        if list.index_of(text).is_some() {
            return Some(());
        }
        not_listed(list, text, span, self.report);
        None
    }

    fn day(&mut self, index: FieldIndex, text: &str, span: Span) -> Option<Date> {
        let field = self.field(index);
        let kind = field.ty.period_kind();
        let iso = Date::parse_iso(text);
        let day = match kind {
            None => iso,
            Some(kind) => iso
                .filter(|day| Period::containing(kind, *day).start() == *day)
                .or_else(|| text.parse::<Period>().ok().filter(|period| period.kind() == kind).map(Period::start)),
        };
        if day.is_none() {
            let message = format!("`{text}` is no {} to compare `{}` with", field.ty.word(), field.name);
            let help = match kind {
                None => "write '2024-05-31'".to_owned(),
                Some(kind) => format!("write a {kind}, or its first day, in single quotation marks"),
            };
            self.report.error(Code::TYPE_MISMATCH, span, message).help(help);
        }
        day
    }
}
