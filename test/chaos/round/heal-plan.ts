/** What is broken, as it is seen, and what to do about it in which order: healing does not have to remember. */
import { NODES, type NodeName } from '../plan/fault-kind.ts';

export interface NodeObserved {
  readonly isRunning: boolean;
  readonly hasKubelet: boolean;
  readonly hasFiller: boolean;
  /** Undefined where the API has no such Node, or does not answer. */
  readonly object?: { readonly isTainted: boolean; readonly isCordoned: boolean };
}

export interface ClusterObserved {
  readonly isCut: boolean;
  readonly hasControlPlane: boolean;
  readonly nodes: Readonly<Record<NodeName, NodeObserved>>;
}

export type HealAction =
  | { readonly kind: 'heal-network' }
  | { readonly kind: 'start-control-plane' }
  | { readonly kind: 'power-on'; readonly node: NodeName }
  | { readonly kind: 'start-kubelet'; readonly node: NodeName }
  | { readonly kind: 'free-disk'; readonly node: NodeName }
  | { readonly kind: 'untaint'; readonly node: NodeName }
  | { readonly kind: 'uncordon'; readonly node: NodeName };

function nodeActions(node: NodeName, seen: NodeObserved): readonly HealAction[] {
  if (!seen.isRunning) return [{ kind: 'power-on', node }];
  return [
    ...(seen.hasFiller ? [{ kind: 'free-disk', node } as const] : []),
    ...(seen.hasKubelet ? [] : [{ kind: 'start-kubelet', node } as const]),
  ];
}

function objectActions(node: NodeName, { object }: NodeObserved): readonly HealAction[] {
  return [
    ...(object?.isTainted === true ? [{ kind: 'untaint', node } as const] : []),
    ...(object?.isCordoned === true ? [{ kind: 'uncordon', node } as const] : []),
  ];
}

/** Nothing where nothing is broken. What the API is needed for comes after the API. */
export function planHealing(seen: ClusterObserved): readonly HealAction[] {
  return [
    ...(seen.isCut ? [{ kind: 'heal-network' } as const] : []),
    ...(seen.hasControlPlane ? [] : [{ kind: 'start-control-plane' } as const]),
    ...NODES.flatMap((node) => nodeActions(node, seen.nodes[node])),
    ...NODES.flatMap((node) => objectActions(node, seen.nodes[node])),
  ];
}
