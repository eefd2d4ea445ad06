"""What the journey does to a stack that stands: one gift, step by step, and all that follows from it.

Each step says what a client, a donor, a provider or the clock does, and what must be true then. Between them every
function of the stack runs at least once, so that each role is held against the calls that its function really makes.
"""

import json
import pathlib
import time
import urllib.error
import urllib.request
import uuid

RETURN_ORIGIN = "https://give.example"
RETURN_URL = f"{RETURN_ORIGIN}/thanks"
CHARITY = "water-jazan"
OPPORTUNITY = "wells-jazan"
AMOUNT = "150.00"
HALALAS = 15_000
# Capture to settled takes about a second; the rest is for a crowded machine.
PATIENCE_SECS = 60


class World:
    """The stack and those around it."""

    def __init__(self, at, outputs, name, who, paid_at, scratch):
        self.at, self.outputs, self.name, self.who, self.paid_at, self.scratch = at, outputs, name, who, paid_at, scratch

    def call(self, method, path, body=None, expect=200, **headers):
        """A call of the API; another status than the expected one is an error with the answer's text."""
        request = urllib.request.Request(self.at.url + path, method=method)
        request.add_header("Host", f"{self.outputs['ApiId']}.execute-api.localhost:{self.at.port}")
        request.add_header("Accept-Language", "en")
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                status, text, got = answer.status, answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            status, text, got = error.code, error.read(), error.headers
        if status != expect:
            raise RuntimeError(f"{method} {path} answered {status} instead of {expect}: {text.decode()[:500]}")
        return Answer(json.loads(text) if text else None, got)

    def bearer(self, subject, role):
        """The header of somebody who is signed in."""
        return {"Authorization": f"Bearer {self.who.token(subject, role)}"}

    def items(self, partition):
        """All items of partitions that begin so, in the table itself."""
        table = self.at.client("dynamodb")
        pages = table.get_paginator("scan").paginate(
            TableName=self.outputs["Table"], FilterExpression="begins_with(pk, :pk)",
            ExpressionAttributeValues={":pk": {"S": partition}})
        return [item for page in pages for item in page["Items"]]

    def logged(self):
        """Every line that the functions have written."""
        logs = self.at.client("logs")
        for group in logs.get_paginator("describe_log_groups").paginate().build_full_result()["logGroups"]:
            pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"])
            yield from (f"{group['logGroupName']} {event['message']}" for page in pages for event in page["events"])

    def queue(self, name):
        """A queue's URL."""
        return self.at.client("sqs").get_queue_url(QueueName=f"{self.name}-{name}")["QueueUrl"]


class Answer:
    """A call's answer: its JSON and its headers."""

    def __init__(self, body, headers):
        self.body, self.headers = body, headers

    def __getitem__(self, name):
        return self.body[name]


def until(what, holds):
    """Waits until it holds, and returns what `holds` returned."""
    end = time.monotonic() + PATIENCE_SECS
    while True:
        found = holds()
        if found:
            return found
        if time.monotonic() > end:
            raise RuntimeError(f"not within {PATIENCE_SECS} s: {what}")
        time.sleep(0.2)


def require(what, holds):
    """What must be true."""
    if not holds:
        raise RuntimeError(f"not so: {what}")


def give(steps, world):
    """The journey."""
    with steps.step("an operator publishes an opportunity, others may not"):
        publish(world)
    with steps.step("a guest gives; the same request again is the same gift"):
        gift = make_gift(world)
    with steps.step("a forged callback is refused, a strange one is set aside"):
        forged_callbacks(world)
    with steps.step("the donor pays; the gift is settled on a journal page"):
        world.paid_at.pay(gift["checkout_url"])
        settled(world, gift)
    with steps.step("the gift has its receipt, and its code confirms it"):
        receipt(world, gift)
    with steps.step("totals follow the journal, what was held is spent"):
        totals_follow(world)
    with steps.step("a second charge is given back at the provider"):
        second_charge(world, gift)
    with steps.step("one asks for a refund, another agrees, and it is given back"):
        refund(world, gift)
    with steps.step("a donor says how they are told of their gifts"):
        prefer(world)
    with steps.step("the donor was told by SMS, once of each"):
        donor_is_told(world)
    with steps.step("midnight closes the day before"):
        close_the_day(world)
    with steps.step("the sealed day is reported"):
        report_the_day(world)
    with steps.step("nothing was set aside, nothing was forbidden"):
        nothing_went_wrong(world)


