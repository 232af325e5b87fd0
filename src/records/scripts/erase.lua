-- Erases an account, and leaves a tombstone.
--
-- KEYS[1]  the set of home networks
-- KEYS[2]  the hash of the account
-- KEYS[3]  the tombstone
-- KEYS     the other keys of the account
-- ARGV[1]  seconds until the tombstone expires
-- ARGV[2]  the version that the account must have, or an empty string
--
-- Returns the number of keys that existed, or -1 if the account has another
-- version.

-- include version.lua

if ARGV[2] ~= '' and version() ~= ARGV[2] then
    return -1
end

-- an edge forgets an account, with its presence, if the set changes
local n = redis.call('EXISTS', KEYS[1])

redis.call('SADD', KEYS[1], '')
redis.call('DEL', KEYS[1])

for i = 2, #KEYS do
    if i ~= 3 then
        n = n + redis.call('DEL', KEYS[i])
    end
end

redis.call('SET', KEYS[3], 1, 'EX', ARGV[1])

return n
