#!lua name=scoreboard_sessions_@VERSION@
-- Sessions, on the durable server. Times are microseconds of this server's clock.

local function microseconds()
  local now = redis.call('TIME')
  return tonumber(now[1]) * 1000000 + tonumber(now[2])
end

local function text(number)
  return string.format('%.0f', number)
end

-- What ends with a session, and what tells every process of it. The times in `revoked` never go
-- back, whatever the clock does, so that a reader who goes by them misses nothing.
local function finish(session, sessions, revoked, id, reason)
  redis.call('SREM', sessions, id)
  if redis.call('DEL', session) == 0 then return 0 end
  local latest = redis.call('ZRANGE', revoked, -1, -1, 'WITHSCORES')
  local at = math.max(microseconds(), tonumber(latest[2] or 0))
  redis.call('ZADD', revoked, text(at), id .. '|' .. reason)
  return 1
end

-- open(session, sessions | id, ttl ms, field, value, ...). Answers how many the user has.
local function open(keys, args)
  redis.call('HSET', keys[1], 'opened', text(microseconds()), unpack(args, 3))
  redis.call('PEXPIRE', keys[1], args[2])
  redis.call('SADD', keys[2], args[1])
  redis.call('PEXPIRE', keys[2], args[2])
  return redis.call('SCARD', keys[2])
end

-- rotate(session, sessions, revoked | id, generation, ttl ms)
-- Spends one generation of refresh token. Answers {OK, field, value, ...}, {GONE} for no session, or
-- {STOLEN} when that generation was spent before, which ends the session. A later generation than
-- the one known here was issued by us all the same: a failover has forgotten it.
local function rotate(keys, args)
  local current = redis.call('HGET', keys[1], 'generation')
  if not current then return {'GONE'} end
  if tonumber(args[2]) < tonumber(current) then
    finish(keys[1], keys[2], keys[3], args[1], 'revoked')
    return {'STOLEN'}
  end
  redis.call('HSET', keys[1], 'generation', text(tonumber(args[2]) + 1))
  redis.call('PEXPIRE', keys[1], args[3])
  redis.call('PEXPIRE', keys[2], args[3])
  local answer = redis.call('HGETALL', keys[1])
  table.insert(answer, 1, 'OK')
  return answer
end

-- close(sessions, revoked, session, ... | reason, id, ...). Answers how many were not over yet.
local function close(keys, args)
  local ended = 0
  for i = 2, #args do
    ended = ended + finish(keys[i + 1], keys[1], keys[2], args[i], args[1])
  end
  return ended
end

-- charge_login(limit | count, per us): one attempt on an account from an address, by GCRA.
-- Answers 0, or the microseconds to wait.
local function charge_login(keys, args)
  local now, per = microseconds(), tonumber(args[2])
  local interval = per / tonumber(args[1])
  local arrival = math.max(tonumber(redis.call('GET', keys[1]) or 0), now) + interval
  if arrival > now + per + 0.5 then return math.ceil(arrival - now - per) end
  redis.call('SET', keys[1], text(arrival), 'PX', math.ceil((arrival - now) / 1000) + 1)
  return 0
end

redis.register_function('session_open_@VERSION@', open)
redis.register_function('session_rotate_@VERSION@', rotate)
redis.register_function('session_close_@VERSION@', close)
redis.register_function('charge_login_@VERSION@', charge_login)
