//! Whether a condition says anything: some row must be able to meet it, and some row to miss it.
//!
//! A condition is taken apart into the cases in which it is true, or false. A case says of everything that is compared
//! which values it may have; one that leaves none of them drops out, and a condition without a case was a mistake: bounds
//! the wrong way round, two codes of one field, a bound beyond the field's range. What is not understood here counts as
//! possible, so that nothing sensible is refused.

use std::collections::BTreeSet;

use model::{CodeList, Comparison, Date, DatePart, Expr, Field, FieldIndex, FieldType};
use regex::Regex;

use crate::shelf::Shelf;

/// Of a condition with more cases nothing is said: `and` of many `or` multiplies them.
const MOST_CASES: usize = 256;

/// Why a condition says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It contradicts itself.
    Contradiction,
    /// It contradicts what the dataset says of its fields.
    BeyondFields,
    /// It is true wherever nothing is missing.
    Truism,
}

/// The verdict on a condition; `None` if it can be true, and otherwise.
pub(super) fn of(condition: &Expr, fields: &[Field], lists: &Shelf<CodeList>) -> Option<Verdict> {
    let is_empty = |declared, truth| {
        let cases = Judge { fields, lists, declared }.cases(condition, truth);
        cases.is_some_and(|cases| cases.is_empty())
    };
    if is_empty(false, true) {
        Some(Verdict::Contradiction)
    } else if is_empty(true, true) {
        Some(Verdict::BeyondFields)
    } else if is_empty(false, false) {
        // What the dataset says is no reason here: a filter may say again that a grade lies between 0 and 10.
        Some(Verdict::Truism)
    } else {
        None
    }
}

struct Judge<'a> {
    fields: &'a [Field],
    lists: &'a Shelf<CodeList>,
    /// Whether what the dataset says of its fields counts.
    declared: bool,
}

/// What one thing that is compared may be. Truth values are 0 and 1, days are counted, numbers are minor units.
#[derive(Debug, Clone)]
struct Values<'a> {
    missing: bool,
    present: bool,
    least: i128,
    greatest: i128,
    but: BTreeSet<i128>,
    /// Texts and codes; `None` is any.
    only: Option<BTreeSet<&'a str>>,
    never: BTreeSet<&'a str>,
}

impl Values<'_> {
    fn any() -> Self {
        let (least, greatest) = (i128::MIN, i128::MAX);
        let (but, never) = (BTreeSet::new(), BTreeSet::new());
        Self { missing: true, present: true, least, greatest, but, only: None, never }
    }

    fn within(mut self, least: i128, greatest: i128) -> Self {
        self.narrow(least, greatest);
        self
    }

    fn narrow(&mut self, least: i128, greatest: i128) {
        (self.least, self.greatest) = (self.least.max(least), self.greatest.min(greatest));
    }

    fn is_possible(&self) -> bool {
        let mut least = self.least;
        while least <= self.greatest && self.but.contains(&least) {
            least += 1;
        }
        let texts = self.only.as_ref().is_none_or(|only| !only.is_subset(&self.never));
        self.missing || (self.present && least <= self.greatest && texts)
    }
}

/// Things that are compared, and what they may be.
type Case<'a> = Vec<(Expr, Values<'a>)>;

