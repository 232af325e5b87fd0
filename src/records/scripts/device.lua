-- Writes a device, and removes the oldest one in its place.  A device that is
-- known at its places is written to the hash beside the account, of which no
-- edge is told: so what the edge has read may be old, and no time is replaced
-- by an earlier one.
--
-- KEYS[1]  the set of home networks
-- KEYS[2]  the hash of the account
-- KEYS[3]  the tombstone
-- KEYS[4]  the later times of its devices
-- ARGV[1]  field of the device
-- ARGV[2]  its value
-- ARGV[3]  seconds for which a time in the hash of the account may be older
-- ARGV[4]  seconds until the hash beside it expires
-- ARGV[5]  field of the device to remove, or nothing
-- ARGV[6]  value of that field: it stays if it has another one by now
--
-- Returns 1; 2 if no edge is told; or 0 if the account was erased.

-- include closed.lua

-- include seen.lua

if closed() then
    return 0
end

local value = latest(ARGV[2], seen(ARGV[1]) or '')

local function known()
    local former = places(redis.call('HGET', KEYS[2], ARGV[1]) or '')

    for seat, time in pairs(places(value)) do
        local age = former[seat] and tonumber(time) - tonumber(former[seat])

        if not age or age >= tonumber(ARGV[3]) then
            return false
        end
    end

    return true
end

local result = 1

if known() then
    redis.call('HSET', KEYS[4], ARGV[1]:sub(8), value)
    redis.call('EXPIRE', KEYS[4], ARGV[4])
    result = 2

else
    redis.call('HSET', KEYS[2], ARGV[1], value)
    redis.call('HDEL', KEYS[4], ARGV[1]:sub(8))
end

if ARGV[5] and seen(ARGV[5]) == ARGV[6] then
    redis.call('HDEL', KEYS[2], ARGV[5])
    redis.call('HDEL', KEYS[4], ARGV[5]:sub(8))
end

return result
