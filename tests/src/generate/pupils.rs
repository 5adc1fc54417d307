//! Pupils: classes that stay together from year to year, and the file of the count on 5 September.

use super::GenerateError;
use super::municipalities::MUNICIPALITIES;
use super::persons;
use super::random::{Purpose, Random};
use super::writer::{DeliveryFile, Form, push_digits, push_number};

/// The physical form of the file.
pub const FORM: Form = Form {
    encoding: model::Encoding::Utf8,
    byte_order_mark: true,
    delimiter: Some(b';'),
    line_end: b"\r\n",
    header: Some("Skole;Skoletype;Klasse;Klassetype;Trin;CPR;Bopælskommune;Optællingsdato"),
};

/// The largest class; also the distance of the numbers of its pupils.
const LARGEST_CLASS: u32 = 28;
/// Classes of a municipality, at most: beyond them the supply of replacement numbers ends.
const MOST_CLASSES: u32 = 600;
/// Grades 0 to 9; a class that has left begins anew with grade 0.
const GRADES: i32 = 10;

/// A class as it goes through school.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Class {
    number: u32,
    private: bool,
    special: bool,
    /// The grade in the year 2024.
    grade: i32,
    /// The number of pupils without those that come and go.
    size: u32,
}

impl Class {
    /// The grade in a year.
    fn grade(&self, year: i32) -> i32 {
        (self.grade + year - 2024).rem_euclid(GRADES)
    }

    /// The year in which most of the pupils of that year's class were born.
    fn birth_year(&self, year: i32) -> i32 {
        year - 6 - self.grade(year)
    }

    /// The pupils in a year: one may have come or gone.
    fn pupils(&self, seed: u64, position: usize, year: i32) -> u32 {
        let time = year * 1000 + i32::try_from(self.number).unwrap_or(0);
        let change = Random::new(seed, Purpose::Pupils, position, time).below(3);
        (self.size + change - 1).clamp(5, LARGEST_CLASS)
    }
}

/// The classes of a municipality: of three, one is at a private school, and every third municipality has a special one
/// among the others.
fn classes(seed: u64, position: usize, persons: u32) -> Vec<Class> {
    let mut random = Random::new(seed, Purpose::Classes, position, 0);
    let mut public = 0;
    let count = (persons * 3 / 5).clamp(3, MOST_CLASSES);
    let class = |number: u32| {
        let private = number % 3 == 2;
        let special = number % 3 == 1 && (position + number as usize / 3).is_multiple_of(3);
        let grade = random.between(0, 8).cast_signed();
        // A private school has about a fifth of the pupils, so that expenditure per pupil is plausible with and without.
        let size = match (private, special) {
            (true, _) => std::mem::take(&mut public) / 5 + random.below(2),
            (_, true) => random.between(6, 8),
            _ => random.between(10, 24),
        };
        let size = size.clamp(6, LARGEST_CLASS - 1);
        public += if private { 0 } else { size };
        Class { number, private, special, grade, size }
    };
    (0..count).map(class).collect()
}

/// The pupils of the municipality's own schools in the year.
pub fn public_pupils(seed: u64, position: usize, persons: u32, year: i32) -> u64 {
    let own = classes(seed, position, persons).into_iter().filter(|class| !class.private);
    own.map(|class| u64::from(class.pupils(seed, position, year))).sum()
}

/// Writes the file of a year.
pub fn write(
    file: &mut DeliveryFile,
    seed: u64,
    position: usize,
    persons: u32,
    year: i32,
) -> Result<(), GenerateError> {
    let classes = classes(seed, position, persons);
    let count = u32::try_from(classes.len()).unwrap_or(MOST_CLASSES);
    for class in &classes {
        let first = (u32::try_from(position).unwrap_or(0) * count + class.number) * LARGEST_CLASS;
        for pupil in 0..class.pupils(seed, position, year) {
            write_pupil(file.line(), position, class, year, first + pupil);
            file.end_row()?;
        }
    }
    Ok(())
}

fn write_pupil(line: &mut Vec<u8>, position: usize, class: &Class, year: i32, number: u32) {
    let code = MUNICIPALITIES[position].code;
    // Nine classes in turn share a school of either kind; its number begins with the municipality's.
    let school = if class.private { 201 + class.number / 9 } else { 1 + class.number / 9 };
    line.push(b'"');
    line.extend_from_slice(&code.as_bytes()[1..]);
    push_digits::<3>(line, u64::from(school));
    line.extend_from_slice(if class.private { b"\";\"1013\";\"" } else { b"\";\"1012\";\"" });
    push_number(line, u64::from(class.grade(year).unsigned_abs()));
    line.push(b'A' + u8::try_from(class.number % 9).unwrap_or(0));
    line.extend_from_slice(if class.special { b"\";\"20\";\"" } else { b"\";\"10\";\"" });
    push_number(line, u64::from(class.grade(year).unsigned_abs()));
    line.extend_from_slice(b"\";\"");
    let digits = persons::pupil(number, class.birth_year(year));
    line.extend_from_slice(&digits[..6]);
    line.push(b'-');
    line.extend_from_slice(&digits[6..]);
    line.extend_from_slice(b"\";\"");
    line.extend_from_slice(residence(position, number).as_bytes());
    line.extend_from_slice(b"\";\"05-09-");
    push_digits::<4>(line, u64::from(year.unsigned_abs()));
    line.push(b'"');
}

/// Most pupils live where they go to school, one of forty in the municipality that is next in the list.
fn residence(position: usize, number: u32) -> &'static str {
    let elsewhere = number.wrapping_mul(2_654_435_761) >> 16;
    let place = if elsewhere.is_multiple_of(40) { (position + 1) % MUNICIPALITIES.len() } else { position };
    MUNICIPALITIES[place].code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_grows_older_together() {
        for class in (0..98).flat_map(|position| classes(2024, position, 5)) {
            let (now, then) = (class.birth_year(2025), class.birth_year(2024));
            assert!(now == then || class.grade(2025) == 0, "{class:?}");
            assert!((0..10).contains(&class.grade(2024)));
        }
    }

    #[test]
    fn about_a_fifth_of_the_pupils_go_to_private_schools() {
        let pupils = |private: bool| -> u32 {
            let all = (0..98).flat_map(|position| classes(2024, position, 5).into_iter().map(move |c| (position, c)));
            all.filter(|(_, class)| class.private == private).map(|(at, class)| class.pupils(2024, at, 2024)).sum()
        };
        let (private, public) = (pupils(true), pupils(false));
        assert!((15..30).contains(&(private * 100 / (private + public))), "{private} of {}", private + public);
    }

    #[test]
    fn large_municipalities_have_many_classes_but_not_without_end() {
        assert_eq!(classes(1, 0, 1).len(), 3);
        assert_eq!(classes(1, 0, 500).len(), 300);
        assert_eq!(classes(1, 0, 5000).len(), 600);
    }
}
