/** What the script of the journal does as events come, and as instances come and go. */
export const STORING = `
-- An append of which this instance has given up hope may still lie in front of Redis on an old connection. It would come
-- behind what was stored since, so with each one that got no answer the instance's generation grows, and older ones are
-- refused.
local function isLate(owner, generation)
  local fence = P .. 'fence:' .. owner
  local last = tonumber(call('GET', fence) or 0)
  if generation > last then call('SET', fence, generation, 'PX', 3600000) end
  return generation < last
end

-- owner, generation, most bytes, hold ms, id, app, lane's name here, bytes, lane, hook, query, head, body, at, expires
function does.append()
  local owner, generation, most, hold = A[2], tonumber(A[3]), tonumber(A[4]), tonumber(A[5])
  local id, app, lane, bytes = A[6], A[7], A[8], tonumber(A[9])
  if isLate(owner, generation) then return { 'late', 0 } end
  local total = tonumber(call('GET', P .. 'bytes') or 0)
  if call('EXISTS', event(id)) == 1 then return { 'stored', total } end
  if total + bytes > most then return { 'full', total } end
  local seq, t, isHeld = call('INCR', P .. 'seq'), now(), hold > 0
  set(id, 'app', app, 'where', lane, 'seq', seq, 'bytes', bytes, 'tries', 0, 'why', '',
    'state', isHeld and 'held' or 'new', 'by', isHeld and owner or '', 'due', t + hold,
    'lane', A[10], 'hook', A[11], 'query', A[12], 'head', A[13], 'body', A[14], 'at', A[15], 'expires', A[16])
  if isHeld then call('SADD', P .. 'held:' .. owner, id) end
  queue(id, app, lane, seq, A[15], A[16])
  call('HINCRBY', P .. 'apps', app, bytes)
  return { 'stored', call('INCRBY', P .. 'bytes', bytes) }
end

function does.take()
  return remove(A[2])
end

function does.release()
  if get(A[2], 'state')[1] == 'held' then free(A[2], now()) end
end

-- owner, ms for which it counts as alive: to be said over and over
function does.hello()
  local t = now()
  -- Who was not heard of itself, as while Redis was away, cannot tell who else is dead: they get the same time again.
  local lapsed = call('ZRANGEBYSCORE', P .. 'owners', '-inf', t, 'LIMIT', 0, CHUNK)
  local wasAway = false
  for _, owner in ipairs(lapsed) do wasAway = wasAway or owner == A[2] end
  if wasAway then
    for _, owner in ipairs(lapsed) do call('ZADD', P .. 'owners', t + A[3], owner) end
  end
  call('ZADD', P .. 'owners', t + A[3], A[2])
  call('PEXPIRE', P .. 'fence:' .. A[2], 3600000)
  return tonumber(call('GET', P .. 'bytes') or 0)
end

function does.bye()
  local t = now()
  call('ZADD', P .. 'owners', 0, A[2])
  if freeAll(A[2], t) then call('ZREM', P .. 'owners', A[2]) end
end
`;
