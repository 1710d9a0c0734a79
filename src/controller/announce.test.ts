import { describe, expect, test } from 'vitest';
import { at, grantTo, handoffBase, holder, volume } from '../../test/builders/volume-view.ts';
import type { Condition } from '../desired/object.ts';
import type { SyncthingVolumeStatus } from '../desired/volume.ts';
import { announcements } from './announce.ts';

function ready(reason: string, type = 'Ready'): Pick<SyncthingVolumeStatus, 'conditions'> {
  const condition: Condition = {
    type,
    status: 'False',
    reason,
    message: `it is ${reason}`,
    lastTransitionTime: at(0),
  };
  return { conditions: [condition] };
}

describe('what is told in events', () => {
  test.each(['Blocked', 'NoDataNode', 'StoreChanged', 'Diverged'])('%s, once', (reason) => {
    const before = volume({ status: ready('Available') });
    const after = volume({ status: ready(reason) });
    expect(announcements(before, after)).toEqual([{ type: 'Warning', reason, message: `it is ${reason}` }]);
    expect(announcements(after, after)).toEqual([]);
  });

  test('files that other nodes do not get, once', () => {
    const before = volume({ status: ready('Everything', 'Carried') });
    const after = volume({ status: ready('NotCarried', 'Carried') });
    expect(announcements(before, after)).toMatchObject([{ type: 'Warning', reason: 'NotCarried' }]);
    expect(announcements(after, after)).toEqual([]);
  });

  test('files that differ', () => {
    const after = volume({ status: ready('Differs', 'Scrubbed') });
    expect(announcements(volume(), after)).toEqual([
      { type: 'Warning', reason: 'Differs', message: 'it is Differs' },
    ]);
    expect(announcements(after, after)).toEqual([]);
  });

  test.each(['Available', 'Attached', 'Waiting', 'Fencing', 'Deleting'])('not %s', (reason) => {
    expect(announcements(volume(), volume({ status: ready(reason) }))).toEqual([]);
  });

  test('each conflict copy that is new, and none that goes', () => {
    const [one, two] = ['a', 'b'].map((name) => `${name}.sync-conflict-20260102-030405-ABCDEFG`);
    const none = volume();
    const first = volume({ status: { conflicts: { count: 1, names: [one ?? ''] } } });
    const both = volume({ status: { conflicts: { count: 2, names: [two ?? '', one ?? ''] } } });
    const told = { type: 'Warning', reason: 'Conflict' };
    expect(announcements(none, first)).toMatchObject([
      { ...told, message: expect.stringContaining(one ?? '') },
    ]);
    expect(announcements(first, both)).toMatchObject([
      { ...told, message: expect.stringContaining(two ?? '') },
    ]);
    expect(
      [announcements(both, both), announcements(both, first), announcements(first, none)].flat(),
    ).toEqual([]);
  });

  describe('a failover', () => {
    const grant = grantTo('n1', 2);
    const base = handoffBase(['n2'], { kind: 'failover', epoch: 3, session: 0 });
    const proven = { epoch: 2, session: 1, sequence: 4, scanStartedAt: at(-9000), holders: [holder('n2')] };

    test('says what is there and what is not', () => {
      const before = volume({ status: { epoch: 2, base: handoffBase(['n1', 'n2']), grant, proven } });
      const [told] = announcements(before, volume({ status: { epoch: 3, base } }));
      expect(told).toMatchObject({ type: 'Normal', reason: 'FailedOver' });
      expect(told?.message).toContain('node n1 is lost, the volume goes on from n2');
      expect(told?.message).toContain(`everything written before ${at(-9000)} is there`);
    });

    test('without a proof: nothing of the lost session', () => {
      const before = volume({ status: { epoch: 2, base: handoffBase(['n1', 'n2']), grant } });
      const [told] = announcements(before, volume({ status: { epoch: 3, base } }));
      expect(told?.message).toContain(`what n1 wrote since ${grant.since} was never replicated`);
    });
  });
});