def publish(world):
    """Through the operators' routes: the gateway asks for a token, the function for the role."""
    charity = {"name": {"ar": "جمعية المياه", "en": "Water society"}, "licence": "FR-1044", "region": "SA-09"}
    opportunity = {
        "charity": CHARITY,
        "title": {"ar": "حفر آبار في جازان", "en": "Wells in Jazan"},
        "description": {"ar": "حفر ثلاث آبار لقرى بلا ماء", "en": "Three wells for villages without water"},
        "licence": "FR-2026-0117", "fund": "sadaqa", "programme": "projects", "track": "development", "region": "SA-09",
        "target": "50000.00", "standing": "open",
    }
    operator = world.bearer("officer-1", "operator")
    world.call("PUT", f"/v1/charities/{CHARITY}", charity, expect=401)
    world.call("PUT", f"/v1/charities/{CHARITY}", charity, expect=403, **world.bearer("donor-1", "donor"))
    world.call("PUT", f"/v1/charities/{CHARITY}", charity, expect=201, **operator)
    world.call("PUT", f"/v1/opportunities/{OPPORTUNITY}", opportunity, expect=201, **operator)
    shown = world.call("GET", f"/v1/opportunities/{OPPORTUNITY}")
    require("the opportunity shows its licence", shown["licence"] == "FR-2026-0117")
    today = world.call("GET", "/v1/operations/audit", **world.bearer("auditor-1", "auditor"))
    require("the operator's acts are in the log", "put_opportunity" in json.dumps(today.body))


def make_gift(world):
    """As a guest, with a name that is sealed; then again under the same key."""
    guest = world.call("POST", "/v1/guests", expect=201)["guest_token"]
    wish = {
        "lines": [{"opportunity": OPPORTUNITY, "amount": AMOUNT}], "anonymous": False, "return_url": RETURN_URL,
        "donor": {"name": "نورة", "mobile": "+966500000001"},
    }
    key = {"Guest_Token": guest, "Idempotency_Key": str(uuid.uuid4()) + str(uuid.uuid4())}
    gift = world.call("POST", "/v1/donations", wish, expect=201, **key)
    again = world.call("POST", "/v1/donations", wish, expect=201, **key)
    require("the same request is the same donation", gift["id"] == again["id"])
    require("the repeat says so", again.headers.get("Idempotent-Replayed") == "true")
    world.call("GET", f"/v1/donations/{gift['id']}", expect=404)
    world.call("GET", f"/v1/donations/{gift['id']}", expect=404, Access_Token="guessed")
    mine = world.call("GET", "/v1/donations", **world.bearer("donor-1", "donor"))
    require("a guest's gift is in nobody's list", mine["donations"] == [])
    held = {"Access_Token": gift["access_token"]}
    other = world.call("POST", f"/v1/donations/{gift['id']}/attempts", {"after": 1}, expect=201, **held)
    return gift.body | {"other_checkout_url": other["checkout_url"]}


