import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { call, ControllerUnderTest } from '../../test/builders/controller-under-test.ts';
import { SYNCTHING_REPLICAS, SYNCTHING_VOLUMES } from '../kubernetes/resource-kind.ts';

const FINALIZER = 'syncthing-csi.io/volume';

describe('the finalizer of earlier versions', () => {
  let world: ControllerUnderTest;
  let volumeId: string;

  beforeEach(async () => {
    world = new ControllerUnderTest(['n1', 'n2']);
    await world.start();
    volumeId = await world.createVolume('pvc-1');
    await world.until(() => world.node('n1').hasBytes(volumeId) && world.node('n2').hasBytes(volumeId));
  });
  afterEach(() => world.stop());

  async function finalize(): Promise<void> {
    const volume = await world.volume(volumeId);
    const target = { name: volume.name, uid: volume.uid };
    await world.kubernetes.replaceFinalizers(SYNCTHING_VOLUMES, target, [FINALIZER, 'other.io/x'], call);
  }

  test('is taken away, and only that', async () => {
    await finalize();
    await world.until(async () => (await world.volume(volumeId)).finalizers.length === 1);
    expect((await world.volume(volumeId)).finalizers).toEqual(['other.io/x']);
  });

  test('does not keep a volume that was deleted by hand', async () => {
    await world.stop();
    const volume = await world.volume(volumeId);
    await world.kubernetes.replaceFinalizers(SYNCTHING_VOLUMES, { name: volume.name }, [FINALIZER], call);
    await world.kubernetes.delete(SYNCTHING_VOLUMES, { name: volume.name }, call);
    await world.start();
    await world.until(() => world.isGone(volumeId));
  });
});

test('a volume without one that is deleted by hand goes at once, and its bytes stay', async () => {
  const world = new ControllerUnderTest(['n1', 'n2']);
  await world.start();
  const volumeId = await world.createVolume('pvc-1');
  await world.until(() => world.node('n1').hasBytes(volumeId) && world.node('n2').hasBytes(volumeId));
  await world.stop();
  await world.kubernetes.delete(SYNCTHING_VOLUMES, { name: (await world.volume(volumeId)).name }, call);
  expect(await world.isGone(volumeId)).toBe(true);
  await world.start();
  await world.until(
    async () => (await world.kubernetes.list(SYNCTHING_REPLICAS, {}, call)).items.length === 0,
  );
  await world.round();
  expect(world.cluster.nodes.map((node) => node.hasBytes(volumeId))).toEqual([true, true]);
  await world.stop();
});
