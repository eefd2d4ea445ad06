//! What an operator sends, read and held against every rule that needs nothing but the text itself. Everything that is wrong is told at once, each with its place.

mod fair;
mod place;
mod when;

use std::collections::BTreeSet;

use domain::donation::{LEAST_LINE, MOST_DONATION};
use domain::money::Money;
use domain::payment::Method;
use domain::purpose::Language;
use domain::sacrifice::offering::{LONGEST_WAKALA_CHARS, MOST_QUOTA, MOST_SHARES, is_version};
use domain::sacrifice::{Offering, Remainder, Rite, Species, Stage, Stock, Wakala};
use platform::http::{Faults, Problem};
use serde::Deserialize;
use serde_json::Value;

/// The body of `PUT /v1/sacrifice/offerings/{id}`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfferingDraft {
    rite: String,
    species: String,
    price: Value,
    place: place::PlaceDraft,
    #[serde(default)]
    day: Option<when::DayDraft>,
    quota: Value,
    opens_at: String,
    closes_at: String,
    wakala: Wakala,
    methods: Vec<String>,
    #[serde(default)]
    limit: Option<Value>,
    #[serde(default)]
    waiting_room: Option<fair::RoomDraft>,
    #[serde(default)]
    brake: Option<fair::BrakeDraft>,
    #[serde(default)]
    remainder: Option<String>,
}

impl OfferingDraft {
    /// The offering it describes, as it is to stand in the end; its revision and the number of its lots are not known yet.
    ///
    /// # Errors
    /// 422 with everything that is wrong.
    pub fn check(self, id: &str, language: Language) -> Result<Offering, Problem> {
        let mut faults = Faults::new(language);
        let offering = self.read(id, &mut faults);
        faults.tell()?;
        offering.ok_or_else(|| Problem::ours("a part that is missing was told as a fault"))
    }

    fn read(self, id: &str, faults: &mut Faults) -> Option<Offering> {
        let id = faults.id("{id}", id);
        let rite: Option<Rite> = faults.code("/rite", &self.rite);
        let species: Option<Species> = faults.code("/species", &self.species);
        let price_minor = price(&self.price, faults);
        let place = place::place(self.place, rite, faults);
        let day = when::day(self.day.as_ref(), rite, faults);
        let quota = quota(&self.quota, species, faults);
        let times = when::times(&self.opens_at, &self.closes_at, faults);
        let wakala = wakala(self.wakala, faults);
        let methods = methods(&self.methods, faults);
        let fair = fair::wished(self.limit.as_ref(), self.waiting_room.as_ref(), self.brake.as_ref(), faults);
        let remainder: Option<Remainder> = match &self.remainder {
            None => Some(Remainder::default()),
            Some(code) => faults.code("/remainder", code),
        };
        let (opens_at, closes_at) = times?;
        Some(Offering {
            id: id?,
            rite: rite?,
            species: species?,
            price_minor: price_minor?,
            place: place?,
            day: day?,
            quota: quota?,
            stock: Stock::Ready,
            lots: 0,
            opens_at,
            closes_at,
            wakala,
            methods,
            fairness: fair?.fairness(opens_at),
            remainder: remainder?,
            stage: Stage::Sale,
            was_open: false,
            closed_as: None,
            revision: 0,
            mark: 0,
        })
    }
}

/// A price of which a whole animal can still be given in one donation.
fn price(value: &Value, faults: &mut Faults) -> Option<Money> {
    let price = faults.amount("/price", value, LEAST_LINE)?;
    let is_payable = price.times(u32::from(MOST_SHARES)).is_some_and(|whole| whole <= MOST_DONATION);
    if !is_payable {
        let english = "Seven shares would be more than one gift may be";
        faults.add("/price", "amount_too_large", "سبعة أسهم أكبر من المسموح في تبرع واحد", english);
    }
    is_payable.then_some(price)
}

/// Whole animals, from one to [`MOST_QUOTA`] shares.
fn quota(value: &Value, species: Option<Species>, faults: &mut Faults) -> Option<u32> {
    let quota = value.as_u64().and_then(|quota| u32::try_from(quota).ok()).filter(|quota| (1..=MOST_QUOTA).contains(quota));
    let Some(quota) = quota else {
        let (arabic, english) =
            (format!("عدد الأسهم من 1 إلى {MOST_QUOTA}"), format!("Shares: a whole number from 1 to {MOST_QUOTA}"));
        faults.add("/quota", "number_unusable", &arabic, &english);
        return None;
    };
    let shares = u32::from(species?.shares());
    if !quota.is_multiple_of(shares) {
        let english = format!("Whole animals: a multiple of {shares} shares");
        faults.add("/quota", "quota_not_whole", &format!("رؤوس كاملة: من مضاعفات {shares}"), &english);
        return None;
    }
    Some(quota)
}

fn wakala(wakala: Wakala, faults: &mut Faults) -> Wakala {
    let version = wakala.version;
    if !is_version(&version) {
        let english = "1 to 20 Latin letters, digits or signs without a blank";
        faults.add("/wakala/version", "malformed_version", "من 1 إلى 20 حرفًا لاتينيًا أو رقمًا بلا فراغ", english);
    }
    Wakala { version, wording: faults.bilingual("/wakala/wording", wakala.wording, LONGEST_WAKALA_CHARS) }
}

/// Means of payment that are answered for while the donor waits. What the provider names and we do not know may be any other.
fn methods(codes: &[String], faults: &mut Faults) -> BTreeSet<Method> {
    let mut methods = BTreeSet::new();
    if codes.is_empty() {
        faults.add("/methods", "methods_missing", "وسيلة دفع واحدة على الأقل", "At least one means of payment");
    }
    // As many as there are: a longer list says something twice.
    if codes.len() > Method::ALL.len() {
        faults.add("/methods", "too_long", "الوسائل أكثر مما يوجد", "There are more than there are means of payment");
        return methods;
    }
    for (number, code) in codes.iter().enumerate() {
        let at = format!("/methods/{number}");
        match faults.code::<Method>(&at, code) {
            Some(Method::Other) => {
                let english = "Not a means that is known to pay while shares are held";
                faults.add(&at, "method_too_slow", "ليست وسيلة يُعلم أنها تدفع في مدة الحجز", english);
            }
            Some(method) => {
                methods.insert(method);
            }
            None => {}
        }
    }
    methods
}

#[cfg(test)]
mod tests;