def forged_callbacks(world):
    """Without the secret: 401. With it, but of no known type: kept for a person."""
    path = "/v1/payments/moyasar/callbacks"
    event = {"id": str(uuid.uuid4()), "type": "payment_paid", "secret_token": "guessed", "data": {}}
    world.call("POST", path, event, expect=401)
    secret = world.paid_at.webhook_secret
    world.call("POST", path, event | {"type": "comet_seen", "secret_token": secret})
    case = until("a case is opened", lambda: world.items("CASE#"))
    require("one case", len(case) == 1)
    kept = world.at.client("s3").list_objects_v2(Bucket=world.outputs["Bucket"], Prefix="set-aside/")
    require("the event is kept", kept["KeyCount"] == 1)


def shown(world, gift):
    """The gift as its guest sees it."""
    return world.call("GET", f"/v1/donations/{gift['id']}", Access_Token=gift["access_token"]).body


def settled(world, gift):
    """By the webhook, the fetch back and the group commit."""
    until("the gift is settled", lambda: shown(world, gift)["state"] == "settled")
    require("a page of the journal stands", world.items("JP#"))
    require("the name can be opened", shown(world, gift)["donor"]["name"] == "نورة")
    plain = json.dumps(world.items("DON#"), ensure_ascii=False)
    require("the name is nowhere in the table", "نورة" not in plain and "500000001" not in plain)


def receipt(world, gift):
    """Set at the first asking, the same at the second; the code shows amount, date and fund, and nobody's name."""
    path = f"/v1/donations/{gift['id']}/receipt"
    world.call("GET", path, expect=404)
    first, second = (world.call("GET", path, Access_Token=gift["access_token"]) for _ in range(2))
    require("the number stays", first["serial"] == second["serial"])
    kept = world.at.client("s3").list_objects_v2(Bucket=world.outputs["Bucket"], Prefix=f"receipts/{gift['id']}/")
    require("one document is kept", kept["KeyCount"] == 1)
    with urllib.request.urlopen(first["url"], timeout=30) as answer:
        require("it is a PDF", answer.read(5) == b"%PDF-")
        require("it is an attachment", answer.headers["Content-Disposition"] == f'attachment; filename="receipt-{first["serial"]}.pdf"')
    checked = world.call("GET", f"/v1/receipts/{first['code']}").body
    require("the check shows this and nothing else", sorted(checked) == ["amount", "currency", "date", "funds", "hijri_date"])
    require("the amount is the gift's", checked["amount"] == AMOUNT)
    forged = first["code"][:-1] + ("1" if first["code"][-1] != "1" else "0")
    world.call("GET", f"/v1/receipts/{forged}", expect=404)


def totals_follow(world):
    """The follower folds the page; the hold's claim is spent."""
    until("the totals hold the gift", lambda: f'"{HALALAS}"' in json.dumps(world.items("TOT")))
    claims = lambda: [item for item in world.items("CAP#") if item.get("claims", {}).get("M")]
    until("no claim is left", lambda: not claims())


def second_charge(world, gift):
    """The donor had two checkouts open and pays the other one as well."""
    world.paid_at.pay(gift["other_checkout_url"])
    until("the second payment is given back", lambda: world.paid_at.tally()["refunded"] == HALALAS)
    until("the books have the charge", lambda: world.items("PAY#"))
    require("the gift is settled as it was", shown(world, gift)["state"] == "settled")


def refund(world, gift):
    """Twenty riyals of the gift, by two people; the receipt's check shows what stands."""
    path = f"/v1/donations/{gift['id']}/refunds"
    wish = {"reason": "donor_asked", "lines": [{"line": 0, "amount": "20"}]}
    key = {"Idempotency_Key": str(uuid.uuid4())}
    world.call("POST", path, wish, expect=403, **key, **world.bearer("donor-1", "donor"))
    asked = world.call("POST", path, wish, expect=201, **key, **world.bearer("officer-1", "operator"))
    approve = f"{path}/{asked['id']}/approve"
    world.call("POST", approve, expect=403, **world.bearer("officer-1", "approver"))
    world.call("POST", approve, **world.bearer("approver-1", "approver"))
    until("the provider gave it back", lambda: world.paid_at.tally()["refunded"] == HALALAS + 2_000)
    until("the books have it", lambda: shown(world, gift)["state"] == "partly_refunded")
    listed = world.call("GET", path, **world.bearer("auditor-1", "auditor"))
    require("the refund is done", listed["refunds"][0]["state"] == "done" and listed["stands"] == "130.00")
    code = world.call("GET", f"/v1/donations/{gift['id']}/receipt", Access_Token=gift["access_token"])["code"]
    require("the check shows what stands", world.call("GET", f"/v1/receipts/{code}")["amount"] == "130.00")


