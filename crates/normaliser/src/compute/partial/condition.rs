//! Conditions, taken apart: a tree of and, or, not over atoms, each of which is one comparison.
//!
//! Truth has three values, ordered so that `and` is the smaller one and `or` the larger one.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use model::{Column, ColumnData, ColumnKind, Comparison, Expr, RecordBatch, RecordSchema};

use super::number::Number;

pub(super) const FALSE: u8 = 0;
pub(super) const UNKNOWN: u8 = 1;
pub(super) const TRUE: u8 = 2;

/// How truths are combined.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tree {
    Constant(u8),
    /// An atom, by its position.
    Atom(usize),
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    Unknown(Box<Self>),
    Compare(Comparison, Box<Self>, Box<Self>),
}

/// What is asked of a single row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Atom {
    /// The truth for each code of a field's list, and at last for a missing one.
    Code {
        field: usize,
        truths: Vec<u8>,
    },
    /// A boolean field.
    Flag(usize),
    Numbers(Comparison, Number, Number),
    Days(Comparison, Day, Day),
    Texts(Comparison, Words, Words),
    OneOf(usize, BTreeSet<String>),
    MissingNumber(Number),
    MissingField(usize),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Day {
    Field(usize),
    Constant(i32),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Words {
    Field(usize),
    Constant(String),
}

/// A side of a comparison, or what may be missing.
enum Operand {
    Number(Number),
    Day(Day),
    Words(Words),
    Truth(Tree),
}

fn known(truth: bool) -> u8 {
    if truth { TRUE } else { FALSE }
}

impl Tree {
    /// The truth, given that of the atoms.
    pub(super) fn evaluate(&self, atom: &impl Fn(usize) -> u8) -> u8 {
        match self {
            Self::Constant(truth) => *truth,
            Self::Atom(at) => atom(*at),
            Self::And(parts) => parts.iter().map(|part| part.evaluate(atom)).min().unwrap_or(TRUE),
            Self::Or(parts) => parts.iter().map(|part| part.evaluate(atom)).max().unwrap_or(FALSE),
            Self::Not(inner) => TRUE - inner.evaluate(atom),
            Self::Unknown(inner) => known(inner.evaluate(atom) == UNKNOWN),
            Self::Compare(operator, left, right) => match (left.evaluate(atom), right.evaluate(atom)) {
                (UNKNOWN, _) | (_, UNKNOWN) => UNKNOWN,
                (left, right) => known(fulfils(*operator, left.cmp(&right))),
            },
        }
    }

    /// Calls `visit` with each atom.
    pub(super) fn for_each_atom(&self, visit: &mut impl FnMut(usize)) {
        match self {
            Self::Constant(_) => {}
            Self::Atom(at) => visit(*at),
            Self::And(parts) | Self::Or(parts) => {
                for part in parts {
                    part.for_each_atom(visit);
                }
            }
            Self::Not(inner) | Self::Unknown(inner) => inner.for_each_atom(visit),
            Self::Compare(_, left, right) => {
                left.for_each_atom(visit);
                right.for_each_atom(visit);
            }
        }
    }
}

/// Takes conditions over the columns of a schema apart; equal atoms are one.
pub(super) struct Atoms<'a> {
    pub(super) schema: &'a RecordSchema,
    pub(super) atoms: Vec<Atom>,
}

