-- Writes that the household was seen at home again.
--
-- KEYS[1]  the set of home networks
-- KEYS[2]  the hash of the account
-- KEYS[3]  the tombstone
-- ARGV[1]  now
--
-- Returns 1, or 0 if it is written already, or the account was erased.

-- include closed.lua
-- include time.lua

if closed() or time('home_since') ~= '0' then
    return 0
end

redis.call('HSET', KEYS[2], 'home_since', ARGV[1])

return 1
