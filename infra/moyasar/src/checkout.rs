//! The checkout page at an invoice's `url`, and the bank's page of a card payment: bilingual, plain
//! HTML forms, no script.

use bytes::Bytes;
use http::{HeaderValue, Method as Verb, Request, Response, header};
use uuid::Uuid;

use crate::invoice::InvoiceStatus;
use crate::money;
use crate::payer::{Payer, PaymentFacts, Refusal};
use crate::payment::Status;
use crate::sandbox::{Sandbox, respond};
use crate::source::{Decline, Ending, Method};

const HTML: &str = "text/html; charset=utf-8";

/// Answers whatever is neither `/v1` nor `/sandbox`.
pub(crate) fn answer(sandbox: &Sandbox, request: &Request<Bytes>) -> Response<Bytes> {
    let parts: Vec<&str> = request.uri().path().split('/').filter(|part| !part.is_empty()).collect();
    let (get, post) = (request.method() == Verb::GET, request.method() == Verb::POST);
    match parts.as_slice() {
        ["invoices", id] if get => uuid(id).map_or_else(missing, |id| invoice_page(sandbox, id, "")),
        ["invoices", id, "pay"] if post => uuid(id).map_or_else(missing, |id| pay(sandbox, id, request.body())),
        ["transactions", id] if get => uuid(id).map_or_else(missing, |id| bank_page(sandbox, id)),
        ["transactions", id, "finish"] if post => uuid(id).map_or_else(missing, |id| finish(sandbox, id, request.body())),
        _ => missing(),
    }
}

fn uuid(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok()
}

fn missing() -> Response<Bytes> {
    respond(404, HTML, page("404", "<p>الصفحة غير موجودة</p><p lang=en dir=ltr>There is no such page.</p>"))
}

fn pay(sandbox: &Sandbox, id: Uuid, form: &[u8]) -> Response<Bytes> {
    let payer = Payer::with(chosen_method(form)).ending(chosen_ending(form));
    match sandbox.pay(id, &payer) {
        Err(Refusal::Unknown) => missing(),
        Err(_) => invoice_page(sandbox, id, ""),
        Ok(payment) if payment.status == Status::Paid => match success_url(sandbox, id) {
            Some(url) => redirect(&with_result(&url, &payment)),
            None => invoice_page(sandbox, id, ""),
        },
        Ok(_) => {
            invoice_page(sandbox, id, "<p class=no>رفض المصرف الدفع</p><p class=no lang=en dir=ltr>The bank refused.</p>")
        }
    }
}

fn finish(sandbox: &Sandbox, id: Uuid, form: &[u8]) -> Response<Bytes> {
    let ending = match chosen_ending(form) {
        Ending::Paid => None,
        other => Some(other),
    };
    let callback = sandbox.at_once(|state, _| state.payments.get(id).and_then(|payment| payment.callback_url.clone()));
    match (sandbox.finish(id, ending), callback) {
        (Ok(payment), Some(url)) => redirect(&with_result(&url, &payment)),
        (Err(Refusal::Unknown), _) => missing(),
        _ => bank_page(sandbox, id),
    }
}

fn success_url(sandbox: &Sandbox, id: Uuid) -> Option<String> {
    sandbox.at_once(|state, _| state.invoices.get(id)?.success_url.clone())
}

/// Moyasar sends the payer back with the payment's id, status and message; for invoices: unsure.
fn with_result(url: &str, payment: &PaymentFacts) -> String {
    let Ok(mut url) = url::Url::parse(url) else {
        return url.to_owned();
    };
    let message = if payment.status == Status::Failed { "DECLINED" } else { "APPROVED" };
    let mut query = url.query_pairs_mut();
    query.append_pair("id", &payment.id.to_string());
    if let Some(invoice) = payment.invoice_id {
        query.append_pair("invoice_id", &invoice.to_string());
    }
    query.append_pair("status", payment.status.name()).append_pair("message", message);
    drop(query);
    url.into()
}

fn redirect(url: &str) -> Response<Bytes> {
    let mut response = respond(303, HTML, "");
    match HeaderValue::from_str(url) {
        Ok(value) => {
            response.headers_mut().insert(header::LOCATION, value);
            response
        }
        Err(_) => missing(),
    }
}

