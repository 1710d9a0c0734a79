import { describe, expect, it } from 'vitest';
import { endPod, inPod, labelNodes, makeClaim, NODES, startPod, useStage } from '../fixture.ts';
import { readTree, writeOddTree } from '../odd-tree.ts';

const stage = useStage('read-there');
const pairs = NODES.flatMap((from) => NODES.filter((to) => to !== from).map((to) => [from, to] as const));

describe('what a pod wrote on one node, the next pod reads on another', () => {
  it.each(pairs)('%s -> %s', async (from, to) => {
    await labelNodes(stage.kube, ['node1', 'node2']);
    const claim = `${from}-${to}`;
    await makeClaim(stage, claim);
    await startPod(stage, 'writer', { node: from, claim });
    await writeOddTree(stage.kube, claim, inPod(stage, 'writer'));
    const written = await readTree(stage.kube, inPod(stage, 'writer'));
    await endPod(stage, 'writer');
    await startPod(stage, 'reader', { node: to, claim });
    const found = await readTree(stage.kube, inPod(stage, 'reader'));
    await endPod(stage, 'reader');
    expect(written.length).toBeGreaterThan(40);
    expect(found).toEqual(written);
  });
});
