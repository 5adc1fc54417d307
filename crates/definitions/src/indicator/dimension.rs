//! Dimensions: what figures are broken down by, and the categories of each.

use std::collections::BTreeSet;

use model::{Category, CategoryValues, Code, CodeList, CodeListId, Date, Dimension, Field, FieldName, FieldType, Text};

use crate::codelist::not_listed;
use crate::decimal::Decimal;
use crate::shelf::Shelf;
use crate::vocabulary;
use crate::words::every;
use crate::yaml::{Cursor, Report, Span, Written};

/// A dimension as written.
pub(super) struct DimensionDoc<'n> {
    /// Its name.
    pub(super) name: Written<&'n str>,
    /// What is said of it; `None` if that has a mistake.
    body: Option<Body>,
}

struct Body {
    title: Option<Text>,
    field: Option<Written<String>>,
    sorted: Sorted,
    total: Option<Written<String>>,
}

/// How values become categories.
enum Sorted {
    /// Each code, or each truth value.
    Each,
    /// Each code of a group.
    Group(Written<String>),
    /// Groups of codes.
    Groups(Span, Vec<Written<String>>),
    /// Bands of whole numbers.
    Bands(Span, Vec<Band>),
}

struct Band {
    name: Written<String>,
    title: Option<Text>,
    least: Option<i64>,
    most: Option<i64>,
}

/// Reads `dimensions`.
pub(super) fn read<'n>(cursor: Cursor<'n>, report: &mut Report<'_>) -> Option<Vec<DimensionDoc<'n>>> {
    let entries = cursor.entries(report)?;
    Some(entries.into_iter().map(|(name, cursor)| DimensionDoc { name, body: Body::read(cursor, report) }).collect())
}

impl Body {
    fn read(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Self> {
        let mut keys = cursor.keys(&vocabulary::DIMENSION, report)?;
        let title = keys.maybe("title", |cursor| cursor.bilingual(report));
        let field = keys.maybe("field", |cursor| cursor.text(report));
        let written = [keys.take("group"), keys.take("groups"), keys.take("bands")];
        let second = written.into_iter().flatten().nth(1);
        let [group, groups, bands] = written;
        let group = group.map(|cursor| cursor.text(report).map(Sorted::Group));
        let groups = groups.map(|cursor| Some(Sorted::Groups(cursor.at, cursor.texts(report)?)));
        let bands = bands.map(|cursor| Some(Sorted::Bands(cursor.at, read_bands(cursor, report)?)));
        let total = keys.maybe("total", |cursor| cursor.text(report));
        keys.finish(report);
        if let Some(second) = second {
            let message = "`group`, `groups` and `bands` are three ways to say what the categories are";
            report.error(Code::INVALID_VALUE, second.at, message).help("keep one of them");
            return None;
        }
        let sorted = group.or(groups).or(bands).unwrap_or(Some(Sorted::Each))?;
        Some(Self { title: title.ok()?, field: field.ok()?, sorted, total: total.ok()? })
    }
}

fn read_bands(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Vec<Band>> {
    let entries = cursor.entries(report)?;
    every(entries.into_iter().map(|(name, cursor)| band(name, cursor, report)))
}

fn band(name: Written<&str>, cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<Band> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-+._<>".contains(c);
    if name.value.is_empty() || name.value.len() > 30 || !name.value.chars().all(plain) {
        let message = format!("`{}` is no name for a band: it is part of what tables know a figure by", name.value);
        report.error(Code::INVALID_VALUE, name.span, message).help(
            "use at most 30 letters, digits and `-`, `+`, `.`, `_`, `<`, `>`, such as '0-5'; words belong into `title`",
        );
        return None;
    }
    let (range, title) = if cursor.is_mapping() {
        let mut keys = cursor.keys(&vocabulary::BAND, report)?;
        let range = keys.need("range", report);
        let title = keys.need("title", report).and_then(|cursor| cursor.bilingual(report));
        keys.finish(report);
        (range?, Some(title?))
    } else {
        (cursor, None)
    };
    let bounds = range.items(report)?;
    let [least, most] = bounds.as_slice() else {
        report
            .error(Code::INVALID_VALUE, range.at, "a band has two bounds")
            .help("write ['0', '5'], both included, with null for an open one");
        return None;
    };
    let mut bound = |cursor: &Cursor<'_>| if cursor.is_null() { Some(None) } else { whole(*cursor, report).map(Some) };
    let (least, most) = (bound(least), bound(most));
    let (least, most) = (least?, most?);
    if least.zip(most).is_some_and(|(least, most)| most < least) {
        report.error(Code::INVALID_VALUE, range.at, "the first bound is greater than the second");
        return None;
    }
    Some(Band { name: Written { value: name.value.to_owned(), span: name.span }, title, least, most })
}

fn whole(cursor: Cursor<'_>, report: &mut Report<'_>) -> Option<i64> {
    let text = cursor.text(report)?;
    let number = Decimal::parse(&text.value).and_then(|decimal| decimal.at_scale(0).ok());
    if number.is_none() {
        let message = format!("`{}` is no whole number", text.value);
        report.error(Code::INVALID_VALUE, text.span, message).help("bands are made of whole numbers");
    }
    number
}

/// A dimension that a breakdown names: declared, or a field of that name.
#[derive(Clone, Copy)]
pub(super) struct Used<'d> {
    /// The name, where a breakdown says it first.
    pub(super) name: &'d Written<String>,
    doc: Option<&'d DimensionDoc<'d>>,
}

impl<'d> Used<'d> {
    /// The dimension of a name.
    pub(super) fn find(name: &'d Written<String>, docs: &'d [DimensionDoc<'d>]) -> Self {
        Self { name, doc: docs.iter().find(|doc| doc.name.value == name.value) }
    }

    fn body(&self) -> Option<&'d Body> {
        self.doc.and_then(|doc| doc.body.as_ref())
    }

