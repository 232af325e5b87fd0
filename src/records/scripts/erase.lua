-- Erases an account, and keeps edges from writing to it for a while: a write
-- that was computed before must not bring it back.
--
-- KEYS[1]  the mark of an erased account
-- KEYS[2]  the keys to delete, one or more
-- ARGV[1]  seconds for which the mark stays
--
-- Returns the number of keys that existed.

local n = 0

for i = 2, #KEYS do
    n = n + redis.call('DEL', KEYS[i])
end

redis.call('SET', KEYS[1], '1', 'EX', ARGV[1])

return n
