//! Measures that share the work on a row.
//!
//! What the filters of a family ask of a row is answered once: the answers together are the row's class, and values are
//! added up by class. A code field contributes a table from its codes to the few classes that the filters tell apart,
//! so that a hundred measures over different groups of accounts cost a row one look-up and one addition. In the end a
//! measure is made of the classes for which its filter is true.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::{Aggregate, Expr, RecordBatch};

use super::condition::{Atom, Atoms, TRUE, Tree, places};
use super::number::{Number, NumberColumn};
use super::{How, Partial, PartialMeasure};

/// The most classes of a family, and so the most places for its sums that a municipality's month has.
pub(super) const MOST_CLASSES: usize = 256;

/// Measures over the same classes of rows.
#[derive(Debug)]
pub(super) struct Family {
    atoms: Arc<[Atom]>,
    digits: Vec<Digit>,
    values: Vec<Value>,
    members: Vec<Member>,
    classes: usize,
}

/// A part of a row's class: its value times `stride`.
#[derive(Debug)]
struct Digit {
    stride: u32,
    kind: DigitKind,
}

#[derive(Debug)]
enum DigitKind {
    /// What is asked of a code field: the digit of each code, at last that of a missing one.
    Code { field: usize, digits: Vec<u32>, atoms: Vec<usize>, truths: Vec<Vec<u8>> },
    /// The truth of one atom.
    Atom(usize),
    /// Whether a whole condition is true: for those that would have too many classes.
    Holds(Tree),
}

/// What is added up of a row.
#[derive(Debug, PartialEq)]
struct Value {
    how: How,
    number: Number,
}

#[derive(Debug)]
struct Member {
    /// The position of the measure in the plan.
    measure: usize,
    how: How,
    /// The position of its value; none where rows are counted.
    value: Option<usize>,
    /// The classes that it keeps.
    classes: Vec<usize>,
}

/// What has been added up, by group and class.
#[derive(Debug)]
pub(super) struct Sums {
    rows: Vec<u64>,
    values: Vec<Vec<i128>>,
}

/// Buffers for one batch.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    slots: Vec<u32>,
    truths: Vec<Vec<u8>>,
}

/// Puts the measures into as few families as have a bounded number of classes.
pub(super) fn families(measures: &[PartialMeasure], mut atoms: Atoms<'_>, most_classes: usize) -> Vec<Family> {
    let trees: Vec<Tree> = measures.iter().map(|measure| tree(measure.filter.as_ref(), &mut atoms)).collect();
    let atoms: Arc<[Atom]> = atoms.atoms.into();
    let fits = |set: &[usize]| digits(set.iter().map(|at| &trees[*at]), &atoms, most_classes).is_some();
    let all: Vec<usize> = (0..measures.len()).collect();
    let mut sets: Vec<Vec<usize>> = Vec::new();
    if fits(&all) {
        sets.extend((!all.is_empty()).then_some(all));
    } else {
        for at in all {
            let with = |set: &Vec<usize>| set.iter().copied().chain([at]).collect::<Vec<usize>>();
            match sets.iter_mut().find(|set| fits(&with(set))) {
                Some(set) => set.push(at),
                None => sets.push(vec![at]),
            }
        }
    }
    sets.iter().map(|set| Family::new(set, measures, &trees, &atoms, most_classes)).collect()
}

fn tree(filter: Option<&Expr>, atoms: &mut Atoms<'_>) -> Tree {
    filter.map_or(Tree::Constant(TRUE), |filter| atoms.tree(filter))
}

