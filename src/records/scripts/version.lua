-- The version of the account: 16 hexadecimal digits that do not depend on the
-- order of members and fields.  ngx_household_account_version() computes the
-- same.

local function version()
    local high, low = 0, 0

    local function mix(text)
        local hex = redis.sha1hex(text)

        high = bit.bxor(high, tonumber(hex:sub(1, 8), 16))
        low = bit.bxor(low, tonumber(hex:sub(9, 16), 16))
    end

    for _, name in ipairs(redis.call('SMEMBERS', KEYS[1])) do
        mix('h' .. name)
    end

    local fields = redis.call('HGETALL', KEYS[2])

    for i = 1, #fields, 2 do
        mix('f' .. #fields[i] .. ':' .. fields[i] .. fields[i + 1])
    end

    return bit.tohex(high) .. bit.tohex(low)
end
