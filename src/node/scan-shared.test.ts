import { expect, test } from 'vitest';
import { createNodeUnderTest } from '../../test/builders/test-node.ts';
import { scanShared } from './scan-shared.ts';

test.each([
  ['of the order that it was made for is noted', false, { generation: 2, isScanned: true }],
  ['that another order has overtaken says nothing of that one', true, { generation: 1, isScanned: false }],
])('a scan before peers go, %s', async (_what, isOvertaken, noted) => {
  using node = await createNodeUnderTest();
  const record = node.ctx.volumes.record('v-aaaaaaaaaaaaaaaa-0123456789ab');
  record.peersGo = { generation: 2, isScanned: false };
  const scan = async () => {
    if (isOvertaken) record.peersGo = { generation: 1, isScanned: false };
  };
  const ctx = { ...node.ctx, syncthing: { ...node.ctx.syncthing, scan } };
  await scanShared(ctx, 'v-aaaaaaaaaaaaaaaa-0123456789ab', AbortSignal.timeout(5_000));
  expect(record.peersGo).toEqual(noted);
});
