import { describe, expect, test } from 'vitest';
import {
  at,
  clusterNode,
  folder,
  grantTo,
  handoffBase,
  node,
  peer,
  replica,
  view,
  volume,
} from '../../test/builders/volume-view.ts';
import type { SyncthingVolumeSpec } from '../desired/volume.ts';
import { isShutOutByLists, lossOf, lossRecheckAfterMs } from './lost-writer.ts';
import { defaultHandoffSettings } from './settings.ts';

const AFTER = defaultHandoffSettings.failoverAfterMs;

interface Given {
  readonly spec?: Partial<SyncthingVolumeSpec>;
  /** Milliseconds since n1, which has the grant of epoch 2, was heard of. */
  readonly silence?: number;
  readonly isSeen?: boolean;
  readonly outOfService?: boolean;
}

function given({ spec, silence = 0, isSeen = false, outOfService = false }: Given) {
  const status = { epoch: 2, base: handoffBase(['n1', 'n2']), grant: grantTo('n1', 2) };
  const peers = [peer('n1', { connected: isSeen })];
  return view({
    volume: volume({ status, ...(spec !== undefined && { spec }) }),
    replicas: [
      replica('n1', ['n2']),
      replica('n2', ['n1'], { status: { folder: folder(['n1'], { peers }) } }),
    ],
    nodes: [node('n1', { heartbeat: at(-silence) })],
    clusterNodes: [clusterNode('n1', { outOfService })],
  });
}

const AUTOMATIC: Partial<SyncthingVolumeSpec> = { failover: 'automatic' };

describe('a writer is lost', () => {
  test.each<[string, Given, ReturnType<typeof lossOf>]>([
    ['never, while all is well', {}, undefined],
    ['by the taint', { outOfService: true }, 'node'],
    ['by the taint before all else', { outOfService: true, spec: { forceDetach: { epoch: 2 } } }, 'node'],
    ['by a person who names its epoch', { spec: { forceDetach: { epoch: 2 } } }, 'forced'],
    ['not by one who names an earlier epoch', { spec: { forceDetach: { epoch: 1 } } }, undefined],
    ['not by silence alone', { silence: 100 * AFTER }, undefined],
    ['by silence where that was chosen', { silence: AFTER, spec: AUTOMATIC }, 'silent'],
    ['not by a shorter one', { silence: AFTER - 1, spec: AUTOMATIC }, undefined],
    ['not while another copy still sees it', { silence: AFTER, spec: AUTOMATIC, isSeen: true }, undefined],
    [
      'not in a volume that is deleted',
      { outOfService: true, spec: { deletion: { requestedAt: at(0) } } },
      undefined,
    ],
  ])('%s', (_what, it, loss) => {
    expect(lossOf(given(it))).toBe(loss);
    const byLists = loss === 'forced' || loss === 'silent';
    expect(isShutOutByLists(given(it), 'n1')).toBe(byLists);
    expect(isShutOutByLists(given(it), 'n2')).toBe(false);
  });
});

test('what was not heard before the controller began is no silence', () => {
  const old = given({ silence: 100 * AFTER, spec: AUTOMATIC });
  const begun = { ...old, watchingSince: old.now - AFTER + 5 };
  expect(lossOf(begun)).toBeUndefined();
  expect(lossRecheckAfterMs(begun)).toBe(5);
  expect(lossOf({ ...begun, now: begun.now + 5 })).toBe('silent');
});

test('silence is looked at again when it is long enough, and only where it counts', () => {
  expect(lossRecheckAfterMs(given({ silence: AFTER - 5, spec: AUTOMATIC }))).toBe(5);
  expect(lossRecheckAfterMs(given({ silence: AFTER, spec: AUTOMATIC }))).toBeUndefined();
  expect(lossRecheckAfterMs(given({ silence: AFTER - 5 }))).toBeUndefined();
  expect(lossRecheckAfterMs(given({ silence: 10, spec: AUTOMATIC }))).toBeUndefined();
});
