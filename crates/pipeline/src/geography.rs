//! Which municipalities there are on a day, in which region they lie, and what became of those of another day.

use model::{Catalogue, CodeList, Date, MunicipalityCode, Period, Ratio, Share};
use normaliser::Member;

/// The code list of municipalities, as figures need it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Geography<'a> {
    list: Option<&'a CodeList>,
}

impl<'a> Geography<'a> {
    pub(crate) fn of(catalogue: &'a Catalogue) -> Self {
        Self { list: catalogue.municipalities().map(AsRef::as_ref) }
    }

    /// Whether there is a municipality of this code on the day. One that has become part of another one owes nothing
    /// and has no figures any more; one that was not there yet neither.
    pub(crate) fn has(self, code: MunicipalityCode, day: Date) -> bool {
        self.attribute(code, "kind", day).is_some_and(|kind| kind == "municipality")
    }

    fn attribute(self, code: MunicipalityCode, name: &str, day: Date) -> Option<&'a str> {
        let list = self.list?;
        list.attribute(list.index_of(&code.to_string())?, name, day)
    }

    /// Those of the municipalities that lie in a region on the day.
    pub(crate) fn members<'m>(
        self,
        municipalities: impl IntoIterator<Item = &'m MunicipalityCode>,
        day: Date,
    ) -> Vec<Member> {
        let member = |municipality: &MunicipalityCode| {
            let region = self.attribute(*municipality, "region", day)?.to_owned();
            Some(Member { municipality: *municipality, region })
        };
        let exist = municipalities.into_iter().filter(|code| self.has(**code, day));
        exist.filter_map(member).collect()
    }

    /// Which municipalities of a day the one of a period became, with what share; before the period, which it came
    /// from. Nothing where it was none on the period's first day. Its share is unknown in each of several that it came from,
    /// for a merge keeps no record of who brought what.
    pub(crate) fn carried(self, code: MunicipalityCode, period: Period, on: Date) -> Vec<(MunicipalityCode, Share)> {
        let of = period.start();
        let Some(list) = self.list.filter(|_| self.has(code, of)) else { return Vec::new() };
        let Some(index) = list.index_of(&code.to_string()) else { return Vec::new() };
        let municipality = |index| MunicipalityCode::new(list.code(index));
        if of <= on {
            let became = list.became(index, of, on).into_iter();
            return became.filter_map(|(index, share)| Some((municipality(index)?, share))).collect();
        }
        let came_from = list.called(index, of, on);
        let share = (came_from.len() == 1).then(|| Ratio::integer(1));
        came_from.into_iter().filter_map(|index| Some((municipality(index)?, share))).collect()
    }
}
