-- Counts a day at a network, and registers the network as a home network once
-- there are enough days.  Evidence is malformed or expired by the rules of the
-- record.
--
-- KEYS[1]  the set of home networks
-- KEYS[2]  the hash of the account
-- KEYS[3]  the tombstone
-- ARGV[1]  network
-- ARGV[2]  now
-- ARGV[3]  days that are required
-- ARGV[4]  seconds after which evidence expires
-- ARGV[5]  maximum number of networks with evidence
-- ARGV[6]  size of the set in the record that was evaluated
--
-- Returns 1 if the network was registered.  Does nothing and returns 0 if the
-- set has another size by now, the day is counted already, or the account was
-- erased.

-- include closed.lua

local net, now = ARGV[1], tonumber(ARGV[2])

if closed() or redis.call('SCARD', KEYS[1]) ~= tonumber(ARGV[6]) then
    return 0
end

-- the days at a network and the last time there
local function evidence(field)
    local s = redis.call('HGET', KEYS[2], field) or ''
    local n, t = s:match('^([1-9]%d?)@([1-9]%d*)$')

    n, t = tonumber(n) or 0, tonumber(t) or 0

    if n > 31 or t > now + 86400 or now - t > tonumber(ARGV[4]) then
        n = 0
    end

    return n, t
end

local field = 'learn:' .. net
local days, last = evidence(field)

-- a last day after this one is that of an edge whose clock is ahead
if days > 0 and math.floor(last / 86400) >= math.floor(now / 86400) then
    return 0
end

local all = {}

for _, f in ipairs(redis.call('HKEYS', KEYS[2])) do
    if f:sub(1, 6) == 'learn:' then
        all[#all + 1] = f
    end
end

local function six(f)
    return f:find(':', 7, true) ~= nil
end

if days + 1 >= tonumber(ARGV[3]) then
    redis.call('SADD', KEYS[1], net)

    for _, f in ipairs(all) do
        if six(f) == six(field) then
            redis.call('HDEL', KEYS[2], f)
        end
    end

    return 1
end

-- the network with the least evidence makes room for a new one
if #all >= tonumber(ARGV[5]) then
    local least, n, t

    for _, f in ipairs(all) do
        local d, l = evidence(f)

        if f == field then
            least = nil
            break
        end

        if not least or d < n or (d == n and l < t) then
            least, n, t = f, d, l
        end
    end

    if least then
        redis.call('HDEL', KEYS[2], least)
    end
end

redis.call('HSET', KEYS[2], field, (days + 1) .. '@' .. ARGV[2])

return 0
