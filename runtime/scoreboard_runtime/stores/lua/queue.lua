#!lua name=scoreboard_queue_@VERSION@
-- Admission and the queue, on the durable server. Answers carry the codes of contract/rejections.py.
-- Times are microseconds of this server's clock, so every gateway goes by the same one.

local function microseconds()
  local now = redis.call('TIME')
  return tonumber(now[1]) * 1000000 + tonumber(now[2])
end

-- Every number here is a whole one below 2^53 or is meant to be cut to one.
local function text(number)
  return string.format('%d', number)
end

-- GCRA: `arrival` is the stored theoretical arrival time, `budget` is {count, per}.
-- Answers allowed, new arrival time, remaining, wait (for the next of this cost).
local function gcra(arrival, now, budget, cost)
  local count, per = budget[1], budget[2]
  local interval = per / count
  if arrival < now then arrival = now end
  local after = arrival + cost * interval
  local excess = after - (now + per)
  if excess > 0.5 then
    return false, arrival, math.max(0, math.floor((now + per - arrival) / interval + 0.001)), excess
  end
  return true, after, math.max(0, math.floor((now + per - after) / interval + 0.001)), 0
end

local function charge_key(key, stored, now, budget, cost)
  local arrival = tonumber(stored or 0)
  local allowed, after, remaining, wait = gcra(arrival, now, budget, cost)
  if allowed then
    redis.call('SET', key, text(after), 'PX', math.ceil((after - now) / 1000) + 1)
  end
  return allowed, remaining, wait, after - now
end

-- Both shared budgets of layer 1. Answers nil, or the refusal; second the address's state.
local function charge_shared(keys, now, global_budget, address_budget, cost)
  local stored = redis.call('MGET', keys[1], keys[2])
  local ok, left, wait, reset = charge_key(keys[2], stored[2], now, address_budget, cost)
  local state = {left, math.ceil(reset / 1000000)}
  if not ok then return {'TOO_MANY_REQUESTS', math.ceil(wait), state[1], state[2]}, state end
  ok, left, wait = charge_key(keys[1], stored[1], now, global_budget, cost)
  if not ok then return {'TOO_MANY_REQUESTS', math.ceil(wait), state[1], state[2]}, state end
  return nil, state
end

-- charge(global, address | request)
-- Argument: msgpack {global budget, address budget, cost}.
-- Answers {code or OK, wait us, remaining, seconds until full}.
local function charge(keys, args)
  local request = cmsgpack.unpack(args[1])
  local refused, state = charge_shared(keys, microseconds(), request[1], request[2], request[3])
  return refused or {'OK', 0, state[1], state[2]}
end

