import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { call, type ControllerUnderTest } from '../../test/builders/controller-under-test.ts';
import { startWrittenVolume } from '../../test/builders/written-volume.ts';
import { SYNCTHING_NODES, SYNCTHING_REPLICAS } from '../kubernetes/resource-kind.ts';

/** docs/security.md, "Expel a node". */
describe('a node that a person expelled', () => {
  let world: ControllerUnderTest;
  let volumeId: string;

  beforeEach(async () => {
    ({ world, volumeId } = await startWrittenVolume());
  });
  afterEach(() => world.stop());

  async function expel(name: string, expelled: boolean | null = true): Promise<void> {
    await world.kubernetes.mergePatch(SYNCTHING_NODES, { name }, { spec: { expelled } }, call);
  }
  async function orderOf(name: string) {
    return (await world.kubernetes.get(SYNCTHING_NODES, name, call)).spec;
  }
  async function peersOf(node: string): Promise<readonly string[]> {
    const { items } = await world.kubernetes.list(SYNCTHING_REPLICAS, {}, call);
    const copy = items.find(({ spec }) => spec.node === node);
    return copy?.spec.peers.map((peer) => peer.node) ?? [];
  }
  function untilShutOut(name: string, others: readonly string[]): Promise<void> {
    return world.until(async () => {
      const orders = await Promise.all(others.map(orderOf));
      const peers = await Promise.all(others.map(peersOf));
      return (
        orders.every(({ fenced, devices }) => {
          return fenced.includes(name) && !devices.some(({ node }) => node === name);
        }) && peers.every((listed) => !listed.includes(name))
      );
    });
  }

  test('is fenced on all others, shares nothing, and hears of nobody', async () => {
    await expel('n3');
    await untilShutOut('n3', ['n1', 'n2']);
    expect(await orderOf('n3')).toMatchObject({ expelled: true, devices: [], fenced: [] });
    expect(await peersOf('n3')).toEqual([]);
    expect((await world.volume(volumeId)).status.grant?.node).toBe('n1');
    world.node('n1').write(volumeId, 'b');
    await world.until(async () => {
      const { status } = await world.volume(volumeId);
      const names = status.proven?.holders.map(({ node }) => node);
      return (status.proven?.sequence ?? 0) >= 2 && names?.includes('n2') === true;
    });
    expect([...world.node('n3').syncthing.filesOf(volumeId)]).toEqual(['a']);
    const { conditions } = (await world.volume(volumeId)).status;
    expect(conditions.find(({ type }) => type === 'Replicated')?.message).not.toContain('n3');
  });

  test('is given no volume, whatever it asks for', async () => {
    await world.stopPod('n1', volumeId);
    await world.until(async () => (await world.volume(volumeId)).status.grant === undefined);
    await expel('n3');
    await world.startPod('n3', volumeId);
    for (let round = 0; round < 20; round += 1) await world.round();
    expect((await world.volume(volumeId)).status.grant).toBeUndefined();
  });

  test('loses the volumes that it writes, though it goes on reporting', async () => {
    await expel('n1');
    await world.startPod('n2', volumeId);
    await world.until(() => world.node('n2').isMounted(volumeId));
    const { status } = await world.volume(volumeId);
    expect(status).toMatchObject({ grant: { node: 'n2' }, stale: [{ node: 'n1' }] });
    await untilShutOut('n1', ['n2', 'n3']);
  });

  test('keeps no volume from being deleted', async () => {
    await world.stopPod('n1', volumeId);
    await world.until(async () => (await world.volume(volumeId)).status.grant === undefined);
    world.node('n3').crash();
    await expel('n3');
    await world.deleteVolume(volumeId);
    await world.until(() => world.isGone(volumeId), 20);
    expect((await orderOf('n3')).tombstones).toHaveLength(1);
  });

  test('is a node like any when the word is taken back', async () => {
    await expel('n3');
    await untilShutOut('n3', ['n1', 'n2']);
    world.node('n1').write(volumeId, 'b');
    await expel('n3', null);
    await world.until(async () => {
      const { fenced, devices } = await orderOf('n1');
      return fenced.length === 0 && devices.length === 2;
    });
    await world.until(async () => (await world.volume(volumeId)).status.proven?.holders.length === 3);
    await world.until(() => [...world.node('n3').syncthing.filesOf(volumeId)].includes('b'));
  });
});
