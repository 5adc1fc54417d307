//! The texts of postings, ready in the encoding and quoting of a layout.

use super::plan::Layout;
use super::writer::encoded;

pub(super) const PLAIN: [&str; 36] = [
    "Løn",
    "Vikarløn",
    "Pension",
    "Feriepenge",
    "Lønrefusion",
    "Kørsel",
    "Rengøring",
    "Fødevarer",
    "Inventar",
    "Undervisningsmidler",
    "Kurser",
    "Møder",
    "It-udstyr",
    "Licenser",
    "Telefoni",
    "El",
    "Varme",
    "Vand",
    "Husleje",
    "Vedligeholdelse",
    "Snerydning",
    "Forsikring",
    "Porto",
    "Tolkebistand",
    "Hjælpemidler",
    "Madservice",
    "Befordring",
    "Konsulentbistand",
    "Tilskud",
    "Takstbetaling",
    "Mellemkommunal afregning",
    "Forældrebetaling",
    "Årsregulering",
    "Gebyrer",
    "Bøger",
    "Småanskaffelser",
];
/// Texts that need quotation marks where the separator is a semicolon.
const QUOTED: [&str; 4] = ["Løn; tillæg", "Varer; moms", "Café \"Solen\"", "Abonnement; avis"];
pub(super) const MONTHS: [&str; 12] = [
    "januar",
    "februar",
    "marts",
    "april",
    "maj",
    "juni",
    "juli",
    "august",
    "september",
    "oktober",
    "november",
    "december",
];

/// The texts of a month, encoded and quoted.
#[derive(Debug)]
pub struct Texts(Vec<Vec<u8>>);

impl Texts {
    /// The number of different texts in a month.
    pub const COUNT: u32 = 40;

    /// The texts for a layout and a month, 1 to 12; `plain` puts others in the place of those that need quoting.
    pub fn new(layout: Layout, plain: bool, month: u32) -> Self {
        let quoted = if plain { &PLAIN[..QUOTED.len()] } else { &QUOTED };
        let month = MONTHS[month as usize - 1];
        // ØS has room for 30 characters, and cuts what is longer.
        let room = if layout == Layout::OesFinance { 30 } else { usize::MAX };
        let text = |word: &&str| {
            let text: String = format!("{word} {month}").chars().take(room).collect();
            encoded(layout.encoding(), &quote(layout, &text))
        };
        Self(PLAIN.iter().chain(quoted).map(text).collect())
    }

    /// A text, by its number from 0.
    pub fn get(&self, text: usize) -> &[u8] {
        &self.0[text]
    }
}

/// Quotes a text that the layout could not hold otherwise.
fn quote(layout: Layout, text: &str) -> String {
    if layout == Layout::OesFinance || !text.contains([';', '"']) {
        return text.to_owned();
    }
    format!("\"{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_the_form_of_the_layout() {
        let texts = Texts::new(Layout::PrismeFinance, false, 12);
        assert_eq!(texts.0.len(), Texts::COUNT as usize);
        assert_eq!(texts.get(0), "Løn december".as_bytes());
        assert_eq!(texts.get(38), "\"Café \"\"Solen\"\" december\"".as_bytes());
        assert!(Texts::new(Layout::OpusFinance, true, 1).0.iter().all(|text| !text.contains(&b'"')));
        assert!(Texts::new(Layout::OesFinance, false, 9).0.iter().all(|text| text.len() <= 30));
    }
}
