"""An identity issuer for the journey: an RSA key, its JWKS on a loopback port, and tokens signed with it."""

import base64
import contextlib
import http.server
import json
import threading
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

KEY_ID = "journey"
TOKEN_SECS = 900


def b64(data):
    """Base64url without padding, as JOSE writes it."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value):
    """An unsigned integer as JOSE writes it."""
    return b64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


class Issuer:
    """Signs tokens; `url` is the issuer's name and where its keys are."""

    def __init__(self, audience):
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.audience = audience
        self.url = None

    def documents(self):
        """What the issuer serves, by path."""
        public = self.key.public_key().public_numbers()
        jwk = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": KEY_ID, "n": number(public.n), "e": number(public.e)}
        return {
            "/.well-known/openid-configuration": {"issuer": self.url, "jwks_uri": f"{self.url}/.well-known/jwks.json"},
            "/.well-known/jwks.json": {"keys": [jwk]},
        }

    def token(self, subject, role):
        """A bearer token for the subject in this role."""
        now = int(time.time())
        head = {"alg": "RS256", "typ": "JWT", "kid": KEY_ID}
        claims = {"iss": self.url, "aud": self.audience, "sub": subject, "role": role, "iat": now - 5,
                  "exp": now + TOKEN_SECS}
        signed = ".".join(b64(json.dumps(part).encode()) for part in (head, claims))
        signature = self.key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{b64(signature)}"


@contextlib.contextmanager
def issuer(audience):
    """Serves the issuer's two documents until the block ends."""
    made = Issuer(audience)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            found = made.documents().get(self.path)
            body = json.dumps(found).encode()
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
