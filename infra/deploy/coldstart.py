#!/usr/bin/env python3
"""What a cold start costs: instructions from exec to the first poll, memory at the first poll, and the size of the file.
And what a receipt costs, the first of an environment and a further one, because setting it is most of what its function does.

Runs each function's binary, as it is deployed, against a stub of Lambda's Runtime API on the loopback interface: once under callgrind,
which counts instructions whatever else the machine is doing, and once by itself for the memory. Needs valgrind and Python, nothing else.

    cargo build --profile lambda -p settlement -p donations …
    cargo bench --profile lambda -p documents --bench receipt --no-run
    python3 infra/deploy/coldstart.py [--json FILE] [--receipt-bench target/lambda/deps/receipt-…] [FUNCTION …]

Ends with exit code 1 when a function is beyond a bound.
"""

import argparse
import http.server
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
MOST_INSTRUCTIONS = 25_000_000
MOST_MEMORY_KB = 25 * 1024
MOST_BYTES = 6 * 1000 * 1000
# A typesetter, its fonts and its data are in these; they share none of their start with the others.
SETTERS = ("execution", "receipts")
MOST_BYTES_OF_SETTERS = 36 * 1000 * 1000
# A first receipt takes 175 million and a further one 136, and 27 MB: a quarter more is a change to look at. At the thousand million instructions a second of
# half a processor that is a fifth of a second.
MOST_INSTRUCTIONS_OF_FIRST = 220_000_000
MOST_INSTRUCTIONS_OF_FURTHER = 170_000_000
MOST_MEMORY_KB_OF_SETTING = 40 * 1024
# Longest wait for the first poll: callgrind slows a program down about fifty times.
PATIENCE_SECS = 120

# Every setting that any function reads. Nothing listens where they point: a cold start makes no call.
SETTINGS = {
    "AWS_REGION": "me-south-1",
    "AWS_ACCESS_KEY_ID": "stub",
    "AWS_SECRET_ACCESS_KEY": "stub",
    "AWS_SESSION_TOKEN": "stub",
    "AWS_LAMBDA_FUNCTION_NAME": "stub",
    "AWS_LAMBDA_FUNCTION_VERSION": "1",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
    "AWS_LAMBDA_LOG_GROUP_NAME": "stub",
    "AWS_LAMBDA_LOG_STREAM_NAME": "stub",
    "TABLE": "table",
    "KEYS_TABLE": "keys",
    "BUCKET": "bucket",
    "KMS_KEY": "alias/key",
    "QUEUE_VERIFICATION": "https://sqs.me-south-1.amazonaws.com/000000000000/verification",
    "QUEUE_PAYMENTS": "https://sqs.me-south-1.amazonaws.com/000000000000/payments",
    "QUEUE_JOURNAL": "https://sqs.me-south-1.amazonaws.com/000000000000/journal",
    "QUEUE_HOLDS": "https://sqs.me-south-1.amazonaws.com/000000000000/holds",
    "QUEUE_SHARES": "https://sqs.me-south-1.amazonaws.com/000000000000/shares",
    "QUEUE_REFUNDS": "https://sqs.me-south-1.amazonaws.com/000000000000/refunds",
    "QUEUE_NOTICES": "https://sqs.me-south-1.amazonaws.com/000000000000/notices",
    "QUEUE_ERASURES": "https://sqs.me-south-1.amazonaws.com/000000000000/erasures",
    "SENDER_SMS": "sns",
    "SENDER_PUSH": "sns",
    "SENDER_EMAIL": "ses",
    "EMAIL_FROM": "gifts@example.org",
    "MOYASAR_URL": "https://api.moyasar.com",
    "MOYASAR_PAYER": "MOYASAR",
    "RETURN_URLS": "https://give.example",
    "IDENTITY_ISSUER": "https://issuer.example",
    "PUBLIC_URL": "https://api.example",
    "SECRETS": "environment",
    "SECRET_MOYASAR_KEY": "stub",
    "SECRET_MOYASAR_WEBHOOK": "stub",
    "SECRET_IDENTIFIERS": "stub",
    "SECRET_PROOF_KEYS": "stub",
}


