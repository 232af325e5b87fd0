-- wrk: the requests of a file, one after the other; WRK_REQUESTS names it.
-- What was counted goes out as one line that is easily read.

local requests = {}
local n = 0

function init()
    for line in io.lines(os.getenv("WRK_REQUESTS")) do
        requests[#requests + 1] = (line:gsub("\\r\\n", "\r\n"))
    end
end

function request()
    n = n % #requests + 1
    return requests[n]
end

function done(summary)
    local e = summary.errors
    print(("RESULT %d %d %d %d"):format(summary.requests, summary.duration,
          e.status, e.connect + e.read + e.write + e.timeout))
end
