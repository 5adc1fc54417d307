//! Conditions, aggregates and formulas in words, in Danish and English.

use std::collections::BTreeSet;

use model::{
    ActiveTime, Activity, Aggregate, Catalogue, CodeList, Comparison, Dataset, Date, DatePart, Direction, Expr,
    FieldIndex, FieldType, Formula, Indicator, MUNICIPALITY, MissingRule, Period, PeriodKind, REGION, Rounding, Span,
    Text, TimeSelection, Validity, Window, format_decimal,
};

/// How many codes a condition names one by one.
const MOST_CODES: usize = 8;
const MONTHS: [(&str, &str); 12] = [
    ("januar", "January"),
    ("februar", "February"),
    ("marts", "March"),
    ("april", "April"),
    ("maj", "May"),
    ("juni", "June"),
    ("juli", "July"),
    ("august", "August"),
    ("september", "September"),
    ("oktober", "October"),
    ("november", "November"),
    ("december", "December"),
];

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tongue {
    Danish,
    English,
}

impl Tongue {
    /// The one of two texts that is in this language.
    pub(crate) fn say<'t>(self, da: &'t str, en: &'t str) -> &'t str {
        if self == Self::Danish { da } else { en }
    }

    /// The text in this language.
    pub(super) fn of(self, text: &Text) -> &str {
        self.say(&text.da, &text.en)
    }

    /// The other language.
    pub(super) fn other(self) -> Self {
        if self == Self::Danish { Self::English } else { Self::Danish }
    }

    /// Its tag in HTML.
    pub(super) fn tag(self) -> &'static str {
        self.say("da", "en")
    }

    /// A kind of period.
    pub(super) fn period(self, kind: PeriodKind) -> &'static str {
        match kind {
            PeriodKind::Month => self.say("måned", "month"),
            PeriodKind::Week => self.say("ISO-uge", "ISO week"),
            PeriodKind::Quarter => self.say("kvartal", "quarter"),
            PeriodKind::Year => self.say("år", "year"),
            PeriodKind::SchoolYear => self.say("skoleår", "school year"),
        }
    }

    /// Yes or no.
    pub(super) fn yes(self, value: bool) -> &'static str {
        if value { self.say("ja", "yes") } else { self.say("nej", "no") }
    }

    /// Whether more is better.
    pub(super) fn direction(self, direction: Direction) -> &'static str {
        match direction {
            Direction::HigherIsBetter => self.say("højere er bedre", "higher is better"),
            Direction::LowerIsBetter => self.say("lavere er bedre", "lower is better"),
            Direction::Neutral => {
                self.say("hverken højere eller lavere er bedre", "neither higher nor lower is better")
            }
        }
    }

    /// What missing data means.
    pub(super) fn missing(self, rule: MissingRule) -> &'static str {
        match rule {
            MissingRule::Propagate => {
                self.say("hvor data mangler, er der intet tal", "where data is missing there is no figure")
            }
            MissingRule::Zero => self.say("hvor data mangler, regnes med 0", "where data is missing it counts as 0"),
            MissingRule::Exclude => self.say(
                "hvor data mangler, udelades de, hvis andet er kendt",
                "where data is missing it is left out, if something else is known",
            ),
        }
    }

    /// How a value is rounded.
    pub(super) fn rounding(self, rounding: Rounding) -> &'static str {
        match rounding {
            Rounding::HalfAwayFromZero => self.say("halve væk fra nul", "halves away from zero"),
            Rounding::HalfEven => self.say("halve til nærmeste lige ciffer", "halves to the nearest even digit"),
        }
    }

    /// From when to when.
    pub(super) fn span(self, from: Option<impl ToString>, to: Option<impl ToString>) -> String {
        match (from.map(|from| from.to_string()), to.map(|to| to.to_string())) {
            (None, None) => self.say("altid", "always").to_owned(),
            (Some(from), None) => format!("{} {from}", self.say("fra", "from")),
            (None, Some(to)) => format!("{} {to}", self.say("til", "to")),
            (Some(from), Some(to)) => format!("{} {from} {} {to}", self.say("fra", "from"), self.say("til", "to")),
        }
    }

    fn joined(self, mut parts: Vec<String>, and: bool) -> String {
        let word = if and { self.say("og", "and") } else { self.say("eller", "or") };
        match parts.pop() {
            Some(last) if parts.is_empty() => last,
            // Parts may have commas of their own.
            Some(last) if and => format!("{} {word} {last}", parts.join(&format!(" {word} "))),
            Some(last) => format!("{} {word} {last}", parts.join(", ")),
            None => String::new(),
        }
    }
}

