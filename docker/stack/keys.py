#!/usr/bin/python3
"""docker/stack/keys.py DIR: the secrets of the stack, made at its first start.

hmac.key         the edges encrypt the state of an offer, the shop decrypts it
playback.jwk     the shop signs playback tokens
playback.jwks    the edges verify them
edge.pass, desk.pass, shop.pass, users.acl
                 the users of Redis: the edges, their API, the shop
"""

import hashlib
import os
import secrets
import sys

from jwcrypto import jwk

EDGE = ("resetchannels &__redis__:invalidate ~household:* "
        "~household-device:* ~household-closed:* ~household-seen:* "
        "~household-event:* ~household-events -@all +smembers +hgetall +ping "
        "+client|id +client|tracking +subscribe +info +hset +eval +evalsha "
        "+exists +expire +scard +sadd +hget +hkeys +hdel +get +set +xadd")
DESK = ("resetchannels ~household:* ~household-device:* ~household-seen:* "
        "~household-event:* ~household-closed:* -@all +smembers +hgetall "
        "+get +eval +evalsha +exists +sadd +srem +hget +hset +hdel +del "
        "+set +ping +info")
SHOP = ("resetchannels ~household-events -@all "
        "+xgroup +xreadgroup +xack +ping")


def write(name, text):
    # other users of the containers read it; nobody else sees the folder
    with open(name + ".new", "w") as out:
        out.write(text)
    os.chmod(name + ".new", 0o644)
    os.rename(name + ".new", name)


def make(folder):
    # nobody signs in as the default user; but Redis 7 loads transactions, as
    # which scripts are stored, only if it may do what they do
    users = ["user default off ~* +@all"]

    for name, rules in (("edge", EDGE), ("desk", DESK), ("shop", SHOP)):
        password = secrets.token_urlsafe(24)
        digest = hashlib.sha256(password.encode()).hexdigest()

        users.append(f"user {name} on #{digest} {rules}")
        write(f"{folder}/{name}.pass", password + "\n")

    write(f"{folder}/users.acl", "\n".join(users) + "\n")
    write(f"{folder}/hmac.key", secrets.token_urlsafe(48) + "\n")

    key = jwk.JWK.generate(kty="EC", crv="P-256", alg="ES256", use="sig",
                           kid=secrets.token_hex(4))

    write(f"{folder}/playback.jwk", key.export() + "\n")

    # last: with this one all of them are there
    write(f"{folder}/playback.jwks",
          '{"keys":[' + key.export_public() + "]}\n")


if __name__ == "__main__":
    os.makedirs(sys.argv[1], exist_ok=True)

    if not os.path.exists(f"{sys.argv[1]}/playback.jwks"):
        make(sys.argv[1])
