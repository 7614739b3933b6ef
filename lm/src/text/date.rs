//! Dates for chat templates.

/// A day of the Gregorian calendar.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Date {
    /// Days since 1970-01-01.
    days: i64,
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
/// Days from 0000-03-01 to 1970-01-01.
const EPOCH: i64 = 719_468;
/// Days in 400 years.
const ERA: i64 = 146_097;

impl Date {
    /// The day this many days after 1970-01-01.
    pub fn from_days(days: u32) -> Date {
        Date { days: i64::from(days) }
    }

    /// Parses a day such as `2026-11-29`; `None` if the text is not one.
    pub fn parse(text: &str) -> Option<Date> {
        let mut parts = text.split('-');
        let mut next = |digits: usize| -> Option<i64> {
            let part =
                parts.next().filter(|part| part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit()));
            part?.parse().ok()
        };
        let (year, month, day) = (next(4)?, next(2)?, next(2)?);
        if parts.next().is_some() || !(1..=12).contains(&month) {
            return None;
        }
        // Years begin in March, so that a leap day is the last day of its year.
        let years = year - i64::from(month < 3);
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let of_era = years % 400 * 365 + years % 400 / 4 - years % 400 / 100 + of_year;
        let date = Date { days: years / 400 * ERA + of_era - EPOCH };
        (date.parts() == (year, month, day)).then_some(date)
    }

    /// Year, month and day.
    fn parts(self) -> (i64, i64, i64) {
        let since = self.days + EPOCH;
        let (era, of_era) = (since.div_euclid(ERA), since.rem_euclid(ERA));
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        (year + era * 400 + i64::from(month < 3), month, day)
    }

    /// The day in `strftime` notation, with midnight as the time of day. Unknown directives are kept.
    pub(crate) fn format(self, format: &str) -> String {
        let (year, month, day) = self.parts();
        let (month_name, weekday) = (MONTHS[month as usize - 1], WEEKDAYS[(self.days + 3).rem_euclid(7) as usize]);
        let of_year = self.days - Date::parse(&format!("{year:04}-01-01")).map_or(self.days, |first| first.days) + 1;
        let mut written = String::new();
        let mut rest = format.chars().peekable();
        while let Some(character) = rest.next() {
            if character != '%' {
                written.push(character);
                continue;
            }
            let plain = rest.next_if(|next| matches!(next, '-' | '#')).is_some();
            let number = |number: i64, digits: usize| {
                if plain { number.to_string() } else { format!("{number:0digits$}") }
            };
            written += &match rest.next() {
                Some('Y') => number(year, 4),
                Some('y') => number(year % 100, 2),
                Some('m') => number(month, 2),
                Some('d') => number(day, 2),
                Some('e') => format!("{day:2}"),
                Some('j') => number(of_year, 3),
                Some('B') => month_name.to_owned(),
                Some('b' | 'h') => month_name[..3].to_owned(),
                Some('A') => weekday.to_owned(),
                Some('a') => weekday[..3].to_owned(),
                Some('F') => format!("{year:04}-{month:02}-{day:02}"),
                Some('D' | 'x') => format!("{month:02}/{day:02}/{:02}", year % 100),
                Some('H' | 'M' | 'S') => number(0, 2),
                Some('I') => number(12, 2),
                Some('p') => "AM".to_owned(),
                Some('T' | 'X') => "00:00:00".to_owned(),
                Some('R') => "00:00".to_owned(),
                Some('%') => "%".to_owned(),
                Some(other) => format!("%{other}"),
                None => "%".to_owned(),
            };
        }
        written
    }
}

impl std::fmt::Display for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.format("%F"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_and_written_as_the_calendar_has_them() {
        for (text, days) in [("1970-01-01", 0), ("2000-02-29", 11_016), ("2024-07-26", 19_930), ("2100-03-01", 47_541)]
        {
            assert_eq!(
                (Date::parse(text), Date::from_days(days).to_string()),
                (Some(Date::from_days(days)), text.into())
            );
        }
        let day = Date::parse("2024-07-06").expect("a day");
        assert_eq!(day.format("%A, %d %b %Y|%B %-d, %y|%j %H:%M%%"), "Saturday, 06 Jul 2024|July 6, 24|188 00:00%");
        for wrong in ["2023-02-29", "2024-13-01", "24-07-06", "2024-7-6", "2024-07-06-1", "x"] {
            assert_eq!(Date::parse(wrong), None, "{wrong}");
        }
    }
}
