import type { ClusterContext } from './cluster-context.ts';
import { readClusterState } from './cluster-state.ts';
import { dockerFacts } from './docker-facts.ts';
import { type ClusterEngine, type EngineName, decideEngine } from './engine.ts';
import { kindEngine } from './kind/kind-engine.ts';
import { namespacesEngine } from './namespaces-engine.ts';

/** The engine of the cluster that exists, or the one that a new cluster would have. */
export async function chooseEngine(
  wanted: EngineName | undefined,
  context: ClusterContext,
): Promise<ClusterEngine> {
  const existing = readClusterState(context.paths)?.engine;
  const known = existing ?? wanted;
  const docker =
    known === undefined
      ? await dockerFacts(context.dockerHost, context.signal)
      : { answers: false, fullyPrivileged: false };
  return decideEngine(wanted, existing, docker) === 'kind' ? kindEngine(context) : namespacesEngine(context);
}
