/** What all parts of the script of the journal use: time, names, and moves between the indexes. */
export const BASICS = `
local P, A = KEYS[1], ARGV
local call = redis.call
-- More at once would keep Redis from others for longer than some milliseconds.
local CHUNK = 100

local function now()
  local time = call('TIME')
  return time[1] * 1000 + time[2] / 1000
end

-- Redis refuses what may need memory when it is full, unless the script has written before. Appends are refused so;
-- what makes room must not be.
local function evenIfFull() call('DEL', P .. 'nothing') end

local function event(id) return P .. 'event:' .. id end
local function get(id, ...) return call('HMGET', event(id), ...) end
local function set(id, ...) return call('HSET', event(id), ...) end

local function member(lane, seq, id) return lane .. string.format('%016d', seq) .. id end

-- A lane's name says how long it is and a number follows it, so no other lane lies between these bounds.
local function firstMember(lane)
  return call('ZRANGEBYLEX', P .. 'order', '[' .. lane, '(' .. lane .. ':', 'LIMIT', 0, 1)[1]
end

local function first(lane)
  local found = firstMember(lane)
  return found and string.sub(found, #lane + 17)
end

-- To be called whenever the event that leads a lane may be another one, or due at another time.
local function place(app, lane)
  local id = first(lane)
  if not id then return call('ZREM', P .. 'due:' .. app, lane) end
  -- One whose hash is gone is due at once, to be forgotten then.
  call('ZADD', P .. 'due:' .. app, get(id, 'due')[1] or 0, lane)
end

-- An event whose hash is gone, which only somebody else can have done. Of a lane it is taken out when it leads it.
local function forget(app, id, lane)
  for _, index in ipairs({ 'pending:', 'received:', 'expiry:', 'again:', 'dead:', 'died:' }) do
    call('ZREM', P .. index .. app, id)
  end
  if lane then
    if first(lane) == id then call('ZREM', P .. 'order', firstMember(lane)) end
    place(app, lane)
  end
  if call('ZCARD', P .. 'pending:' .. app) + call('ZCARD', P .. 'dead:' .. app) > 0 then return end
  -- Nobody knows how many bytes it had until nothing else has any.
  call('DECRBY', P .. 'bytes', call('HGET', P .. 'apps', app) or 0)
  call('HDEL', P .. 'apps', app)
end

local function ended(app, how) call('HINCRBY', P .. 'ended', how .. ' ' .. app, 1) end

local function unmark(id, app, state, by)
  if state == 'held' or state == 'leased' then call('SREM', P .. 'held:' .. by, id) end
  if state == 'again' then call('ZREM', P .. 'again:' .. app, id) end
end

local function queue(id, app, lane, seq, at, expires)
  call('ZADD', P .. 'order', 0, member(lane, seq, id))
  call('ZADD', P .. 'pending:' .. app, seq, id)
  call('ZADD', P .. 'received:' .. app, at, id)
  call('ZADD', P .. 'expiry:' .. app, expires, id)
  place(app, lane)
end

local function unqueue(id, app, lane, seq, state, by)
  unmark(id, app, state, by)
  call('ZREM', P .. 'order', member(lane, seq, id))
  for _, index in ipairs({ 'pending:', 'received:', 'expiry:' }) do call('ZREM', P .. index .. app, id) end
  place(app, lane)
end

local function remove(id)
  local app, lane, seq, state, by, bytes = unpack(get(id, 'app', 'where', 'seq', 'state', 'by', 'bytes'))
  if not app then return 0 end
  call('DEL', event(id))
  if state == 'dead' then
    for _, index in ipairs({ 'dead:', 'died:' }) do call('ZREM', P .. index .. app, id) end
  else
    unqueue(id, app, lane, seq, state, by)
  end
  call('DECRBY', P .. 'bytes', bytes)
  if call('HINCRBY', P .. 'apps', app, -bytes) == 0 then call('HDEL', P .. 'apps', app) end
  return 1
end

local function bury(id, why, tried, t)
  local app, lane, seq, state, by = unpack(get(id, 'app', 'where', 'seq', 'state', 'by'))
  if not app or state == 'dead' then return end
  unqueue(id, app, lane, seq, state, by)
  set(id, 'state', 'dead', 'by', '', 'why', why, 'due', t)
  call('HINCRBY', event(id), 'tries', tried)
  call('ZADD', P .. 'dead:' .. app, seq, id)
  call('ZADD', P .. 'died:' .. app, t, id)
end

-- Ends a hold, a lease, or the wait for a later attempt.
local function free(id, t)
  local app, lane, state, by, expires = unpack(get(id, 'app', 'where', 'state', 'by', 'expires'))
  if not app or state == 'dead' then return end
  unmark(id, app, state, by)
  set(id, 'state', 'new', 'by', '', 'due', t)
  call('ZADD', P .. 'expiry:' .. app, expires, id)
  place(app, lane)
end

local function freeAll(owner, t)
  local ids = call('SPOP', P .. 'held:' .. owner, CHUNK)
  for _, id in ipairs(ids) do
    if get(id, 'by')[1] == owner then free(id, t) end
  end
  return #ids < CHUNK
end

local does = {}
`;
