//! Receipts to be set and looked at.

use documents::receipt::{Line, Name, Receipt};
use domain::catalogue::Bilingual;
use domain::donation::{MOST_LINES, Place};
use domain::moment::Moment;
use domain::money::Money;
use domain::payment::{Method, PaymentRef, Provider};
use domain::purpose::Fund;
use domain::receipt::{Code, Serial};

/// A line of a gift.
pub fn line(ar: &str, en: &str, fund: Fund, amount: &str) -> Line {
    Line {
        project: Bilingual { ar: ar.to_owned(), en: en.to_owned() },
        licence: "C-2026-0417".to_owned(),
        charity: Bilingual { ar: "جمعية البر بجازان".to_owned(), en: "Birr Society of Jazan".to_owned() },
        charity_licence: "1058".to_owned(),
        fund,
        amount: amount.parse().unwrap(),
    }
}

/// A gift of one line, by a donor who is named.
pub fn plain() -> Receipt {
    let place = Place { chain: 3, seq: 17, index: 4 };
    let code = Code::new(place, *b"0123456789").unwrap();
    Receipt {
        serial: Serial::new("2026-11-24".parse().unwrap(), place),
        code,
        check_url: format!("https://api.example/v1/receipts/{}", code.compact()),
        donor: Some(Name("عبدالله بن محمد الأحمد".to_owned())),
        captured_at: Moment::from_millis(1_795_500_000_000),
        method: Method::Mada,
        payment: PaymentRef { provider: Provider::Moyasar, payment: "0f1d7c5e-7f3a".parse().unwrap() },
        lines: vec![line("كفالة الأيتام", "Orphan sponsorship", Fund::Sadaqa, "125.50")],
        refunded: Money::ZERO,
    }
}

/// Every sample by its name.
pub fn all() -> Vec<(&'static str, Receipt)> {
    let long = |n: usize| {
        let ar = "حفر بئر ارتوازية وتركيب مضخة تعمل بالطاقة الشمسية وخزان علوي لسقيا قرى لا ماء فيها في محافظة الداير بمنطقة جازان";
        let en =
            "Drilling an artesian well with a solar pump and an elevated tank for villages without water in Ad Dair, Jazan";
        let fund = Fund::ALL[n % Fund::ALL.len()];
        line(ar, en, fund, &format!("{}.25", 1_000 * (n + 1)))
    };
    let two = vec![
        line("زكاة المال", "Zakat on wealth", Fund::Zakat, "2500"),
        line("سقيا الماء", "Water for all", Fund::Sadaqa, "100"),
    ];
    vec![
        ("plain", plain()),
        ("anonymous", Receipt { donor: None, lines: two.clone(), ..plain() }),
        ("returned", Receipt { refunded: "125.50".parse().unwrap(), ..plain() }),
        ("partly-returned", Receipt { lines: two, refunded: "100".parse().unwrap(), ..plain() }),
        ("long", Receipt { lines: (0..MOST_LINES).map(long).collect(), ..plain() }),
        ("latin-name", Receipt { donor: Some(Name("Jean-Luc #1 [x] $y$ \"z\" \\ *b*".to_owned())), ..plain() }),
    ]
}
