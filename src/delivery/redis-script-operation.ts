/** What the script of the journal does for operators: counts, lists and orders. Each call does a bounded part. */
export const OPERATION = `
function does.apps()
  return call('HKEYS', P .. 'apps')
end

function does.lanes()
  local lanes = {}
  for _, app in ipairs(call('HKEYS', P .. 'apps')) do
    for _, lane in ipairs(call('ZRANGE', P .. 'due:' .. app, 0, -1)) do lanes[#lanes + 1] = lane end
  end
  return lanes
end

-- lane's name here
function does.has()
  return first(A[2]) and 1 or 0
end

function does.backlog()
  local rows = {}
  for _, app in ipairs(call('HKEYS', P .. 'apps')) do
    local oldest = call('ZRANGE', P .. 'received:' .. app, 0, 0, 'WITHSCORES')[2] or ''
    local pending, dead = call('ZCARD', P .. 'pending:' .. app), call('ZCARD', P .. 'dead:' .. app)
    rows[#rows + 1] = { app, pending, dead, oldest, call('HGET', P .. 'apps', app) }
  end
  return rows
end

local FIELDS = { 'app', 'hook', 'lane', 'at', 'expires', 'state', 'why', 'tries', 'bytes', 'seq' }

local function described(id)
  local where, state, due, at = unpack(get(id, 'where', 'state', 'due', 'at'))
  if not where then return end
  local behind = ''
  if state ~= 'dead' and first(where) ~= id then due, behind = at, first(where) end
  return { id, due, behind, unpack(get(id, unpack(FIELDS))) }
end

local function begins(id, from)
  if from > #A then return true end
  for i = from, #A do
    if string.sub(id, 1, #A[i]) == A[i] then return true end
  end
  return false
end

-- index and app, number after which to go on, hook or nothing, beginnings of ids
function does.page()
  local ids = call('ZRANGEBYSCORE', P .. A[2], '(' .. A[3], '+inf', 'WITHSCORES', 'LIMIT', 0, CHUNK)
  local rows = {}
  for i = 1, #ids, 2 do
    local id = ids[i]
    if begins(id, 5) and (A[4] == '' or get(id, 'hook')[1] == A[4]) then rows[#rows + 1] = described(id) end
  end
  return { ids[#ids] or '', rows }
end

function does.show()
  if call('EXISTS', event(A[2])) == 0 then return end
  return { described(A[2]), get(A[2], 'query', 'head', 'body') }
end

local function retry(id, t, keepForMs)
  local app, lane, state, at = unpack(get(id, 'app', 'where', 'state', 'at'))
  if not app then return 0 end
  if state == 'dead' then
    local seq, expires = call('INCR', P .. 'seq'), t + keepForMs
    for _, index in ipairs({ 'dead:', 'died:' }) do call('ZREM', P .. index .. app, id) end
    set(id, 'state', 'new', 'seq', seq, 'tries', 0, 'due', t, 'expires', string.format('%d', expires))
    queue(id, app, lane, seq, at, expires)
  elseif state == 'again' then
    set(id, 'due', t)
    place(app, lane)
  end
  return 1
end

-- ms, ids
function does.retry()
  local t, count = now(), 0
  for i = 3, #A do count = count + retry(A[i], t, A[2]) end
  return count
end

-- ids
function does.drop()
  local count = 0
  for i = 2, #A do
    local app = get(A[i], 'app')[1]
    if remove(A[i]) == 1 then
      ended(app, 'dropped')
      count = count + 1
    end
  end
  return count
end
`;
