//! What was paid with, and how the bank answered.

use serde::{Deserialize, Serialize};

use crate::chance::Chance;

/// How the payer pays on the checkout page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// A mada debit card, the usual one.
    #[default]
    Mada,
    /// A Visa card.
    Visa,
    /// A Mastercard.
    Master,
    /// Apple Pay over a mada card.
    Applepay,
    /// Samsung Pay over a Visa card.
    Samsungpay,
    /// The STC Pay wallet.
    Stcpay,
}

impl Method {
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Mada | Self::Visa | Self::Master => "creditcard",
            Self::Applepay => "applepay",
            Self::Samsungpay => "samsungpay",
            Self::Stcpay => "stcpay",
        }
    }

    fn gateway(self) -> &'static str {
        match self {
            Self::Mada | Self::Visa | Self::Master => "cc",
            Self::Applepay => "ap",
            Self::Samsungpay => "sp",
            Self::Stcpay => "stc",
        }
    }

    pub(crate) fn company(self) -> &'static str {
        match self {
            Self::Mada | Self::Applepay => "mada",
            Self::Visa | Self::Samsungpay => "visa",
            Self::Master => "master",
            Self::Stcpay => "stcpay",
        }
    }
}

/// Why the bank says no, with the codes and sentences of Moyasar's own test cards.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decline {
    /// The plain refusal.
    #[default]
    Declined,
    /// Not enough money.
    InsufficientFunds,
    /// Reported lost.
    LostCard,
    /// Reported stolen.
    StolenCard,
    /// Past its date.
    ExpiredCard,
    /// Over the day's limit.
    ExceedsLimit,
    /// The bank does not say.
    Unspecified,
}

impl Decline {
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Declined => "05",
            Self::InsufficientFunds => "51",
            Self::LostCard => "41",
            Self::StolenCard => "43",
            Self::ExpiredCard => "54",
            Self::ExceedsLimit => "61",
            Self::Unspecified => "99",
        }
    }

    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::Declined => "DECLINED",
            Self::InsufficientFunds => "INSUFFICIENT FUNDS",
            Self::LostCard => "DECLINED: LOST CARD",
            Self::StolenCard => "DECLINED: STOLEN CARD",
            Self::ExpiredCard => "DECLINED: EXPIRED CARD",
            Self::ExceedsLimit => "DECLINED: EXCEEDS WITHDRAWAL LIMIT",
            Self::Unspecified => "UNSPECIFIED FAILURE",
        }
    }
}

/// How an attempt to pay ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The money is taken.
    #[default]
    Paid,
    /// The bank refuses.
    Declined(Decline),
    /// The money is held, to be captured or voided.
    Authorized,
    /// The payer walked away from the bank's page.
    Abandoned,
    /// Not yet: the payer is still on the bank's page. See `Sandbox::finish`.
    Pending,
}

/// Moyasar's test cards; any other number is declined, as there.
pub(crate) fn test_card(number: &str) -> (Method, Ending) {
    let ending = match number {
        "4201320111111010" | "4111111111111111" | "5421080101000000" => Ending::Paid,
        "4201320000311101" => Ending::Declined(Decline::InsufficientFunds),
        "4201320131000508" => Ending::Declined(Decline::LostCard),
        "4201321234411220" => Ending::Declined(Decline::Declined),
        "4201322267774310" => Ending::Declined(Decline::ExpiredCard),
        "4201326324640570" => Ending::Declined(Decline::ExceedsLimit),
        "4201321144311528" => Ending::Declined(Decline::StolenCard),
        _ => Ending::Declined(Decline::Unspecified),
    };
    let method = match number.get(..4) {
        Some("4201") => Method::Mada,
        Some(start) if start.starts_with('5') => Method::Master,
        _ => Method::Visa,
    };
    (method, ending)
}

/// The payment's `source`. Card numbers are masked before they get here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Source {
    pub(crate) method: Method,
    pub(crate) name: Option<String>,
    pub(crate) number: Option<String>,
    pub(crate) mobile: Option<String>,
    pub(crate) branch: Option<String>,
    pub(crate) cashier: Option<String>,
    pub(crate) token: Option<String>,
    pub(crate) manual: bool,
    pub(crate) gateway_id: String,
    pub(crate) reference_number: Option<String>,
    pub(crate) authorization_code: Option<String>,
    pub(crate) response_code: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) transaction_url: Option<String>,
}

