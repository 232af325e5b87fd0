-- Whether the account was erased lately, and nobody has written it anew: then
-- an edge, which may know it from before, does not write to it.
--
-- KEYS[1]  the set of home networks
-- KEYS[2]  the hash of the account
-- KEYS[3]  the tombstone

local function closed()
    return redis.call('EXISTS', KEYS[3]) == 1
           and redis.call('EXISTS', KEYS[1], KEYS[2]) == 0
end
