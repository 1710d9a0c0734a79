import { describe, expect, test } from 'vitest';
import { ControllerUnderTest } from '../../builders/controller-under-test.ts';
import { createFaultyClient, type Fault, type FaultyClient } from '../../builders/faulty-client.ts';

/** Every write of this story fails once, in each of four ways; the end has to be the same. */
const LAST_WRITE = 120;

interface Story {
  readonly world: ControllerUnderTest;
  readonly writes: () => number;
}

function begin(fault: Omit<Fault, 'onFault'>, isKilled: boolean): Story {
  let client: FaultyClient | undefined;
  const world: ControllerUnderTest = new ControllerUnderTest(['n1', 'n2', 'n3'], (fake) => {
    client = createFaultyClient(fake, { ...fault, ...(isKilled && { onFault: () => world.kill() }) });
    return client;
  });
  return { world, writes: () => client?.writes ?? 0 };
}

async function tryUntilDone<T>(world: ControllerUnderTest, call: () => Promise<T>): Promise<T> {
  for (let tries = 0; tries < 20; tries += 1) {
    try {
      return await call();
    } catch {
      await world.round();
    }
  }
  return call();
}

/** Made, written on n1, handed to n2, written, n2 lost, on n3 from there, n2 back, deleted. */
async function play({ world }: Story): Promise<void> {
  await world.start();
  const volumeId = await tryUntilDone(world, () => world.createVolume('pvc-1'));
  await world.startPod('n1', volumeId);
  await world.until(() => world.node('n1').isMounted(volumeId));
  world.node('n1').write(volumeId, 'a');
  await world.stopPod('n1', volumeId);
  await world.startPod('n2', volumeId);
  await world.until(() => world.node('n2').isMounted(volumeId));
  expect([...world.node('n2').syncthing.filesOf(volumeId)]).toEqual(['a']);
  world.node('n2').write(volumeId, 'b');
  const writtenAt = world.clock.now();
  await world.until(
    async () => Date.parse((await world.volume(volumeId)).status.replicatedThrough ?? '') >= writtenAt,
  );
  world.node('n2').write(volumeId, 'lost');
  world.node('n2').crash();
  world.setNode('n2', { outOfService: true });
  await world.startPod('n3', volumeId);
  await world.until(() => world.node('n3').isMounted(volumeId));
  expect([...world.node('n3').syncthing.filesOf(volumeId)].sort()).toEqual(['a', 'b']);
  world.node('n2').boot();
  world.setNode('n2');
  world.node('n3').write(volumeId, 'c');
  await world.stopPod('n3', volumeId);
  await world.until(() => [...world.node('n2').syncthing.filesOf(volumeId)].sort().join() === 'a,b,c');
  await world.until(async () => (await world.volume(volumeId)).status.grant === undefined);
  expect([...world.node('n2').archives.values()]).toEqual([['a', 'b', 'lost']]);
  await tryUntilDone(world, () => world.deleteVolume(volumeId));
  await world.until(() => world.isGone(volumeId));
  expect(world.cluster.nodes.map((node) => node.hasBytes(volumeId))).toEqual([false, false, false]);
  await world.stop();
}

describe('the controller cut off at any write', () => {
  test('the story has so many writes', async () => {
    const story = begin({ at: 0, when: 'before' }, false);
    await play(story);
    expect(story.writes()).toBeGreaterThan(20);
    expect(story.writes()).toBeLessThan(LAST_WRITE);
  });

  for (const when of ['before', 'after'] as const) {
    for (const isKilled of [false, true]) {
      test(`the ${when === 'before' ? 'request' : 'answer'} is lost${isKilled ? ', and the process with it' : ''}`, async () => {
        for (let at = 1; at < LAST_WRITE; at += 1) {
          const story = begin({ at, when }, isKilled);
          await play(story).catch((error: unknown) => {
            throw new Error(`write ${at} lost: ${String(error)}`, { cause: error });
          });
          if (story.writes() < at) return;
        }
        expect.unreachable('the story never ended before its last write');
      });
    }
  }
});
