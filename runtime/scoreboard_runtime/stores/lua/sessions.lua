#!lua name=scoreboard_sessions_@VERSION@
-- Sessions, on the durable server. Times are microseconds of this server's clock.

local function microseconds()
  local now = redis.call('TIME')
  return tonumber(now[1]) * 1000000 + tonumber(now[2])
end

-- What ends with a session, and what tells every process of it.
local function finish(session, sessions, revoked, id, reason)
  if redis.call('DEL', session) == 0 then return 0 end
  redis.call('SREM', sessions, id)
  redis.call('ZADD', revoked, string.format('%.0f', microseconds()), id .. '|' .. reason)
  return 1
end

-- open(session, sessions | id, ttl ms, field, value, ...)
local function open(keys, args)
  redis.call('HSET', keys[1], unpack(args, 3))
  redis.call('PEXPIRE', keys[1], args[2])
  redis.call('SADD', keys[2], args[1])
  redis.call('PEXPIRE', keys[2], args[2])
  return 1
end

-- rotate(session, sessions, revoked | id, generation, ttl ms)
-- Spends one generation of refresh token. Answers {OK, field, value, ...}, {GONE} for no session, or
-- {STOLEN} when that generation was spent before, which ends the session.
local function rotate(keys, args)
  local current = redis.call('HGET', keys[1], 'generation')
  if not current then return {'GONE'} end
  if current ~= args[2] then
    if tonumber(args[2]) > tonumber(current) then return {'GONE'} end
    finish(keys[1], keys[2], keys[3], args[1], 'revoked')
    return {'STOLEN'}
  end
  redis.call('HINCRBY', keys[1], 'generation', 1)
  redis.call('PEXPIRE', keys[1], args[3])
  redis.call('PEXPIRE', keys[2], args[3])
  local answer = redis.call('HGETALL', keys[1])
  table.insert(answer, 1, 'OK')
  return answer
end

-- close(session, sessions, revoked | id, reason). Answers 1, or 0 when it was over already.
local function close(keys, args)
  return finish(keys[1], keys[2], keys[3], args[1], args[2])
end

redis.register_function('session_open_@VERSION@', open)
redis.register_function('session_rotate_@VERSION@', rotate)
redis.register_function('session_close_@VERSION@', close)
