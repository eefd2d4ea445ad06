//! What to do next: commands that work as they stand.

use crate::issuer::{Issuer, Role};
use crate::stack::Inside;

/// Prints tokens and commands for this platform.
pub(super) fn print(inside: &Inside) {
    let token = |role, subject| token(inside.issuer(), role, subject);
    let (api, provider, back) = (inside.url(), inside.provider_url(), inside.return_url());
    println!(
        r#"
It stays up until Ctrl-C. Paste these into another terminal:

  API={api}
  PROVIDER={provider}
  DONOR={donor}
  OPERATOR={operator}
  APPROVER={approver}
  AUDITOR={auditor}

What can be given to:
  curl "$API/v1/opportunities?track=care&region=SA-05"
  curl -H 'Accept-Language: en' $API/v1/opportunities/baskets-qassim

Give as a guest, pay on the provider's page, look at the gift:
  GUEST=$(curl -s -X POST $API/v1/guests | sed 's/.*"guest_token":"\([^"]*\)".*/\1/')
  curl -s -X POST $API/v1/donations -H "Guest-Token: $GUEST" -H "Idempotency-Key: $(head -c16 /dev/urandom | od -An -tx1 | tr -d ' \n')" \
    -H 'Content-Type: application/json' \
    -d '{{"lines":[{{"opportunity":"baskets-qassim","amount":"50"}}],"return_url":"{back}"}}' | tee /tmp/gift.json; echo
  ID=$(sed 's/.*"id":"\([^"]*\)".*/\1/' /tmp/gift.json); ACCESS=$(sed 's/.*"access_token":"\([^"]*\)".*/\1/' /tmp/gift.json)
  INVOICE=$(sed 's/.*invoices\/\([^"?]*\).*/\1/' /tmp/gift.json)
  curl -X POST $PROVIDER/sandbox/invoices/$INVOICE/pay -d '{{"method":"mada"}}'; echo
  sleep 3; curl -H "Access-Token: $ACCESS" $API/v1/donations/$ID; echo

Its receipt, and what its donor was told:
  curl -s -H "Access-Token: $ACCESS" $API/v1/donations/$ID/receipt | tee /tmp/receipt.json; echo
  curl -s -o /tmp/receipt.pdf "$(sed 's/.*"url":"\([^"]*\)".*/\1/' /tmp/receipt.json)"
  curl $API/v1/receipts/$(sed 's/.*"code":"\([^"]*\)".*/\1/' /tmp/receipt.json); echo
  curl $API/local/outbox

Give some of it back: an operator asks, an approver agrees, the provider gives it back, and the receipt says so:
  REFUND=$(curl -s -X POST $API/v1/donations/$ID/refunds -H "Authorization: Bearer $OPERATOR" -H "Idempotency-Key: $(head -c16 /dev/urandom | od -An -tx1 | tr -d ' \n')" \
    -H 'Content-Type: application/json' -d '{{"reason":"donor_asked","lines":[{{"line":0,"amount":"20"}}]}}' | sed 's/.*"id":"\([^"]*\)".*/\1/')
  curl -X POST -H "Authorization: Bearer $APPROVER" $API/v1/donations/$ID/refunds/$REFUND/approve; echo
  sleep 3; curl -H "Authorization: Bearer $AUDITOR" $API/v1/donations/$ID/refunds; echo

A donor's gifts, and an operator's acts:
  curl -H "Authorization: Bearer $DONOR" $API/v1/donations; echo
  curl -H "Authorization: Bearer $AUDITOR" "$API/v1/operations/audit?day=$(TZ=UTC-3 date +%F)"; echo

Tokens for other people: curl "$API/local/token?role=charity&sub=birr-riyadh"
What goes on inside:     curl $API/local
A midnight by hand:      curl -X POST $API/local/schedules/ClosingSchedule
The provider's mischief: curl -X PUT $PROVIDER/sandbox/mischief -d '{{"odds":{{"duplicate":5000,"delay":5000}}}}'
"#,
        donor = token(Role::Donor, "donor-1"),
        operator = token(Role::Operator, crate::seed::OPERATOR),
        approver = token(Role::Approver, "approver-1"),
        auditor = token(Role::Auditor, "auditor-1"),
    );
}

fn token(issuer: &Issuer, role: Role, subject: &str) -> String {
    issuer.token(role, subject).unwrap_or_else(|error| format!("({error})"))
}
