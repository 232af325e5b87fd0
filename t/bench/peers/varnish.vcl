vcl 4.1;

# Varnish that asks Redis itself, with varnish-redis (libvmod-redis), and
# answers itself.  VCL has no loops and the module no pipelines: what an array
# of networks needs is a script in Redis, as its documentation advises, which
# is sent once and called by its digest.  A connection a worker thread, which
# waits for the answer.  IPv4 only, as verdict.lua.

import redis;

backend none none;

sub vcl_init {
    new db = redis.db(location="@REDIS@", type=master,
                      connection_timeout=20000, command_timeout=20000,
                      shared_connections=false, max_connections=1);
}

sub vcl_recv {
    db.command("EVAL");
    db.push({"
local function number(text)
    local a, b, c, d = text:match('^(%d+)%.(%d+)%.(%d+)%.(%d+)$')
    return a and a * 16777216 + b * 65536 + c * 256 + d
end

local viewer = number(ARGV[1])

for _, network in ipairs(redis.call('SMEMBERS', KEYS[1])) do
    local base, length = network:match('^([^/]+)/?(%d*)$')
    local n = base and number(base)

    if n and viewer then
        local host = 2 ^ (32 - (tonumber(length) or 32))
        if n - n % host == viewer - viewer % host then
            return 1
        end
    end
end

local seen = ARGV[2] ~= ''
             and redis.call('HGET', KEYS[2], 'device:' .. ARGV[2])
return seen and seen + 2678400 > redis.call('TIME')[1] + 0 and 1 or 0
"});
    db.push("2");
    db.push("household:{" + regsub(req.url, "^.*[?&]account=([^&]*).*$", "\1")
            + "}");
    db.push("household:{" + regsub(req.url, "^.*[?&]account=([^&]*).*$", "\1")
            + "}:account");
    db.push(client.ip);
    db.push(req.http.X-Device);
    db.execute();

    # an error lets everybody in, as the others do
    if (db.reply_is_integer() && db.get_integer_reply() == 0) {
        return (synth(403));
    }

    return (synth(200));
}

sub vcl_synth {
    unset resp.http.Retry-After;

    if (resp.status == 403) {
        set resp.http.Content-Type = "application/problem+json";
        set resp.http.Cache-Control = "no-store";
        set resp.body = """@PROBLEM@""";
        return (deliver);
    }

    set resp.http.Content-Type = "image/gif";
    set resp.body = :@GIF@:;
    return (deliver);
}
