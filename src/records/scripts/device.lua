-- Writes a device, and removes the oldest one in its place.
--
-- KEYS[1]  the set of home networks
-- KEYS[2]  the hash of the account
-- KEYS[3]  the tombstone
-- ARGV[1]  field of the device
-- ARGV[2]  its value
-- ARGV[3]  field of the device to remove, or nothing
-- ARGV[4]  value of that field: it stays if it has another one by now
--
-- Returns 1, or 0 if the account was erased.

-- include closed.lua

if closed() then
    return 0
end

redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])

if ARGV[3] and redis.call('HGET', KEYS[2], ARGV[3]) == ARGV[4] then
    redis.call('HDEL', KEYS[2], ARGV[3])
end

return 1
