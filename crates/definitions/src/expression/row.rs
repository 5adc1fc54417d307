//! Conditions over one row: names to fields, literals to their types, `and`, `or`, `not`.

use model::{Code, CodeList, Expr, Field, FieldIndex, FieldType};
use sqlparser::ast::{BinaryOperator, Expr as Sql, Spanned, UnaryOperator};

use super::operand::Operand;
use super::sql::Places;
use super::verdict::{self, Verdict};
use crate::shelf::Shelf;
use crate::yaml::{Report, Span};

/// What the names in an expression can mean.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowScope<'a> {
    /// The dataset's name, for messages.
    pub(crate) dataset: &'a str,
    /// Its fields.
    pub(crate) fields: &'a [Field],
    /// All code lists.
    pub(crate) lists: &'a Shelf<CodeList>,
    /// Whether the rows are intervals that a measure looks at, so that it is known how long they have been active.
    pub(crate) active: bool,
    /// The field that says of which day a row is; `None` where rows are groups of rows.
    pub(crate) time: Option<FieldIndex>,
}

impl RowScope<'_> {
    /// Whether there are fields of what is looked up, whose names have a dot.
    pub(super) fn looks_up(&self) -> bool {
        self.fields.iter().any(|field| field.name.is_looked_up())
    }
}

/// Compiles expressions over the rows of one dataset. Every method returns `None` only after it has reported why
/// (or because a code list it needs is broken, which was reported there).
pub(crate) struct RowCompiler<'c, 'f> {
    pub(super) scope: RowScope<'c>,
    pub(super) places: &'c Places,
    pub(super) report: &'c mut Report<'f>,
}

impl<'c, 'f> RowCompiler<'c, 'f> {
    /// A compiler for one expression.
    pub(crate) fn new(scope: RowScope<'c>, places: &'c Places, report: &'c mut Report<'f>) -> Self {
        Self { scope, places, report }
    }

    /// A condition: something that is true, false or unknown of a row.
    pub(crate) fn condition(&mut self, sql: &Sql) -> Option<Expr> {
        let span = self.span(sql);
        match self.operand(sql)? {
            Operand::Condition(condition) => self.sensible(condition, span),
            other => {
                let message = format!("a condition belongs here, but this is {}", other.noun());
                self.report.error(Code::TYPE_MISMATCH, span, message).help("compare it with something");
                None
            }
        }
    }

    /// The condition, if it says anything. Every part of a longer one is judged by itself, so that the innermost mistake
    /// is the one that is shown.
    fn sensible(&mut self, condition: Expr, span: Span) -> Option<Expr> {
        let RowScope { dataset, fields, lists, .. } = self.scope;
        let (message, help) = match verdict::of(&condition, fields, lists) {
            None => return Some(condition),
            Some(Verdict::Contradiction) => (
                "this is never true: it contradicts itself".to_owned(),
                "one field has one value at a time; compare the bounds, and `and` with `or`",
            ),
            Some(Verdict::BeyondFields) => (
                format!("this is never true, by what `{dataset}` says of its fields"),
                "compare it with the fields' `required`, `range`, `pattern` and `codelist`",
            ),
            Some(Verdict::Truism) => (
                "this is true of every row that has a value, so it says nothing".to_owned(),
                "mend it, or leave it out",
            ),
        };
        self.report.error(Code::CONSTANT_CONDITION, span, message).help(help);
        None
    }

    pub(super) fn span(&self, sql: &Sql) -> Span {
        self.places.span(sql.span())
    }

