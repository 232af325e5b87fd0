-- wrk: accounts 1 to WRK_ACCOUNTS at random, at WRK_PATH, by the ids that
-- Bench::Data::numbered() gives; one after the other if WRK_FILL is set.

local accounts = tonumber(os.getenv("WRK_ACCOUNTS"))
local head = "GET " .. os.getenv("WRK_PATH") .. "?account="
local tail = " HTTP/1.1\r\nHost: edge.example\r\n\r\n"
local fill = os.getenv("WRK_FILL")
local last = 0
local format, random = string.format, math.random

function init()
    math.randomseed(os.time())
end

function request()
    local n = fill and last % accounts + 1 or random(accounts)
    last = n
    return head .. format("%08x-0000-4000-8000-%012x", n, n) .. tail
end

function done(summary, latency)
    local e = summary.errors
    print(("RESULT %d %d %d %d %d %d %d"):format(summary.requests,
          summary.duration, e.status,
          e.connect + e.read + e.write + e.timeout,
          latency:percentile(50), latency:percentile(99),
          latency:percentile(99.9)))
end