    /// Whether it is declared, and that has a mistake.
    pub(super) fn is_broken(&self) -> bool {
        self.doc.is_some_and(|doc| doc.body.is_none())
    }

    /// The field that it is about, where a measure says nothing else, and where that is written.
    pub(super) fn field(&self) -> &'d Written<String> {
        self.body().and_then(|body| body.field.as_ref()).unwrap_or(self.name)
    }

    /// The code of the rows that are totals themselves.
    pub(super) fn total(&self) -> Option<&'d Written<String>> {
        self.body().and_then(|body| body.total.as_ref())
    }

    /// The dimension, of fields like this one.
    pub(super) fn resolve(&self, field: &Field, lists: &Shelf<CodeList>, report: &mut Report<'_>) -> Option<Dimension> {
        let name = match FieldName::new(&self.name.value) {
            Ok(name) => name,
            Err(error) => {
                report.error(Code::INVALID_VALUE, self.name.span, error.to_string());
                return None;
            }
        };
        let sorted = self.body().map_or(&Sorted::Each, |body| &body.sorted);
        let title = self.body().and_then(|body| body.title.clone()).unwrap_or_else(|| field.title.clone());
        if let (Some(total), false) = (self.total(), matches!(field.ty, FieldType::Code(_))) {
            let message = format!("`{}` is no code, so no row of it is a total", field.name);
            report.error(Code::TYPE_MISMATCH, total.span, message);
            return None;
        }
        let categories = match (&field.ty, sorted) {
            (FieldType::Code(id), sorted) => self.codes(id, sorted, lists, report)?,
            (FieldType::Boolean, Sorted::Each) => {
                let one = |truth: bool, da: &str, en: &str| Category {
                    code: truth.to_string(),
                    title: Text { da: da.to_owned(), en: en.to_owned() },
                    values: CategoryValues::Boolean(truth),
                };
                vec![one(true, "Ja", "Yes"), one(false, "Nej", "No")]
            }
            (FieldType::Integer, Sorted::Bands(at, bands)) => self::bands(*at, bands, report)?,
            (ty, sorted) => {
                self.unsorted(field, ty, sorted, report);
                return None;
            }
        };
        Some(Dimension { name, title, categories })
    }

    /// Reports that the values of a field cannot be sorted like this.
    fn unsorted(&self, field: &Field, ty: &FieldType, sorted: &Sorted, report: &mut Report<'_>) {
        let (span, word) = match sorted {
            Sorted::Each => (self.field().span, "categories"),
            Sorted::Group(group) => (group.span, "groups"),
            Sorted::Groups(at, _) => (*at, "groups"),
            Sorted::Bands(at, _) => (*at, "bands"),
        };
        if *ty == FieldType::Person {
            let message = format!("the person field `{}` can only be counted", field.name);
            report.error(Code::PERSON_EXPOSED, span, message).help("break down by something that many persons share");
            return;
        }
        let message = format!("`{}` is of the type {}, which has no {word}", field.name, ty.word());
        let help = match ty {
            FieldType::Integer => "declare bands of it: `bands: {'0-5': ['0', '5'], '6+': ['6', null]}`",
            FieldType::Boolean => "a truth value has its two categories by itself: say no more than the field",
            _ => "dimensions are codes, truth values, and bands of whole numbers",
        };
        report.error(Code::TYPE_MISMATCH, span, message).help(help);
    }

    fn codes(
        &self,
        id: &CodeListId,
        sorted: &Sorted,
        lists: &Shelf<CodeList>,
        report: &mut Report<'_>,
    ) -> Option<Vec<Category>> {
        let list = lists.get(id.as_str())?;
        let total = match self.total() {
            Some(total) if list.index_of(&total.value).is_none() => {
                not_listed(list, &total.value, total.span, report);
                return None;
            }
            total => total,
        };
        let members = |name: &Written<String>, report: &mut Report<'_>| members(name, list, report);
        let is_total = |code: &String| total.is_some_and(|total| total.value == *code);
        let categories = match sorted {
            Sorted::Each => {
                let codes = list.codes().iter().filter(|code| !is_total(code));
                codes.map(|code| each(code, list)).collect()
            }
            Sorted::Group(group) => members(group, report)?.iter().map(|code| each(code, list)).collect(),
            Sorted::Groups(at, groups) => {
                let groups = every(groups.iter().map(|group| Some((group, members(group, report)?))))?;
                self::groups(*at, &groups, list, report)?
            }
            Sorted::Bands(at, _) => {
                let message = format!("`{}` has codes, of which there are no bands", self.field().value);
                report.error(Code::TYPE_MISMATCH, *at, message).help("write `group:` or `groups:` of the code list");
                return None;
            }
        };
        let has_total = |category: &Category| match &category.values {
            CategoryValues::Codes(codes) => codes.iter().any(is_total),
            _ => is_total(&category.code),
        };
        if let (Some(total), true) = (total, categories.iter().any(has_total)) {
            let message = format!("`{}` is a total, and cannot be part of a category too", total.value);
            report.error(Code::BREAKDOWN_MISMATCH, total.span, message).help("take it out of the group");
            return None;
        }
        if let Some(odd) = categories.iter().find(|category| category.code.contains([',', '='])) {
            let message = format!("the code `{}` has a `,` or `=`, which part the categories of a breakdown", odd.code);
            report
                .error(Code::BREAKDOWN_MISMATCH, self.name.span, message)
                .help("put it into a group: `groups: [...]`");
            return None;
        }
        Some(categories)
    }
}

