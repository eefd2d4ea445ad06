"""Ministack, taught to authorize two things as AWS does.

`dynamodb:LeadingKeys`: without the key, a role that may touch only some partitions passes everywhere (AWS and ministack
both let `ForAllValues` pass when the key is absent), and a role that forgets a partition is found only in the cloud. AWS
sets it for every operation on items; for a query of an index it is not documented which key leads, so none is set here
and the roles do not rely on it.

Batches of SQS: AWS knows no right of its own for them, `sqs:SendMessage` allows `SendMessageBatch`; ministack asks for one.
"""

import json
import re

from ministack.core import iam_actions

PARTITION = "pk"
EQUALS = re.compile(r"([#\w]+)\s*=\s*(:\w+)")
# What a request that names no key is held to: no policy allows it.
NO_KEY = ["(no leading key)"]

BATCH = re.compile(r"^(sqs:\w+)Batch$")

known = iam_actions.dynamodb_service_context
action_of = iam_actions.extract_iam_action


def of_query(request):
    """The partition that a query names in its key condition."""
    names = request.get("ExpressionAttributeNames") or {}
    values = request.get("ExpressionAttributeValues") or {}
    for name, value in EQUALS.findall(request["KeyConditionExpression"]):
        if names.get(name, name) == PARTITION:
            yield values[value]


def parts(request):
    """The `pk` values of everything that a request touches, as DynamoDB writes them."""
    for holder in ("Key", "Item"):
        if holder in request:
            yield request[holder][PARTITION]
    if "KeyConditionExpression" in request:
        yield from of_query(request)
    for table in (request.get("RequestItems") or {}).values():
        for key in table["Keys"] if isinstance(table, dict) else []:
            yield key[PARTITION]
    for action in request.get("TransactItems") or []:
        for detail in action.values():
            yield from parts(detail)


def with_leading_keys(body):
    """What ministack knows of the request, and its leading keys."""
    context = known(body)
    request = json.loads(body or b"{}")
    if "IndexName" not in request:
        context["dynamodb:LeadingKeys"] = [value["S"] for value in parts(request)] or NO_KEY
    return context


def without_batch(*arguments):
    """The right that a request needs."""
    action = action_of(*arguments)
    return action and BATCH.sub(r"\1", action)


iam_actions.dynamodb_service_context = with_leading_keys
iam_actions.extract_iam_action = without_batch

if __name__ == "__main__":
    from ministack.app import main

    main()