/// A language, and the definitions that are spoken of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Speaker<'c> {
    pub(super) tongue: Tongue,
    pub(super) catalogue: &'c Catalogue,
}

/// A title within a sentence: its first letter small, unless it is an abbreviation.
fn within(title: &str) -> String {
    let mut letters = title.chars();
    let first = letters.next().unwrap_or_default();
    let abbreviated = letters.clone().next().is_none_or(|second| second.is_uppercase() || second.is_ascii_digit());
    if abbreviated { title.to_owned() } else { first.to_lowercase().chain(letters).collect() }
}

impl Speaker<'_> {
    fn field(self, index: FieldIndex, dataset: &Dataset) -> String {
        within(self.tongue.of(&dataset.field(index).title))
    }

    fn list(&self, index: FieldIndex, dataset: &Dataset) -> Option<&CodeList> {
        match &dataset.field(index).ty {
            FieldType::Code(list) => self.catalogue.codelists.get(list).map(AsRef::as_ref),
            _ => None,
        }
    }

    /// A code with its title; names of places keep their capital.
    fn code(self, code: &str, list: Option<&CodeList>) -> String {
        let Some((list, index)) = list.and_then(|list| Some((list, list.index_of(code)?))) else {
            return format!("“{code}”");
        };
        let latest = list.validities(index).last().and_then(day_within);
        let title = latest.map_or("", |day| self.tongue.of(list.title_of(index, day)));
        let is_place = [MUNICIPALITY, REGION, "landsdel"].contains(&list.id.as_str());
        format!("{code} ({})", if is_place { title.to_owned() } else { within(title) })
    }

    fn codes(self, codes: &BTreeSet<String>, list: Option<&CodeList>) -> String {
        let named = |codes: Vec<&String>| codes.into_iter().map(|code| self.code(code, list)).collect::<Vec<_>>();
        if codes.len() <= MOST_CODES {
            return self.tongue.joined(named(codes.iter().collect()), false);
        }
        let is_group = |(_, members): &(&model::FieldName, &BTreeSet<model::CodeIndex>)| {
            let list = list.map(|list| members.iter().map(|index| list.code(*index)).collect::<Vec<_>>());
            list.is_some_and(|members| members.iter().copied().eq(codes.iter().map(String::as_str)))
        };
        let group = list.and_then(|list| list.groups.iter().find(is_group));
        let few = named(codes.iter().take(3).collect()).join(", ");
        let rest = format!("{} {}", codes.len() - 3, self.tongue.say("andre", "others"));
        let some = format!("{few} {} {rest}", self.tongue.say("eller en af", "or one of"));
        match group {
            Some((name, _)) => {
                let begin = self.tongue.say("en kode i gruppen", "a code of the group");
                format!("{begin} {name}: {some}")
            }
            None => some,
        }
    }

    fn operand(self, expr: &Expr, beside: &Expr, dataset: &Dataset) -> String {
        let field = match beside {
            Expr::Field(index) => Some(*index),
            _ => None,
        };
        match expr {
            Expr::Text(code) => self.code(code, field.and_then(|index| self.list(index, dataset))),
            Expr::Date(day) => {
                let kind = field.and_then(|index| dataset.field(index).ty.period_kind());
                kind.map_or_else(|| day.to_string(), |kind| Period::containing(kind, *day).to_string())
            }
            other => self.quantity(other, dataset),
        }
    }

    fn quantity(self, expr: &Expr, dataset: &Dataset) -> String {
        match expr {
            Expr::Field(index) => self.field(*index, dataset),
            Expr::Number { minor, scale } => {
                let number = format_decimal(i128::from(*minor), *scale);
                if self.tongue == Tongue::Danish { number.replace('.', ",") } else { number }
            }
            Expr::Add(left, right) => {
                format!("{} plus {}", self.quantity(left, dataset), self.quantity(right, dataset))
            }
            Expr::Subtract(left, right) => {
                format!("{} minus {}", self.quantity(left, dataset), self.part(right, dataset))
            }
            Expr::Negate(inner) => format!("minus {}", self.part(inner, dataset)),
            Expr::Part(part, index) => {
                let word = match part {
                    DatePart::Year => self.tongue.say("året for", "the year of"),
                    DatePart::Month => self.tongue.say("måneden for", "the month of"),
                };
                format!("{word} {}", self.field(*index, dataset))
            }
            Expr::Active(ActiveTime::Days) => self
                .tongue
                .say("antal dage, forløbet varer i perioden", "the days of the period that it holds")
                .to_owned(),
            Expr::Active(ActiveTime::Months) => {
                self.tongue.say("hele måneder siden forløbets start", "whole months since its first day").to_owned()
            }
            Expr::Boolean(true) => self.tongue.say("sand", "true").to_owned(),
            Expr::Boolean(false) => self.tongue.say("falsk", "false").to_owned(),
            other => self.condition(other, dataset),
        }
    }

    fn part(self, expr: &Expr, dataset: &Dataset) -> String {
        let inner = self.quantity(expr, dataset);
        if matches!(expr, Expr::Add(..) | Expr::Subtract(..)) { format!("({inner})") } else { inner }
    }

    /// A condition on the rows of a dataset.
    pub(super) fn condition(self, expr: &Expr, dataset: &Dataset) -> String {
        let tongue = self.tongue;
        match expr {
            Expr::And(parts) => match between(parts) {
                Some((middle, low, high)) => {
                    let (low, high) = (self.operand(low, middle, dataset), self.operand(high, middle, dataset));
                    let (is, and) = (tongue.say("er mellem", "is between"), tongue.say("og", "and"));
                    let both = tongue.say("begge medregnet", "both included");
                    format!("{} {is} {low} {and} {high} ({both})", self.quantity(middle, dataset))
                }
                None => tongue.joined(parts.iter().map(|part| self.nested(part, dataset)).collect(), true),
            },
            Expr::Or(parts) => tongue.joined(parts.iter().map(|part| self.nested(part, dataset)).collect(), false),
            Expr::Not(inner) => self.negated(inner, dataset),
            Expr::IsNull(inner) => format!("{} {}", self.quantity(inner, dataset), tongue.say("mangler", "is missing")),
            Expr::In(index, codes) => self.membership(*index, codes, dataset, tongue.say("er", "is")),
            Expr::Compare(comparison, left, right) => {
                // The field stands first, however it was written.
                let turned = !matches!(**left, Expr::Field(_)) && matches!(**right, Expr::Field(_));
                let (first, second) = if turned { (right, left) } else { (left, right) };
                let comparison = if turned { mirrored(*comparison) } else { *comparison };
                let days = matches!(**second, Expr::Date(_));
                let word = self.comparison(comparison, days);
                format!("{} {word} {}", self.quantity(first, dataset), self.operand(second, first, dataset))
            }
            Expr::Boolean(value) => {
                let (never, always) = (tongue.say("ingen rækker", "no row"), tongue.say("alle rækker", "every row"));
                if *value { always.to_owned() } else { never.to_owned() }
            }
            Expr::Field(index) => format!("{} {}", self.field(*index, dataset), tongue.say("er sand", "is true")),
            other => self.quantity(other, dataset),
        }
    }

    fn nested(self, expr: &Expr, dataset: &Dataset) -> String {
        let inner = self.condition(expr, dataset);
        let is_several = match expr {
            Expr::And(parts) => between(parts).is_none(),
            other => matches!(other, Expr::Or(_)),
        };
        if is_several { format!("({inner})") } else { inner }
    }

    fn negated(self, inner: &Expr, dataset: &Dataset) -> String {
        let tongue = self.tongue;
        match inner {
            Expr::In(index, codes) => self.membership(*index, codes, dataset, tongue.say("er ikke", "is not")),
            Expr::IsNull(field) => {
                format!("{} {}", self.quantity(field, dataset), tongue.say("er udfyldt", "is not missing"))
            }
            Expr::Field(index) => format!("{} {}", self.field(*index, dataset), tongue.say("er falsk", "is false")),
            other => format!(
                "{} ({})",
                tongue.say("det gælder ikke, at", "it is not so that"),
                self.condition(other, dataset)
            ),
        }
    }

    fn membership(self, index: FieldIndex, codes: &BTreeSet<String>, dataset: &Dataset, is: &str) -> String {
        format!("{} {is} {}", self.field(index, dataset), self.codes(codes, self.list(index, dataset)))
    }

    fn comparison(self, comparison: Comparison, days: bool) -> &'static str {
        let tongue = self.tongue;
        match (comparison, days) {
            (Comparison::Equal, _) => tongue.say("er", "is"),
            (Comparison::NotEqual, _) => tongue.say("er ikke", "is not"),
            (Comparison::Less, false) => tongue.say("er mindre end", "is less than"),
            (Comparison::LessOrEqual, false) => tongue.say("er højst", "is at most"),
            (Comparison::Greater, false) => tongue.say("er større end", "is greater than"),
            (Comparison::GreaterOrEqual, false) => tongue.say("er mindst", "is at least"),
            (Comparison::Less, true) => tongue.say("er før", "is before"),
            (Comparison::LessOrEqual, true) => tongue.say("er senest", "is at the latest"),
            (Comparison::Greater, true) => tongue.say("er efter", "is after"),
            (Comparison::GreaterOrEqual, true) => tongue.say("er tidligst", "is at the earliest"),
        }
    }

    /// What is computed of rows.
    pub(super) fn aggregate(self, aggregate: &Aggregate, dataset: &Dataset) -> String {
        let tongue = self.tongue;
        match aggregate {
            Aggregate::Sum(expr) => {
                format!("{} {}", tongue.say("summen af", "the sum of"), self.quantity(expr, dataset))
            }
            Aggregate::Count => tongue.say("antallet af rækker", "the number of rows").to_owned(),
            Aggregate::CountDistinct(fields) => {
                let fields: Vec<String> = fields.iter().map(|index| self.field(*index, dataset)).collect();
                match fields.as_slice() {
                    [one] => format!(
                        "{} {one}",
                        tongue.say("antallet af forskellige værdier af", "the number of distinct values of")
                    ),
                    _ => format!(
                        "{} {}",
                        tongue
                            .say("antallet af forskellige kombinationer af", "the number of distinct combinations of"),
                        tongue.joined(fields, true)
                    ),
                }
            }
            Aggregate::Min(expr) => {
                format!(
                    "{} {}",
                    tongue.say("den mindste værdi af", "the smallest value of"),
                    self.quantity(expr, dataset)
                )
            }
            Aggregate::Max(expr) => {
                format!(
                    "{} {}",
                    tongue.say("den største værdi af", "the largest value of"),
                    self.quantity(expr, dataset)
                )
            }
            Aggregate::Mean(expr) => {
                format!("{} {}", tongue.say("gennemsnittet af", "the mean of"), self.quantity(expr, dataset))
            }
            Aggregate::Quantile(expr, share) if share.denominator() == 2 => {
                format!("{} {}", tongue.say("medianen af", "the median of"), self.quantity(expr, dataset))
            }
            Aggregate::Quantile(expr, share) => {
                let share = format!("{}/{}", share.numerator(), share.denominator());
                let word = tongue.say("fraktilen", "the quantile");
                format!("{word} {share} {} {}", tongue.say("af", "of"), self.quantity(expr, dataset))
            }
        }
    }

    /// Which rows belong to a period.
    pub(super) fn time(self, time: TimeSelection) -> String {
        let tongue = self.tongue;
        match time {
            TimeSelection::Within => tongue.say("inden for perioden", "within the period").to_owned(),
            TimeSelection::AtStart => {
                tongue.say("på periodens første dag", "on the first day of the period").to_owned()
            }
            TimeSelection::At { month, day } => {
                let (da, en) = MONTHS.get(month as usize - 1).copied().unwrap_or_default();
                tongue.say(&format!("den {day}. {da}"), &format!("on {day} {en}")).to_owned()
            }
            TimeSelection::Last => {
                tongue.say("ved periodens sidste optælling", "at the last count of the period").to_owned()
            }
            TimeSelection::Average => tongue
                .say("i gennemsnit af periodens optællinger", "on average over the counts of the period")
                .to_owned(),
            TimeSelection::Active(Activity::Start) => {
                tongue.say("i gang på periodens første dag", "active on the first day of the period").to_owned()
            }
            TimeSelection::Active(Activity::End) => {
                tongue.say("i gang på periodens sidste dag", "active on the last day of the period").to_owned()
            }
            TimeSelection::Active(Activity::Any) => {
                tongue.say("i gang på en af periodens dage", "active on any day of the period").to_owned()
            }
        }
    }

    /// The stretch of time that is looked at; `None` for the period itself.
    pub(super) fn window(self, window: Window, step: PeriodKind) -> Option<String> {
        let tongue = self.tongue;
        let span = match window.span {
            Span::Period => None,
            Span::Rolling { steps } => Some(match tongue {
                Tongue::Danish => format!("{steps} {} frem til periodens slutning", steps_in_danish(step, steps == 1)),
                Tongue::English => {
                    format!("{steps} {} up to the end of the period", steps_in_english(step, steps == 1))
                }
            }),
            Span::Cumulative(PeriodKind::SchoolYear) => {
                Some(tongue.say("fra skoleårets begyndelse", "from the beginning of the school year").to_owned())
            }
            Span::Cumulative(_) => {
                Some(tongue.say("fra årets begyndelse", "from the beginning of the year").to_owned())
            }
        };
        let shift = (window.shift != 0).then(|| self.later(window.shift, step));
        let both: Vec<String> = [span, shift].into_iter().flatten().collect();
        (!both.is_empty()).then(|| both.join(", "))
    }

    /// So many months or weeks later, or earlier.
    pub(super) fn later(self, steps: i32, step: PeriodKind) -> String {
        let many = steps.abs();
        let (earlier, one) = (steps < 0, many == 1);
        match self.tongue {
            Tongue::Danish => {
                let unit = steps_in_danish(step, one);
                format!("{many} {unit} {}", if earlier { "tidligere" } else { "senere" })
            }
            Tongue::English => {
                let unit = steps_in_english(step, one);
                format!("{many} {unit} {}", if earlier { "earlier" } else { "later" })
            }
        }
    }

    /// A formula; measures stand by their names.
    pub(super) fn formula(self, formula: &Formula, indicator: &Indicator) -> String {
        let tongue = self.tongue;
        let inner = |part: &Formula| match part {
            Formula::Measure(_) | Formula::Number(_) => self.formula(part, indicator),
            _ => format!("({})", self.formula(part, indicator)),
        };
        let pair = |word: &str, left: &Formula, right: &Formula| format!("{} {word} {}", inner(left), inner(right));
        match formula {
            Formula::Measure(index) => indicator.measures[index.0].name.to_string(),
            Formula::Number(number) if number.denominator() == 1 => number.numerator().to_string(),
            Formula::Number(number) => format!("{}/{}", number.numerator(), number.denominator()),
            Formula::Negate(part) => format!("minus {}", inner(part)),
            Formula::Add(left, right) => pair("plus", left, right),
            Formula::Subtract(left, right) => pair("minus", left, right),
            Formula::Multiply(left, right) => pair(tongue.say("gange", "times"), left, right),
            Formula::Divide(left, right) => pair(tongue.say("divideret med", "divided by"), left, right),
        }
    }
}

/// What periods are counted in: months, or weeks.
fn steps_in_danish(step: PeriodKind, one: bool) -> &'static str {
    match (step, one) {
        (PeriodKind::Week, true) => "uge",
        (PeriodKind::Week, false) => "uger",
        (_, true) => "måned",
        (_, false) => "måneder",
    }
}

fn steps_in_english(step: PeriodKind, one: bool) -> &'static str {
    match (step, one) {
        (PeriodKind::Week, true) => "week",
        (PeriodKind::Week, false) => "weeks",
        (_, true) => "month",
        (_, false) => "months",
    }
}

/// Some day within a validity: the first, or the last before its end.
pub(super) fn day_within(validity: Validity) -> Option<Date> {
    validity.from.or_else(|| Date::from_days(validity.to.map_or(0, |to| to.days() - 1)))
}

/// `x >= low and x <= high`, which `between` compiles to.
fn between(parts: &[Expr]) -> Option<(&Expr, &Expr, &Expr)> {
    match parts {
        [Expr::Compare(Comparison::GreaterOrEqual, one, low), Expr::Compare(Comparison::LessOrEqual, same, high)]
            if one == same =>
        {
            Some((one, low, high))
        }
        _ => None,
    }
}

fn mirrored(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
        same => same,
    }
}
