// Positions in the log: `epoch.partition-offset[.partition-offset…]`. Compared here, made by the servers only.

type Offsets = Map<string, bigint>; // an offset may have 18 digits, more than a number holds

function read(position: string): [epoch: string, offsets: Offsets] {
  const [epoch = "", ...parts] = position.split(".");
  const offsets: Offsets = new Map();
  for (const part of parts) {
    const [partition = "", offset = ""] = part.split("-");
    offsets.set(partition, BigInt(offset));
  }
  return [epoch, offsets];
}

/** Whether `position` lies beyond `held` in any partition, or in another epoch: who holds `held` has missed something. */
export function isBeyond(position: string, held: string): boolean {
  if (position === held) return false;
  const [epoch, theirs] = read(position);
  const [ourEpoch, ours] = read(held);
  return epoch !== ourEpoch || [...theirs].some(([partition, offset]) => offset > (ours.get(partition) ?? -1n));
}

/** The further of two positions of one epoch, partition by partition. Of another epoch, the new one counts. */
export function further(held: string, position: string): string {
  if (position === held) return held;
  const [epoch, theirs] = read(position);
  const [ourEpoch, ours] = read(held);
  if (epoch !== ourEpoch) return position;
  for (const [partition, offset] of theirs) if (offset > (ours.get(partition) ?? -1n)) ours.set(partition, offset);
  const sorted = [...ours].sort(([one], [other]) => Number(one) - Number(other));
  return [epoch, ...sorted.map(([partition, offset]) => `${partition}-${offset}`)].join(".");
}

/** Whether two positions belong to one life of the topic. */
export const sameEpoch = (one: string, other: string): boolean => read(one)[0] === read(other)[0];
