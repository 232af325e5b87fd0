-- The value of a device: its places in the hash of the account, each with the
-- later of its time there and of its time in the hash beside it.
--
-- KEYS[2]  the hash of the account
-- KEYS[4]  the later times of its devices

-- The times of a value by place, '' is the home; an empty table if one is
-- malformed, or if there are too many, as the edge ignores such a value.

local function places(value)
    local times, n = {}, 0

    for place in (value .. ':'):gmatch('([^:]*):') do
        local time, seat = place:match('^([1-9]%d*)@(.+)$')

        time = time or place:match('^[1-9]%d*$')
        seat = seat or ''
        n = n + 1

        if not time or tonumber(time) > 4102444799 or #seat > 128 or n > 4 then
            return {}
        end

        times[seat] = time
    end

    return times
end

-- a value, each place with the later of its time there and of that in "other"

local function latest(value, other)
    local times = places(other)

    return (value:gsub('([^:@]+)(@?)([^:]*)', function(time, at, seat)
        local later = times[seat]

        if later and tonumber(later) > tonumber(time) then
            time = later
        end

        return time .. at .. seat
    end))
end

local function seen(field)
    local value = redis.call('HGET', KEYS[2], field)
    local later = value and redis.call('HGET', KEYS[4], field:sub(8))

    if not later or not next(places(value)) then
        return value
    end

    return latest(value, later)
end
