//! An opportunity as an operator sends it.

use domain::catalogue::{Bilingual, LONGEST_DESCRIPTION_CHARS, LONGEST_TITLE_CHARS, Opportunity, Standing};
use domain::money::Money;
use domain::purpose::{Fund, Language, Programme};
use platform::http::{Faults, Problem};
use serde::Deserialize;
use serde_json::Value;

use super::licence;

/// The least that an opportunity may need: the least that anyone can give.
pub const LEAST_TARGET: Money = domain::donation::LEAST_LINE;

/// The body of `PUT /v1/opportunities/{id}`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpportunityDraft {
    charity: String,
    title: Bilingual,
    description: Bilingual,
    licence: String,
    fund: String,
    programme: String,
    track: String,
    region: String,
    #[serde(default)]
    target: Option<Value>,
    standing: String,
}

impl OpportunityDraft {
    /// The opportunity it describes.
    ///
    /// # Errors
    /// 422 with everything that is wrong.
    pub fn check(self, id: &str, language: Language) -> Result<Opportunity, Problem> {
        let mut faults = Faults::new(language);
        let opportunity = self.read(id, &mut faults);
        faults.tell()?;
        opportunity.ok_or_else(|| Problem::ours("a part that is missing was told as a fault"))
    }

    fn read(self, id: &str, faults: &mut Faults) -> Option<Opportunity> {
        let id = faults.id("{id}", id);
        let charity = faults.id("/charity", &self.charity);
        let title = faults.bilingual("/title", self.title, LONGEST_TITLE_CHARS);
        let description = faults.bilingual("/description", self.description, LONGEST_DESCRIPTION_CHARS);
        let licence = licence(&self.licence, faults);
        let fund = faults.code("/fund", &self.fund);
        let programme = faults.code("/programme", &self.programme);
        let track = faults.code("/track", &self.track);
        let region = faults.code("/region", &self.region);
        let target_minor = self.target.as_ref().and_then(|target| faults.amount("/target", target, LEAST_TARGET));
        let standing = standing(&self.standing, faults);
        let (fund, programme) = (fund?, programme?);
        if !fits(programme, fund) {
            let english = "The programme does not take gifts for this fund";
            faults.add("/fund", "fund_not_of_programme", "لا يقبل هذا البرنامج أموال هذا الصندوق", english);
        }
        Some(Opportunity {
            id: id?,
            charity: charity?,
            title,
            description,
            licence,
            fund,
            programme,
            track: track?,
            region: region?,
            target_minor,
            standing: standing?,
        })
    }
}

/// Whether the programme takes gifts for the fund. The programmes of an obligation or an endowment take their own fund and nothing else; a
/// charity's project may be one that zakat or an endowment may go to; the ways of giving carry voluntary charity.
pub const fn fits(programme: Programme, fund: Fund) -> bool {
    match programme {
        Programme::Zakat => matches!(fund, Fund::Zakat),
        Programme::Adahi => matches!(fund, Fund::Adahi),
        Programme::Kaffara => matches!(fund, Fund::Kaffara),
        Programme::Waqf => matches!(fund, Fund::Waqf),
        Programme::Projects => matches!(fund, Fund::Sadaqa | Fund::Zakat | Fund::Waqf),
        Programme::Gift | Programme::Sms | Programme::Recurring | Programme::FastGiving => matches!(fund, Fund::Sadaqa),
    }
}

fn standing(text: &str, faults: &mut Faults) -> Option<Standing> {
    match text {
        "open" => Some(Standing::Open),
        "closed" => Some(Standing::Closed),
        _ => {
            faults.add("/standing", "unknown_code", "open أو closed", "open or closed");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn body() -> Value {
        json!({
            "charity": "birr-jazan",
            "title": {"ar": "بئر", "en": "A well"},
            "description": {"ar": "حفر بئر", "en": "Digging a well"},
            "licence": "FR-2026/١٢٣",
            "fund": "sadaqa",
            "programme": "projects",
            "track": "development",
            "region": "SA-09",
            "target": "٥٠٠٠٠",
            "standing": "open",
        })
    }

    fn wrong(change: impl FnOnce(&mut Value)) -> Vec<String> {
        let mut body = body();
        change(&mut body);
        let draft: OpportunityDraft = serde_json::from_value(body).unwrap();
        let mut faults = Faults::new(Language::English);
        let _ = draft.read("wells-jazan", &mut faults);
        faults.codes()
    }

    #[test]
    fn a_good_draft_is_read_with_latin_digits() {
        let draft: OpportunityDraft = serde_json::from_value(body()).unwrap();
        let opportunity = draft.check("wells-jazan", Language::English).unwrap();
        assert_eq!(opportunity.licence, "FR-2026/123");
        assert_eq!(opportunity.target_minor, Money::from_riyals(50_000));
    }

    #[test]
    fn each_rule_has_its_code_and_place() {
        let table: [(&str, Value, &[&str]); 17] = [
            ("/charity", json!("../x"), &["/charity malformed_id"]),
            ("/title/ar", json!("  "), &["/title/ar empty"]),
            ("/title/en", json!("x".repeat(121)), &["/title/en too_long"]),
            ("/title/en", json!("\u{202E}001 SAR"), &["/title/en control_characters"]),
            ("/description/en", json!("x".repeat(2_001)), &["/description/en too_long"]),
            ("/licence", json!("none"), &["/licence malformed_licence"]),
            ("/licence", json!("12<b>"), &["/licence malformed_licence"]),
            ("/fund", json!("gold"), &["/fund unknown_code"]),
            ("/fund", json!("kaffara"), &["/fund fund_not_of_programme"]),
            ("/region", json!("SA-13"), &["/region unknown_code"]),
            ("/standing", json!("Open"), &["/standing unknown_code"]),
            ("/target", json!("0.99"), &["/target amount_too_small"]),
            ("/target", json!("10.505"), &["/target amount_too_precise"]),
            ("/target", json!(-5), &["/target amount_negative"]),
            ("/target", json!(10.5), &["/target amount_a_fraction"]),
            ("/target", json!(100_000_000_001_u64), &["/target amount_too_large"]),
            ("/target", json!(["1"]), &["/target amount_unreadable"]),
        ];
        for (place, value, expected) in table {
            let found = wrong(|body| *body.pointer_mut(place).unwrap() = value.clone());
            assert_eq!(found, expected, "{place}: {value}");
        }
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let found = wrong(|body| {
            body["track"] = json!("");
            body["region"] = json!("");
            body["target"] = json!("ten");
        });
        assert_eq!(found, ["/track unknown_code", "/region unknown_code", "/target amount_unreadable"]);
    }

    #[test]
    fn a_programme_of_an_obligation_takes_its_own_fund_alone() {
        for fund in Fund::ALL {
            assert_eq!(fits(Programme::Zakat, *fund), *fund == Fund::Zakat);
            assert_eq!(fits(Programme::Adahi, *fund), *fund == Fund::Adahi);
            assert_eq!(fits(Programme::Sms, *fund), *fund == Fund::Sadaqa);
        }
        for programme in Programme::ALL {
            assert!(Fund::ALL.iter().any(|fund| fits(*programme, *fund)), "{programme} takes something");
        }
    }
}