impl Source {
    /// A payer like any other, on the checkout page.
    pub(crate) fn payer(method: Method, chance: &mut Chance) -> Self {
        let card = method != Method::Stcpay;
        let named = matches!(method, Method::Mada | Method::Visa | Method::Master);
        let last = chance.digits(4);
        Self {
            method,
            name: named.then(|| "Sandbox Payer".to_owned()),
            number: card.then(|| mask(&last)),
            mobile: (!card).then(|| format!("05{}", chance.digits(8))),
            branch: None,
            cashier: None,
            token: None,
            manual: false,
            gateway_id: format!("moyasar_{}_{:016x}", method.gateway(), chance.next()),
            reference_number: None,
            authorization_code: None,
            response_code: None,
            message: None,
            transaction_url: None,
        }
    }

    /// Writes down what the bank answered.
    pub(crate) fn answered(&mut self, ending: Ending, chance: &mut Chance) {
        let (code, message) = match ending {
            Ending::Paid | Ending::Authorized => ("00", "APPROVED"),
            Ending::Declined(reason) => (reason.code(), reason.message()),
            Ending::Abandoned | Ending::Pending => return,
        };
        self.reference_number = Some(chance.digits(12));
        self.authorization_code = (code == "00").then(|| chance.digits(6));
        self.response_code = Some(code.to_owned());
        self.message = Some(message.to_owned());
    }

    pub(crate) fn view(&self) -> SourceView<'_> {
        match self.method {
            Method::Stcpay => SourceView::Wallet(WalletView {
                kind: "stcpay",
                mobile: self.mobile.as_deref(),
                reference_number: self.reference_number.as_deref(),
                branch: self.branch.as_deref(),
                cashier: self.cashier.as_deref(),
                transaction_url: self.transaction_url.as_deref(),
                message: self.message.as_deref(),
            }),
            Method::Mada | Method::Visa | Method::Master | Method::Applepay | Method::Samsungpay => {
                SourceView::Card(self.card())
            }
        }
    }

    fn card(&self) -> CardView<'_> {
        CardView {
            kind: self.method.kind(),
            company: self.method.company(),
            name: self.name.as_deref(),
            number: self.number.as_deref(),
            gateway_id: &self.gateway_id,
            reference_number: self.reference_number.as_deref(),
            token: self.token.as_deref(),
            message: self.message.as_deref(),
            transaction_url: self.transaction_url.as_deref(),
            response_code: self.response_code.as_deref(),
            authorization_code: self.authorization_code.as_deref(),
            issuer_name: "SANDBOX BANK",
            issuer_country: "SA",
            issuer_card_type: if self.method.company() == "mada" { "debit" } else { "credit" },
            issuer_card_category: "STANDARD",
        }
    }
}

/// `XXXX-XXXX-XXXX-1111`, from a number or its last four digits.
pub(crate) fn mask(number: &str) -> String {
    let last = number.len().saturating_sub(4);
    format!("XXXX-XXXX-XXXX-{}", number.get(last..).unwrap_or("0000"))
}

/// A source as it goes over the wire.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum SourceView<'a> {
    Card(CardView<'a>),
    Wallet(WalletView<'a>),
}

#[derive(Serialize)]
pub(crate) struct CardView<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    company: &'static str,
    name: Option<&'a str>,
    number: Option<&'a str>,
    gateway_id: &'a str,
    reference_number: Option<&'a str>,
    token: Option<&'a str>,
    message: Option<&'a str>,
    transaction_url: Option<&'a str>,
    response_code: Option<&'a str>,
    authorization_code: Option<&'a str>,
    issuer_name: &'static str,
    issuer_country: &'static str,
    issuer_card_type: &'static str,
    issuer_card_category: &'static str,
}

#[derive(Serialize)]
pub(crate) struct WalletView<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    mobile: Option<&'a str>,
    reference_number: Option<&'a str>,
    branch: Option<&'a str>,
    cashier: Option<&'a str>,
    transaction_url: Option<&'a str>,
    message: Option<&'a str>,
}
