import type { BuildOptions, PlacedSet } from '../programs/build-programs.ts';
import { placeSet } from '../programs/build-programs.ts';
import { PROGRAM_SETS, type ProgramSet } from '../programs/program-set.ts';
import type { ClusterPaths } from './cluster-paths.ts';

/** What every command is given; made once, by main. */
export type ClusterContext = {
  readonly paths: ClusterPaths;
  /** The user's cache folder of this project. */
  readonly cache: string;
  readonly goCache: string | undefined;
  /** The processor, as Go calls it. */
  readonly architecture: string;
  /** A terminal that can be redrawn. */
  readonly interactive: boolean;
  readonly signal: AbortSignal;
};

/** What building programs needs of it. */
export function buildOptions(context: ClusterContext, onProgress?: (line: string) => void): BuildOptions {
  const { paths, cache, goCache, signal } = context;
  return {
    checkout: paths.checkout,
    cache,
    goCache,
    signal,
    ...(onProgress === undefined ? {} : { onProgress }),
  };
}

/** The sets of the phases, with their places in the cache. */
export async function placeSets(
  context: ClusterContext,
  phases: readonly ProgramSet['phase'][],
): Promise<readonly PlacedSet[]> {
  const wanted = PROGRAM_SETS.filter((set) => phases.includes(set.phase));
  return await Promise.all(wanted.map((set) => placeSet(set, buildOptions(context))));
}
