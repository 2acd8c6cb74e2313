import { isJsonObject, type JsonObject, type JsonValue, stringifyJson } from './json.ts';

/**
 * RFC 7396: `patch` applied to `target`. Neither is changed; the result may share parts with both.
 * Names go through a Map, never through assignment, so `__proto__` is data.
 */
export const applyPatch = (target: JsonValue | undefined, patch: JsonValue): JsonValue => {
  if (!isJsonObject(patch)) return patch;
  const members = new Map(isJsonObject(target) ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) members.delete(name);
    else members.set(name, applyPatch(members.get(name), value));
  }
  return Object.fromEntries(members);
};

const isEqual = (a: JsonValue, b: JsonValue): boolean =>
  a === b || (typeof a === 'object' && typeof b === 'object' && stringifyJson(a) === stringifyJson(b));

/** The patch for one member that both sides have, or nothing if they are equal. */
const change = (from: JsonValue, to: JsonValue): JsonValue | undefined => {
  if (!isJsonObject(from) || !isJsonObject(to)) return isEqual(from, to) ? undefined : to;
  const patch = diff(from, to);
  return Object.keys(patch).length > 0 ? patch : undefined;
};

/**
 * The merge patch that turns `from` into `to`. RFC 7396 has no word for a member that is null, so a null that is new
 * in `to` becomes a member that is absent; everything else is exact, nulls inside arrays too. Changes neither.
 */
export const diff = (from: JsonObject, to: JsonObject): JsonObject => {
  const before = new Map(Object.entries(from));
  const patch = new Map<string, JsonValue>();
  for (const [name, value] of Object.entries(to)) {
    const old = before.get(name);
    const member = old === undefined ? value : change(old, value);
    if (member !== undefined) patch.set(name, member);
    before.delete(name);
  }
  for (const name of before.keys()) patch.set(name, null);
  return Object.fromEntries(patch);
};