impl Atoms<'_> {
    pub(super) fn tree(&mut self, condition: &Expr) -> Tree {
        match condition {
            Expr::And(parts) => Tree::And(parts.iter().map(|part| self.tree(part)).collect()),
            Expr::Or(parts) => Tree::Or(parts.iter().map(|part| self.tree(part)).collect()),
            Expr::Not(inner) => Tree::Not(Box::new(self.tree(inner))),
            Expr::Boolean(truth) => Tree::Constant(known(*truth)),
            Expr::Compare(operator, left, right) => {
                let (left, right) = (self.operand(left), self.operand(right));
                self.comparison(*operator, left, right)
            }
            Expr::IsNull(inner) => match self.operand(inner) {
                Operand::Truth(tree) => Tree::Unknown(Box::new(tree)),
                Operand::Number(number) => self.atom(Atom::MissingNumber(number)),
                Operand::Day(Day::Field(field)) | Operand::Words(Words::Field(field)) => self.missing(field),
                Operand::Day(Day::Constant(_)) | Operand::Words(Words::Constant(_)) => Tree::Constant(FALSE),
            },
            Expr::In(field, texts) => match self.codes(field.0, |code| texts.contains(code)) {
                Some(tree) => tree,
                None => self.atom(Atom::OneOf(field.0, texts.clone())),
            },
            Expr::Field(field) if self.kind(field.0) == &ColumnKind::Boolean => self.atom(Atom::Flag(field.0)),
            // Everything else is no truth, and the definitions let none of it stand here.
            _ => Tree::Constant(UNKNOWN),
        }
    }

    fn kind(&self, field: usize) -> &ColumnKind {
        &self.schema.columns[field].1
    }

    fn atom(&mut self, atom: Atom) -> Tree {
        let known = self.atoms.iter().position(|known| *known == atom);
        Tree::Atom(known.unwrap_or_else(|| {
            self.atoms.push(atom);
            self.atoms.len() - 1
        }))
    }

    /// The atom that is true for these codes; none if the field has no code list.
    fn codes(&mut self, field: usize, holds: impl Fn(&str) -> bool) -> Option<Tree> {
        let ColumnKind::Code(codes) = self.kind(field) else { return None };
        let truths = codes.iter().map(|code| known(holds(code))).chain([UNKNOWN]).collect();
        Some(self.atom(Atom::Code { field, truths }))
    }

    fn missing(&mut self, field: usize) -> Tree {
        let ColumnKind::Code(codes) = self.kind(field) else { return self.atom(Atom::MissingField(field)) };
        let truths = codes.iter().map(|_| FALSE).chain([TRUE]).collect();
        self.atom(Atom::Code { field, truths })
    }

    fn operand(&mut self, expression: &Expr) -> Operand {
        match expression {
            Expr::Field(field) => match self.kind(field.0) {
                ColumnKind::Integer | ColumnKind::Decimal { .. } => Operand::Number(Number::Field(field.0)),
                ColumnKind::Date => Operand::Day(Day::Field(field.0)),
                ColumnKind::Code(_) | ColumnKind::Text => Operand::Words(Words::Field(field.0)),
                ColumnKind::Boolean => Operand::Truth(self.tree(expression)),
            },
            Expr::Number { .. } | Expr::Add(..) | Expr::Subtract(..) | Expr::Negate(_) | Expr::Part(..) => {
                Operand::Number(Number::of(expression))
            }
            Expr::Date(date) => Operand::Day(Day::Constant(date.days())),
            Expr::Text(text) => Operand::Words(Words::Constant(text.clone())),
            truth => Operand::Truth(self.tree(truth)),
        }
    }

    fn comparison(&mut self, operator: Comparison, left: Operand, right: Operand) -> Tree {
        match (left, right) {
            (Operand::Number(left), Operand::Number(right)) => self.atom(Atom::Numbers(operator, left, right)),
            (Operand::Day(left), Operand::Day(right)) => self.atom(Atom::Days(operator, left, right)),
            (Operand::Truth(left), Operand::Truth(right)) => Tree::Compare(operator, Box::new(left), Box::new(right)),
            (Operand::Words(left), Operand::Words(right)) => {
                let of_codes = match (&left, &right) {
                    (Words::Field(field), Words::Constant(text)) => {
                        self.codes(*field, |code| fulfils(operator, code.cmp(text)))
                    }
                    (Words::Constant(text), Words::Field(field)) => {
                        self.codes(*field, |code| fulfils(operator, text.as_str().cmp(code)))
                    }
                    _ => None,
                };
                of_codes.unwrap_or_else(|| self.atom(Atom::Texts(operator, left, right)))
            }
            _ => Tree::Constant(UNKNOWN),
        }
    }
}