def prefer(world):
    """Said once for all gifts of a signed-in donor."""
    donor = world.bearer("donor-1", "donor")
    world.call("PUT", "/v1/notice-preferences", {"mute": ["thanks"]}, **donor)
    require("it is kept", world.call("GET", "/v1/notice-preferences", **donor)["mute"] == ["thanks"])


def donor_is_told(world):
    """Thanks at once; money given back not at night, when it waits for the morning. The gift has no name in any of it."""
    def told():
        request = urllib.request.Request(f"{world.at.url}/_ministack/sns/sms-messages")
        with urllib.request.urlopen(request, timeout=30) as answer:
            sent = json.loads(answer.read())["sms_messages"]
        return [message["Message"] for messages in sent.values() for message in messages]

    hour = (time.gmtime().tm_hour + 3) % 24
    expected = 3 if 8 <= hour < 22 else 1
    texts = until("the donor is told", lambda: told() if len(told()) >= expected else None)
    require(f"as often as there is news: {texts}", len(texts) == expected)
    require("thanks with the receipt", AMOUNT in texts[0] and "/v1/receipts/" in texts[0])
    require("nobody is named", not any("نورة" in text for text in texts))


def close_the_day(world):
    """As the schedule invokes it; today is not over yet, so it closes yesterday."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    answer = world.at.client("lambda").invoke(
        FunctionName=f"{world.name}-closing", Payload=json.dumps({"time": now}).encode())
    require(f"closing went well: {answer['Payload'].read()}", "FunctionError" not in answer)
    require("the day's seal stands", world.items("SEAL#"))
    held = world.at.client("s3").list_objects_v2(Bucket=world.outputs["Bucket"], Prefix="proofs/")["Contents"]
    require("the day is published", "proofs/log.json" in [made["Key"] for made in held])


def report_the_day(world):
    """As the schedule invokes it, until the follower has folded the seals."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    invoke = world.at.client("lambda").invoke

    def reported():
        answer = invoke(FunctionName=f"{world.name}-reports", Payload=json.dumps({"time": now}).encode())
        said = json.loads(answer["Payload"].read())
        return said if "FunctionError" not in answer else None

    key = until("the report is written", reported)["report"]
    held = world.at.client("s3").list_objects_v2(Bucket=world.outputs["Bucket"], Prefix=key)["Contents"]
    require("CSV, page and JSON stand", sorted(made["Key"] for made in held) == [f"{key}.{end}" for end in ("csv", "html", "json")])


def nothing_went_wrong(world):
    """Empty DLQs, and no role that lacked a right, whoever swallowed the refusal."""
    sqs = world.at.client("sqs")
    for name in ("verification", "payments", "journal", "holds", "shares", "refunds", "notices", "erasures", "closing", "reports", "reconciliation"):
        held = sqs.get_queue_attributes(
            QueueUrl=world.queue(f"{name}-dlq"), AttributeNames=["ApproximateNumberOfMessages"])
        require(f"{name}-dlq is empty", held["Attributes"]["ApproximateNumberOfMessages"] == "0")
    emulator = (pathlib.Path(world.scratch) / "emulator.log").read_text(errors="replace").splitlines()
    refusals = [line for line in [*emulator, *world.logged()] if "AccessDenied" in line or "not authorized" in line]
    require("\n".join(["every call was allowed", *refusals[:5]]), not refusals)
