-- Gives a seat that learns the network of a client that joined it, for as long
-- as the seat is paid.
--
-- KEYS[1]  the set of home networks
-- KEYS[2]  the hash of the account
-- KEYS[3]  the tombstone
-- ARGV[1]  seat
-- ARGV[2]  network
--
-- Returns 1 if the network was added.  Does nothing and returns 0 if the seat
-- does not learn any more, or has a network of the same family by now.

local prefix = 'extra:' .. ARGV[1] .. ':'
local paid = redis.call('HGET', KEYS[2], prefix .. 'learn')

if not paid then
    return 0
end

-- 6 or 4, as the edge reads it: "::ffff:192.0.2.1" is IPv4; nil for a name that
-- is no network, which the edge ignores

local function family(network)
    if not network:match('^[%x:.]*[:.][%x:.]*/?%d*$') then
        return nil
    end

    if network:match('^[0:]+[Ff][Ff][Ff][Ff]:') then
        return 4
    end

    return network:find(':', 1, true) and 6 or 4
end

for _, f in ipairs(redis.call('HKEYS', KEYS[2])) do
    local network = f:sub(#prefix + 1)

    if f:sub(1, #prefix) == prefix
       and family(network) == family(ARGV[2])
    then
        return 0
    end
end

redis.call('HSET', KEYS[2], prefix .. ARGV[2], paid)

return 1
