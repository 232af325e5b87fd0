"""What auth_request asks, as a service in Python.

Under uvicorn with uvloop and httptools, two processes for two cores; redis-py
with its pool and hiredis, both keys in one round trip.  Networks are parsed
once.  No framework: one would only cost.

    REDIS=SOCKET uvicorn --app-dir DIR --uds SOCKET --workers 2 verdict:app
"""

import os
import time
from functools import lru_cache
from ipaddress import ip_address, ip_network

from redis.asyncio import ConnectionPool, Redis, UnixDomainSocketConnection

MONTH = 31 * 86400

redis = Redis(connection_pool=ConnectionPool(
    connection_class=UnixDomainSocketConnection, path=os.environ["REDIS"],
    decode_responses=True))

network_of = lru_cache(65536)(ip_network)
address_of = lru_cache(65536)(ip_address)


async def fetch(account):
    key = "household:{" + account + "}"

    async with redis.pipeline(transaction=False) as pipe:
        pipe.smembers(key)
        pipe.hgetall(key + ":account")
        return await pipe.execute()


def allowed(networks, account, viewer, device):
    address = address_of(viewer)

    if any(address in network_of(network) for network in networks):
        return True

    seen = device and account.get("device:" + device)
    return bool(seen) and int(seen) + MONTH > time.time()


async def app(scope, receive, send):
    headers = dict(scope["headers"])
    account = scope["query_string"].decode().partition("=")[2]

    try:
        networks, facts = await fetch(account)
        ok = allowed(networks, facts, headers[b"x-viewer"].decode(),
                     headers.get(b"x-device", b"").decode())
        status = 204 if ok else 403
    except Exception:
        status = 500

    await send({"type": "http.response.start", "status": status,
                "headers": []})
    await send({"type": "http.response.body"})
