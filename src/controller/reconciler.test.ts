import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ControllerUnderTest, createRequest, call } from '../../test/builders/controller-under-test.ts';
import { parseVolumeId } from '../desired/volume-id.ts';
import { SYNCTHING_NODES, SYNCTHING_REPLICAS, SYNCTHING_VOLUMES } from '../kubernetes/resource-kind.ts';
import { createVolume } from './csi/create-volume.ts';

const never = new AbortController().signal;

describe('the controller, with simulated nodes on a fake API server', () => {
  let world: ControllerUnderTest;

  beforeEach(async () => {
    world = new ControllerUnderTest(['n1', 'n2', 'n3']);
    await world.start();
  });
  afterEach(async () => {
    await world.stop();
    expect(world.failures.map(({ key, error }) => `${key}: ${String(error)}`)).toEqual([]);
  });

  async function mounted(name: string, volumeId: string): Promise<void> {
    await world.startPod(name, volumeId);
    await world.until(() => world.node(name).isMounted(volumeId));
  }
  function filesOn(name: string, volumeId: string): readonly string[] {
    return [...world.node(name).syncthing.filesOf(volumeId)].sort();
  }
  async function replicatedThrough(volumeId: string): Promise<string | undefined> {
    return (await world.volume(volumeId)).status.replicatedThrough;
  }
  async function detached(name: string, volumeId: string): Promise<void> {
    await world.stopPod(name, volumeId);
    await world.until(async () => (await world.volume(volumeId)).status.grant === undefined);
  }
  async function replicaNodes(): Promise<readonly string[]> {
    const { items } = await world.kubernetes.list(SYNCTHING_REPLICAS, {}, { signal: never });
    return items.map((item) => `${item.spec.node} ${item.spec.role}`).sort();
  }

  test('every data node gets a copy before anybody asks for the volume', async () => {
    const volumeId = await world.createVolume('pvc-1');
    await world.until(async () => (await replicaNodes()).length === 3);
    await world.until(async () => {
      const { conditions } = (await world.volume(volumeId)).status;
      return conditions.every(({ type, status }) => status === (type === 'Diverged' ? 'False' : 'True'));
    });
  });

  test('what one node wrote is there on the next, which waits for the first to end', async () => {
    const volumeId = await world.createVolume('pvc-1');
    await mounted('n1', volumeId);
    world.node('n1').write(volumeId, 'a');
    await world.startPod('n2', volumeId);
    for (let round = 0; round < 5; round += 1) await world.round();
    expect(world.node('n2').isMounted(volumeId)).toBe(false);
    const waiting = (await world.volume(volumeId)).status.conditions.find(({ type }) => type === 'Ready');
    expect(waiting?.message).toContain('n2 waits: node n1 holds the volume');
    await world.stopPod('n1', volumeId);
    await world.until(() => world.node('n2').isMounted(volumeId));
    expect(filesOn('n2', volumeId)).toEqual(['a']);
    expect((await world.volume(volumeId)).status).toMatchObject({
      epoch: 2,
      grant: { node: 'n2', epoch: 2 },
      base: { kind: 'handoff', epoch: 1, session: 1 },
    });
  });

  test('a node without the label gets a client copy, which goes when it is not needed any more', async () => {
    world.setNode('n3', { labelled: false });
    await world.round();
    const volumeId = await world.createVolume('pvc-1');
    await mounted('n3', volumeId);
    expect(await replicaNodes()).toEqual(['n1 data', 'n2 data', 'n3 client']);
    world.node('n3').write(volumeId, 'a');
    await detached('n3', volumeId);
    await world.until(async () => (await replicaNodes()).length === 2);
    expect(world.node('n3').hasBytes(volumeId)).toBe(false);
    expect(filesOn('n1', volumeId)).toEqual(['a']);
  });

  test('no pod of the node uses the claim: no grant, and the volume says so', async () => {
    const volumeId = await world.createVolume('pvc-1');
    const volumeName = parseVolumeId(volumeId)?.name ?? '';
    world.node('n1').startPod(volumeName, volumeId);
    for (let round = 0; round < 5; round += 1) await world.round();
    const { grant, conditions } = (await world.volume(volumeId)).status;
    expect(grant).toBeUndefined();
    expect(conditions.find(({ type }) => type === 'Ready')?.message).toContain(
      'no pod there uses the claim default/pvc-1',
    );
  });

  test('a label taken away moves the copy to a node that gets one, never below what was there', async () => {
    world.setNode('n3', { labelled: false });
    await world.round();
    const volumeId = await world.createVolume('pvc-1', { replicas: '2' });
    await mounted('n1', volumeId);
    world.node('n1').write(volumeId, 'a');
    await detached('n1', volumeId);
    world.setNode('n2', { labelled: false });
    world.setNode('n3');
    await world.until(async () => {
      const complete = world.cluster.nodes.filter(({ syncthing }) => syncthing.filesOf(volumeId).has('a'));
      expect(complete.length).toBeGreaterThanOrEqual(2);
      return (await replicaNodes()).join() === 'n1 data,n3 data';
    });
    expect(world.node('n2').hasBytes(volumeId)).toBe(false);
    expect((await world.volume(volumeId)).status.base.holders.map(({ node }) => node)).toEqual(['n1', 'n3']);
  });

  /** Three nodes read what n1 wrote; n3 has no copy of its own. */
  async function readByAll(): Promise<string> {
    world.setNode('n3', { labelled: false });
    await world.round();
    const volumeId = await world.createVolume('pvc-1');
    await mounted('n1', volumeId);
    world.node('n1').write(volumeId, 'a');
    await detached('n1', volumeId);
    for (const name of ['n1', 'n2', 'n3']) await world.startPod(name, volumeId, 'read');
    await world.until(() => world.cluster.nodes.every((node) => node.isMounted(volumeId)));
    return volumeId;
  }
  async function readerNodes(volumeId: string): Promise<readonly string[]> {
    return (await world.volume(volumeId)).status.readers.map((reader) => reader.node);
  }

  test('all nodes read together; a writer comes when the last of them has ended', async () => {
    const volumeId = await readByAll();
    expect(world.cluster.nodes.map((node) => [...node.syncthing.filesOf(volumeId)])).toEqual([
      ['a'],
      ['a'],
      ['a'],
    ]);
    expect(await readerNodes(volumeId)).toEqual(['n1', 'n2', 'n3']);
    const { status } = await world.volume(volumeId);
    expect(status).toMatchObject({ epoch: 1, base: { epoch: 1, session: 1 } });
    expect(status.conditions.find(({ type }) => type === 'Ready')).toMatchObject({
      status: 'True',
      reason: 'Reading',
    });
    await world.stopPod('n1', volumeId);
    await world.startPod('n1', volumeId);
    await world.stopPod('n2', volumeId);
    await world.until(async () => (await readerNodes(volumeId)).join() === 'n3');
    for (let round = 0; round < 5; round += 1) await world.round();
    expect(world.node('n1').isMounted(volumeId)).toBe(false);
    const { conditions } = (await world.volume(volumeId)).status;
    expect(conditions.find(({ type }) => type === 'Ready')).toMatchObject({
      status: 'True',
      message: expect.stringContaining('n1 waits: the volume is read on n3'),
    });
    await world.stopPod('n3', volumeId);
    await world.until(() => world.node('n1').isMounted(volumeId));
    expect(await world.volume(volumeId)).toMatchObject({ status: { epoch: 2, readers: [] } });
    await world.until(async () => (await replicaNodes()).join() === 'n1 data,n2 data');
  });

  test('a reader waits for the writer, and for something to read', async () => {
    const volumeId = await world.createVolume('pvc-1');
    await world.startPod('n2', volumeId, 'read');
    for (let round = 0; round < 5; round += 1) await world.round();
    const told = async () =>
      (await world.volume(volumeId)).status.conditions.find(({ type }) => type === 'Ready');
    expect(await told()).toMatchObject({
      status: 'False',
      message: expect.stringContaining('nothing to read'),
    });
    await mounted('n1', volumeId);
    world.node('n1').write(volumeId, 'a');
    for (let round = 0; round < 5; round += 1) await world.round();
    expect(world.node('n2').isMounted(volumeId)).toBe(false);
    expect((await told())?.message).toContain('n2 waits: node n1 holds the volume');
    await world.stopPod('n1', volumeId);
    await world.until(() => world.node('n2').isMounted(volumeId));
    expect(filesOn('n2', volumeId)).toEqual(['a']);
  });

  test('a reader whose node is off keeps a writer waiting until somebody says that it is gone', async () => {
    const volumeId = await readByAll();
    world.node('n3').crash();
    for (const name of ['n1', 'n2']) await world.stopPod(name, volumeId);
    await world.startPod('n1', volumeId);
    for (let round = 0; round < 70; round += 1) await world.round();
    expect(world.node('n1').isMounted(volumeId)).toBe(false);
    world.setNode('n3', { labelled: false, outOfService: true });
    await world.until(() => world.node('n1').isMounted(volumeId));
    const { status } = await world.volume(volumeId);
    expect(status).toMatchObject({ base: { kind: 'handoff', epoch: 1 }, stale: [] });
    expect(world.events.map(({ reason }) => reason)).not.toContain('FailedOver');
  });

  test('DeleteVolume of a volume that is read is refused, unless the reader is silent', async () => {
    const volumeId = await readByAll();
    for (const name of ['n1', 'n2']) await world.stopPod(name, volumeId);
    await world.until(async () => (await readerNodes(volumeId)).join() === 'n3');
    await expect(world.deleteVolume(volumeId)).rejects.toMatchObject({
      kind: 'failed-precondition',
      message: expect.stringContaining('in use on node n3'),
    });
    world.node('n3').crash();
    for (let round = 0; round < 70; round += 1) await world.round();
    await world.deleteVolume(volumeId);
    await world.until(() => world.isGone(volumeId));
  });

  test("a label that is taken from a reader's node moves its copy when it has read", async () => {
    world.setNode('n3', { labelled: false });
    await world.round();
    const volumeId = await world.createVolume('pvc-1');
    await mounted('n1', volumeId);
    world.node('n1').write(volumeId, 'a');
    await detached('n1', volumeId);
    await world.until(async () => (await world.volume(volumeId)).status.base.holders.length === 2);
    await world.startPod('n2', volumeId, 'read');
    await world.until(() => world.node('n2').isMounted(volumeId));
    world.setNode('n3');
    world.setNode('n2', { labelled: false });
    await world.until(async () => (await world.volume(volumeId)).status.base.holders.length === 3);
    for (let round = 0; round < 10; round += 1) await world.round();
    expect(world.node('n2').hasBytes(volumeId)).toBe(true);
    await world.stopPod('n2', volumeId);
    await world.until(async () => (await replicaNodes()).join() === 'n1 data,n3 data');
    expect(world.node('n2').hasBytes(volumeId)).toBe(false);
  });

  test('a lost writer is shut out everywhere, and the volume goes on from what was proven', async () => {
    const volumeId = await world.createVolume('pvc-1');
    await mounted('n1', volumeId);
    world.node('n1').write(volumeId, 'a');
    await world.until(async () => (await replicatedThrough(volumeId)) !== undefined);
    await world.until(() => filesOn('n2', volumeId).includes('a') && filesOn('n3', volumeId).includes('a'));
    world.node('n1').write(volumeId, 'b');
    world.node('n1').crash();
    await world.startPod('n2', volumeId);
    for (let round = 0; round < 5; round += 1) await world.round();
    expect(world.node('n2').isMounted(volumeId)).toBe(false);
    world.setNode('n1', { outOfService: true });
    await world.until(() => world.node('n2').isMounted(volumeId));
    expect(filesOn('n2', volumeId)).toEqual(['a']);
    expect(world.events.map(({ reason }) => reason)).toContain('FailedOver');
    world.node('n2').write(volumeId, 'c');

    world.node('n1').boot();
    world.setNode('n1');
    await world.until(async () => (await world.volume(volumeId)).status.stale.length === 0);
    await world.until(() => filesOn('n1', volumeId).join() === 'a,c');
    expect(filesOn('n2', volumeId)).toEqual(['a', 'c']);
    expect([...world.node('n1').archives.values()]).toEqual([['a', 'b']]);
    await world.until(() => world.cluster.nodes.every(({ syncthing }) => syncthing.paused.length === 0));
  });

  test('a lost writer whose changes nobody has keeps the volume blocked until it is back', async () => {
    const volumeId = await world.createVolume('pvc-1');
    await world.round();
    for (const name of ['n2', 'n3']) world.node(name).crash();
    await mounted('n1', volumeId);
    world.node('n1').write(volumeId, 'a');
    world.node('n1').crash();
    for (const name of ['n2', 'n3']) world.node(name).boot();
    world.setNode('n1', { outOfService: true });
    await world.startPod('n2', volumeId);
    for (let round = 0; round < 10; round += 1) await world.round();
    expect(world.node('n2').isMounted(volumeId)).toBe(false);
    expect(world.events.map(({ reason }) => reason)).toContain('Blocked');
    world.node('n1').boot();
    world.setNode('n1');
    await world.until(() => world.node('n2').isMounted(volumeId));
    expect(filesOn('n2', volumeId)).toEqual(['a']);
  });

  test('DeleteVolume: the bytes go everywhere, then the resource; a node that is off gets a tombstone', async () => {
    const volumeId = await world.createVolume('pvc-1');
    await mounted('n1', volumeId);
    world.node('n1').write(volumeId, 'a');
    await detached('n1', volumeId);
    world.node('n3').crash();
    await world.deleteVolume(volumeId);
    await world.until(() => world.isGone(volumeId));
    expect(world.cluster.nodes.map((node) => node.hasBytes(volumeId))).toEqual([false, false, true]);
    world.node('n3').boot();
    await world.until(() => !world.node('n3').hasBytes(volumeId));
    await world.until(async () => {
      const { spec } = await world.kubernetes.get(SYNCTHING_NODES, 'n3', { signal: never });
      return spec.tombstones.length === 0;
    });
  });

  test('the tombstone of a volume whose files are kept says so', async () => {
    const volumeId = await world.createVolume('pvc-1', { onDelete: 'archive' });
    await mounted('n1', volumeId);
    world.node('n1').write(volumeId, 'a');
    await detached('n1', volumeId);
    const { storeId } = world.node('n3');
    world.node('n3').crash();
    await world.deleteVolume(volumeId);
    await world.until(() => world.isGone(volumeId));
    const { spec } = await world.kubernetes.get(SYNCTHING_NODES, 'n3', { signal: never });
    expect(spec.tombstones).toEqual([{ folderId: volumeId, storeId, onDelete: 'archive' }]);
  });

  test('DeleteVolume of a volume that a pod has is refused with the name of the node', async () => {
    const volumeId = await world.createVolume('pvc-1');
    await mounted('n1', volumeId);
    await world.round();
    await expect(world.deleteVolume(volumeId)).rejects.toMatchObject({
      kind: 'failed-precondition',
      message: expect.stringContaining('n1'),
    });
  });

  test('a name is free again only when its deletion is done', async () => {
    const volumeId = await world.createVolume('pvc-1');
    await world.round();
    await world.deleteVolume(volumeId);
    const again = createVolume(world.parts.context, createRequest('pvc-1'), call);
    await expect(again).rejects.toMatchObject({ kind: 'aborted' });
    await world.until(() => world.isGone(volumeId));
    expect(await world.createVolume('pvc-1')).not.toBe(volumeId);
  });

  test('a volume resource deleted behind the driver: its bytes stay on every node as orphans', async () => {
    const volumeId = await world.createVolume('pvc-1');
    await mounted('n1', volumeId);
    world.node('n1').write(volumeId, 'a');
    await detached('n1', volumeId);
    await world.until(() => filesOn('n3', volumeId).includes('a'));
    await world.kubernetes.delete(
      SYNCTHING_VOLUMES,
      { name: parseVolumeId(volumeId)?.name ?? '' },
      { signal: never },
    );
    await world.until(() => world.isGone(volumeId));
    await world.until(async () => (await replicaNodes()).length === 0);
    for (let round = 0; round < 3; round += 1) await world.round();
    expect(world.cluster.nodes.map((node) => node.hasBytes(volumeId))).toEqual([true, true, true]);
    const self = await world.kubernetes.get(SYNCTHING_NODES, 'n2', { signal: never });
    expect(self.status?.orphans).toEqual([volumeId]);
  });

  test('a copy resource deleted behind the driver is made again, and what it held counts after it was proven again', async () => {
    const volumeId = await world.createVolume('pvc-1');
    await mounted('n1', volumeId);
    world.node('n1').write(volumeId, 'a');
    await detached('n1', volumeId);
    world.kubernetes.vanish(SYNCTHING_REPLICAS, `${parseVolumeId(volumeId)?.name}.n2`);
    await world.until(async () => (await replicaNodes()).length === 3);
    await world.until(async () => {
      const { base } = (await world.volume(volumeId)).status;
      return base.holders.length === 3;
    });
    await mounted('n2', volumeId);
    expect(filesOn('n2', volumeId)).toEqual(['a']);
  });

  test('a node that comes back with an empty disk holds nothing and is filled again', async () => {
    const volumeId = await world.createVolume('pvc-1');
    await mounted('n1', volumeId);
    world.node('n1').write(volumeId, 'a');
    await detached('n1', volumeId);
    await world.until(async () => (await world.volume(volumeId)).status.base.holders.length === 3);
    world.node('n2').replaceDisk('store-n2-new');
    await world.until(async () => {
      const { base } = (await world.volume(volumeId)).status;
      return base.holders.some(({ storeId }) => storeId === 'store-n2-new');
    });
    expect(filesOn('n2', volumeId)).toEqual(['a']);
  });

  test('a holder whose files were changed goes, for the sake of others that are read live first', async () => {
    const volumeId = await world.createVolume('pvc-1');
    await mounted('n1', volumeId);
    world.node('n1').write(volumeId, 'a');
    await detached('n1', volumeId);
    const holders = async () => (await world.volume(volumeId)).status.base.holders.map(({ node }) => node);
    await world.until(async () => (await holders()).join() === 'n1,n2,n3');
    const before = world.kubernetes.calls.length;
    world.node('n1').syncthing.filesOf(volumeId).add('by hand');
    world.node('n1').syncthing.scan(volumeId);
    await world.until(async () => (await holders()).join() === 'n2,n3');
    const read = world.kubernetes.calls.slice(before).filter(({ verb }) => verb === 'get');
    const name = parseVolumeId(volumeId)?.name;
    expect(read.map((each) => each.name)).toEqual(expect.arrayContaining([`${name}.n2`, `${name}.n3`]));
  });

  test('heartbeats alone cost no look at any volume', async () => {
    await world.createVolume('pvc-1');
    for (let round = 0; round < 10; round += 1) await world.round();
    const before = world.kubernetes.calls.length;
    await world.cluster.step();
    const afterStep = world.kubernetes.calls.length;
    await world.clock.advance(1000);
    expect(world.kubernetes.calls.length).toBe(afterStep);
    expect(afterStep).toBeGreaterThan(before);
  });
});
