#!/usr/bin/python3
"""The application of the stack: signs viewers in, sells the seat of an extra
member, sends a code to the owner of an account, and writes him mails.

It knows the household only by what an application has: the state of an offer
(docs/offers.md), the API of an edge (docs/api.md) and the events
(docs/events.md).  Its address, its keys, Redis and the API are in the
environment: SHOP, KEYS, REDIS, ADMIN_1; and ACCOUNT, the file that keeps which
account it is about, until it starts over.
"""

import http.client
import http.server
import json
import os
import secrets
import signal
import sys
import threading
import time
import urllib.parse

from jwcrypto import jwk, jwt

from events import read_events
from state import read_state

KEYS = os.environ["KEYS"]
ACCOUNT = os.environ["ACCOUNT"]
OWNER = "Anne Martin"

DEVICES = {"tv": "the television", "phone": "Anne's phone",
           "laptop": "the cousin's laptop"}

HOME = ("82.64.10.7", "2a01:e0a:1f3:9c00::/56")
SEATS = 1
DAY = 86400
CODE_VALID = 600
CODE_TRIES = 5


class Refused(Exception):
    """A request that gets an answer other than 2xx."""

    def __init__(self, status, title):
        super().__init__(title)
        self.status = status


def rfc3339(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def segment(text):
    return urllib.parse.quote(text, safe="")


def call(method, path, text):
    conn = http.client.HTTPConnection(os.environ["ADMIN_1"], timeout=10)

    conn.request(method, "/api/1/" + path, text,
                 {} if text is None else {"Content-Type": "application/json"})
    answer = conn.getresponse()
    said = answer.read()
    conn.close()

    return answer.status, said


def api(method, path, body=None):
    """A call of the API of an edge; what it answers.  Each call sets a state,
    so it may be repeated, and is while Redis does not answer."""
    text = None if body is None else json.dumps(body)
    end = time.monotonic() + 10

    status, said = call(method, path, text)

    while status == 503 and time.monotonic() < end:
        time.sleep(0.5)
        status, said = call(method, path, text)

    if status >= 300:
        raise Refused(502, f"the API: {status} {said.decode()}")

    return json.loads(said) if said else None


class Shop:
    def __init__(self):
        self.lock = threading.RLock()
        self.signed_at = 0
        self.account = None
        self.mails = []
        self.codes = {}

        with open(f"{KEYS}/hmac.key", "rb") as file:
            self.secret = file.readline().rstrip(b"\r\n")

        with open(f"{KEYS}/playback.jwk") as file:
            self.key = jwk.JWK.from_json(file.read())

    def path(self, rest=""):
        return f"accounts/{segment(self.account)}{rest}"

    # --- the household ---------------------------------------------------

    def start(self):
        """With the account of the last time, if Redis still has it."""
        if os.path.exists(ACCOUNT):
            with open(ACCOUNT) as file:
                self.account = file.read()

        if self.account is None or not api("GET", self.path())["exists"]:
            self.start_over()

    def start_over(self):
        """Another household Martin, with one home and a phone that was there
        an hour ago.  It has a new id: mails go out once a day and account."""
        if self.account is not None:
            api("DELETE", self.path())

        self.account = "martin-" + secrets.token_hex(3)
        self.mails = []
        self.codes = {}

        for network in HOME:
            api("PUT", self.path(f"/home/{segment(network)}"))

        api("PATCH", self.path(), {"country": "FR", "seats": SEATS})
        api("PUT", self.path("/devices/phone"),
            {"seen": rfc3339(time.time() - 3600)})

        with open(ACCOUNT, "w") as file:
            file.write(self.account)

    def sign_in(self, device):
        """A playback token: of which account, on which device, since when."""
        if device not in DEVICES:
            raise Refused(422, "no such device")

        now = self.signed_at = int(time.time())
        token = jwt.JWT(header={"alg": "ES256", "kid": self.key["kid"]},
                        claims={"iss": "https://id.example.tv", "aud": "edge",
                                "sub": self.account, "did": device,
                                "iat": now, "exp": now + DAY})
        token.make_signed_token(self.key)

        return token.serialize()

    def sign_out(self):
        # times are in seconds: a token of this second would stay valid
        while int(time.time()) <= self.signed_at:
            time.sleep(0.05)

        api("POST", self.path("/sign-out"), {})

    # --- what an offer leads to ------------------------------------------

    def state(self, text):
        """Whom an edge has denied, if it has: nothing else is believed."""
        claims = read_state(self.secret, text)

        if claims is None or claims.get("sub") != self.account:
            raise Refused(403, "this offer is not valid, or not any more")

        return claims

    def sell(self, claims):
        """The seat of an extra member, for a month, where the viewer is."""
        paid = [seat for seat in api("GET", self.path())["extra_members"]
                if seat["state"] == "paid"]

        if len(paid) >= SEATS:
            raise Refused(409, "no seat is free")

        api("PUT", self.path("/extra-members/s1"),
            {"networks": [claims["address"]],
             "until": rfc3339(time.time() + 30 * DAY)})
        self.mail("Your new extra member",
                  f"{self.device(claims)} has a seat until "
                  f"{rfc3339(time.time() + 30 * DAY)[:10]}, for 5,99 EUR.")

    def send_code(self, claims):
        code = f"{secrets.randbelow(1000000):06}"

        self.codes[claims["device"]] = [code, CODE_TRIES,
                                        time.time() + CODE_VALID]
        self.mail(f"Your code is {code}",
                  f"{self.device(claims)} wants to watch. Is it one of your "
                  f"household? Then type the code {code} there.")

    def check_code(self, claims, typed):
        """Lets the device in, as if it had been seen at home now."""
        code, tries, until = self.codes.get(claims["device"], ("", 0, 0))

        if tries == 0 or time.time() > until:
            raise Refused(403, "this code is not valid any more")

        self.codes[claims["device"]][1] -= 1

        if not secrets.compare_digest(code, typed):
            raise Refused(403, "this is not the code")

        del self.codes[claims["device"]]
        api("PUT", self.path(f"/devices/{segment(claims['device'])}"), {})

    # --- mails -----------------------------------------------------------

    @staticmethod
    def device(fields):
        return DEVICES.get(fields.get("device"), "an unknown device")

    def mail(self, subject, text):
        self.mails.append({"to": f"{OWNER} <anne@example.com>",
                           "subject": subject, "text": text})

    def event(self, event):
        texts = {
            "denied": ("A device was denied",
                       "{} could not watch from {}. Sign out of all devices "
                       "if you do not know it."),
            "seat_used": ("The seat of your extra member is used",
                          "{} watches from {}.")}

        with self.lock:
            if event["account"] == self.account and event["kind"] in texts:
                subject, text = texts[event["kind"]]
                self.mail(subject, text.format(self.device(event),
                                               event["network"]))


PAGE = """<!doctype html><html lang="en"><meta charset="utf-8">
<title>The shop</title><link rel="stylesheet" href="/page.css">
<body><main><form method="post"><h1>{title}</h1><p>{text}
<p><button>{button}</button></form></main>
"""

PAGES = {"/shop/seat": ("A seat for an extra member",
                        "For somebody who lives elsewhere.",
                        "5,99 EUR a month"),
         "/shop/code": ("Do you live in this household?",
                        "Its owner gets a code.", "Send the code")}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    shop = None

    def answer(self, status, body, kind="application/json", **headers):
        text = (body if isinstance(body, str) else json.dumps(body)).encode()

        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.send_header("Cache-Control", "no-store")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(text)

    def body(self):
        length = int(self.headers.get("Content-Length") or 0)

        if length > 4096:
            raise Refused(413, "too long")

        text = self.rfile.read(length)

        if self.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            raise Refused(403, "a page of elsewhere")

        if not self.headers.get("Content-Type", "").startswith(
                "application/json"):
            return {}

        try:
            body = json.loads(text)
        except ValueError:
            body = None

        if not isinstance(body, dict):
            raise Refused(400, "not a JSON object")

        return body

    def do_GET(self):
        path = self.path.partition("?")[0]

        if path == "/shop/mails":
            with self.shop.lock:
                self.answer(200, self.shop.mails)

        elif path in PAGES:
            title, text, button = PAGES[path]
            self.answer(200, PAGE.format(title=title, text=text,
                                         button=button), "text/html")

        else:
            self.answer(404, {"title": "not here"})

    def do_POST(self):
        try:
            body = self.body()

            with self.shop.lock:
                self.post(body)

        except Refused as refused:
            self.answer(refused.status, {"title": str(refused)})

    def post(self, body):
        shop = self.shop
        path, _, query = self.path.partition("?")
        done = {"title": "done"}

        if path == "/shop/start-over":
            shop.start_over()
            self.answer(200, done)

        elif path == "/shop/sign-in":
            token = shop.sign_in(body.get("device"))
            self.answer(200, done, Set_Cookie=f"playback={token}; Path=/film/"
                        "; HttpOnly; SameSite=Strict")

        elif path == "/shop/sign-out":
            shop.sign_out()
            self.answer(200, done)

        elif path in PAGES:
            state = urllib.parse.parse_qs(query).get("state", [""])[0]
            claims = shop.state(state)

            if path == "/shop/seat":
                shop.sell(claims)
            elif "code" in body:
                shop.check_code(claims, str(body["code"]))
            else:
                shop.send_code(claims)

            self.answer(200, done)

        else:
            raise Refused(404, "not here")

    def log_message(self, *_):
        pass


def serve():
    # the first process of a container would not end by itself
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())

    host, port = os.environ["SHOP"].rsplit(":", 1)

    Handler.shop = Shop()
    Handler.shop.start()

    threading.Thread(target=read_events, daemon=True,
                     args=(os.environ["REDIS"], "shop", f"{KEYS}/shop.pass",
                           Handler.shop.event)).start()

    server = http.server.ThreadingHTTPServer((host, int(port)), Handler)
    server.daemon_threads = True
    server.serve_forever()


if __name__ == "__main__":
    serve()
