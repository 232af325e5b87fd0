-- Replaces the presence of an account, unless another edge has replaced it.
--
-- KEYS[1]  the set of home networks
-- KEYS[2]  the hash of the account
-- KEYS[3]  the tombstone
-- KEYS[4]  the key of the presence
-- ARGV[1]  first bytes of the presence that was evaluated, or an empty string
--          if there was none
-- ARGV[2]  the new presence
-- ARGV[3]  seconds until it expires
--
-- Returns 1, or 0 if the account was erased, or the presence that is there
-- instead.

-- include closed.lua

if closed() then
    return 0
end

local s = redis.call('GET', KEYS[4]) or ''

if s:sub(1, 12) ~= ARGV[1] then
    return s
end

redis.call('SET', KEYS[4], ARGV[2], 'EX', ARGV[3])

return 1
