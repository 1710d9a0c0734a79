/** Sessions of one epoch as one: what the later ones found is no more proven than what the earlier ones wrote. */
import type { Effect, Op, Session } from './session.ts';
import { historiesOf } from './history.ts';
import { ABSENT, isSame } from './value.ts';

/** What `later` found and no version before it was: the rest of a write that a power cut left, for one. */
function surprises(merged: Session, later: Session): readonly Effect[] {
  const histories = historiesOf(merged);
  const paths = new Set([...histories.keys(), ...later.tree.keys()]);
  return [...paths].flatMap((path) => {
    const value = later.tree.get(path) ?? ABSENT;
    const versions = histories.get(path) ?? [{ value: ABSENT }];
    return versions.some((version) => isSame(version.value, value)) ? [] : [{ path, value }];
  });
}

function join(merged: Session, later: Session): Session {
  const effects = surprises(merged, later);
  const at = later.startedAt;
  const found: readonly Op[] =
    effects.length === 0 ? [] : [{ seq: -1, begunAt: at, doneAt: at, inPlace: false, effects }];
  return { ...merged, ops: [...merged.ops, ...found, ...later.ops] };
}

/** From the tree that the first of them found, with everything that any of them did. At least one, in order. */
export function mergeSessions(first: Session, rest: readonly Session[]): Session {
  return rest.reduce(join, first);
}
