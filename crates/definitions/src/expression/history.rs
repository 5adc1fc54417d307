//! Codes as they are on a day: `as_of(field, 'date')`, groups whose members depend on the row's own date, and what a
//! condition is of one code.
//!
//! Which codes fulfil a condition is found out here, code by code and for each stretch of a code's time, so that the
//! plan needs nothing but sets of codes and comparisons of dates, and an engine knows nothing of history.

use std::collections::{BTreeMap, BTreeSet};

use model::{ChangeKind, Code, CodeIndex, CodeList, Comparison, Date, Expr, FieldIndex, FieldType, Validity};
use sqlparser::ast::{Expr as Sql, Function, Value};

use super::aggregate::argument_list;
use super::row::RowCompiler;
use crate::yaml::Span;

/// Whether a code belongs to a group on a day; outside of its time, whether it does at its latest.
pub(super) fn is_member(list: &CodeList, group: &str, code: CodeIndex, day: Date) -> bool {
    let Some(times) = list.member_times(group, code) else { return true };
    let day = if list.holds(code, day) { Some(day) } else { list.validities(code).last().and_then(day_within) };
    day.is_some_and(|day| times.iter().any(|time| time.contains(day)))
}

/// A day within a validity; any day where it has no bounds.
fn day_within(validity: Validity) -> Option<Date> {
    let last = || validity.to.and_then(|to| Date::from_days(to.days() - 1));
    validity.from.or_else(last).or_else(|| Date::new(2000, 1, 1))
}

/// Codes that fulfil a condition at all times, and others with the times at which they do.
#[derive(Default)]
struct Found {
    always: BTreeSet<String>,
    sometimes: BTreeMap<String, Vec<Validity>>,
}

impl RowCompiler<'_, '_> {
    /// `as_of(field, 'date')`.
    pub(super) fn as_of(&mut self, function: &Function, sql: &Sql) -> Option<(FieldIndex, Date)> {
        let span = self.span(sql);
        let Some([field, day]) = argument_list(function).as_deref().and_then(|list| <[&Sql; 2]>::try_from(list).ok())
        else {
            self.report
                .error(Code::UNSUPPORTED_EXPRESSION, span, "`as_of` takes a code field and a day")
                .help("write as_of(function, '2018-01-01')");
            return None;
        };
        let (field_span, day_span) = (self.span(field), self.span(day));
        let index = self.field_named(field)?;
        if !matches!(self.field(index).ty, FieldType::Code(_)) {
            let message = format!("`{}` is no code, so it is called the same on every day", self.field(index).name);
            self.report.error(Code::TYPE_MISMATCH, field_span, message);
            return None;
        }
        let text = match day {
            Sql::Value(value) => match &value.value {
                Value::SingleQuotedString(text) => Date::parse_iso(text),
                _ => None,
            },
            _ => None,
        };
        if text.is_none() {
            self.report
                .error(Code::TYPE_MISMATCH, day_span, "the day of `as_of` belongs here")
                .help("write it as '2018-01-01'");
        }
        let list = self.list_of(index)?;
        if list.changes().is_empty() {
            let message = format!("no code of `{}` was ever changed, so `as_of` says nothing", list.id);
            self.report
                .error(Code::INVALID_VALUE, field_span, message)
                .help("give the code list a table of `changes`, or leave `as_of` out");
            return None;
        }
        Some((index, text?))
    }

    /// The rows whose codes, as they are called on a day, fulfil a condition.
    pub(super) fn codes_on(
        &mut self,
        index: FieldIndex,
        on: Date,
        span: Span,
        holds: impl Fn(CodeIndex) -> bool,
    ) -> Option<Expr> {
        let list = self.list_of(index)?;
        let mut found = Found::default();
        for code in indices(list) {
            let mut times = Vec::new();
            let stages = list.stages(code);
            for stage in &stages {
                let names = list.called(code, day_within(*stage)?, on);
                let (yes, no): (Vec<CodeIndex>, Vec<CodeIndex>) = names.into_iter().partition(|name| holds(*name));
                if let (Some(one), Some(other)) = (yes.first(), no.first()) {
                    self.ambiguous(list, (code, on), (*one, *other), span);
                    return None;
                }
                if !yes.is_empty() {
                    times.push(*stage);
                }
            }
            found.put(list.code(code), times, stages.len());
        }
        self.dated(index, found, span)
    }

    fn ambiguous(&mut self, list: &CodeList, (code, on): (CodeIndex, Date), parts: (CodeIndex, CodeIndex), span: Span) {
        let (name, one, other) = (list.code(code), list.code(parts.0), list.code(parts.1));
        let split = list.changes().iter().find(|change| change.from == code && change.kind == ChangeKind::Split);
        let why = match split.filter(|split| split.date <= on) {
            Some(split) => format!("`{name}` was split on {}", split.date),
            None => format!("`{name}` stands for several codes on {on}"),
        };
        let message = format!("{why}: the condition holds for `{one}` and not for `{other}`");
        let year = split.map_or(on, |split| split.date).year();
        let help = format!("ask for codes that all parts share, or begin with the change: `valid: {{from: {year}}}`");
        self.report.error(Code::CODE_AMBIGUOUS, span, message).help(help);
    }

