//! What an operator may change about an offering, decided purely.
//!
//! | what | may change |
//! |---|---|
//! | price, methods, the place's name, how the moon was sighted | at any time; what was reserved keeps the price that it was reserved at |
//! | the limit of shares for one giver, the waiting room and its rate, the brake | at any time; what was reserved stays, and nobody who was admitted is put back |
//! | the wakala's wording | with another version: what a donor accepted stays what it was |
//! | opening and closing (early enough for the list, [`in_time`]), the quota upwards | until the sale has been closed for as long as shares are held: then its animals are being filled |
//! | the quota downwards | likewise; to what is held and paid |
//! | rite, day, country, region, the kind of animal of as many shares | until something is held or paid: a donor chose them |
//! | the shares of an animal | never: lots of another size are another offering |
//! | the slaughterhouse | until the animals are packed for it; one that was not named may be named then, too |
//! | what becomes of the animal that is not full, where the place lies, its clocks and its prayer | at any time; of a list that went out another version is made |

use domain::moment::Moment;
use domain::sacrifice::deadline::latest_close;
use domain::sacrifice::quota::lots_for;
use domain::sacrifice::{FeastDay, Offering, Remainder, Stage, Stock};
use platform::http::{Fault, Faults, Problem};

/// Whether the change is allowed, with so many shares held and paid.
///
/// # Errors
/// 409 with the rule that it breaks.
pub fn allow(before: &Offering, after: &Offering, taken: u32, now: Moment, faults: Faults) -> Result<(), Problem> {
    if before.species.shares() != after.species.shares() {
        return Err(refused(faults, "animal_fixed", "/species", ANIMAL));
    }
    if let Some((code, pointer, sentence)) = chosen(before, after).filter(|_| taken > 0) {
        return Err(refused(faults, code, pointer, sentence));
    }
    if before.wakala.version == after.wakala.version && before.wakala != after.wakala {
        return Err(refused(faults, "wakala_fixed", "/wakala/version", WAKALA));
    }
    // A close that has begun is one by whatever clock.
    if let Some(pointer) = sale_changed(before, after).filter(|_| before.is_over(now) || !before.stage.is_sale()) {
        return Err(refused(faults, "sale_over", pointer, OVER));
    }
    // What the platform gives itself is booked at the price of the sale.
    if before.price_minor != after.price_minor && !before.stage.is_sale() {
        return Err(refused(faults, "price_fixed", "/price", PRICE));
    }
    if is_packed_for_another(before, after) {
        return Err(refused(faults, "slaughterhouse_fixed", "/place/slaughterhouse", HOUSE));
    }
    if after.quota < taken { Err(below_taken(taken)) } else { Ok(()) }
}

/// Whether the sale closes early enough for its list to be out before its animals may be slaughtered. A sale that is over closed when it closed: what is corrected of it later, such as how the moon was sighted,
/// is not refused for that; nor is what closes it earlier than it would.
pub fn in_time(before: Option<&Offering>, wished: &Offering, now: Moment, faults: &mut Faults) {
    let is_over = before.is_some_and(|before| before.is_over(now) || !before.stage.is_sale());
    // Whoever ends a sale that is open too long is not in the way of its list.
    let is_earlier = before.is_some_and(|before| wished.closes_at < before.closes_at && wished.day == before.day);
    let Some(day) = wished.day.as_ref().filter(|_| !is_over && !is_earlier) else { return };
    let Some(latest) = latest_close(&wished.place, day, wished.remainder).filter(|latest| wished.closes_at > *latest) else {
        return;
    };
    let (arabic, english) = match wished.remainder {
        Remainder::Complete => LATE,
        Remainder::Refund => LATE_TO_REFUND,
    };
    let (arabic, english) = (format!("{arabic} ({latest})"), format!("{english} ({latest})"));
    faults.add("/closes_at", "closes_too_late", &arabic, &english);
}

/// A sentence in Arabic and in English.
type Sentence = (&'static str, &'static str);

const ANIMAL: Sentence =
    ("لا يتغير عدد أسهم الرأس بعد النشر؛ انشر عرضًا آخر", "The shares of an animal are fixed; publish another offering");
const SPECIES: Sentence = ("لا يتغير النوع بعد أول حجز", "The kind of animal is fixed once something is reserved");
const RITE: Sentence = ("لا يتغير النسك بعد أول حجز", "The rite is fixed once something is reserved");
const DAY: Sentence = ("لا يتغير اليوم بعد أول حجز", "The day is fixed once something is reserved");
const PLACE: Sentence = ("لا يتغير البلد ولا المنطقة بعد أول حجز", "Country and region are fixed once something is reserved");
const WAKALA: Sentence = ("صيغة أخرى تلزمها نسخة أخرى", "Another wording needs another version");
const HOUSE: Sentence =
    ("لا يتغير المسلخ بعد تعيين الرؤوس", "The slaughterhouse is fixed once the animals are packed for it");
const PRICE: Sentence = ("لا يتغير السعر بعد إقفال البيع", "The price is fixed once the sale is being closed");
const LATE: Sentence = (
    "يُغلق البيع قبل وقت الذبح بما يكفي لإصدار كشف التنفيذ؛ آخر وقت",
    "The list has to be out before the slaughter may begin; the sale closes at the latest at",
);
const LATE_TO_REFUND: Sentence = (
    "لا يبقى وقت لرد مبالغ الرأس الذي لم يكتمل؛ آخر وقت",
    "No time is left to give back what was given for an animal that is not full; the sale closes at the latest at",
);
const OVER: Sentence =
    ("انتهى البيع وانقضت الحجوز؛ انشر عرضًا آخر", "The sale is over and its holds have ended; publish another offering");

