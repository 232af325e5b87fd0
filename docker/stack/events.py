"""The events of the edges, from a Redis Stream (docs/events.md)."""

import json
import os
import subprocess
import time


def read_events(address, user, password_file, handle):
    """Calls handle(event) for each one; does not return."""
    host, port = address.rsplit(":", 1)

    with open(password_file) as file:
        env = dict(os.environ, REDISCLI_AUTH=file.readline().strip())

    def redis(*args):
        out = subprocess.run(
            ["redis-cli", "-e", "--json", "-h", host, "-p", port,
             "--user", user, *args],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env)
        return json.loads(out.stdout) if out.returncode == 0 else None

    def join(last):
        redis("XGROUP", "CREATE", "household-events", "mail", last, "MKSTREAM")

    join("$")

    while True:
        reply = redis("XREADGROUP", "GROUP", "mail", "one", "COUNT", "10",
                      "BLOCK", "2000", "STREAMS", "household-events", ">")

        # none came, or Redis is down, or has lost the group
        if reply is None:
            time.sleep(0.2)
            join("0")

        for number, words in (reply or {}).get("household-events", []):
            handle(dict(zip(words[::2], words[1::2])))
            redis("XACK", "household-events", "mail", number)
