//! Query parameters: each at most once, and none that is not known, so that a slip of the pen never lists the wrong thing.

use super::{Call, Faults, cursor};

/// The fewest things of one answer.
const LEAST_LIMIT: usize = 1;
/// The most things of one answer: with the longest texts a hundred opportunities, the largest things there are, are a fifth of the six megabytes that Lambda answers.
pub const MOST_LIMIT: usize = 100;
/// How many things an answer has when nobody says: a screen or two of the app.
pub const USUAL_LIMIT: usize = 20;

/// The parameters of one call.
#[derive(Debug)]
pub struct Parameters<'a> {
    call: &'a Call,
}

impl<'a> Parameters<'a> {
    /// The call's parameters; faults for those that are not among `known`, or stand more than once.
    pub fn of(call: &'a Call, known: &[&str], faults: &mut Faults) -> Parameters<'a> {
        let mut names: Vec<&str> = call.parameters().map(|(name, _)| name).collect();
        names.sort_unstable();
        for name in names.iter().filter(|name| !known.contains(*name)) {
            faults.add(&format!("?{}", brief(name)), "unknown_parameter", "معامل غير معروف", "Not a known parameter");
        }
        for pair in names.windows(2).filter(|pair| pair[0] == pair[1] && known.contains(&pair[0])) {
            let english = "Only one value is taken, without a comma";
            faults.add(&format!("?{}", pair[0]), "repeated", "تُقبل قيمة واحدة بلا فاصلة", english);
        }
        Parameters { call }
    }

    /// A parameter's value; an empty one counts as none, as forms send them.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.call.query(name).map(str::trim).filter(|value| !value.is_empty())
    }

    /// How many things to answer with.
    pub fn limit(&self, faults: &mut Faults) -> usize {
        let Some(text) = self.get("limit") else { return USUAL_LIMIT };
        match text.parse() {
            Ok(limit) if (LEAST_LIMIT..=MOST_LIMIT).contains(&limit) => limit,
            _ => {
                faults.add("?limit", "number_unusable", "عدد من 1 إلى 100", "A whole number from 1 to 100");
                USUAL_LIMIT
            }
        }
    }
}

/// Which part of a list is answered.
#[derive(Debug)]
pub struct Page {
    filter: String,
    after: Option<String>,
    limit: usize,
}

impl Page {
    /// The parameters that a page is read from.
    pub const NAMES: [&str; 2] = ["cursor", "limit"];

    /// Reads it from the query; `filter` is what the cursor is bound to.
    pub fn read(parameters: &Parameters<'_>, filter: String, faults: &mut Faults) -> Page {
        let limit = parameters.limit(faults);
        let after = parameters.get("cursor").and_then(|text| {
            let after = cursor::read(&filter, text);
            if after.is_none() {
                let english = "Not a cursor of this list under this filter";
                faults.add("?cursor", "cursor_unknown", "ليس مؤشرًا لهذه القائمة بهذه المعايير", english);
            }
            after
        });
        Page { filter, after, limit }
    }

    /// The name after which the page begins.
    pub fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }

    /// How many things it has at most.
    pub const fn limit(&self) -> usize {
        self.limit
    }

    /// The cursor after the thing of this name.
    pub fn cursor(&self, last: &str) -> String {
        cursor::after(&self.filter, last)
    }

    /// The page of things that are in the order of their names, and the cursor of what follows, if anything does.
    pub fn cut<'t, T>(
        &self,
        things: impl Iterator<Item = &'t T>,
        name: impl Fn(&'t T) -> &'t str,
    ) -> (Vec<&'t T>, Option<String>) {
        let after = self.after.as_deref();
        let rest = things.filter(|thing| after.is_none_or(|after| name(thing) > after));
        let mut shown: Vec<&'t T> = rest.take(self.limit + 1).collect();
        let goes_on = shown.len() > self.limit;
        shown.truncate(self.limit);
        let next = shown.last().filter(|_| goes_on).map(|last| self.cursor(name(last)));
        (shown, next)
    }
}

/// As much of a name that nobody knows as is needed to find it again.
fn brief(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric() || "_-".contains(*c)).take(40).collect()
}
