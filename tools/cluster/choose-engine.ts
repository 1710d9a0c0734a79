import type { ClusterContext } from './cluster-context.ts';
import { readClusterState } from './cluster-state.ts';
import { type ClusterEngine, type EngineName, decideEngine } from './engine.ts';
import { kindEngine } from './kind/kind-engine.ts';
import { namespacesEngine } from './namespaces-engine.ts';

/** The engine of the cluster that exists, or the one that a new cluster would have. */
export function chooseEngine(wanted: EngineName | undefined, context: ClusterContext): ClusterEngine {
  const existing = readClusterState(context.paths)?.engine;
  return decideEngine(wanted, existing) === 'kind' ? kindEngine(context) : namespacesEngine(context);
}
