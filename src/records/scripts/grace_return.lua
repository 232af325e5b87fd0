-- Writes that the household was seen at home again.
--
-- KEYS[1]  the hash of the account
-- ARGV[1]  now
--
-- Returns 1, or 0 if it is written already.

-- include time.lua

if time('home_since') ~= '0' then
    return 0
end

redis.call('HSET', KEYS[1], 'home_since', ARGV[1])

return 1
