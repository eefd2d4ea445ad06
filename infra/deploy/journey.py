#!/usr/bin/env python3
"""One gift through the deployed stack: from the client's first call to the books, on an emulator of AWS.

    python3 -m venv .venv && .venv/bin/pip install -r infra/deploy/requirements.txt
    .venv/bin/python infra/deploy/journey.py

Builds the functions as they are deployed (profile `lambda`) and the payment provider's sandbox, creates the stack from
`infra/template.yaml` on a loopback port, gives, pays, waits for the books, and stops whatever it started. Each function
runs its own binary under its own role. Exit code 0 only if every step held. It keeps its logs only if one did not.
"""

import argparse
import contextlib
import pathlib
import shutil
import signal
import sys
import tempfile
import time

import gift
import stack
from emulator import emulator
from issuer import issuer
from provider import provider

AUDIENCE = "ihsan"
STACK = "giving"
# The whole journey after the build. It takes well under a minute; this is the end of patience.
JOURNEY_SECS = 300
WEBHOOK_SECRET = "journey-webhook-secret"
PROVIDER_KEY = "sk_test_journey"
IDENTIFIERS = "journey-identifiers-secret-of-enough-length"
# Signs the log of days of this journey, and of nothing else.
PROOF_KEYS = "PRIVATE+KEY+journey.example+ee1f1ae8+Ac3laJK7679sX+Vs8zF/VYrsZ66wuhlQTKPJ5oActFso"


def parameters(who, paid_at):
    """What the template leaves open, for this machine."""
    return {
        "Architecture": "x86_64",
        "PublicUrl": "https://api.example",
        "ReturnUrls": gift.RETURN_ORIGIN,
        "IdentityIssuer": who.url,
        "MoyasarUrl": paid_at.url,
        "Secrets": "environment",
        "SecretsExtensionArn": "none",
        "MoyasarKey": PROVIDER_KEY,
        "MoyasarWebhook": WEBHOOK_SECRET,
        "Identifiers": IDENTIFIERS,
        "ProofKeys": PROOF_KEYS,
    }


class Steps:
    """Tells what is done and how long it took."""

    def __init__(self):
        self.began = time.monotonic()
        self.done = 0

    @contextlib.contextmanager
    def step(self, name):
        """One step; an exception in it names it."""
        began = time.monotonic()
        try:
            yield
        except Exception as error:
            raise RuntimeError(f"{name}: {error}") from error
        self.done += 1
        print(f"  {name:<58} {time.monotonic() - began:6.1f} s", flush=True)


def run(scratch, steps, flags):
    """The journey; everything that it starts ends with it."""
    with contextlib.ExitStack() as started:
        with steps.step("functions and sandbox are built"):
            if not flags.built:
                stack.build_functions(flags.profile)
                stack.build_sandbox(flags.profile)
            binaries = stack.built(flags.profile)
        signal.alarm(JOURNEY_SECS)
        with steps.step("emulator, payment provider and issuer answer"):
            at = started.enter_context(emulator(scratch))
            paid_at = started.enter_context(provider(binaries(stack.SANDBOX), scratch, PROVIDER_KEY, WEBHOOK_SECRET))
            who = started.enter_context(issuer(AUDIENCE))
        with steps.step("stack is created from the template"):
            outputs = stack.create(at, STACK, stack.package(at, binaries), parameters(who, paid_at))
            paid_at.post_webhooks_to(stack.callbacks_url(at, outputs))
        world = gift.World(at, outputs, STACK, who, paid_at, scratch)
        try:
            gift.give(steps, world)
        finally:
            signal.alarm(0)
            (scratch / "functions.log").write_text("\n".join(world.logged()))


def out_of_time(*_):
    """The alarm's handler: an exception, so that everything is stopped on the way out."""
    raise TimeoutError(f"not done within {JOURNEY_SECS} s")


def main():
    """Runs the journey in a scratch folder of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep-logs", action="store_true", help="keep the scratch folder even if all held")
    parser.add_argument("--profile", default="lambda", help="cargo profile of the functions (default: as deployed)")
    parser.add_argument("--built", action="store_true", help="functions and sandbox stand built in that profile already")
    flags = parser.parse_args()
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="giving-journey-"))
    signal.signal(signal.SIGALRM, out_of_time)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that being asked to stop stops the children too
    steps = Steps()
    print("one gift through the deployed stack", flush=True)
    try:
        run(scratch, steps, flags)
    except Exception as error:
        print(f"FAILED: {error}\nlogs: {scratch}", flush=True)
        return 1
    if not flags.keep_logs:
        shutil.rmtree(scratch)
    print(f"all {steps.done} steps held, in {time.monotonic() - steps.began:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
