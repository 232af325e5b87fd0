-- Starts a grace period, unless another edge has started one.
--
-- KEYS[1]  the set of home networks
-- KEYS[2]  the hash of the account
-- KEYS[3]  the tombstone
-- ARGV[1]  "outside_since" of the record that was evaluated, or 0
-- ARGV[2]  now
--
-- Returns 1, or 0 if the field has another value by now, or the account was
-- erased.

-- include closed.lua
-- include time.lua

if closed() or time('outside_since') ~= ARGV[1] then
    return 0
end

redis.call('HDEL', KEYS[2], 'home_since')
redis.call('HSET', KEYS[2], 'outside_since', ARGV[2])

return 1
