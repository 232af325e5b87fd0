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

-- an account of which nothing is stored, as most are that are imported
local empty = ARGV[1] == '0000000000000000'

if empty then
    if redis.call('EXISTS', KEYS[1], KEYS[2]) ~= 0 then
        return -1
    end

elseif ARGV[1] ~= '' and version() ~= ARGV[1] then
    return -1
end

-- a later time of a device, which is set to another one, or unset

local function forget(name)
    return name:sub(1, 7) == 'device:'
           and redis.call('HDEL', KEYS[4], name:sub(8)) == 1
end

local n, adds, homes, fields = 0, false, {}, {}

for i = 2, #ARGV, 3 do
    local edit, name, value = ARGV[i], ARGV[i + 1], ARGV[i + 2]

    if edit == 'add' then
        homes[#homes + 1] = name
        adds = true

    elseif edit == 'remove' then
        n = n + redis.call('SREM', KEYS[1], name)

    elseif edit == 'unset' then
        forget(name)
        n = n + redis.call('HDEL', KEYS[2], name)

    else
        adds = true

        if forget(name) or empty
           or redis.call('HGET', KEYS[2], name) ~= value
        then
            fields[#fields + 1] = name
            fields[#fields + 1] = value
        end
    end
end

-- unpack() has room for some thousands, and what has ended is without a limit

local function write(command, key, list)
    local n = 0

    for i = 1, #list, 1000 do
        n = n + redis.call(command, key,
                           unpack(list, i, math.min(i + 999, #list)))
    end

    return n
end

n = n + write('SADD', KEYS[1], homes) + #fields / 2
write('HSET', KEYS[2], fields)

if adds then
    redis.call('DEL', KEYS[3])
end

return n
