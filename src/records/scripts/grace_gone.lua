-- The household is outside again, within the same grace period.
--
-- KEYS[1]  the hash of the account
--
-- Returns the number of fields that were removed.

return redis.call('HDEL', KEYS[1], 'home_since')