    pub(super) fn field(&self, index: FieldIndex) -> &'c Field {
        &self.scope.fields[index.0]
    }

    /// Looks a field up by its name, which must stand there as it is written in the dataset.
    pub(super) fn field_named(&mut self, sql: &Sql) -> Option<FieldIndex> {
        let span = self.span(sql);
        let parts = match sql {
            Sql::Identifier(name) => std::slice::from_ref(name),
            Sql::CompoundIdentifier(parts) if self.scope.looks_up() => parts,
            _ => {
                self.report.error(Code::UNSUPPORTED_EXPRESSION, span, "the name of a field belongs here");
                return None;
            }
        };
        let written = parts.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join(".");
        let found = self.scope.fields.iter().position(|field| field.name.as_str() == written);
        if found.is_none() {
            let message = format!("`{}` has no field `{written}`", self.scope.dataset);
            let finding = self.report.error(Code::UNKNOWN_FIELD, span, message);
            if parts.iter().any(|part| part.quote_style.is_some()) {
                finding.help(format!("a text or a code stands in single quotation marks: '{written}'"));
            } else {
                finding.did_you_mean_one_of(&written, self.scope.fields.iter().map(|field| field.name.as_str()));
            }
        }
        found.map(FieldIndex)
    }

    pub(super) fn list_of(&self, field: FieldIndex) -> Option<&'c CodeList> {
        match &self.field(field).ty {
            FieldType::Code(list) => self.scope.lists.get(list.as_str()).map(AsRef::as_ref),
            _ => None,
        }
    }

    /// `a and b and c`, `a or b or c`: one node however long the chain is.
    pub(super) fn chain(&mut self, sql: &Sql, operator: &BinaryOperator) -> Option<Expr> {
        let mut parts = Vec::new();
        let mut rest = sql;
        while let Sql::BinaryOp { left, op, right } = rest {
            if op != operator {
                break;
            }
            parts.push(self.link(right, operator));
            rest = left;
        }
        parts.push(self.link(rest, operator));
        parts.reverse();
        let parts: Vec<Expr> = parts.into_iter().collect::<Option<_>>()?;
        Some(if *operator == BinaryOperator::And { Expr::And(parts) } else { Expr::Or(parts) })
    }

    /// A link of a chain. `a or b and c` has a meaning in SQL, but hardly the one that everybody reads.
    fn link(&mut self, sql: &Sql, operator: &BinaryOperator) -> Option<Expr> {
        if *operator == BinaryOperator::Or && matches!(sql, Sql::BinaryOp { op: BinaryOperator::And, .. }) {
            self.report
                .error(
                    Code::UNSUPPORTED_EXPRESSION,
                    self.places.span(sql.span()),
                    "`and` beside `or` needs parentheses",
                )
                .help("write (a and b) or c, or a and (b or c)");
            return None;
        }
        self.condition(sql)
    }

    pub(super) fn unsupported(&mut self, sql: &Sql) {
        let message = format!("{} is not part of the language", construct(sql));
        self.report.error(Code::UNSUPPORTED_EXPRESSION, self.places.span(sql.span()), message).help(
            "there are comparisons, `and`, `or`, `not`, `in`, `between`, `is null`, `in_group`, `+`, `-` and the aggregates",
        );
    }
}

fn construct(sql: &Sql) -> String {
    match sql {
        Sql::Subquery(_) | Sql::InSubquery { .. } | Sql::Exists { .. } => "a sub-select".to_owned(),
        Sql::Like { .. } | Sql::ILike { .. } | Sql::SimilarTo { .. } | Sql::RLike { .. } => "`like`".to_owned(),
        Sql::Cast { .. } | Sql::Convert { .. } => "`cast`".to_owned(),
        Sql::Case { .. } => "`case`".to_owned(),
        Sql::BinaryOp { op, .. } => format!("`{op}`"),
        Sql::UnaryOp { op, .. } if *op != UnaryOperator::Minus => format!("`{op}`"),
        Sql::IsTrue(_) | Sql::IsNotTrue(_) | Sql::IsFalse(_) | Sql::IsNotFalse(_) | Sql::IsUnknown(_) => {
            "`is` with a truth value".to_owned()
        }
        Sql::CompoundIdentifier(_) => "a name with a dot".to_owned(),
        Sql::Function(function) => format!("the function `{}`", function.name),
        _ => "this construct".to_owned(),
    }
}
