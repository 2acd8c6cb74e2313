/** What the script of the journal does to deliver events: it gives them out and takes word of them. */
export const DELIVERY = `
local function endDeadOwners(t)
  for _, owner in ipairs(call('ZRANGEBYSCORE', P .. 'owners', '-inf', t, 'LIMIT', 0, 1)) do
    if freeAll(owner, t) then call('ZREM', P .. 'owners', owner) end
  end
end

local function expire(app, id, t)
  if not get(id, 'app')[1] then return forget(app, id) end
  bury(id, 'expired', 0, t)
  ended(app, 'expired')
end

local function buryExpired(app, t)
  local ids = call('ZRANGEBYSCORE', P .. 'expiry:' .. app, '-inf', t, 'LIMIT', 0, CHUNK)
  for _, id in ipairs(ids) do expire(app, id, t) end
end

-- Gives the event that leads a lane that is due, or buries it if it has expired since it was put off.
local function give(app, lane, owner, t, ms)
  local id = first(lane)
  local state, by, expires = unpack(get(id or '', 'state', 'by', 'expires'))
  if not expires then return forget(app, id or '', lane) end
  if tonumber(expires) <= t then return expire(app, id, t) end
  unmark(id, app, state, by)
  call('SADD', P .. 'held:' .. owner, id)
  set(id, 'state', 'leased', 'by', owner, 'due', t + ms)
  call('ZADD', P .. 'expiry:' .. app, math.max(expires, t + ms), id)
  place(app, lane)
  return { id, unpack(get(id, 'app', 'hook', 'lane', 'query', 'head', 'body', 'at', 'expires', 'tries')) }
end

-- app, most, ms, owner
function does.lease()
  local app, most, ms, owner, t, given = A[2], tonumber(A[3]), tonumber(A[4]), A[5], now(), {}
  endDeadOwners(t)
  buryExpired(app, t)
  for _ = 1, CHUNK do
    local lanes = call('ZRANGEBYSCORE', P .. 'due:' .. app, '-inf', t, 'LIMIT', 0, most - #given)
    if #given == most or #lanes == 0 then break end
    for _, lane in ipairs(lanes) do given[#given + 1] = give(app, lane, owner, t, ms) end
  end
  return given
end

-- Whoever says it: what is delivered or rejected for good is so. Only the owner of a lease may say that it ends sooner.
local function settle()
  local owner, id, type, t = A[2], A[3], A[4], now()
  if type == 'delivered' then return remove(id) end
  if type == 'dead' then return bury(id, A[6], 1, t) end
  local app, lane, state, by, due, expires = unpack(get(id, 'app', 'where', 'state', 'by', 'due', 'expires'))
  local isOthers = state == 'leased' and by ~= owner and tonumber(due) > t
  if not app or state == 'dead' or isOthers then return end
  unmark(id, app, state, by)
  set(id, 'state', 'again', 'by', '', 'due', t + A[5], 'why', A[6])
  call('HINCRBY', event(id), 'tries', A[7])
  call('ZADD', P .. 'again:' .. app, t + A[5], id)
  call('ZADD', P .. 'expiry:' .. app, expires, id)
  place(app, lane)
end

-- Gives 1 if nothing is left in the lane.
-- owner, id, type, ms, why, 1 if that counts as an attempt
function does.settle()
  local lane = get(A[3], 'where')[1]
  settle()
  if not lane or first(lane) then return 0 end
  return 1
end

local function dropOutdated(app, t)
  for _, id in ipairs(call('ZRANGEBYSCORE', P .. 'died:' .. app, '-inf', t, 'LIMIT', 0, CHUNK)) do
    if remove(id) == 1 then ended(app, 'outdated') else forget(app, id) end
  end
end

-- A clock that was set back has everything wait that it had not given out.
local function endLongWaits(app, t, most)
  for _, lane in ipairs(call('ZRANGEBYSCORE', P .. 'due:' .. app, '(' .. t + most, '+inf', 'LIMIT', 0, CHUNK)) do
    local id = first(lane)
    if id then free(id, t) end
  end
end

-- Whoever asks first is told.
-- ms for which dead letters are kept, most ms that an event may wait
function does.ended()
  local t, rows = now(), {}
  for _, app in ipairs(call('HKEYS', P .. 'apps')) do
    buryExpired(app, t)
    dropOutdated(app, t - A[2])
    endLongWaits(app, t, A[3])
  end
  for _, key in ipairs(call('HKEYS', P .. 'ended')) do
    rows[#rows + 1] = { key, call('HGET', P .. 'ended', key) }
  end
  call('DEL', P .. 'ended')
  return rows
end

-- Goes on where the last call ended. Fractions of a millisecond keep the order; the doubles of Redis have 4096 of them.
-- app, time of the first call or nothing, how many were done
function does.hurry()
  local app, t, done = A[2], tonumber(A[3]) or now(), tonumber(A[4])
  local ids = call('ZRANGE', P .. 'again:' .. app, 0, CHUNK - 1)
  for i, id in ipairs(ids) do
    local lane, due = unpack(get(id, 'where', 'due'))
    call('ZREM', P .. 'again:' .. app, id)
    if lane then
      set(id, 'due', math.min(due, t + (done + i) / 1024))
      place(app, lane)
    end
  end
  return { string.format('%.17g', t), #ids, call('ZCARD', P .. 'again:' .. app) }
end
`;
