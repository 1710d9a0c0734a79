import { ControllerUnderTest } from './controller-under-test.ts';

export interface WrittenVolume {
  readonly world: ControllerUnderTest;
  readonly volumeId: string;
}

/** Three nodes, and a volume in which a pod of n1 wrote the file `a`, which all of them are proven to have. */
export async function startWrittenVolume(): Promise<WrittenVolume> {
  const world = new ControllerUnderTest(['n1', 'n2', 'n3']);
  await world.start();
  const volumeId = await world.createVolume('pvc-1');
  await world.startPod('n1', volumeId);
  await world.until(() => world.node('n1').isMounted(volumeId));
  world.node('n1').write(volumeId, 'a');
  await world.until(async () => (await world.volume(volumeId)).status.proven?.holders.length === 3);
  await world.until(() => world.node('n3').syncthing.filesOf(volumeId).has('a'));
  return { world, volumeId };
}