impl<'a> Judge<'a> {
    /// The cases in which the condition has this truth; `None` if they are too many.
    fn cases(&self, condition: &'a Expr, truth: bool) -> Option<Vec<Case<'a>>> {
        Some(match condition {
            Expr::Boolean(value) => Vec::from_iter((*value == truth).then(Case::new)),
            Expr::Not(inner) => return self.cases(inner, !truth),
            Expr::And(parts) | Expr::Or(parts) if matches!(condition, Expr::And(_)) == truth => {
                let mut all = vec![Case::new()];
                for part in parts {
                    let own = self.cases(part, truth)?;
                    all = all.iter().flat_map(|case| own.iter().filter_map(|more| both(case, more))).collect();
                    if all.len() > MOST_CASES {
                        return None;
                    }
                }
                all
            }
            Expr::And(parts) | Expr::Or(parts) => {
                let each: Option<Vec<_>> = parts.iter().map(|part| self.cases(part, truth)).collect();
                let all: Vec<Case<'_>> = each?.into_iter().flatten().collect();
                return (all.len() <= MOST_CASES).then_some(all);
            }
            Expr::IsNull(what) => self.narrowed(what, |values| {
                let excluded = if truth { &mut values.present } else { &mut values.missing };
                *excluded = false;
            }),
            Expr::In(field, texts) => self.of_texts(*field, texts.iter().map(String::as_str).collect(), truth),
            Expr::Compare(op, left, right) => return self.compared(condition, *op, left, right, truth),
            other => self.of_numbers(other, Comparison::Equal, i128::from(truth)),
        })
    }

    fn compared(
        &self,
        whole: &Expr,
        op: Comparison,
        left: &'a Expr,
        right: &'a Expr,
        truth: bool,
    ) -> Option<Vec<Case<'a>>> {
        if left == right {
            let reflexive = matches!(op, Comparison::Equal | Comparison::LessOrEqual | Comparison::GreaterOrEqual);
            return Some(Vec::from_iter((reflexive == truth).then(Case::new)));
        }
        let wanted = if truth { op } else { opposite(op) };
        Some(match (left, right) {
            (Expr::Field(field), Expr::Text(text)) => {
                self.of_texts(*field, BTreeSet::from([text.as_str()]), wanted == Comparison::Equal)
            }
            (what, Expr::Boolean(value)) => return self.cases(what, *value == (wanted == Comparison::Equal)),
            (what, Expr::Number { minor, .. }) => self.of_numbers(what, wanted, i128::from(*minor)),
            (what, Expr::Date(day)) => self.of_numbers(what, wanted, i128::from(day.days())),
            _ => self.of_numbers(whole, Comparison::Equal, i128::from(truth)),
        })
    }

    fn of_numbers(&self, what: &Expr, op: Comparison, number: i128) -> Vec<Case<'a>> {
        self.narrowed(what, |values| {
            values.missing = false;
            match op {
                Comparison::Equal => values.narrow(number, number),
                Comparison::NotEqual => _ = values.but.insert(number),
                Comparison::Less => values.greatest = values.greatest.min(number - 1),
                Comparison::LessOrEqual => values.greatest = values.greatest.min(number),
                Comparison::Greater => values.least = values.least.max(number + 1),
                Comparison::GreaterOrEqual => values.least = values.least.max(number),
            }
        })
    }

    fn of_texts(&self, field: FieldIndex, texts: BTreeSet<&'a str>, among: bool) -> Vec<Case<'a>> {
        let pattern = self.fields[field.0].pattern.as_ref().filter(|_| self.declared);
        let pattern = pattern.and_then(|pattern| Regex::new(&format!("^(?:{pattern})$")).ok());
        let fits = |text: &&str| pattern.as_ref().is_none_or(|pattern| pattern.is_match(text));
        self.narrowed(&Expr::Field(field), |values| {
            values.missing = false;
            if among {
                let before = values.only.take();
                let known = |text: &&str| before.as_ref().is_none_or(|before| before.contains(text));
                values.only = Some(texts.into_iter().filter(known).filter(fits).collect());
            } else {
                values.never.extend(texts);
            }
        })
    }

    /// The case that this thing is what is left of it, if anything is.
    fn narrowed(&self, what: &Expr, narrow: impl FnOnce(&mut Values<'a>)) -> Vec<Case<'a>> {
        let mut values = self.all_values(what);
        narrow(&mut values);
        Vec::from_iter(values.is_possible().then(|| vec![(what.clone(), values)]))
    }

    fn all_values(&self, what: &Expr) -> Values<'a> {
        let any = Values::any();
        match what {
            Expr::Part(DatePart::Month, _) => any.within(1, 12),
            Expr::Field(field) if self.declared => self.of_field(&self.fields[field.0]),
            Expr::Part(DatePart::Year, field) if self.declared => {
                let days = self.of_field(&self.fields[field.0]);
                let year = |days: i128| i32::try_from(days).ok().and_then(Date::from_days).map(|day| day.year().into());
                any.within(year(days.least).unwrap_or(i128::MIN), year(days.greatest).unwrap_or(i128::MAX))
            }
            _ => any,
        }
    }

    fn of_field(&self, field: &Field) -> Values<'a> {
        let mut values = Values { missing: !field.required, ..Values::any() };
        if let Some(range) = field.range {
            let (least, greatest) = (range.min.map(i128::from), range.max.map(i128::from));
            values = values.within(least.unwrap_or(i128::MIN), greatest.unwrap_or(i128::MAX));
        }
        if let FieldType::Code(list) = &field.ty {
            values.only = self.lists.get(list.as_str()).map(|list| list.codes().iter().map(String::as_str).collect());
        }
        values
    }
}

