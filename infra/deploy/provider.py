"""The payment provider's sandbox as a process of its own, as far from the platform as the real one is."""

import contextlib
import json
import os
import pathlib
import urllib.error
import urllib.parse
import urllib.request

from emulator import free_port, process, wait_for_http

START_SECS = 20


class Provider:
    """Where the sandbox listens, and what is done to it from outside."""

    def __init__(self, port, webhook_secret):
        self.url = f"http://127.0.0.1:{port}"
        self.webhook_secret = webhook_secret

    def control(self, method, path, body=None):
        """A call of the sandbox's control API."""
        request = urllib.request.Request(
            f"{self.url}/sandbox/{path}", method=method, data=json.dumps(body or {}).encode() if method != "GET" else None)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def post_webhooks_to(self, url):
        """Registers the platform's callback."""
        self.control("PUT", "webhook", {"url": url, "secret_token": self.webhook_secret})

    def tally(self):
        """What was paid, refunded and posted so far."""
        return self.control("GET", "tally")

    def pay(self, checkout_url):
        """Pays on the checkout page, as a donor with a mada card does, and is sent back to the donor's page."""
        page = urllib.parse.urlsplit(checkout_url)
        form = urllib.parse.urlencode({"method": "mada", "ending": "paid"}).encode()
        request = urllib.request.Request(f"{page.scheme}://{page.netloc}{page.path}/pay", method="POST", data=form)
        try:
            urllib.request.build_opener(StayHere).open(request, timeout=10).close()
        except urllib.error.HTTPError as answer:
            if answer.status not in (302, 303):
                raise


class StayHere(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: the donor's page is not there."""

    def redirect_request(self, *_):
        return None


@contextlib.contextmanager
def provider(binary, scratch, key, webhook_secret):
    """Starts the sandbox and waits until it answers; its log is `provider.log` in `scratch`."""
    port = free_port()
    at = Provider(port, webhook_secret)
    env = {"PATH": os.environ["PATH"], "RUST_BACKTRACE": "1"}
    command = [str(binary), "--port", str(port), "--secret-key", key, "--seed", "1"]
    with process(command, env, pathlib.Path(scratch) / "provider.log") as child:
        wait_for_http(f"{at.url}/sandbox", child, START_SECS)
        yield at