/// What donors chose, and is to be another: its code, place and sentence.
fn chosen(before: &Offering, after: &Offering) -> Option<(&'static str, &'static str, Sentence)> {
    let is_same_day = |before: &Option<FeastDay>, after: &Option<FeastDay>| match (before, after) {
        (Some(before), Some(after)) => before.is_same_day(after),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    };
    if before.rite != after.rite {
        Some(("rite_fixed", "/rite", RITE))
    } else if before.species != after.species {
        Some(("species_fixed", "/species", SPECIES))
    } else if !is_same_day(&before.day, &after.day) {
        Some(("day_fixed", "/day", DAY))
    } else if !before.place.is_same_place(&after.place) {
        Some(("place_fixed", "/place", PLACE))
    } else {
        None
    }
}

/// What of the sale itself is to be otherwise.
fn sale_changed(before: &Offering, after: &Offering) -> Option<&'static str> {
    let parts = [
        (before.quota != after.quota, "/quota"),
        (before.opens_at != after.opens_at, "/opens_at"),
        (before.closes_at != after.closes_at, "/closes_at"),
    ];
    parts.into_iter().find(|(changes, _)| *changes).map(|(_, pointer)| pointer)
}

/// Whether its animals are packed, and would go to another slaughterhouse than they are packed for.
fn is_packed_for_another(before: &Offering, after: &Offering) -> bool {
    let is_packed = match before.stage {
        Stage::Sale | Stage::Closing => false,
        Stage::Packed | Stage::Listed => true,
    };
    is_packed && before.place.slaughterhouse.is_some() && before.place.slaughterhouse != after.place.slaughterhouse
}

fn refused(mut faults: Faults, code: &'static str, pointer: &str, (arabic, english): Sentence) -> Problem {
    faults.add(pointer, code, arabic, english);
    Problem::new(409, code, "لا يسمح بهذا التغيير", "This change is not allowed").with_faults(faults.into_list())
}

/// 409: the quota would be below what is held and paid, and this is what is.
pub fn below_taken(taken: u32) -> Problem {
    let problem =
        Problem::new(409, "quota_below_taken", "الحصة أقل مما حُجز ودُفع", "The quota is below what is held and paid");
    with_taken(problem, "quota_below_taken", taken)
}

/// 409: buyers took what was to be withdrawn, round after round; the quota stands as it was.
pub fn taken_meanwhile(taken: u32) -> Problem {
    let arabic = "أخذ المشترون ما أُريد سحبه؛ بقيت الحصة كما كانت";
    let english = "Buyers took what was to be withdrawn; the quota stands as it was";
    with_taken(Problem::new(409, "taken_meanwhile", arabic, english), "taken_meanwhile", taken)
}

fn with_taken(problem: Problem, code: &'static str, taken: u32) -> Problem {
    let fault = Fault { pointer: "/quota".to_owned(), code, detail: taken.to_string(), remains: None };
    problem.with_detail(&taken.to_string()).with_faults(vec![fault])
}

/// 409: someone else changed the same offering at the same moment.
pub fn overtaken() -> Problem {
    let arabic = "غيّره شخص آخر في اللحظة نفسها؛ راجعه ثم أعد المحاولة";
    Problem::new(409, "changed_meanwhile", arabic, "Someone else changed it at the same moment; look again and retry")
}

/// What stands while the lots are being brought to the quota, so that they never hold more than the quota that is shown: a raised one is shown first, a lowered one when the
/// shares are withdrawn, and a new offering sells nothing before its lots stand. Where the lots hold the quota already it is the final form.
pub fn interim(before: Option<&Offering>, wished: &Offering) -> Offering {
    let Some(before) = before else {
        return Offering { stock: Stock::Preparing, lots: lots_for(wished.species, wished.quota, 0), ..wished.clone() };
    };
    if !before.stage.is_sale() {
        // Nobody's quota any more: the lots are the close's, and how far it has come stays.
        let (stage, closed_as) = (before.stage, before.closed_as);
        return Offering { stock: Stock::Ready, lots: before.lots, stage, closed_as, ..wished.clone() };
    }
    let lots = lots_for(wished.species, wished.quota, before.lots);
    match before.stock {
        Stock::Preparing => Offering { stock: Stock::Preparing, lots, ..wished.clone() },
        Stock::Ready if before.quota == wished.quota => Offering { stock: Stock::Ready, lots, ..wished.clone() },
        Stock::Ready | Stock::Changing if wished.quota < before.quota => {
            Offering { stock: Stock::Changing, ..before.clone() }
        }
        Stock::Ready | Stock::Changing => Offering { stock: Stock::Changing, lots, ..wished.clone() },
    }
}

/// What stands once the lots hold the quota: the revision after the interim one's.
pub fn finished(what: &Offering, interim: &Offering) -> Offering {
    Offering { stock: Stock::Ready, lots: interim.lots, revision: interim.revision + 1, ..what.clone() }
}

#[cfg(test)]
mod tests;