fn fulfils(operator: Comparison, order: Ordering) -> bool {
    match operator {
        Comparison::Equal => order.is_eq(),
        Comparison::NotEqual => order.is_ne(),
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
    }
}

impl Atom {
    /// Puts the truth for each row of the batch into `out`.
    pub(super) fn evaluate(&self, batch: &RecordBatch, out: &mut Vec<u8>) {
        out.clear();
        let rows = 0..batch.len();
        let column = |field: usize| &batch.columns[field];
        let of = |truth: Option<bool>| truth.map_or(UNKNOWN, known);
        match self {
            Self::Code { field, truths } => {
                out.extend(places(column(*field), truths.len() - 1).map(|place| truths[place]));
            }
            Self::Flag(field) => match &column(*field).data {
                ColumnData::Boolean(values) => {
                    let truth = |(truth, valid): (&bool, &bool)| if *valid { known(*truth) } else { UNKNOWN };
                    out.extend(values.iter().zip(&column(*field).valid).map(truth));
                }
                _ => out.resize(batch.len(), UNKNOWN),
            },
            Self::Numbers(operator, left, right) => {
                let (left, right) = (left.column(batch), right.column(batch));
                out.extend(rows.map(|row| {
                    of(left.get(row).zip(right.get(row)).map(|(left, right)| fulfils(*operator, left.cmp(&right))))
                }));
            }
            Self::Days(operator, left, right) => out.extend(rows.map(|row| {
                let pair = left.get(batch, row).zip(right.get(batch, row));
                of(pair.map(|(left, right)| fulfils(*operator, left.cmp(&right))))
            })),
            Self::Texts(operator, left, right) => out.extend(rows.map(|row| {
                let pair = left.get(batch, row).zip(right.get(batch, row));
                of(pair.map(|(left, right)| fulfils(*operator, left.cmp(right))))
            })),
            Self::OneOf(field, texts) => {
                out.extend(rows.map(|row| of(text_of(batch, *field, row).map(|text| texts.contains(text)))));
            }
            Self::MissingNumber(number) => {
                let number = number.column(batch);
                out.extend(rows.map(|row| known(number.get(row).is_none())));
            }
            Self::MissingField(field) => out.extend(column(*field).valid.iter().map(|valid| known(!valid))),
        }
    }
}

/// The positions of codes in their list; `missing` where there is none.
pub(super) fn places(column: &Column, missing: usize) -> impl Iterator<Item = usize> {
    let ColumnData::Code(values) = &column.data else { unreachable!("a column of codes") };
    values.iter().zip(&column.valid).map(move |(value, valid)| if *valid { *value as usize } else { missing })
}

impl Day {
    fn get(self, batch: &RecordBatch, row: usize) -> Option<i32> {
        match self {
            Self::Constant(day) => Some(day),
            Self::Field(field) => match &batch.columns[field].data {
                ColumnData::Date(days) => batch.columns[field].valid[row].then(|| days[row]),
                _ => None,
            },
        }
    }
}

impl Words {
    fn get<'a>(&'a self, batch: &'a RecordBatch, row: usize) -> Option<&'a str> {
        match self {
            Self::Constant(text) => Some(text),
            Self::Field(field) => text_of(batch, *field, row),
        }
    }
}

fn text_of(batch: &RecordBatch, field: usize, row: usize) -> Option<&str> {
    let column = &batch.columns[field];
    if !column.valid[row] {
        return None;
    }
    match (&column.data, &batch.schema.columns[field].1) {
        (ColumnData::Text(texts), _) => Some(texts.get(row)),
        (ColumnData::Code(values), ColumnKind::Code(codes)) => Some(&codes[values[row] as usize]),
        _ => None,
    }
}
