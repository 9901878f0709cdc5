// The orders of a venue, folded from events. Pure: no page, no network. The contracts' fold, versions and positions.

export const OPEN = ["placed", "accepted", "preparing", "ready"];

/** RFC 7396 section 2. */
export function mergePatch(target, patch) {
  if (patch === null || typeof patch !== "object" || Array.isArray(patch)) return patch;
  const result = target !== null && typeof target === "object" && !Array.isArray(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = mergePatch(result[name], value);
  }
  return result;
}

const offsets = (position) => {
  const [epoch, ...parts] = position.split(".");
  return [epoch, new Map(parts.map((part) => part.split("-").map(Number)))];
};

/** Whether `position` lies beyond `held`: whoever holds `held` has missed something. */
export function isBeyond(position, held) {
  const [epoch, theirs] = offsets(position);
  const [ourEpoch, ours] = offsets(held);
  return epoch !== ourEpoch || [...theirs].some(([partition, offset]) => offset > (ours.get(partition) ?? -1));
}

export class Orders {
  constructor() {
    this.byId = new Map();
    this.position = null;
  }

  /** Take a snapshot `{position, orders}`: what is true there replaces all that was held. */
  reset(snapshot) {
    this.byId = new Map(snapshot.orders.map((order) => [order.order_id, order]));
    this.position = snapshot.position;
  }

  /** Apply a batch; gives the orders that changed, or null when something is missing and a snapshot is due. */
  apply(events, meta) {
    if (isBeyond(meta.prev, this.position)) return null;
    const changed = [];
    for (const event of events) {
      const order = this.fold(event);
      if (order === null) return null;
      if (order) changed.push(order);
    }
    if (isBeyond(meta.to, this.position)) this.position = meta.to;
    return changed;
  }

  /** An event counts iff its version is the next: lower is a repeat (undefined), higher is a gap (null). */
  fold(event) {
    const held = this.byId.get(event.order_id);
    const version = held?.version ?? 0;
    if (event.version <= version) return undefined;
    if (event.version !== version + 1) {
      // an order that had been closed before the snapshot, and stays closed, is no business of this screen
      const stays = held === undefined && event.change.status && !OPEN.includes(event.change.status);
      return stays ? undefined : null;
    }
    const order = { ...mergePatch(held ?? {}, event.change), version: event.version };
    this.byId.set(event.order_id, order);
    return order;
  }

  /** Open orders of a status, oldest first. */
  inStatus(status) {
    const orders = [...this.byId.values()].filter((order) => order.status === status);
    return orders.sort((one, other) => (one.placed_at < other.placed_at ? -1 : 1));
  }
}