fn field(form: &[u8], name: &str) -> Option<String> {
    url::form_urlencoded::parse(form).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

fn chosen_method(form: &[u8]) -> Method {
    let name = field(form, "method").unwrap_or_default();
    serde_json::from_value(name.into()).unwrap_or_default()
}

fn chosen_ending(form: &[u8]) -> Ending {
    match field(form, "ending").as_deref() {
        Some("declined") => Ending::Declined(Decline::InsufficientFunds),
        Some("abandoned") => Ending::Abandoned,
        _ => Ending::Paid,
    }
}

fn invoice_page(sandbox: &Sandbox, id: Uuid, notice: &str) -> Response<Bytes> {
    let shown = sandbox.at_once(|state, at| {
        let invoice = state.invoices.get(id)?;
        let amount = money::format(invoice.amount, &invoice.currency);
        let back = invoice.back_url.clone();
        Some((invoice.status(at.now), amount, invoice.description.clone(), back))
    });
    let Some((status, amount, description, back)) = shown else {
        return missing();
    };
    let mut body =
        format!("<p class=amount><bdi>{}</bdi></p><p><bdi>{}</bdi></p>{notice}", escape(&amount), escape(&description));
    body.push_str(match status {
        InvoiceStatus::Initiated => PAY_FORM,
        InvoiceStatus::Paid => "<p class=yes>تم الدفع</p><p class=yes lang=en dir=ltr>Paid. Thank you.</p>",
        InvoiceStatus::Canceled => {
            "<p class=no>أُلغيت الفاتورة</p><p class=no lang=en dir=ltr>This invoice was cancelled.</p>"
        }
        InvoiceStatus::Expired => {
            "<p class=no>انتهت صلاحية الفاتورة</p><p class=no lang=en dir=ltr>This invoice has expired.</p>"
        }
        InvoiceStatus::Refunded | InvoiceStatus::Voided => {
            "<p>أُعيد المبلغ</p><p lang=en dir=ltr>The money was given back.</p>"
        }
    });
    if let Some(back) = back {
        body.push_str(&format!("<p><a href=\"{}\">رجوع · Back</a></p>", escape(&back)));
    }
    let action = format!("/invoices/{id}/pay");
    respond(200, HTML, page("الدفع · Checkout", &body.replace("{action}", &action)))
}

/// Relative to the site, so that it works behind any address.
const PAY_FORM: &str = "<form method=post action=\"{action}\">
<label>وسيلة الدفع · Method <select name=method>
<option value=mada>مدى · mada</option><option value=visa>Visa</option><option value=master>Mastercard</option>
<option value=applepay>Apple Pay</option><option value=stcpay>STC Pay</option></select></label>
<button name=ending value=paid class=yes>ادفع · Pay</button>
<button name=ending value=declined class=no>ارفض · Decline</button>
</form>";

const BANK_FORM: &str = "<form method=post action=\"{action}\">
<button name=ending value=paid class=yes>تأكيد · Confirm</button>
<button name=ending value=declined class=no>رفض · Decline</button>
<button name=ending value=abandoned>مغادرة · Walk away</button>
</form>";

fn bank_page(sandbox: &Sandbox, id: Uuid) -> Response<Bytes> {
    let Some(payment) = sandbox.payment(id) else {
        return missing();
    };
    let amount = money::format(payment.amount, &payment.currency);
    let form = match payment.status {
        Status::Initiated => BANK_FORM.replace("{action}", &format!("/transactions/{id}/finish")),
        other => format!("<p>{}</p>", other.name()),
    };
    let body = format!("<p class=amount><bdi>{}</bdi></p>{form}", escape(&amount));
    respond(200, HTML, page("المصرف · Bank", &body))
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=ar dir=rtl><meta charset=utf-8>\
<meta name=viewport content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style>\
<main><h1>{title}</h1>{body}<footer>بيئة تجريبية: لا يُخصم أي مبلغ\
<br><span lang=en dir=ltr>A sandbox: no money moves.</span></footer></main></html>"
    )
}

const STYLE: &str = "body{font:18px/1.6 system-ui,sans-serif;background:#f4f5f3;color:#1d2b24;margin:0}\
main{max-width:26rem;margin:3rem auto;padding:1.5rem;background:#fff;border-radius:.75rem;box-shadow:0 1px 8px #0002}\
h1{font-size:1.2rem}.amount{font-size:2rem;font-weight:700;margin:.5rem 0}form{display:grid;gap:.75rem}\
button,select{font:inherit;padding:.6rem;border-radius:.5rem;border:1px solid #b8c2bc;background:#fff}\
button.yes{background:#0b6b45;color:#fff}p.yes{color:#0b6b45}.no{color:#a4262c}footer{margin-top:1.5rem;color:#5b6660;font-size:.85rem}";

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
