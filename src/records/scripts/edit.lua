-- Changes an account, all or nothing.
--
-- KEYS[1]  the set of home networks
-- KEYS[2]  the hash of the account
-- KEYS[3]  the tombstone, which is removed if something is added
-- KEYS[4]  the later times of its devices
-- ARGV[1]  the version that the account must have, or an empty string
-- ARGV[2]  the edits, three arguments each: "add" and "remove" a home network,
--          "set" and "unset" a field; the name; the value
--
-- Returns the number of changes, or -1 if the account has another version.

-- include version.lua

if ARGV[1] ~= '' and version() ~= ARGV[1] then
    return -1
end

-- a later time of a device, which is set to another one, or unset

local function forget(name)
    return name:sub(1, 7) == 'device:'
           and redis.call('HDEL', KEYS[4], name:sub(8)) == 1
end

local n, adds = 0, false

for i = 2, #ARGV, 3 do
    local edit, name, value = ARGV[i], ARGV[i + 1], ARGV[i + 2]

    if edit == 'add' then
        n = n + redis.call('SADD', KEYS[1], name)
        adds = true

    elseif edit == 'remove' then
        n = n + redis.call('SREM', KEYS[1], name)

    elseif edit == 'unset' then
        forget(name)
        n = n + redis.call('HDEL', KEYS[2], name)

    else
        adds = true

        if forget(name) or redis.call('HGET', KEYS[2], name) ~= value then
            redis.call('HSET', KEYS[2], name, value)
            n = n + 1
        end
    end
end

if adds then
    redis.call('DEL', KEYS[3])
end

return n
