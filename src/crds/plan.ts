/** What becomes of a definition of our resources that the cluster has, or has not: PURE. */
import { lossesBetween, type Losses } from './losses.ts';

/** A CustomResourceDefinition as far as it is decided about. */
export interface Definition {
  readonly name: string;
  readonly spec: Readonly<Record<string, unknown>>;
}

export type DefinitionPlan =
  | { readonly action: 'create' }
  | { readonly action: 'replace' }
  /** The cluster's takes more: a newer instance of the driver brought it. */
  | { readonly action: 'keep' }
  /** Resources that are there could not be read any more, or would be refused when they are next written. */
  | ({ readonly action: 'refuse' } & Losses);

/**
 * Definitions only grow. The one that takes every resource that the other takes is the newer one, and stays or comes;
 * where each takes something that the other does not, a person has to look.
 */
export function planDefinition(ours: Definition, live: Definition | undefined): DefinitionPlan {
  if (live === undefined) return { action: 'create' };
  const losses = lossesBetween(live.spec, ours.spec);
  if (isNone(losses)) return { action: 'replace' };
  return isNone(lossesBetween(ours.spec, live.spec)) ? { action: 'keep' } : { action: 'refuse', ...losses };
}

function isNone({ lost, tightened }: Losses): boolean {
  return lost.length + tightened.length === 0;
}
