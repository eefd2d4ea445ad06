//! A correction as it is asked for, held to the rules of the books: everything that is wrong is told at once, with its place.

use std::collections::{BTreeMap, BTreeSet};

use domain::correction::{MOST_TRANSFERS, Unfit, out_of_suspense, transfer};
use domain::donation::{Charge, ChargeKind};
use domain::id::{CharityId, OpportunityId};
use domain::journal::{Account, Transfer, TransferError};
use domain::money::Money;
use domain::payment::PaymentRef;
use domain::purpose::Fund;
use platform::http::{Faults, Problem};
use serde::Deserialize;
use serde_json::Value;

use crate::refunds::LEAST;
use crate::{Deps, note};

/// The body of `POST /v1/operations/corrections`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorrectionDraft {
    case: String,
    transfers: Vec<TransferDraft>,
    note: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TransferDraft {
    debit: String,
    credit: String,
    amount: Value,
}

/// What is asked for, as the journal takes it.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The case.
    pub case: String,
    /// The money that is to move.
    pub transfers: Vec<Transfer>,
    /// Why.
    pub note: String,
}

impl CorrectionDraft {
    /// What is asked for, if it keeps every rule that can be held without a look into the table.
    ///
    /// # Errors
    /// 422, with each fault and its place.
    pub fn check(self, mut faults: Faults) -> Result<Wanted, Problem> {
        if self.transfers.is_empty() {
            faults.add("/transfers", "empty", "لا بد من تحويل واحد على الأقل", "At least one transfer");
        }
        if self.transfers.len() > MOST_TRANSFERS {
            let arabic = format!("{MOST_TRANSFERS} تحويلًا على الأكثر");
            faults.add("/transfers", "too_many_transfers", &arabic, &format!("At most {MOST_TRANSFERS} transfers"));
        }
        let mut transfers: Vec<Transfer> = Vec::new();
        for (number, draft) in self.transfers.into_iter().enumerate().take(MOST_TRANSFERS) {
            transfers.extend(draft.check(&format!("/transfers/{number}"), transfers.first(), &mut faults));
        }
        let note = note::check(&self.note, WHY, &mut faults);
        faults.tell()?;
        let note = note.ok_or_else(|| Problem::ours("a note that is missing was told as a fault"))?;
        Ok(Wanted { case: self.case, transfers, note })
    }
}

/// What a correction without a word is told.
const WHY: (&str, &str) = ("اكتب سبب التصحيح", "Say why the books are wrong");

impl TransferDraft {
    fn check(&self, at: &str, first: Option<&Transfer>, faults: &mut Faults) -> Option<Transfer> {
        let debit = account(&format!("{at}/debit"), &self.debit, faults);
        let credit = account(&format!("{at}/credit"), &self.credit, faults);
        let amount = faults.amount(&format!("{at}/amount"), &self.amount, LEAST);
        let fit = transfer(debit?, credit?, amount?, first);
        fit.map_err(|why| unfit(at, why, faults)).ok()
    }
}

fn account(at: &str, name: &str, faults: &mut Faults) -> Option<Account> {
    let read = name.parse().ok();
    if read.is_none() {
        let english = "No account of the chart has this name, such as bank, suspense, fees:moyasar, zakat:wells-jazan or payable:zakat:birr-jazan";
        faults.add(at, "account_unknown", "لا حساب بهذا الاسم في دليل الحسابات", english);
    }
    read
}

/// Why the journal does not take a transfer, at the transfer.
fn unfit(at: &str, why: Unfit, faults: &mut Faults) {
    match why {
        Unfit::Transfer(TransferError::SameAccount) => {
            faults.add(at, "same_account", "الحسابان واحد", "Both sides are the same account");
        }
        Unfit::Transfer(TransferError::FundsMixed(..)) | Unfit::OneSided(_) => {
            let english = "Money never crosses from one fund to another, nor leaves or enters a fund by a correction";
            faults.add(at, "funds_mixed", "لا ينتقل المال من صندوق إلى صندوق، ولا يدخله أو يخرج منه بتصحيح", english);
        }
        Unfit::AnotherFund => {
            let english = "Every transfer of a correction is of the same fund, or of none; ask for another correction";
            faults.add(at, "another_fund", "تحويلات التصحيح من صندوق واحد؛ اطلب تصحيحًا آخر لغيره", english);
        }
        Unfit::Transfer(TransferError::Nothing) => {
            let english = "A transfer moves something";
            faults.add(&format!("{at}/amount"), "amount_too_small", "لا بد أن ينتقل شيء", english);
        }
    }
}

/// What the catalogue has of the accounts that are named: an account of what does not exist would be a new one, by a slip of the pen.
struct Known {
    opportunities: BTreeMap<OpportunityId, Fund>,
    charities: BTreeSet<CharityId>,
}

