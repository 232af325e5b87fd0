-- Starts a grace period, unless another edge has started one.
--
-- KEYS[1]  the hash of the account
-- ARGV[1]  "outside_since" of the record that was evaluated, or 0
-- ARGV[2]  now
--
-- Returns 1, or 0 if the field has another value by now.

-- include time.lua

if time('outside_since') ~= ARGV[1] then
    return 0
end

redis.call('HDEL', KEYS[1], 'home_since')
redis.call('HSET', KEYS[1], 'outside_since', ARGV[2])

return 1
