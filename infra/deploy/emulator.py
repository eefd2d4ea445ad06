"""One ministack on a loopback port, with its own scratch folder, gone when the block ends.

It runs each function's own binary through the real Runtime API and, with AUTH on, under the function's own role: a
policy that forgets an action fails the journey. It never authorizes an event source mapping or a schedule.
"""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import boto3
from botocore.config import Config

REGION = "us-east-1"
# Ministack's root caller. Functions never see it: they get a session of their role.
ROOT_KEY = "test"
START_SECS = 60
STOP_SECS = 15


def free_port():
    """A port nobody listens on now; the emulator refuses to start should somebody take it meanwhile."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def process(command, env, log, cwd=None):
    """A child in a process group of its own, whose whole group is stopped when the block ends."""
    with open(log, "wb") as out:
        child = subprocess.Popen(
            command, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
            start_new_session=True)
    try:
        yield child
    finally:
        stop_group(child)


def stop_group(child):
    """Asks the group to end, waits, then insists."""
    for stop in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, stop)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(timeout=STOP_SECS)
            if stop == signal.SIGTERM:
                continue  # the leader is gone; whatever it left behind in the group is not
            return


def wait_for_http(url, child, seconds):
    """Returns once the address answers anything at all; a child that died first is an error."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if child.poll() is not None:
            raise RuntimeError(f"ended with {child.returncode} before it answered at {url}")
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"no answer at {url} within {seconds} s")


class Emulator:
    """Where the emulator listens, and clients for it."""

    def __init__(self, port):
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def client(self, service):
        """A boto3 client of the root caller."""
        return boto3.client(
            service, endpoint_url=self.url, region_name=REGION, aws_access_key_id=ROOT_KEY,
            aws_secret_access_key=ROOT_KEY,
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 2}))


@contextlib.contextmanager
def emulator(scratch):
    """Starts ministack and waits until it answers; its log is `emulator.log` in `scratch`."""
    at = Emulator(free_port())
    scratch = pathlib.Path(scratch)
    (scratch / "tmp").mkdir(parents=True, exist_ok=True)
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(scratch),
        "TMPDIR": str(scratch / "tmp"),
        "STATE_DIR": str(scratch / "state"),
        "S3_DATA_DIR": str(scratch / "s3"),
        "GATEWAY_PORT": str(at.port),
        "BIND_HOST": "127.0.0.1",  # it binds every address by default
        "IOT_MTLS_ENABLED": "0",
        "MINISTACK_REGION": REGION,
        "AWS_ENDPOINT_URL": at.url,  # functions learn the endpoint from here and from nowhere else
        "AUTH": "true",
        "RUST_BACKTRACE": "1",
    }
    command = [sys.executable, str(pathlib.Path(__file__).with_name("ministack_authorizing.py"))]
    with process(command, env, scratch / "emulator.log") as child:
        wait_for_http(f"{at.url}/_ministack/health", child, START_SECS)
        yield at
