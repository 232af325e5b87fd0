-- Adds today to the days outside.  Days that are malformed, in the future or
-- there twice are dropped, and then the oldest ones beyond the limit.
--
-- KEYS[1]  the set of home networks
-- KEYS[2]  the hash of the account
-- KEYS[3]  the tombstone
-- ARGV[1]  today, in days since the epoch
-- ARGV[2]  maximum number of days
--
-- Returns 1, or 0 if nothing changes, or the account was erased.

-- include closed.lua

if closed() then
    return 0
end

local today, max = tonumber(ARGV[1]), tonumber(ARGV[2])
local s = redis.call('HGET', KEYS[2], 'outside_days') or ''
local days, known = {today}, {[ARGV[1]] = true}

for d in s:gmatch('[^,]+') do
    if d:match('^[1-9]%d*$') and not known[d] and tonumber(d) <= today + 1 then
        days[#days + 1] = tonumber(d)
        known[d] = true
    end
end

table.sort(days)

while #days > max do
    table.remove(days, 1)
end

local text = table.concat(days, ',')

if text == s then
    return 0
end

redis.call('HSET', KEYS[2], 'outside_days', text)

return 1
