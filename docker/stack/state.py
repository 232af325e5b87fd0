"""The state of an offer: an encrypted JWT (docs/offers.md)."""

import base64
import hashlib
import hmac
import json

from jwcrypto import jwk, jwt


def read_state(secret, text):
    """The claims, or None if no edge with this secret has made it, or if it
    has expired."""
    key = hmac.new(secret, b"household state", hashlib.sha256).digest()
    key = jwk.JWK(kty="oct",
                  k=base64.urlsafe_b64encode(key).decode().rstrip("="))

    try:
        token = jwt.JWT(jwt=text, key=key, algs=["dir", "A128CBC-HS256"])
        return json.loads(token.claims)
    except Exception:  # whatever the text is, it is none
        return None