class Runtime:
    """A stub of the Runtime API: says when it is asked for the first event, and never gives one."""

    def __init__(self):
        self.polled = threading.Event()
        polled = self.polled

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                polled.set()
                threading.Event().wait(PATIENCE_SECS)

            def do_POST(self):
                length = int(self.headers.get("content-length", 0))
                print(self.rfile.read(length).decode(errors="replace"), file=sys.stderr)
                self.send_response(202)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def environment(self):
        host, port = self.server.server_address
        return {**SETTINGS, "AWS_LAMBDA_RUNTIME_API": f"{host}:{port}", "PATH": os.environ["PATH"]}


def run_to_first_poll(command, look):
    """Starts the command, waits for its first poll, looks at it, ends it; gives back what the look saw."""
    runtime = Runtime()
    process = subprocess.Popen(command, env=runtime.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        if not runtime.polled.wait(PATIENCE_SECS):
            process.kill()
            raise SystemExit(f"{command[-1]} never asked for an event: {process.communicate()[1][-2000:]}")
        seen = look(process)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        runtime.server.shutdown()
    return seen


def peak_memory_kb(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1))


def instructions(binary):
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "callgrind.out"
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", str(binary)]
        run_to_first_poll(command, lambda process: None)
        summary = re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.MULTILINE)
        return int(summary.group(1))


def setting(bench):
    """What setting costs: instructions of a first receipt and of a further one, processor time of both together, memory."""
    def counted(count):
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder) / "callgrind.out"
            command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", str(bench), str(count)]
            subprocess.run(command, check=True, capture_output=True)
            return int(re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.MULTILINE).group(1))

    nothing, one, two = (counted(count) for count in (0, 1, 2))
    # GNU time would do; this needs nothing but Python.
    code = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True); u = resource.getrusage(resource.RUSAGE_CHILDREN); print(u.ru_utime + u.ru_stime, u.ru_maxrss)"
    seen = subprocess.run([sys.executable, "-c", code, str(bench), "2"], check=True, capture_output=True, text=True).stdout.split()
    return {
        "first_instructions": one - nothing,
        "further_instructions": two - one,
        "cpu_seconds_of_both": float(seen[-2]),
        "memory_kb": int(seen[-1]),
    }


def measure(binary):
    return {
        "instructions": instructions(binary),
        "memory_kb": run_to_first_poll([str(binary)], peak_memory_kb),
        "bytes": binary.stat().st_size,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("functions", nargs="*", help="names; all that are built without any")
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "target" / "lambda", help="where the binaries are")
    parser.add_argument("--receipt-bench", type=pathlib.Path, help="the bench `receipt` of `documents`, built in the same profile: what setting costs")
    parser.add_argument("--json", type=pathlib.Path, help="where to write the figures")
    arguments = parser.parse_args()
    names = arguments.functions or sorted(path.name for path in (ROOT / "functions").iterdir())
    figures, beyond = {}, []
    print(f"{'function':20} {'instructions':>14} {'memory KB':>10} {'bytes':>10}")
    for name in names:
        binary = arguments.bin / name
        if not binary.exists():
            raise SystemExit(f"{binary} is not built: cargo build --profile lambda -p {name}")
        figure = figures[name] = measure(binary)
        print(f"{name:20} {figure['instructions']:>14,} {figure['memory_kb']:>10,} {figure['bytes']:>10,}", flush=True)
        most_bytes = MOST_BYTES_OF_SETTERS if name in SETTERS else MOST_BYTES
        bounds = {"instructions": MOST_INSTRUCTIONS, "memory_kb": MOST_MEMORY_KB, "bytes": most_bytes}
        beyond += [f"{name}: {figure[what]:,} {what} are more than {most:,}" for what, most in bounds.items() if figure[what] > most]
    if arguments.receipt_bench:
        figure = figures["setting a receipt"] = setting(arguments.receipt_bench)
        print(", ".join(f"{what}: {count:,}" for what, count in figure.items()))
        bounds = {
            "first_instructions": MOST_INSTRUCTIONS_OF_FIRST,
            "further_instructions": MOST_INSTRUCTIONS_OF_FURTHER,
            "memory_kb": MOST_MEMORY_KB_OF_SETTING,
        }
        beyond += [f"a receipt: {figure[what]:,} {what} are more than {most:,}" for what, most in bounds.items() if figure[what] > most]
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")
    for line in beyond:
        print(line, file=sys.stderr)
    sys.exit(1 if beyond else 0)


if __name__ == "__main__":
    main()