/// Groups of codes, of which no two have one in common.
fn groups(
    at: Span,
    groups: &[(&Written<String>, BTreeSet<String>)],
    list: &CodeList,
    report: &mut Report<'_>,
) -> Option<Vec<Category>> {
    if groups.is_empty() {
        report.error(Code::INVALID_VALUE, at, "`groups` names no group");
        return None;
    }
    for (second, (group, codes)) in groups.iter().enumerate() {
        let shares = |(_, other): &&(_, BTreeSet<String>)| !codes.is_disjoint(other);
        if let Some((first, others)) = groups[..second].iter().find(shares) {
            let both = codes.intersection(others).next().map_or("", String::as_str);
            let message = format!("`{both}` is in the group `{}` too, and would count twice", first.value);
            report
                .error(Code::BREAKDOWN_MISMATCH, group.span, message)
                .related(first.span, "the other group")
                .help("categories have nothing in common: mend the groups, or make two dimensions of them");
            return None;
        }
    }
    let one = |(group, codes): &(&Written<String>, BTreeSet<String>)| {
        let title = list.group_titles.get(group.value.as_str()).cloned();
        let title = title.unwrap_or_else(|| Text { da: group.value.clone(), en: group.value.clone() });
        Category { code: group.value.clone(), title, values: CategoryValues::Codes(codes.clone()) }
    };
    Some(groups.iter().map(one).collect())
}