/// The digits for conditions, and how many classes they make; none if these are too many.
fn digits<'a>(
    trees: impl Iterator<Item = &'a Tree>,
    atoms: &[Atom],
    most_classes: usize,
) -> Option<(Vec<Digit>, usize)> {
    let mut used = BTreeSet::new();
    for tree in trees {
        tree.for_each_atom(&mut |atom| {
            used.insert(atom);
        });
    }
    let mut by_field: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut kinds: Vec<(DigitKind, usize)> = Vec::new();
    for at in used {
        match &atoms[at] {
            Atom::Code { field, .. } => by_field.entry(*field).or_default().push(at),
            _ => kinds.push((DigitKind::Atom(at), 3)),
        }
    }
    kinds.extend(by_field.into_iter().map(|(field, asked)| of_codes(field, asked, atoms)));
    let mut classes = 1;
    let mut digits = Vec::new();
    for (kind, radix) in kinds {
        digits.push(Digit { stride: u32::try_from(classes).ok()?, kind });
        classes *= radix;
        if classes > most_classes {
            return None;
        }
    }
    Some((digits, classes))
}

/// Codes for which all atoms have the same truth are one digit.
fn of_codes(field: usize, asked: Vec<usize>, atoms: &[Atom]) -> (DigitKind, usize) {
    let tables = asked.iter().filter_map(|at| match &atoms[*at] {
        Atom::Code { truths, .. } => Some(truths),
        _ => None,
    });
    let tables: Vec<&Vec<u8>> = tables.collect();
    let mut digits = vec![0; tables.first().map_or(0, |table| table.len())];
    let mut radix = 1;
    for table in &tables {
        // Each digit falls apart into at most one for each truth, numbered as they appear.
        let mut known: Vec<Option<u32>> = vec![None; radix * 3];
        radix = 0;
        for (digit, truth) in digits.iter_mut().zip(*table) {
            let next = u32::try_from(radix).expect("no more digits than codes");
            *digit = *known[*digit as usize * 3 + usize::from(*truth)].get_or_insert_with(|| {
                radix += 1;
                next
            });
        }
    }
    let mut truths = vec![Vec::new(); radix];
    for (code, digit) in digits.iter().enumerate() {
        truths[*digit as usize] = tables.iter().map(|table| table[code]).collect();
    }
    (DigitKind::Code { field, digits, atoms: asked, truths }, radix)
}

impl Family {
    fn new(
        set: &[usize],
        measures: &[PartialMeasure],
        trees: &[Tree],
        atoms: &Arc<[Atom]>,
        most_classes: usize,
    ) -> Self {
        let (digits, classes) = digits(set.iter().map(|at| &trees[*at]), atoms, most_classes).unwrap_or_else(|| {
            // Then it is alone in its family.
            (vec![Digit { stride: 1, kind: DigitKind::Holds(trees[set[0]].clone()) }], 2)
        });
        let mut family = Self { atoms: Arc::clone(atoms), digits, values: Vec::new(), members: Vec::new(), classes };
        for at in set {
            let value = value(&measures[*at]).map(|value| family.position(value));
            let kept = (0..classes).filter(|class| family.keeps(&trees[*at], *class)).collect();
            family.members.push(Member { measure: *at, how: measures[*at].how, value, classes: kept });
        }
        family
    }

    fn position(&mut self, value: Value) -> usize {
        let known = self.values.iter().position(|known| *known == value);
        known.unwrap_or_else(|| {
            self.values.push(value);
            self.values.len() - 1
        })
    }

    fn keeps(&self, tree: &Tree, class: usize) -> bool {
        let mut truths = vec![TRUE; self.atoms.len()];
        for (at, digit) in self.digits.iter().enumerate() {
            let next = self.digits.get(at + 1).map_or(self.classes, |next| next.stride as usize);
            let value = class % next / digit.stride as usize;
            match &digit.kind {
                DigitKind::Holds(_) => return value == 1,
                DigitKind::Atom(atom) => truths[*atom] = u8::try_from(value).expect("three truths"),
                DigitKind::Code { atoms, truths: known, .. } => {
                    for (atom, truth) in atoms.iter().zip(&known[value]) {
                        truths[*atom] = *truth;
                    }
                }
            }
        }
        tree.evaluate(&|atom| truths[atom]) == TRUE
    }

    pub(super) fn sums(&self) -> Sums {
        Sums { rows: Vec::new(), values: self.values.iter().map(|_| Vec::new()).collect() }
    }

