import {
  type PlacedSet,
  buildSet,
  dropBuildCache,
  isBuilt,
  linkPrograms,
} from '../programs/build-programs.ts';
import { programsOf } from '../programs/program-set.ts';
import { type ClusterContext, buildOptions, placeSets } from './cluster-context.ts';
import { type Step, runSteps } from './steps.ts';

/** One step for each set: build it unless the cache has it, and link it into .cluster/bin. */
export function programSteps(placed: readonly PlacedSet[], context: ClusterContext): readonly Step[] {
  return placed.map((set) => {
    const names = programsOf(set.set).map((program) => program.name);
    const verb = isBuilt(set) ? 'Found' : 'Build';
    return {
      title: `${verb} ${names.join(', ')}`,
      async run(report) {
        await buildSet(set, buildOptions(context, report));
        linkPrograms(set, context.paths.bin);
      },
    };
  });
}

/** Some GB that nothing needs once all is built. */
export function buildCacheStep(context: ClusterContext): Step {
  return {
    title: 'Give the build cache’s disk back',
    async run() {
      await dropBuildCache(buildOptions(context));
    },
  };
}

/** Builds everything that a cluster and its tests need, without a cluster. */
export async function buildPrograms(context: ClusterContext): Promise<void> {
  const placed = await placeSets(context, ['start', 'use', 'test']);
  const cleanup = context.goCache === undefined ? [buildCacheStep(context)] : [];
  await runSteps([...programSteps(placed, context), ...cleanup], context);
}
