-- What a user of lua-nginx-module would write instead: the same two keys in
-- one round trip over a connection that is kept, the networks matched by
-- integers, the same answers.  IPv4 only, and neither extra members nor
-- travel: it does less than the module, which is in its favour.

local redis = require "nginx.redis"
local bit = require "bit"

local band, bnot, lshift, tobit = bit.band, bit.bnot, bit.lshift, bit.tobit
local match, tonumber = string.match, tonumber

local M = {}


local function number(a, b, c, d)
    return tobit(a * 16777216 + b * 65536 + c * 256 + d)
end

local function parse(text)
    local a, b, c, d, len = match(text, "^(%d+)%.(%d+)%.(%d+)%.(%d+)/?(%d*)$")
    if not a then
        return nil
    end

    len = tonumber(len) or 32
    local mask = len == 0 and 0 or bnot(lshift(1, 32 - len) - 1)
    if len == 32 then
        mask = -1
    end

    return band(number(a, b, c, d), mask), mask
end


-- the record of an account: networks as integers, devices, the country
function M.fetch(account)
    local red = redis:new()
    red:set_timeout(20000)

    local ok, err = red:connect(M.socket)
    if not ok then
        return nil, err
    end

    red:init_pipeline(2)
    red:smembers("household:{" .. account .. "}")
    red:hgetall("household:{" .. account .. "}:account")

    local replies
    replies, err = red:commit_pipeline()
    if not replies then
        return nil, err
    end

    red:set_keepalive(60000, 64)

    local record = { devices = {} }
    local n = 0

    for _, text in ipairs(replies[1]) do
        local net, mask = parse(text)
        if net then
            record[n + 1], record[n + 2] = net, mask
            n = n + 2
        end
    end

    local fields = replies[2]
    for i = 1, #fields, 2 do
        local device = match(fields[i], "^device:(.*)")
        if device then
            record.devices[device] = tonumber(fields[i + 1])
        elseif fields[i] == "country" then
            record.country = fields[i + 1]
        end
    end

    return record
end


local function at_home(record, address)
    local a, b, c, d = match(address, "^(%d+)%.(%d+)%.(%d+)%.(%d+)$")
    if not a then
        return false
    end

    local n = number(a, b, c, d)

    for i = 1, #record, 2 do
        if band(n, record[i + 1]) == record[i] then
            return true
        end
    end

    return false
end


-- true: at home or with a device that was there in the last 31 days
function M.allowed(record, address, device)
    if at_home(record, address) then
        return true
    end

    local seen = device and record.devices[device]
    return seen and seen + 2678400 > ngx.time()
end


-- a record as text, for a shared dict, and back: numbers with spaces between
function M.pack(record)
    local parts = { table.concat(record, " "), "|" }

    for device, seen in pairs(record.devices) do
        parts[#parts + 1] = device .. "=" .. seen .. ";"
    end

    return table.concat(parts)
end

function M.unpack(text)
    local record, n = { devices = {} }, 0
    local networks, devices = match(text, "^([^|]*)|(.*)$")

    for number in string.gmatch(networks, "%S+") do
        n = n + 1
        record[n] = tonumber(number)
    end

    for device, seen in string.gmatch(devices, "([^=;]+)=(%d+);") do
        record.devices[device] = tonumber(seen)
    end

    return record
end


function M.refuse()
    ngx.status = 403
    ngx.header["Content-Type"] = "application/problem+json"
    ngx.header["Cache-Control"] = "no-store"
    ngx.print('{"type":"about:blank","title":"Outside of the household",',
              '"status":403,"reason":"outside"}')
    return ngx.exit(ngx.HTTP_OK)
end

return M
