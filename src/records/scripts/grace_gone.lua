-- The household is outside again, within the same grace period.
--
-- KEYS[1]  the set of home networks
-- KEYS[2]  the hash of the account
-- KEYS[3]  the tombstone
--
-- Returns the number of fields that were removed.

return redis.call('HDEL', KEYS[2], 'home_since')