impl Known {
    async fn of(deps: &Deps, accounts: impl Iterator<Item = &Account>) -> Result<Known, Problem> {
        let (mut opportunities, mut charities) = (BTreeSet::new(), BTreeSet::new());
        for account in accounts {
            match account {
                Account::Opportunity(_, id) => drop(opportunities.insert(id.clone())),
                Account::Payable(_, id) | Account::Receivable(_, id) => drop(charities.insert(id.clone())),
                Account::Clearing(_)
                | Account::RefundsPayable
                | Account::RefundsSuspense
                | Account::Suspense
                | Account::Disputes(_)
                | Account::Fees(_)
                | Account::Bank
                | Account::BankSuspense
                | Account::Own => {}
            }
        }
        let opportunities = deps.table.opportunities(&Vec::from_iter(opportunities)).await?;
        let charities = deps.table.charities(&Vec::from_iter(charities)).await?;
        Ok(Known {
            opportunities: opportunities.into_iter().map(|found| (found.id, found.fund)).collect(),
            charities: charities.into_iter().map(|found| found.id).collect(),
        })
    }

    fn check(&self, at: &str, account: &Account, faults: &mut Faults) {
        match account {
            Account::Opportunity(fund, id) => match self.opportunities.get(id) {
                Some(of) if of == fund => {}
                Some(of) => {
                    let arabic = format!("هذه الفرصة من صندوق {of}");
                    faults.add(at, "fund_differs", &arabic, &format!("This opportunity is of the fund {of}"));
                }
                None => {
                    faults.add(at, "opportunity_unknown", "فرصة التبرع غير موجودة", "There is no such opportunity");
                }
            },
            Account::Payable(_, id) | Account::Receivable(_, id) if !self.charities.contains(id) => {
                faults.add(at, "charity_unknown", "لا توجد جهة بهذا الرمز", "There is no such charity");
            }
            Account::Payable(..)
            | Account::Receivable(..)
            | Account::Clearing(_)
            | Account::RefundsPayable
            | Account::RefundsSuspense
            | Account::Suspense
            | Account::Disputes(_)
            | Account::Fees(_)
            | Account::Bank
            | Account::BankSuspense
            | Account::Own => {}
        }
    }
}

impl Wanted {
    /// Whether there is such a case, and everything that the accounts are named after, and in suspense what is to leave it. Gives back the payment of which that is, if there is one.
    ///
    /// # Errors
    /// 422, with each fault and its place; 503 when the table is busy.
    pub async fn exists(&self, deps: &Deps, mut faults: Faults) -> Result<Option<PaymentRef>, Problem> {
        let case = deps.case(&self.case).await?;
        if case.is_none() {
            faults.add("/case", "case_unknown", "لا توجد حالة بهذا المعرف", "There is no such case");
        }
        let sides = |(number, transfer): (usize, &'_ Transfer)| {
            [("debit", transfer.debit().clone()), ("credit", transfer.credit().clone())]
                .map(|(side, account)| (format!("/transfers/{number}/{side}"), account))
        };
        let named: Vec<(String, Account)> = self.transfers.iter().enumerate().flat_map(sides).collect();
        let known = Known::of(deps, named.iter().map(|(_, account)| account)).await?;
        for (at, account) in &named {
            known.check(at, account, &mut faults);
        }
        let of_suspense = named.iter().find(|(_, account)| *account == Account::Suspense);
        let payment = match (of_suspense, case) {
            (Some((at, _)), Some(kept)) => self.stands(deps, at, kept.case.payment, &mut faults).await?,
            (Some(_), None) | (None, _) => None,
        };
        faults.tell()?;
        Ok(payment)
    }

    /// Whether what the transfers take out of suspense stands there, of the payment that the case is about, or what they bring back was taken out; gives back that payment.
    async fn stands(
        &self,
        deps: &Deps,
        at: &str,
        payment: Option<PaymentRef>,
        faults: &mut Faults,
    ) -> Result<Option<PaymentRef>, Problem> {
        let Some(payment) = payment else {
            let english = "What stands in suspense is of payments, and this case is about none; a correction moves it for a case about its payment";
            let arabic = "ما قُيّد معلقًا لمدفوعات، وليست هذه الحالة عن دفعة؛ يحركه تصحيح لحالة عن دفعته";
            faults.add(at, "kept_by_payments", arabic, english);
            return Ok(None);
        };
        let charge = deps.table.charges(std::slice::from_ref(&payment)).await?.pop();
        let is_there = |charge: &Charge| charge.taken_out(out_of_suspense(&self.transfers)).is_some();
        if !charge.as_ref().is_some_and(is_there) {
            let stands = charge.as_ref().filter(|charge| charge.kind == ChargeKind::Orphan);
            let rest = stands.map_or(Money::ZERO, Charge::rest);
            let taken = charge.as_ref().map_or(Money::ZERO, Charge::out);
            let english = format!("{rest} SAR of this payment stand in suspense, and {taken} are out of it by hand");
            let arabic = format!("المعلق من هذه الدفعة {rest} ريال، والمُخرج منها يدويًا {taken}");
            faults.add("/transfers", "suspense_exceeded", &arabic, &english);
        }
        Ok(Some(payment))
    }
}
