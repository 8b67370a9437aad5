#!lua name=scoreboard_standings_@VERSION@
-- Standings on the cache server: everything here can be derived again from Postgres.
-- A rank is a member's place in `ranks`: score = minus the points, member = <reached us>:<user id>,
-- so equal scores order by who reached them first, exactly, for every score of 53 bits.

local function parts(value)
  return string.match(value, '^(%d+):(%d+):(.*)$')
end

-- Keeps a player's standing if it is newer than what is known. `at` says where: {ranks, players,
-- absent}; who is out (disqualified or erased) is kept in `absent`, so that nothing older ranks them.
-- Answers changed, rank, previous rank (from 0; nil where there is none).
local function keep(at, user, reached, score, version, name, out)
  local known, before = redis.call('HGET', at.players, user), nil
  if known then
    local old_version, old_reached = parts(known)
    local old = old_reached .. ':' .. user
    before = redis.call('ZRANK', at.ranks, old) or nil
    if tonumber(old_version) >= tonumber(version) then return false, before, nil end
    redis.call('ZREM', at.ranks, old)
  else
    local gone = redis.call('HGET', at.absent, user)
    if gone then
      if tonumber(string.match(gone, '^%d+')) >= tonumber(version) then return false, nil, nil end
      if not out then redis.call('HDEL', at.absent, user) end
    end
  end
  if out then
    redis.call('HDEL', at.players, user)
    redis.call('HSET', at.absent, user, version .. ':' .. reached .. ':' .. score)
    return true, nil, before
  end
  local member = reached .. ':' .. user
  redis.call('ZADD', at.ranks, score, member)
  redis.call('HSET', at.players, user, version .. ':' .. reached .. ':' .. name)
  return true, redis.call('ZRANK', at.ranks, member), before
end

local function place_of(keys, first)
  return {ranks = keys[first], players = keys[first + 1], absent = keys[first + 2]}
end

local function place(rank)
  return rank and string.format('%d', rank + 1) or ''
end

