import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ControllerUnderTest } from '../../test/builders/controller-under-test.ts';

describe('the controller, with simulated nodes on a fake API server', () => {
  let world: ControllerUnderTest;

  beforeEach(() => {
    world = new ControllerUnderTest(['n1', 'n2', 'n3']);
  });
  afterEach(() => world.stop());

  test('a volume is made, written on one node, handed to another with all that was written', async () => {
    await world.start();
    const volumeId = await world.createVolume('pvc-1');
    await world.startPod('n1', volumeId);
    await world.until(() => world.node('n1').isMounted(volumeId));
    world.node('n1').write(volumeId, 'a');
    await world.stopPod('n1', volumeId);
    await world.startPod('n2', volumeId);
    await world.until(() => world.node('n2').isMounted(volumeId));
    expect([...world.node('n2').syncthing.filesOf(volumeId)]).toEqual(['a']);
    const volume = await world.volume(volumeId);
    expect(volume.status).toMatchObject({
      epoch: 2,
      grant: { node: 'n2', epoch: 2 },
      base: { kind: 'handoff', epoch: 1, session: 1 },
    });
  });
});
