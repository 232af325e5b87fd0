-- HAProxy has no client of Redis for Lua: this is as little of one as does.
-- Sockets are kept and taken up again by whichever request comes next, which
-- core.tcp() allows within a thread; both keys are one round trip.  IPv4
-- only, as verdict.lua.

local address = os.getenv("REDIS")
local idle, kept = {}, 0
local month = 31 * 86400


-- one reply: text, number, list, or nil for none; nil and why otherwise
local function reply(socket)
    local line, err = socket:receive("*l")
    if not line then
        return nil, err
    end

    local kind, rest = line:sub(1, 1), line:sub(2)

    if kind == "$" then
        local length = tonumber(rest)
        if length < 0 then
            return nil
        end

        local text
        text, err = socket:receive(length + 2)
        return text and text:sub(1, length), err

    elseif kind == "*" then
        local list = {}
        for i = 1, tonumber(rest) do
            list[i], err = reply(socket)
            if err then
                return nil, err
            end
        end
        return list

    elseif kind == "-" then
        return nil, rest
    end

    return rest
end


local function connect()
    if kept > 0 then
        kept = kept - 1
        return table.remove(idle)
    end

    local socket = core.tcp()
    socket:settimeout(20)

    if not socket:connect(address) then
        return nil
    end
    return socket
end


local function fetch(id)
    local socket = connect()
    if not socket then
        return nil
    end

    local key = "household:{" .. id .. "}"
    socket:send("*2\r\n$8\r\nSMEMBERS\r\n$" .. #key .. "\r\n" .. key
                .. "\r\n*2\r\n$7\r\nHGETALL\r\n$" .. #key + 8 .. "\r\n"
                .. key .. ":account\r\n")

    local networks = reply(socket)
    local account = networks and reply(socket)

    if not account then
        socket:close()
        return nil
    end

    kept = kept + 1
    idle[kept] = socket

    return networks, account
end


local function number(text)
    local a, b, c, d, len = text:match("^(%d+)%.(%d+)%.(%d+)%.(%d+)/?(%d*)$")
    if a then
        return a << 24 | b << 16 | c << 8 | d, tonumber(len) or 32
    end
end

local function allowed(networks, account, viewer, device)
    local n = number(viewer)

    for _, network in ipairs(networks) do
        local base, len = number(network)
        if n and base and n >> (32 - len) == base >> (32 - len) then
            return true
        end
    end

    for i = 1, device and #account or 0, 2 do
        if account[i] == "device:" .. device then
            return account[i + 1] + month > os.time()
        end
    end

    return false
end


core.register_action("household", { "http-req" }, function(txn)
    local networks, account = fetch(txn.sf:url_param("account"))

    if networks then
        local ok = allowed(networks, account, txn.sf:src(),
                           txn.sf:req_fhdr("x-device"))
        txn:set_var("txn.household", ok and "home" or "outside")
    end
end)
