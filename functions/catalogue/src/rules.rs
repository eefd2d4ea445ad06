//! What an operator may change about an opportunity, decided purely.
//!
//! | what | may change |
//! |---|---|
//! | texts, licence, programme, track, region, standing | at any time; books keep what was so when a gift was made |
//! | fund, charity | until something was given or is held: a donor gave for this fund and to this body |
//! | the target's amount | up at any time; down to what is taken |
//! | whether there is a target | never: gifts on their way hold nothing of an opportunity without one, and would land beyond it |
//!
//! "Given" is as far as the totals have followed, which is seconds behind; what a capped opportunity holds is exact.

use domain::catalogue::{Opportunity, Standing};
use domain::money::Money;
use platform::http::{Fault, Faults, Problem};

/// What was given to an opportunity so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Given {
    /// Gifts settled, by the totals.
    pub gifts: u64,
    /// Held and settled, by the escrow; nothing for one without a target.
    pub taken: Money,
}

/// Whether the change is allowed.
///
/// # Errors
/// 409 with the rule that it breaks.
pub fn allow(before: &Opportunity, after: &Opportunity, given: Given, faults: Faults) -> Result<(), Problem> {
    if before.is_capped() != after.is_capped() {
        return Err(refused(faults, "target_kind_fixed", "/target", TARGET_KIND));
    }
    let untouched = given.gifts == 0 && given.taken.is_zero();
    if before.fund != after.fund && !untouched {
        return Err(refused(faults, "fund_fixed", "/fund", FUND));
    }
    if before.charity != after.charity && !untouched {
        return Err(refused(faults, "charity_fixed", "/charity", CHARITY));
    }
    match after.target_minor {
        Some(target) if target < given.taken => Err(below_taken(given.taken)),
        _ => Ok(()),
    }
}

const TARGET_KIND: (&str, &str) = (
    "لا يضاف الهدف ولا يُزال بعد النشر؛ انشر فرصة أخرى",
    "A target is neither added nor removed once published; publish another opportunity",
);
const FUND: (&str, &str) = ("لا يتغير الصندوق بعد أول تبرع", "The fund is fixed once something was given");
const CHARITY: (&str, &str) = ("لا تتغير الجهة بعد أول تبرع", "The charity is fixed once something was given");

fn refused(mut faults: Faults, code: &'static str, pointer: &str, (arabic, english): (&str, &str)) -> Problem {
    faults.add(pointer, code, arabic, english);
    Problem::new(409, code, "لا يسمح بهذا التغيير", "This change is not allowed").with_faults(faults.into_list())
}

/// 409: the target would be below what is taken, and this is what is taken.
pub fn below_taken(taken: Money) -> Problem {
    let arabic = "الهدف أقل مما حُجز ودُفع";
    let fault =
        Fault { pointer: "/target".to_owned(), code: "target_below_taken", detail: format!("{taken} SAR"), remains: None };
    Problem::new(409, "target_below_taken", arabic, "The target is below what is held and paid")
        .with_detail(&format!("{taken} SAR"))
        .with_faults(vec![fault])
}

/// 409: someone else changed the same thing at the same moment.
pub fn overtaken() -> Problem {
    let arabic = "غيّره شخص آخر في اللحظة نفسها؛ راجعه ثم أعد المحاولة";
    Problem::new(409, "changed_meanwhile", arabic, "Someone else changed it at the same moment; look again and retry")
}

/// What stands while the escrow is being brought to the new target, so that it never grants more than the target that is shown:
/// a lowered one is shown once the money is withdrawn, and a new opportunity opens once its escrow is there.
pub fn interim(before: Option<&Opportunity>, after: &Opportunity) -> Opportunity {
    match (before, after.target_minor) {
        (Some(before), Some(target)) if before.target_minor.is_some_and(|shown| shown > target) => before.clone(),
        (None, Some(_)) => Opportunity { standing: Standing::Closed, ..after.clone() },
        _ => after.clone(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use domain::catalogue::Bilingual;
    use domain::purpose::{Fund, Language, Programme, Region, Track};

    fn opportunity(target_riyals: Option<u64>) -> Opportunity {
        let text = Bilingual { ar: "بئر".to_owned(), en: "Well".to_owned() };
        Opportunity {
            id: "wells-jazan".parse().unwrap(),
            charity: "birr-jazan".parse().unwrap(),
            title: text.clone(),
            description: text,
            licence: "123".to_owned(),
            fund: Fund::Sadaqa,
            programme: Programme::Projects,
            track: Track::Development,
            region: Region::Jazan,
            target_minor: target_riyals.and_then(Money::from_riyals),
            standing: Standing::Open,
        }
    }

    fn given(gifts: u64, taken_riyals: u64) -> Given {
        Given { gifts, taken: Money::from_riyals(taken_riyals).unwrap() }
    }

    #[test]
    fn what_may_change_and_what_may_not() {
        let before = opportunity(Some(1_000));
        let open = opportunity(None);
        let other_fund = Opportunity { fund: Fund::Zakat, ..before.clone() };
        let other_charity = Opportunity { charity: "other".parse().unwrap(), ..before.clone() };
        let other_texts = Opportunity { licence: "456".to_owned(), standing: Standing::Closed, ..before.clone() };
        let table = [
            (&before, other_texts, given(9, 900), None),
            (&before, other_fund.clone(), given(0, 0), None),
            (&before, other_fund.clone(), given(1, 0), Some("fund_fixed")),
            (&before, other_fund, given(0, 1), Some("fund_fixed")),
            (&before, other_charity.clone(), given(0, 0), None),
            (&before, other_charity, given(1, 0), Some("charity_fixed")),
            (&before, opportunity(Some(5_000)), given(9, 900), None),
            (&before, opportunity(Some(900)), given(9, 900), None),
            (&before, opportunity(Some(899)), given(9, 900), Some("target_below_taken")),
            (&before, open.clone(), given(0, 0), Some("target_kind_fixed")),
            (&open, before.clone(), given(0, 0), Some("target_kind_fixed")),
            (&open, open.clone(), given(9, 0), None),
        ];
        for (before, after, given, expected) in table {
            let refused = allow(before, &after, given, Faults::new(Language::English)).err();
            assert_eq!(refused.as_ref().map(Problem::code), expected, "{after:?} with {given:?}");
            assert!(refused.is_none_or(|problem| problem.status() == 409));
        }
    }

    #[test]
    fn what_is_shown_never_promises_more_than_the_escrow_may_grant() {
        let (low, high, open) = (opportunity(Some(500)), opportunity(Some(1_000)), opportunity(None));
        assert_eq!(interim(Some(&high), &low), high, "lowering: the old target until the money is withdrawn");
        assert_eq!(interim(Some(&low), &high), high, "raising: the new target first");
        assert_eq!(interim(Some(&open), &open), open);
        assert_eq!(interim(None, &open), open);
        assert_eq!(interim(None, &high).standing, Standing::Closed, "new: closed until its escrow is there");
    }
}
