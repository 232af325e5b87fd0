-- Writes a device, and removes the oldest one in its place.
--
-- KEYS[1]  the hash of the account
-- ARGV[1]  field of the device
-- ARGV[2]  its value
-- ARGV[3]  field of the device to remove
-- ARGV[4]  value of that field: it stays if it has another one by now
--
-- Returns 1.

redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])

if redis.call('HGET', KEYS[1], ARGV[3]) == ARGV[4] then
    redis.call('HDEL', KEYS[1], ARGV[3])
end

return 1
