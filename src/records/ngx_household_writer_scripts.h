
/*
 * The scripts that Redis runs for ngx_household_writer.c.  KEYS[1] is the hash
 * of the account, unless the script says otherwise.
 */


#ifndef _NGX_HOUSEHOLD_WRITER_SCRIPTS_H_INCLUDED_
#define _NGX_HOUSEHOLD_WRITER_SCRIPTS_H_INCLUDED_


/*
 * The time that a field of the account has, or '0' for none.  One that is not
 * plausible is none, as for ngx_household_record_builder_add_field().
 */

#define NGX_HOUSEHOLD_LUA_TIME                                                \
    "local function time(field) "                                             \
        "local s=redis.call('HGET',KEYS[1],field) "                           \
        "if not s or not s:match('^[1-9]%d*$') "                              \
            "or tonumber(s)>4102444799 then return '0' end "                  \
        "return s "                                                           \
    "end "


/*
 * KEYS: the set and the hash.  ARGV: network, now, days needed, seconds that
 * evidence lasts, networks that are kept, members of the set.
 *
 * If the set is not as the record had it, nothing is done.  The network of
 * the most days is the first one that has as many as needed.  Evidence is
 * malformed or old by the rules of the record: NGX_HOUSEHOLD_LEARN_DAYS.
 */

#define NGX_HOUSEHOLD_LUA_LEARN                                               \
    "local net,now=ARGV[1],tonumber(ARGV[2]) "                                \
    "if redis.call('SCARD',KEYS[1])~=tonumber(ARGV[6]) then return 0 end "    \
                                                                              \
    "local function evidence(field) "                                         \
        "local s=redis.call('HGET',KEYS[2],field) or '' "                     \
        "local n,t=s:match('^([1-9]%d?)@([1-9]%d*)$') "                       \
        "n,t=tonumber(n) or 0,tonumber(t) or 0 "                              \
        "if n>31 or t>now+86400 or now-t>tonumber(ARGV[4]) then n=0 end "     \
        "return n,t "                                                         \
    "end "                                                                    \
                                                                              \
    "local field='learn:'..net "                                              \
    "local days,last=evidence(field) "                                        \
    "if days>0 and math.floor(last/86400)==math.floor(now/86400) then "       \
        "return 0 "                                                           \
    "end "                                                                    \
                                                                              \
    "local all={} "                                                           \
    "for _,f in ipairs(redis.call('HKEYS',KEYS[2])) do "                      \
        "if f:sub(1,6)=='learn:' then all[#all+1]=f end "                     \
    "end "                                                                    \
                                                                              \
    "local function six(f) return f:find(':',7,true)~=nil end "               \
                                                                              \
    "if days+1>=tonumber(ARGV[3]) then "                                      \
        "redis.call('SADD',KEYS[1],net) "                                     \
        "for _,f in ipairs(all) do "                                          \
            "if six(f)==six(field) then redis.call('HDEL',KEYS[2],f) end "    \
        "end "                                                                \
        "return 1 "                                                           \
    "end "                                                                    \
                                                                              \
    "if #all>=tonumber(ARGV[5]) then "                                        \
        "local least,n,t "                                                    \
        "for _,f in ipairs(all) do "                                          \
            "local d,l=evidence(f) "                                          \
            "if f==field then least=nil break end "                           \
            "if not least or d<n or (d==n and l<t) then "                     \
                "least,n,t=f,d,l "                                            \
            "end "                                                            \
        "end "                                                                \
        "if least then redis.call('HDEL',KEYS[2],least) end "                 \
    "end "                                                                    \
                                                                              \
    "redis.call('HSET',KEYS[2],field,(days+1)..'@'..ARGV[2]) "                \
    "return 0"


/* ARGV: former, now */

#define NGX_HOUSEHOLD_LUA_GRACE_START                                         \
    NGX_HOUSEHOLD_LUA_TIME                                                    \
    "if time('outside_since')~=ARGV[1] then return 0 end "                    \
    "redis.call('HDEL',KEYS[1],'home_since') "                                \
    "redis.call('HSET',KEYS[1],'outside_since',ARGV[2]) "                     \
    "return 1"


/* ARGV: now */

#define NGX_HOUSEHOLD_LUA_GRACE_RETURN                                        \
    NGX_HOUSEHOLD_LUA_TIME                                                    \
    "if time('home_since')~='0' then return 0 end "                           \
    "redis.call('HSET',KEYS[1],'home_since',ARGV[1]) "                        \
    "return 1"


#define NGX_HOUSEHOLD_LUA_GONE                                                \
    "return redis.call('HDEL',KEYS[1],'home_since')"


/* ARGV: today, days that are kept; what is no day, or to come, is dropped */

#define NGX_HOUSEHOLD_LUA_AWAY                                                \
    "local today,max=tonumber(ARGV[1]),tonumber(ARGV[2]) "                    \
    "local s=redis.call('HGET',KEYS[1],'outside_days') or '' "                \
    "local days={today} "                                                     \
    "for d in s:gmatch('[^,]+') do "                                          \
        "if d:match('^[1-9]%d*$') and d~=ARGV[1] "                            \
            "and tonumber(d)<=today+1 then "                                  \
            "days[#days+1]=tonumber(d) "                                      \
        "end "                                                                \
    "end "                                                                    \
    "table.sort(days) "                                                       \
    "while #days>max do table.remove(days,1) end "                            \
    "local text=table.concat(days,',') "                                      \
    "if text==s then return 0 end "                                           \
    "redis.call('HSET',KEYS[1],'outside_days',text) "                         \
    "return 1"


/* ARGV: field, value, field to be dropped, its value */

#define NGX_HOUSEHOLD_LUA_DEVICE_OVER                                         \
    "redis.call('HSET',KEYS[1],ARGV[1],ARGV[2]) "                             \
    "if redis.call('HGET',KEYS[1],ARGV[3])==ARGV[4] then "                    \
        "redis.call('HDEL',KEYS[1],ARGV[3]) "                                 \
    "end "                                                                    \
    "return 1"


#endif /* _NGX_HOUSEHOLD_WRITER_SCRIPTS_H_INCLUDED_ */
