-- Erases an account.
--
-- KEYS     all keys of the account
--
-- Returns the number of keys that existed.

local n = 0

for i = 1, #KEYS do
    n = n + redis.call('DEL', KEYS[i])
end

return n
