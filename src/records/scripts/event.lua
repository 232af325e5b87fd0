-- Marks that an event is written: nobody else writes it.
--
-- KEYS[1]  the set of home networks
-- KEYS[2]  the hash of the account
-- KEYS[3]  the tombstone
-- KEYS[4]  the mark
-- ARGV[1]  seconds until it expires
--
-- Returns 1, 0 if there is a mark, or -1 if the account was erased.

-- include closed.lua

if closed() then
    return -1
end

if not redis.call('SET', KEYS[4], 1, 'NX', 'EX', ARGV[1]) then
    return 0
end

return 1