/// The case in which both hold, if there is one.
fn both<'a>(one: &Case<'a>, other: &Case<'a>) -> Option<Case<'a>> {
    let mut case = one.clone();
    for (what, more) in other {
        match case.iter_mut().find(|(known, _)| known == what) {
            None => case.push((what.clone(), more.clone())),
            Some((_, values)) => {
                values.missing &= more.missing;
                values.present &= more.present;
                values.narrow(more.least, more.greatest);
                values.but.extend(&more.but);
                values.never.extend(&more.never);
                if let Some(only) = &more.only {
                    let known = values.only.get_or_insert_with(|| only.clone());
                    known.retain(|text| only.contains(text));
                }
                if !values.is_possible() {
                    return None;
                }
            }
        }
    }
    Some(case)
}

fn opposite(op: Comparison) -> Comparison {
    match op {
        Comparison::Equal => Comparison::NotEqual,
        Comparison::NotEqual => Comparison::Equal,
        Comparison::Less => Comparison::GreaterOrEqual,
        Comparison::LessOrEqual => Comparison::Greater,
        Comparison::Greater => Comparison::LessOrEqual,
        Comparison::GreaterOrEqual => Comparison::Less,
    }
}

#[cfg(test)]
mod tests {
    use model::{FieldName, RangeRule, Text};
    use proptest::prelude::*;

    use super::*;

    /// A number from 0 to 3 that is always there, a text that may be missing, a truth value that may be missing.
    fn fields() -> Vec<Field> {
        let field = |name: &str, ty, required, range| Field {
            name: FieldName::new(name).expect("a name"),
            title: Text { da: String::new(), en: String::new() },
            ty,
            unit: None,
            required,
            pattern: None,
            range,
            masked: false,
        };
        let range = Some(RangeRule { min: Some(0), max: Some(3) });
        vec![
            field("number", FieldType::Integer, true, range),
            field("text", FieldType::Text, false, None),
            field("flag", FieldType::Boolean, false, None),
        ]
    }

