//! Indicators that are made of others: who names whom, and in which order they can be resolved.

use std::collections::BTreeMap;

use sqlparser::ast::{Expr as Sql, Spanned, Value as SqlValue};

use crate::expression::{formula, sql};
use crate::vocabulary;
use crate::yaml::{Cursor, Report, Span};

/// A reference from a formula to another indicator.
#[derive(Debug, Clone)]
pub(crate) struct Reference {
    /// The indicator that is named.
    pub(crate) id: String,
    /// Where.
    pub(crate) span: Span,
}

/// The indicators that a formula names. What is wrong with it is said when it is compiled.
pub(crate) fn references(root: Cursor<'_>, report: &Report<'_>) -> Vec<Reference> {
    let mut silent = Report::new(report.path(), report.text());
    let Some(mut keys) = root.keys(&vocabulary::INDICATOR, &mut silent) else { return Vec::new() };
    let formula = keys.need("formula", &mut silent).and_then(|cursor| sql::parse(cursor, &mut silent));
    let Some(expression) = formula else { return Vec::new() };
    let mut found = Vec::new();
    collect(&expression.sql, &mut |sql, id| {
        found.push(Reference { id: id.to_owned(), span: expression.places.span(sql.span()) });
    });
    found
}

fn collect(sql: &Sql, visit: &mut impl FnMut(&Sql, &str)) {
    match sql {
        Sql::Nested(inner) | Sql::UnaryOp { expr: inner, .. } => collect(inner, visit),
        Sql::BinaryOp { left, right, .. } => {
            collect(left, visit);
            collect(right, visit);
        }
        Sql::Function(function) => {
            if let Some(Sql::Value(value)) = formula::indicator_named(function) {
                if let SqlValue::SingleQuotedString(id) = &value.value {
                    visit(sql, id);
                }
            }
        }
        _ => {}
    }
}

/// An order in which every indicator comes behind those that it names, and the cycles: each as the indicators on the
/// way, beginning with the one whose reference closes it.
pub(crate) fn order(references: &BTreeMap<&str, Vec<Reference>>) -> (Vec<String>, Vec<Vec<String>>) {
    let mut walk = Walk { references, done: Vec::new(), path: Vec::new(), cycles: Vec::new() };
    for id in references.keys() {
        walk.visit(id);
    }
    (walk.done, walk.cycles)
}

struct Walk<'a> {
    references: &'a BTreeMap<&'a str, Vec<Reference>>,
    done: Vec<String>,
    path: Vec<&'a str>,
    cycles: Vec<Vec<String>>,
}

impl<'a> Walk<'a> {
    fn visit(&mut self, id: &'a str) {
        if self.done.iter().any(|done| done == id) {
            return;
        }
        if let Some(at) = self.path.iter().position(|on_way| *on_way == id) {
            self.cycles.push(self.path[at..].iter().map(|id| (*id).to_owned()).collect());
            return;
        }
        self.path.push(id);
        for reference in self.references.get(id).into_iter().flatten() {
            if let Some((known, _)) = self.references.get_key_value(reference.id.as_str()) {
                self.visit(known);
            }
        }
        self.path.pop();
        self.done.push(id.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(edges: &[(&'static str, &[&str])]) -> (Vec<String>, Vec<Vec<String>>) {
        let reference = |id: &&str| Reference {
            id: (*id).to_owned(),
            span: Span { line: 1, column: 1, length: 1, start: 0, end: 0 },
        };
        let edges = edges.iter().map(|(from, to)| (*from, to.iter().map(reference).collect()));
        order(&edges.collect())
    }

    #[test]
    fn those_that_are_named_come_first() {
        let (order, cycles) = graph(&[("a", &["c", "b"]), ("b", &["c"]), ("c", &[]), ("d", &["elsewhere"])]);
        assert_eq!(order, ["c", "b", "a", "d"]);
        assert!(cycles.is_empty());
    }

    #[test]
    fn a_cycle_is_named_with_its_way() {
        let (order, cycles) = graph(&[("a", &["b"]), ("b", &["c"]), ("c", &["b"]), ("own", &["own"])]);
        assert_eq!(order.len(), 4);
        assert_eq!(cycles, [vec!["b".to_owned(), "c".to_owned()], vec!["own".to_owned()]]);
    }
}