    /// Adds up the rows of a batch, each in its group; there are `groups` by now.
    pub(super) fn add(
        &self,
        batch: &RecordBatch,
        group_of: &[u32],
        groups: usize,
        sums: &mut Sums,
        scratch: &mut Scratch,
    ) {
        let classes = u32::try_from(self.classes).expect("a bounded number");
        scratch.slots.clear();
        scratch.slots.extend(group_of.iter().map(|group| group * classes));
        for digit in &self.digits {
            self.add_digit(digit, batch, scratch);
        }
        sums.rows.resize(groups * self.classes, 0);
        for slot in &scratch.slots {
            sums.rows[*slot as usize] += 1;
        }
        for (value, sums) in self.values.iter().zip(&mut sums.values) {
            sums.resize(groups * self.classes, value.how.neutral());
            value.add(batch, &scratch.slots, sums);
        }
    }

    fn add_digit(&self, digit: &Digit, batch: &RecordBatch, scratch: &mut Scratch) {
        let (slots, stride) = (&mut scratch.slots, digit.stride);
        match &digit.kind {
            DigitKind::Code { field, digits, .. } => {
                for (slot, place) in slots.iter_mut().zip(places(&batch.columns[*field], digits.len() - 1)) {
                    *slot += digits[place] * stride;
                }
            }
            DigitKind::Atom(atom) => {
                scratch.truths.resize_with(1, Vec::new);
                self.atoms[*atom].evaluate(batch, &mut scratch.truths[0]);
                for (slot, truth) in slots.iter_mut().zip(&scratch.truths[0]) {
                    *slot += u32::from(*truth) * stride;
                }
            }
            DigitKind::Holds(tree) => {
                scratch.truths.resize_with(self.atoms.len(), Vec::new);
                let truths = &mut scratch.truths;
                tree.for_each_atom(&mut |atom| self.atoms[atom].evaluate(batch, &mut truths[atom]));
                for (row, slot) in slots.iter_mut().enumerate() {
                    *slot += u32::from(tree.evaluate(&|atom| truths[atom][row]) == TRUE) * stride;
                }
            }
        }
    }

    /// The partial aggregates of a group, each with the position of its measure.
    pub(super) fn partials(&self, sums: &Sums, group: usize) -> impl Iterator<Item = (usize, Partial)> {
        let first = group * self.classes;
        self.members.iter().map(move |member| {
            let classes = member.classes.iter().map(|class| member.partial(sums, first + class));
            (member.measure, classes.fold(Partial::default(), |sum, partial| sum.with(partial, member.how)))
        })
    }
}

impl Member {
    fn partial(&self, sums: &Sums, slot: usize) -> Partial {
        let rows = sums.rows[slot];
        let value = self.value.map_or(i128::from(rows), |at| sums.values[at][slot]);
        Partial { value: (self.how == How::Sum || value != self.how.neutral()).then_some(value), rows }
    }
}

fn value(measure: &PartialMeasure) -> Option<Value> {
    match &measure.aggregate {
        Aggregate::Sum(number) | Aggregate::Min(number) | Aggregate::Max(number) => {
            Some(Value { how: measure.how, number: Number::of(number) })
        }
        Aggregate::Count | Aggregate::CountDistinct(_) | Aggregate::Mean(_) | Aggregate::Quantile(..) => None,
    }
}

impl Value {
    fn add(&self, batch: &RecordBatch, slots: &[u32], sums: &mut [i128]) {
        match (self.how, self.number.column(batch)) {
            (How::Sum, NumberColumn::Stored(values, valid)) => {
                for ((slot, value), valid) in slots.iter().zip(values).zip(valid) {
                    // Neither this nor any other sum of 2^63 numbers of 64 bits is too large for 128.
                    sums[*slot as usize] += i128::from(if *valid { *value } else { 0 });
                }
            }
            (how, numbers) => {
                for (row, slot) in slots.iter().enumerate() {
                    let Some(number) = numbers.get(row) else { continue };
                    let sum = &mut sums[*slot as usize];
                    *sum = how.together(*sum, number);
                }
            }
        }
    }
}
