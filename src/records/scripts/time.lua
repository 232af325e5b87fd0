-- The time in a field of the account KEYS[2], or '0' if there is none.  A time
-- that is not plausible is ignored, as ngx_household_record_builder_add_field()
-- ignores it.

local function time(field)
    local s = redis.call('HGET', KEYS[2], field)

    if not s or not s:match('^[1-9]%d*$') or tonumber(s) > 4102444799 then
        return '0'
    end

    return s
end
