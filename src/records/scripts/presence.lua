-- Replaces the presence of an account, unless another edge has replaced it.
--
-- KEYS[1]  the key of the presence
-- ARGV[1]  first bytes of the presence that was evaluated, or an empty string
--          if there was none
-- ARGV[2]  the new presence
-- ARGV[3]  seconds until it expires
--
-- Returns 1, or the presence that is there instead.

local s = redis.call('GET', KEYS[1]) or ''

if s:sub(1, 12) ~= ARGV[1] then
    return s
end

redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])

return 1