    /// `in_group(field, 'group')`: the codes that the group has now become part of the plan, so that a changed group
    /// changes the plan's fingerprint. Whether a code belongs to it is decided on the row's own date.
    pub(super) fn codes_in_group(
        &mut self,
        index: FieldIndex,
        list: &CodeList,
        group: &str,
        span: Span,
    ) -> Option<Expr> {
        let mut found = Found::default();
        for code in list.groups.get(group)?.iter().copied() {
            match list.member_times(group, code) {
                None => {
                    found.always.insert(list.code(code).to_owned());
                }
                Some(times) => {
                    found.sometimes.insert(list.code(code).to_owned(), times.to_vec());
                }
            }
        }
        self.dated(index, found, span)
    }

    fn dated(&mut self, index: FieldIndex, found: Found, span: Span) -> Option<Expr> {
        let mut parts = Vec::new();
        let nothing_else = found.sometimes.is_empty();
        if nothing_else || !found.always.is_empty() {
            parts.push(Expr::In(index, found.always));
        }
        let mut by_time: Vec<(Validity, BTreeSet<String>)> = Vec::new();
        for (code, times) in found.sometimes {
            for time in times {
                match by_time.iter_mut().find(|(known, _)| *known == time) {
                    Some((_, codes)) => {
                        codes.insert(code.clone());
                    }
                    None => by_time.push((time, BTreeSet::from([code.clone()]))),
                }
            }
        }
        if !by_time.is_empty() {
            let Some(time) = self.scope.time else {
                let name = &self.field(index).name;
                let message =
                    format!("which codes of `{name}` are meant depends on the day, and a group of rows has none");
                self.report.error(Code::AGGREGATION_LEVEL, span, message).help("say it of the rows, in `where`");
                return None;
            };
            let bound = |op, day| Expr::Compare(op, Box::new(Expr::Field(time)), Box::new(Expr::Date(day)));
            parts.extend(by_time.into_iter().map(|(validity, codes)| {
                let from = validity.from.map(|day| bound(Comparison::GreaterOrEqual, day));
                let to = validity.to.map(|day| bound(Comparison::Less, day));
                Expr::And(from.into_iter().chain(to).chain([Expr::In(index, codes)]).collect())
            }));
        }
        if parts.len() == 1 { parts.pop() } else { Some(Expr::Or(parts)) }
    }
}

impl Found {
    /// Puts a code in, with the stages of its time that count, of so many.
    fn put(&mut self, code: &str, mut times: Vec<Validity>, stages: usize) {
        if times.len() == stages {
            self.always.insert(code.to_owned());
        } else if !times.is_empty() {
            times.dedup_by(|next, last| {
                let follows = last.to.is_some() && last.to == next.from;
                if follows {
                    last.to = next.to;
                }
                follows
            });
            self.sometimes.insert(code.to_owned(), times);
        }
    }
}

fn indices(list: &CodeList) -> impl Iterator<Item = CodeIndex> {
    (0..list.codes().len()).filter_map(|at| u32::try_from(at).ok().map(CodeIndex))
}

/// What is left of a condition for the rows of a day that have this code: its comparisons of the code and of the day
/// are carried out, everything else stays as it is.
pub(crate) fn seen_as(condition: &Expr, code: (FieldIndex, &str), day: (FieldIndex, Date)) -> Expr {
    let inner = |part: &Expr| seen_as(part, code, day);
    let is_code = |part: &Expr| *part == Expr::Field(code.0);
    let equality = |op: Comparison, same: bool| match op {
        Comparison::Equal => Some(Expr::Boolean(same)),
        Comparison::NotEqual => Some(Expr::Boolean(!same)),
        _ => None,
    };
    match condition {
        Expr::In(field, codes) if *field == code.0 => Expr::Boolean(codes.contains(code.1)),
        Expr::IsNull(part) if is_code(part) => Expr::Boolean(false),
        Expr::Compare(op, left, right) => {
            let known = match (&**left, &**right) {
                (field, Expr::Text(text)) | (Expr::Text(text), field) if is_code(field) => {
                    equality(*op, text == code.1)
                }
                (Expr::Field(field), Expr::Date(bound)) if *field == day.0 => Some(Expr::Boolean(match op {
                    Comparison::Equal => day.1 == *bound,
                    Comparison::NotEqual => day.1 != *bound,
                    Comparison::Less => day.1 < *bound,
                    Comparison::LessOrEqual => day.1 <= *bound,
                    Comparison::Greater => day.1 > *bound,
                    Comparison::GreaterOrEqual => day.1 >= *bound,
                })),
                _ => None,
            };
            known.unwrap_or_else(|| Expr::Compare(*op, Box::new(inner(left)), Box::new(inner(right))))
        }
        Expr::And(parts) => joined(parts.iter().map(inner), false),
        Expr::Or(parts) => joined(parts.iter().map(inner), true),
        Expr::Not(part) => match inner(part) {
            Expr::Boolean(truth) => Expr::Boolean(!truth),
            other => Expr::Not(Box::new(other)),
        },
        other => other.clone(),
    }
}

/// `and` and `or` of what is left: `decisive` is the truth that decides the whole.
fn joined(parts: impl Iterator<Item = Expr>, decisive: bool) -> Expr {
    let mut left = Vec::new();
    for part in parts {
        match part {
            Expr::Boolean(truth) if truth == decisive => return Expr::Boolean(decisive),
            Expr::Boolean(_) => {}
            other => left.push(other),
        }
    }
    match left.len() {
        0 => Expr::Boolean(!decisive),
        1 => left.remove(0),
        _ if decisive => Expr::Or(left),
        _ => Expr::And(left),
    }
}