-- publish(meta, ranks, players, absent, results, standings channel, changes channel
--   [, ranks, players, absent built] | epoch, building, board, window, size, payload): the payload is
--   contract/changes.py's, a list of {job, user, name, action, status, points, score, version,
--   reached us, submitted us, committed us, error, request, trace, out} as msgpack; version 0: no
--   standing changed.
-- Answers {OK, epoch, sequence, revision, total}, {LOST} when there are no standings (the changes are
-- published without ranks), or {EPOCH, epoch, building} when the caller's names are not the present ones.
local function publish(keys, args)
  local meta = redis.call('HMGET', keys[1], 'epoch', 'building', 'sequence')
  local epoch, building = meta[1] or '', meta[2] or ''
  if epoch ~= args[1] or building ~= args[2] then return {'EPOCH', epoch, building} end
  local size = tonumber(args[5])
  local present, built = place_of(keys, 2), place_of(keys, 8)
  local found, results, touched = {}, {}, false
  for i, change in ipairs(cmsgpack.unpack(args[6])) do
    local user, name, version = change[2], change[3], string.format('%d', change[8])
    local score, reached = string.format('%d', -change[7]), string.format('%016d', change[9])
    local rank, before = nil, nil
    if version ~= '0' then
      if building ~= '' then keep(built, user, reached, score, version, name, change[15]) end
      if epoch ~= '' then
        local changed
        changed, rank, before = keep(present, user, reached, score, version, name, change[15])
        if changed and ((rank and rank < size) or (before and before < size)) then touched = true end
      end
    elseif epoch ~= '' then
      local known = redis.call('HGET', keys[3], user)
      if known then
        local _, old_reached = parts(known)
        rank = redis.call('ZRANK', keys[2], old_reached .. ':' .. user)
        before = rank
      end
    end
    found[i] = place(rank) .. ',' .. place(before)
    if change[1] ~= '' then
      results[#results + 1] = change[1]
      results[#results + 1] = found[i]
    end
  end
  local sequence = tonumber(meta[3] or 0)
  if touched then sequence = redis.call('HINCRBY', keys[1], 'sequence', 1) end
  local revision, total = 0, 0
  if epoch ~= '' then
    for i = 1, #results, 1000 do
      redis.call('HSET', keys[5], unpack(results, i, math.min(#results, i + 999)))
    end
    redis.call('EXPIRE', keys[5], 3600)
    revision = redis.call('HINCRBY', keys[1], 'revision', 1)
    total = redis.call('ZCARD', keys[2])
  end
  local header = table.concat({args[3], args[4], epoch == '' and '-' or epoch,
    string.format('%d', sequence), string.format('%d', revision), string.format('%d', total)}, ' ')
  redis.call('PUBLISH', keys[6], header)
  redis.call('PUBLISH', keys[7], header .. '\n' .. table.concat(found, ';') .. '\n' .. args[6])
  if epoch == '' then return {'LOST'} end
  return {'OK', epoch, sequence, revision, total}
end

local function state(keys, epoch)
  local meta = redis.call('HMGET', keys[1], 'epoch', 'sequence', 'revision')
  if (meta[1] or '') ~= epoch or epoch == '' then return nil, {'EPOCH', meta[1] or ''} end
  return {'OK', tonumber(meta[2] or 0), tonumber(meta[3] or 0), redis.call('ZCARD', keys[2])}
end

local function rows(keys, first, last)
  local flat = {}
  if last < first then return flat end
  local range = redis.call('ZRANGE', keys[2], first, last, 'WITHSCORES')
  if #range == 0 then return flat end
  local users = {}
  for i = 1, #range, 2 do users[#users + 1] = string.match(range[i], ':(.*)$') end
  local known = redis.call('HMGET', keys[3], unpack(users))
  for i, user in ipairs(users) do
    flat[#flat + 1] = user
    flat[#flat + 1] = range[i * 2]
    flat[#flat + 1] = known[i]
  end
  return flat
end

-- page(meta, ranks, players, absent | epoch, offset, limit)
-- Answers {OK, sequence, revision, total, {user, -score, player, ...}} or {EPOCH, epoch}.
local function page(keys, args)
  local answer, other = state(keys, args[1])
  if not answer then return other end
  local offset = tonumber(args[2])
  answer[5] = rows(keys, offset, offset + tonumber(args[3]) - 1)
  return answer
end

-- around(meta, ranks, players, absent | epoch, user, neighbours each side; -1: no rows)
-- Answers {OK, sequence, revision, total, rows, first rank from 0, rank from 0 or -1, lower, -score,
-- player} or {EPOCH, epoch}; `lower` counts the players with a lower score. Of who is out there is
-- the version in `player`, and the score.
local function around(keys, args)
  local answer, other = state(keys, args[1])
  if not answer then return other end
  local known = redis.call('HGET', keys[3], args[2])
  answer[5], answer[6], answer[7], answer[8], answer[9], answer[10] = {}, 0, -1, 0, '0', ''
  if not known then
    local gone = redis.call('HGET', keys[4], args[2])
    if gone then
      local _, _, score = parts(gone)
      answer[9], answer[10] = score, gone
    end
    return answer
  end
  local _, reached = parts(known)
  local member = reached .. ':' .. args[2]
  local rank = redis.call('ZRANK', keys[2], member)
  if not rank then return answer end
  local each = tonumber(args[3])
  local score = redis.call('ZSCORE', keys[2], member)
  answer[6] = math.max(0, rank - each)
  if each >= 0 then answer[5] = rows(keys, answer[6], rank + each) end
  answer[7], answer[8] = rank, redis.call('ZCOUNT', keys[2], '(' .. score, '+inf')
  answer[9], answer[10] = score, known
  return answer
end

-- fill(ranks, players, absent | user, reached, -score, version, name, out 1 or 0, ...)
-- Answers how many were newer.
local function fill(keys, args)
  local newer, into = 0, place_of(keys, 1)
  for i = 1, #args, 6 do
    local out = args[i + 5] == '1'
    if keep(into, args[i], args[i + 1], args[i + 2], args[i + 3], args[i + 4], out) then
      newer = newer + 1
    end
  end
  return newer
end

-- begin(meta | epoch). From here on every publish writes to the standings being built as well.
local function begin(keys, args)
  redis.call('HSET', keys[1], 'building', args[1])
  return 1
end

-- finish(meta, ranks, standings channel, changes channel | epoch, board, window)
-- The standings that were built become the present ones. Answers the epoch they replace, or false
-- when another rebuild has begun since.
local function finish(keys, args)
  local meta = redis.call('HMGET', keys[1], 'epoch', 'building')
  if meta[2] ~= args[1] then return false end
  redis.call('HDEL', keys[1], 'building')
  redis.call('HSET', keys[1], 'epoch', args[1], 'sequence', 1, 'revision', 1)
  local header = table.concat({args[2], args[3], args[1], '1', '1',
    string.format('%d', redis.call('ZCARD', keys[2]))}, ' ')
  redis.call('PUBLISH', keys[3], header)
  redis.call('PUBLISH', keys[4], header .. '\n\n\144')
  return meta[1] or ''
end

redis.register_function('publish_@VERSION@', publish)
redis.register_function{function_name='page_@VERSION@', callback=page, flags={'no-writes'}}
redis.register_function{function_name='around_@VERSION@', callback=around, flags={'no-writes'}}
redis.register_function('fill_@VERSION@', fill)
redis.register_function('begin_@VERSION@', begin)
redis.register_function('finish_@VERSION@', finish)
