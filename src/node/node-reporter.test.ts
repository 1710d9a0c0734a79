import { expect, test } from 'vitest';
import { createNodeUnderTest, NODE } from '../../test/builders/test-node.ts';
import { labelsOf } from '../kubernetes/labels.ts';
import { SYNCTHING_NODES } from '../kubernetes/resource-kind.ts';
import { createNodeReporter, type NodeReporter } from './node-reporter.ts';

type UnderTest = Awaited<ReturnType<typeof createNodeUnderTest>>;

/** Reports until it is so. */
async function reporting(
  { ctx, kubernetes }: UnderTest,
  isSo: (reporter: NodeReporter) => Promise<boolean>,
): Promise<NodeReporter> {
  const stop = new AbortController();
  const capacity = { totalBytes: 10, freeBytes: 5 };
  const reporter = createNodeReporter({
    ctx,
    kubernetes,
    addresses: ['tcp://10.0.0.1:22000'],
    facts: () => ({ nodewatcher: { labelled: true, capacity } }),
    heartbeatMs: 10_000,
  });
  const running = reporter.run(stop.signal);
  await expect.poll(() => isSo(reporter)).toBe(true);
  stop.abort();
  await running;
  return reporter;
}

test('a node makes its resource and reports into it', async () => {
  using node = await createNodeUnderTest();
  const reporter = await reporting(node, async ({ hasReported }) => hasReported);
  const { status } = await node.kubernetes.get(SYNCTHING_NODES, NODE, { signal: AbortSignal.timeout(5000) });
  expect(status).toMatchObject({ labelled: true, addresses: ['tcp://10.0.0.1:22000'] });
  expect(reporter.problem).toBeUndefined();
});

test('a resource of that name that another instance made is left alone, and that is said', async () => {
  using node = await createNodeUnderTest();
  const spec = { fenced: [], devices: [], tombstones: [] };
  node.kubernetes.seed(SYNCTHING_NODES, { name: NODE, labels: labelsOf('other.example.org'), spec });
  const reporter = await reporting(node, async ({ problem }) => problem !== undefined);
  expect(reporter.hasReported).toBe(false);
  expect(reporter.problem).toMatch(/SyncthingNode n1 .* belongs to driver other\.example\.org/);
  const found = await node.kubernetes.get(SYNCTHING_NODES, NODE, { signal: AbortSignal.timeout(5000) });
  expect(found.status).toBeUndefined();
});
