// JSON Merge Patch (RFC 7396 section 2): how an event's `change` meets the order document. Pure and total.

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json => value !== null && typeof value === "object" && !Array.isArray(value);

/** Set an own property, whatever its name: plain assignment to `__proto__` would set the prototype instead. */
function put(into: Json, name: string, value: unknown): void {
  if (name === "__proto__") Object.defineProperty(into, name, { value, enumerable: true, configurable: true, writable: true });
  else into[name] = value;
}

/**
 * Apply a patch and give the result; neither argument is changed, and what the patch leaves alone is shared.
 * A loop, since a recursion could be ended by its input.
 */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result: Json = isObject(target) ? { ...target } : {};
  const todo: [Json, Json][] = [[result, patch]];
  for (let next = todo.pop(); next; next = todo.pop()) {
    const [into, changes] = next;
    for (const name of Object.keys(changes)) {
      const value = changes[name];
      if (value === null) delete into[name];
      else if (isObject(value)) {
        const held = Object.hasOwn(into, name) ? into[name] : undefined; // never what Object.prototype has
        const part: Json = isObject(held) ? { ...held } : {};
        put(into, name, part);
        todo.push([part, value]);
      } else put(into, name, value);
    }
  }
  return result;
}
