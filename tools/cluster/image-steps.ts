import type { Machine } from './address-plan.ts';
import type { ClusterContext } from './cluster-context.ts';
import { importImages } from './image-import.ts';
import { runningMachine } from './machine.ts';
import type { Step } from './steps.ts';

/** Every archive of .cluster/images on every node. */
export function imageSteps(nodes: readonly Machine[], context: ClusterContext): readonly Step[] {
  const { paths, signal } = context;
  return nodes.map((node) => ({
    title: `Images on ${node.name}`,
    async run(report) {
      const files = await importImages(runningMachine(paths, node.name), paths.images, signal);
      report(files.length === 0 ? 'nothing new' : files.join(', '));
    },
  }));
}