/// The codes of a group.
fn members(name: &Written<String>, list: &CodeList, report: &mut Report<'_>) -> Option<BTreeSet<String>> {
    let group = name.value.as_str();
    let Some(members) = list.groups.get(group) else {
        report
            .error(Code::UNKNOWN_GROUP, name.span, format!("the code list `{}` has no group `{group}`", list.id))
            .did_you_mean_one_of(group, list.groups.keys().map(FieldName::as_str));
        return None;
    };
    // Within one period such a code would be in two categories, or in none.
    if let Some(moving) = members.iter().find(|code| list.member_times(group, **code).is_some()) {
        let message = format!("`{}` is in the group `{group}` at some times alone", list.code(*moving));
        report
            .error(Code::BREAKDOWN_MISMATCH, name.span, message)
            .help("take a group that has its codes at all times: `codes:` instead of `under:`");
        return None;
    }
    Some(members.iter().map(|index| list.code(*index).to_owned()).collect())
}

/// The category of a code, with its latest title.
fn each(code: &str, list: &CodeList) -> Category {
    let index = list.index_of(code).unwrap_or_else(|| unreachable!("the code is one of the list's"));
    let title = Date::new(2200, 12, 31).map(|day| list.title_of(index, day).clone());
    let values = CategoryValues::Code(list.validities(index).collect());
    Category { code: code.to_owned(), title: title.unwrap_or_default(), values }
}

/// Bands, of which no two have a number in common, in their order.
fn bands(at: Span, bands: &[Band], report: &mut Report<'_>) -> Option<Vec<Category>> {
    if bands.is_empty() {
        report.error(Code::INVALID_VALUE, at, "`bands` has no band");
        return None;
    }
    let meet = |one: &Band, other: &Band| {
        let before = |end: Option<i64>, start: Option<i64>| end.zip(start).is_some_and(|(end, start)| end < start);
        !before(one.most, other.least) && !before(other.most, one.least)
    };
    for (second, band) in bands.iter().enumerate() {
        if let Some(first) = bands[..second].iter().find(|first| meet(first, band)) {
            let message = format!(
                "the band `{}` has numbers of `{}` too, which would count twice",
                band.name.value, first.name.value
            );
            report
                .error(Code::BREAKDOWN_MISMATCH, band.name.span, message)
                .related(first.name.span, "the other band")
                .help("both bounds are included: ['0', '5'] is followed by ['6', ...]");
            return None;
        }
    }
    let one = |band: &Band| {
        let name = || Text { da: band.name.value.clone(), en: band.name.value.clone() };
        Category {
            code: band.name.value.clone(),
            title: band.title.clone().unwrap_or_else(name),
            values: CategoryValues::Band(band.least, band.most),
        }
    };
    Some(bands.iter().map(one).collect())
}
