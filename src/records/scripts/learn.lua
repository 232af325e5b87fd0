-- Counts a day at a network, and registers the network as a home network once
-- there are enough days.  Evidence is malformed or expired by the rules of the
-- record.  With the first home network, that of the other family is registered
-- where the household was on as many days, or on one less, as its visit of
-- today may be to come: whoever uses that family alone would be outside from
-- now on.
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

-- whether the network looks as an edge writes it
local function written(f)
    return f:match('^learn:%d+%.%d+%.%d+%.%d+$')
           or f:match('^learn:[%x:]+:[%x:]*/%d+$')
end

if days + 1 >= tonumber(ARGV[3]) then
    local first = redis.call('SADD', KEYS[1], net) == 1 and ARGV[6] == '0'
    local other, n, t = nil, math.max(tonumber(ARGV[3]) - 1, 1), 0

    for _, f in ipairs(all) do
        local d, l = evidence(f)

        if six(f) == six(field) then
            redis.call('HDEL', KEYS[2], f)

        elseif first and written(f)
               and math.floor(l / 86400) >= math.floor(now / 86400) - 1
               and (d > n or (d == n and l > t))
        then
            other, n, t = f, d, l
        end
    end

    if other then
        redis.call('SADD', KEYS[1], other:sub(7))

        for _, f in ipairs(all) do
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