    type Row = (i64, Option<&'static str>, Option<bool>);

    fn rows() -> impl Iterator<Item = Row> {
        let texts = [None, Some("a"), Some("b"), Some("elsewhere")];
        let flags = [None, Some(true), Some(false)];
        (0..=3).flat_map(move |number| texts.into_iter().flat_map(move |text| flags.map(|flag| (number, text, flag))))
    }

    /// True, false or unknown, without any of the reasoning above.
    fn truth(condition: &Expr, row: Row) -> Option<bool> {
        let (number, text, flag) = row;
        match condition {
            Expr::Boolean(value) => Some(*value),
            Expr::Field(_) => flag,
            Expr::Not(inner) => truth(inner, row).map(|value| !value),
            Expr::And(parts) => parts
                .iter()
                .try_fold(true, |all, part| match truth(part, row) {
                    Some(false) => Err(()),
                    other => Ok(all && other == Some(true)),
                })
                .map_or(Some(false), |all| all.then_some(true)),
            Expr::Or(parts) => {
                let inner = parts.iter().map(|part| Expr::Not(Box::new(part.clone()))).collect();
                truth(&Expr::And(inner), row).map(|value| !value)
            }
            Expr::IsNull(what) => Some(match **what {
                Expr::Field(FieldIndex(1)) => text.is_none(),
                _ => flag.is_none(),
            }),
            Expr::In(_, texts) => text.map(|text| texts.contains(text)),
            Expr::Compare(op, _, right) => match (&**right, op) {
                (Expr::Number { minor, .. }, Comparison::Equal) => Some(number == *minor),
                (Expr::Number { minor, .. }, Comparison::NotEqual) => Some(number != *minor),
                (Expr::Number { minor, .. }, Comparison::Less) => Some(number < *minor),
                (Expr::Number { minor, .. }, Comparison::LessOrEqual) => Some(number <= *minor),
                (Expr::Number { minor, .. }, Comparison::Greater) => Some(number > *minor),
                (Expr::Number { minor, .. }, Comparison::GreaterOrEqual) => Some(number >= *minor),
                (Expr::Text(wanted), op) => text.map(|text| (text == wanted) == (*op == Comparison::Equal)),
                other => unreachable!("{other:?} is not generated"),
            },
            other => unreachable!("{other:?} is not generated"),
        }
    }

    fn conditions() -> impl Strategy<Value = Expr> {
        let field = |at| Box::new(Expr::Field(FieldIndex(at)));
        let ops = prop::sample::select(vec![
            Comparison::Equal,
            Comparison::NotEqual,
            Comparison::Less,
            Comparison::LessOrEqual,
            Comparison::Greater,
            Comparison::GreaterOrEqual,
        ]);
        let number = (ops, -1..5_i64)
            .prop_map(move |(op, minor)| Expr::Compare(op, field(0), Box::new(Expr::Number { minor, scale: 0 })));
        let equality = prop::sample::select(vec![Comparison::Equal, Comparison::NotEqual]);
        let word = prop::sample::select(vec!["a", "b"]).prop_map(str::to_owned);
        let text = (equality, word.clone())
            .prop_map(move |(op, word)| Expr::Compare(op, field(1), Box::new(Expr::Text(word))));
        let leaf = prop_oneof![
            number,
            text,
            prop::collection::btree_set(word, 1..3).prop_map(|words| Expr::In(FieldIndex(1), words)),
            Just(Expr::Field(FieldIndex(2))),
            (1..3_usize).prop_map(move |at| Expr::IsNull(field(at))),
        ];
        leaf.prop_recursive(4, 24, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 2..4).prop_map(Expr::And),
                prop::collection::vec(inner.clone(), 2..4).prop_map(Expr::Or),
                inner.prop_map(|inner| Expr::Not(Box::new(inner))),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_verdict_is_what_all_rows_say(condition in conditions()) {
            let lists = Shelf::new("code list");
            let never = rows().all(|row| truth(&condition, row) != Some(true));
            let verdict = of(&condition, &fields(), &lists);
            let is_never = matches!(verdict, Some(Verdict::Contradiction | Verdict::BeyondFields));
            prop_assert_eq!(is_never, never, "{:?}", verdict);
            if verdict == Some(Verdict::Truism) {
                prop_assert!(rows().all(|row| truth(&condition, row) != Some(false)));
            }
        }
    }

    #[test]
    fn of_conditions_without_end_nothing_is_said() {
        let number = |minor| Expr::Number { minor, scale: 0 };
        let either = |at: i64| {
            let equals =
                |minor| Expr::Compare(Comparison::Equal, Box::new(Expr::Field(FieldIndex(0))), Box::new(number(minor)));
            Expr::Or(vec![equals(at), Expr::Field(FieldIndex(2)), Expr::IsNull(Box::new(Expr::Field(FieldIndex(1))))])
        };
        assert_eq!(of(&Expr::And((0..200).map(either).collect()), &fields(), &Shelf::new("code list")), None);
    }
}