-- The user's own hash, read once and written once: r arrival time, l:<action>, c:<action>, and x, the
-- time until which the hash lives.
local function user_state(key, entries)
  local fields, seen = {'r', 'x'}, {}
  for _, entry in ipairs(entries) do
    local action = entry.a
    if not seen[action] then
      seen[action] = true
      if entry.l then fields[#fields + 1] = 'l:' .. action end
      if entry.c then fields[#fields + 1] = 'c:' .. action end
    end
  end
  local values = redis.call('HMGET', key, unpack(fields))
  local state = {}
  for i, field in ipairs(fields) do state[field] = tonumber(values[i] or 0) end
  return state, {}
end

local function keep_user_state(key, now, state, dirty)
  local pairs_, latest = {}, now
  for field in pairs(dirty) do
    pairs_[#pairs_ + 1] = field
    pairs_[#pairs_ + 1] = text(state[field])
    if state[field] > latest then latest = state[field] end
  end
  if #pairs_ == 0 then return end
  -- Never shorten: another field of the hash may have to live longer. And some time ahead, so that
  -- most requests need not ask for more.
  local renew = state.x < latest
  if renew then
    pairs_[#pairs_ + 1] = 'x'
    pairs_[#pairs_ + 1] = text(latest + 60000000)
  end
  redis.call('HSET', key, unpack(pairs_))
  if renew then redis.call('PEXPIRE', key, math.ceil((latest - now) / 1000) + 61000) end
end

local function charge_user(state, dirty, field, now, budget, cost)
  local allowed, after, remaining, wait = gcra(state[field], now, budget, cost)
  if allowed then
    state[field] = after
    dirty[field] = true
  end
  return allowed, remaining, wait, after - now
end

-- Layer 4 for one entry. Answers nil or {code, wait}.
local function zero_trust(entry, request, state, now, once_key)
  if entry.x then return {entry.x, 0} end
  if entry.t then
    local task = redis.call('HMGET', entry.t, 'user', 'action', 'not_before', 'expires', 'spent')
    if not task[1] or task[2] ~= entry.a or tonumber(task[4]) < now then
      return {'TASK_NOT_FOUND', 0}
    end
    if task[1] ~= request.u then return {'UNAUTHORIZED', 0} end
    if task[5] then return {'ALREADY_COMPLETED', 0} end
    if tonumber(task[3]) > now then return {'COOLDOWN', tonumber(task[3]) - now} end
  end
  if entry.o and redis.call('SISMEMBER', once_key, entry.a) == 1 then
    return {'ALREADY_COMPLETED', 0}
  end
  if entry.w then return {'COOLDOWN', entry.w} end
  if entry.c and state['c:' .. entry.a] > now then
    return {'COOLDOWN', state['c:' .. entry.a] - now}
  end
  return nil
end

-- What an admitted entry spends, and its place in the queue. Answers {OK, job id}.
local function enqueue(entry, state, dirty, now, keys, shard)
  if entry.t then redis.call('HSET', entry.t, 'spent', '1') end
  if entry.o then redis.call('SADD', keys[5], entry.a) end
  if entry.c then
    state['c:' .. entry.a] = now + entry.c
    dirty['c:' .. entry.a] = true
  end
  local id = redis.call('XADD', keys[6], '*', 'd', entry.d, 't', text(now))
  local ms, sequence = string.match(id, '(%d+)-(%d+)')
  ms = tonumber(ms)
  return {'OK', string.format('%08x-%04x-7%03x-%04x-%s', math.floor(ms / 65536), ms % 65536,
    tonumber(sequence) % 4096, 32768 + shard, entry.n)}
end

-- The only refusal that tells of another budget than the user's: third and fourth what is left of it.
local function over_limit(left, wait, reset)
  return {'ACTION_LIMIT', wait, left, math.ceil(reset / 1000000)}
end

local function refusal(verdict, left, reset)
  return {verdict[1], math.ceil(verdict[2]), verdict[3] or left, verdict[4] or reset}
end

-- Layers 1 to 3 in the contract's order. Answers the refusal or nil, each entry's own refusal, and
-- the stored answer of an Idempotency-Key.
local function judge(keys, request, now, state, dirty)
  local entries, verdicts = request.e, {}
  for i, entry in ipairs(entries) do
    if entry.l then
      local ok, left, wait, reset = charge_user(state, dirty, 'l:' .. entry.a, now, entry.l, 1)
      if not ok then verdicts[i] = over_limit(left, wait, reset) end
    end
    if not verdicts[i] and entry.f then verdicts[i] = {'FORBIDDEN', 0} end
  end
  if not request.b and verdicts[1] then return verdicts[1], verdicts end
  if request.y == 'STALE_REQUEST' then return {'STALE_REQUEST', 0}, verdicts end
  local stored = request.h and redis.call('GET', keys[8])
  local same = stored and string.sub(stored, 1, #request.h) == request.h
  if request.g then
    if request.y then
      -- What is signed wrongly spends no nonce.
      local spent = request.m and redis.call('EXISTS', keys[7]) == 1
      return {spent and 'REPLAY_ATTACK' or request.y, 0}, verdicts
    end
    local taken = redis.call('SET', keys[7], '1', 'NX', 'PX', request.g)
    if not taken and not same then return {'REPLAY_ATTACK', 0}, verdicts end
  end
  if stored and not same then return {'IDEMPOTENCY_MISMATCH', 0}, verdicts end
  if stored then return nil, verdicts, string.sub(stored, #request.h + 1) end
  return nil, verdicts
end

-- An attempt as sent leaves out what is empty or nothing.
local function unpacked(packed)
  local request = cmsgpack.unpack(packed)
  request.e = request.e or {}
  request.S = request.S or 0
  request.q = request.q or 0
  request.u = request.u or ''
  return request
end

-- The checks before the request's own: both shared budgets, the token, the session, the user's
-- budget. Answers the refusal or nil, then the user's state, what is dirty of it, remaining, reset.
local function enter(keys, request, now, cost)
  local refused, shared = charge_shared(keys, now, request.G, request.A, cost)
  if refused then return refused end
  if request.z then return {request.z, 0, shared[1], shared[2]} end
  if redis.call('EXISTS', keys[3]) == 0 then return {'INVALID_TOKEN', 0, shared[1], shared[2]} end
  local state, dirty = user_state(keys[4], request.e)
  local ok, left, wait, reset = charge_user(state, dirty, 'r', now, request.U, cost)
  reset = math.ceil(reset / 1000000)
  if not ok then return {'USER_RATE_LIMIT', math.ceil(wait), left, reset} end
  return nil, state, dirty, left, reset
end

-- admit(global, address, session, user, once, stream, nonce, idempotency | request, job...)
-- Argument: msgpack map, see stores/queue.py `Attempt`. Answers
-- {code or OK, wait us, user budget remaining, seconds until full, replayed, {result, ...}} with result
-- {OK, job id} or {code, wait us}; a replay adds the first request's id.
local function admit(keys, args)
  local request = unpacked(args[1])
  local now = microseconds()
  local refused, state, dirty, left, reset = enter(keys, request, now, math.max(1, #request.e))
  if refused then return refused end
  if request.s then
    keep_user_state(keys[4], now, state, dirty)
    return {request.s, 0, left, reset}
  end
  local verdict, verdicts, replay = judge(keys, request, now, state, dirty)
  if verdict or replay then
    keep_user_state(keys[4], now, state, dirty)
    if not replay then return refusal(verdict, left, reset) end
    local first = cmsgpack.unpack(replay)
    return {'OK', 0, left, reset, 1, first[2], first[1]}
  end
  local results, admitted = {}, 0
  local depth = redis.call('XLEN', keys[6])
  for i, entry in ipairs(request.e) do
    entry.d = args[i + 1]
    local known = verdicts[i]
    local result = known and {known[1], known[2]}
      or zero_trust(entry, request, state, now + i - 1, keys[5])
    if not result and depth + admitted >= request.q then result = {'QUEUE_FULL', 1000000} end
    if not result then
      result = enqueue(entry, state, dirty, now + i - 1, keys, request.S)
      admitted = admitted + 1
    else
      result[2] = math.ceil(result[2])
    end
    results[i] = result
  end
  keep_user_state(keys[4], now, state, dirty)
  if not request.b and results[1][1] ~= 'OK' then
    return {results[1][1], results[1][2], left, reset}
  end
  if request.h and admitted > 0 then
    redis.call('SET', keys[8], request.h .. cmsgpack.pack({request.i, results}), 'PX', 86400000)
  end
  return {'OK', 0, left, reset, 0, results}
end

-- issue(global, address, session, user, task | request)
-- Argument: msgpack map as for admit, with one entry and T = {min us, max us}.
-- Answers {code or OK, wait us, remaining, reset, issued us, not before us, expires us}.
local function issue(keys, args)
  local request = unpacked(args[1])
  local now = microseconds()
  local refused, state, dirty, left, reset = enter(keys, request, now, 1)
  if refused then return refused end
  local entry, verdict = request.e[1], request.s and {request.s, 0}
  if not verdict and entry.l then
    local ok, rest, wait, full = charge_user(state, dirty, 'l:' .. entry.a, now, entry.l, 1)
    if not ok then verdict = over_limit(rest, wait, full) end
  end
  if not verdict and entry.f then verdict = {'FORBIDDEN', 0} end
  if not verdict and entry.x then verdict = {entry.x, 0} end
  keep_user_state(keys[4], now, state, dirty)
  if verdict then return refusal(verdict, left, reset) end
  local opens, ends = now + request.T[1], now + request.T[2]
  redis.call('HSET', keys[5], 'user', request.u, 'action', entry.a, 'not_before', text(opens),
    'expires', text(ends))
  redis.call('PEXPIRE', keys[5], math.ceil(request.T[2] / 1000))
  return {'OK', 0, left, reset, text(now), text(opens), text(ends)}
end

-- bury(stream, dead letter, dead letters | group, entry id, job id, job, reason, admitted us, tries)
-- Moves a job out of the queue, with its reason. Answers 1, or 0 when it is gone already.
local function bury(keys, args)
  redis.call('XACK', keys[1], args[1], args[2])
  if redis.call('XDEL', keys[1], args[2]) == 0 then return 0 end
  local now = microseconds()
  redis.call('HSET', keys[2], 'job', args[4], 'reason', args[5], 'admitted', args[6], 'tries',
    args[7], 'at', text(now), 'stream', keys[1], 'status', 'dead')
  redis.call('ZADD', keys[3], text(now), args[3])
  return 1
end

-- redrive(stream, dead letter, dead letters | job id). Puts a dead letter at the end of its queue.
-- The letter stays, marked queued, until the worker finishes the job. Answers 1 or 0.
local function redrive(keys, args)
  local letter = redis.call('HMGET', keys[2], 'job', 'admitted', 'status')
  if not letter[1] or letter[3] ~= 'dead' then return 0 end
  redis.call('XADD', keys[1], '*', 'd', letter[1], 't', letter[2], 'j', args[1])
  redis.call('HSET', keys[2], 'status', 'queued')
  redis.call('ZREM', keys[3], args[1])
  return 1
end

-- lease(lease | worker, ttl ms). Takes or renews a shard's lease. Answers 1 when it is ours.
local function lease(keys, args)
  local owner = redis.call('GET', keys[1])
  if owner and owner ~= args[1] then return 0 end
  redis.call('SET', keys[1], args[1], 'PX', args[2])
  return 1
end

-- release(lease | worker). Gives a lease back if it is ours.
local function release(keys, args)
  if redis.call('GET', keys[1]) == args[1] then return redis.call('DEL', keys[1]) end
  return 0
end

redis.register_function('charge_@VERSION@', charge)
redis.register_function('admit_@VERSION@', admit)
redis.register_function('issue_@VERSION@', issue)
redis.register_function('bury_@VERSION@', bury)
redis.register_function('redrive_@VERSION@', redrive)
redis.register_function('lease_@VERSION@', lease)
redis.register_function('release_@VERSION@', release)
