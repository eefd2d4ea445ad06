//! The `source` of a new payment: a card, a saved card, a wallet.

use serde_json::{Map, Value};

use super::{Fields, NewSource};
use crate::source::{self, Ending, Method};

impl Fields {
    pub(super) fn source(&mut self) -> NewSource {
        let Some(Value::Object(map)) = self.value("source").cloned() else {
            self.wrong("source", "is required");
            return NewSource::default();
        };
        let mut inner = Fields { map, errors: Map::new() };
        let source = inner.new_source();
        for (name, problem) in inner.errors {
            self.errors.insert(format!("source.{name}"), problem);
        }
        source
    }

    fn new_source(&mut self) -> NewSource {
        let kind = self.required("type");
        let manual = self.value("manual").is_some_and(|value| value == &Value::Bool(true));
        let secure = self.value("3ds").is_none_or(|value| value != &Value::Bool(false));
        let mut source = match kind.as_str() {
            "creditcard" => self.card(secure),
            "token" => self.saved_card(secure),
            "applepay" => self.wallet(Method::Applepay),
            "samsungpay" => self.wallet(Method::Samsungpay),
            "stcpay" => self.stcpay(),
            _ => {
                self.wrong("type", "is not supported");
                NewSource::default()
            }
        };
        source.manual = manual;
        if manual && source.ending == Ending::Paid {
            source.ending = Ending::Authorized;
        }
        source
    }

    fn card(&mut self, secure: bool) -> NewSource {
        let number = self.required("number");
        let digits = number.bytes().all(|digit| digit.is_ascii_digit());
        if !digits || !(15..=19).contains(&number.len()) {
            self.wrong("number", "is invalid");
        }
        let (method, ending) = source::test_card(&number);
        NewSource {
            method,
            name: Some(self.required("name")),
            number: Some(source::mask(&number)),
            ending,
            by_page: secure,
            ..NewSource::default()
        }
    }

    fn saved_card(&mut self, secure: bool) -> NewSource {
        let token = self.required("token");
        if !token.is_empty() && !token.starts_with("token_") {
            self.wrong("token", "is invalid");
        }
        NewSource { number: Some(source::mask("1010")), token: Some(token), by_page: secure, ..NewSource::default() }
    }

    fn wallet(&mut self, method: Method) -> NewSource {
        self.required("token");
        NewSource { method, number: Some(source::mask("1010")), ..NewSource::default() }
    }

    fn stcpay(&mut self) -> NewSource {
        NewSource {
            method: Method::Stcpay,
            mobile: Some(self.required("mobile")),
            branch: self.text("branch"),
            cashier: self.text("cashier"),
            by_page: true,
            ..NewSource::default()
        }
    }
}
