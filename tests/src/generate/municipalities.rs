//! The municipalities with their approximate size: what the generated figures are in proportion to.
//!
//! The inhabitants are rounded and the shares of the elderly are estimates, good enough for plausible figures and for
//! nothing else. Names and validities are the code list's matter.

/// A municipality, as far as the generator knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Municipality {
    /// The code, four digits.
    pub code: &'static str,
    /// The region, 81 to 85 in `StatBank`.
    pub region: u8,
    /// Inhabitants on 1 January 2024, roughly.
    pub inhabitants: u32,
    /// How many of a thousand inhabitants are 67 or older, roughly.
    pub elderly: u32,
}

const fn municipality(code: &'static str, region: u8, inhabitants: u32, elderly: u32) -> Municipality {
    Municipality { code, region, inhabitants, elderly }
}

/// Christiansø, which is no municipality, but stands in `StatBank`'s tables.
pub const CHRISTIANSOE: Municipality = municipality("0411", 84, 90, 180);

/// The 98 municipalities, by code. A municipality's position in this list decides which vendor systems it uses.
pub const MUNICIPALITIES: [Municipality; 98] = [
    municipality("0101", 84, 659_400, 95),
    municipality("0147", 84, 105_000, 150),
    municipality("0151", 84, 51_800, 180),
    municipality("0153", 84, 40_000, 175),
    municipality("0155", 84, 14_600, 225),
    municipality("0157", 84, 74_900, 180),
    municipality("0159", 84, 69_700, 155),
    municipality("0161", 84, 24_100, 175),
    municipality("0163", 84, 30_500, 170),
    municipality("0165", 84, 27_600, 175),
    municipality("0167", 84, 53_900, 165),
    municipality("0169", 84, 57_900, 160),
    municipality("0173", 84, 58_900, 185),
    municipality("0175", 84, 44_000, 170),
    municipality("0183", 84, 24_000, 150),
    municipality("0185", 84, 42_900, 175),
    municipality("0187", 84, 17_200, 165),
    municipality("0190", 84, 42_000, 205),
    municipality("0201", 84, 26_000, 190),
    municipality("0210", 84, 41_900, 205),
    municipality("0217", 84, 64_100, 220),
    municipality("0219", 84, 55_000, 180),
    municipality("0223", 84, 24_900, 255),
    municipality("0230", 84, 57_600, 225),
    municipality("0240", 84, 45_300, 180),
    municipality("0250", 84, 46_500, 215),
    municipality("0253", 85, 52_300, 195),
    municipality("0259", 85, 62_700, 185),
    municipality("0260", 84, 31_600, 235),
    municipality("0265", 85, 91_300, 180),
    municipality("0269", 85, 24_600, 185),
    municipality("0270", 84, 41_500, 240),
    municipality("0306", 85, 33_100, 285),
    municipality("0316", 85, 74_000, 195),
    municipality("0320", 85, 37_100, 210),
    municipality("0326", 85, 48_700, 225),
    municipality("0329", 85, 35_700, 170),
    municipality("0330", 85, 80_100, 200),
    municipality("0336", 85, 23_400, 230),
    municipality("0340", 85, 30_200, 205),
    municipality("0350", 85, 29_000, 195),
    municipality("0360", 85, 40_200, 270),
    municipality("0370", 85, 84_400, 205),
    municipality("0376", 85, 60_100, 235),
    municipality("0390", 85, 45_400, 240),
    municipality("0400", 84, 39_600, 280),
    municipality("0410", 83, 40_200, 210),
    municipality("0420", 83, 40_700, 225),
    municipality("0430", 83, 52_000, 235),
    municipality("0440", 83, 24_000, 245),
    municipality("0450", 83, 32_100, 230),
    municipality("0461", 83, 209_100, 160),
    municipality("0479", 83, 59_700, 220),
    municipality("0480", 83, 29_800, 215),
    municipality("0482", 83, 12_200, 305),
    municipality("0492", 83, 6_000, 325),
    municipality("0510", 83, 55_200, 210),
    municipality("0530", 83, 27_000, 180),
    municipality("0540", 83, 73_500, 220),
    municipality("0550", 83, 36_600, 230),
    municipality("0561", 83, 115_700, 180),
    municipality("0563", 83, 3_500, 275),
    municipality("0573", 83, 49_600, 205),
    municipality("0575", 83, 42_600, 190),
    municipality("0580", 83, 58_700, 205),
    municipality("0607", 83, 52_300, 190),
    municipality("0615", 82, 97_000, 155),
    municipality("0621", 83, 94_900, 175),
    municipality("0630", 83, 121_900, 180),
    municipality("0657", 82, 89_900, 175),
    municipality("0661", 82, 59_000, 190),
    municipality("0665", 82, 19_000, 245),
    municipality("0671", 82, 20_500, 230),
    municipality("0706", 82, 44_300, 220),
    municipality("0707", 82, 36_700, 235),
    municipality("0710", 82, 49_900, 175),
    municipality("0727", 82, 23_500, 215),
    municipality("0730", 82, 99_900, 185),
    municipality("0740", 82, 99_400, 185),
    municipality("0741", 82, 3_600, 320),
    municipality("0746", 82, 65_300, 165),
    municipality("0751", 82, 367_100, 130),
    municipality("0756", 82, 42_500, 185),
    municipality("0760", 82, 56_400, 205),
    municipality("0766", 82, 48_200, 185),
    municipality("0773", 81, 19_900, 235),
    municipality("0779", 82, 44_600, 220),
    municipality("0787", 81, 43_200, 220),
    municipality("0791", 82, 98_200, 185),
    municipality("0810", 81, 36_600, 205),
    municipality("0813", 81, 58_500, 245),
    municipality("0820", 81, 36_000, 215),
    municipality("0825", 81, 1_700, 345),
    municipality("0840", 81, 31_600, 185),
    municipality("0846", 81, 41_800, 205),
    municipality("0849", 81, 38_300, 215),
    municipality("0851", 81, 223_200, 160),
    municipality("0860", 81, 63_200, 220),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_the_country_has_about_six_million_inhabitants() {
        assert!(MUNICIPALITIES.windows(2).all(|pair| pair[0].code < pair[1].code));
        assert!(MUNICIPALITIES.iter().all(|m| model::MunicipalityCode::new(m.code).is_some()));
        let inhabitants: u32 = MUNICIPALITIES.iter().map(|m| m.inhabitants).sum();
        assert!((5_900_000..6_100_000).contains(&inhabitants), "{inhabitants}");
        let in_region = |region| MUNICIPALITIES.iter().filter(|m| m.region == region).count();
        assert_eq!([81, 82, 83, 84, 85].map(in_region), [11, 19, 22, 29, 17]);
    }
}
