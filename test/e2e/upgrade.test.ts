/** From the release named in test/upgrade/from to this one and back, under pods that write; also when both only restart. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_RELEASE, deploy, type Release } from '../../tools/deploy/deploy.ts';
import { runCommand } from '../../tools/host/run-command.ts';
import { waitUntil } from '../../tools/host/wait-until.ts';
import { kubectl, shell } from '../../tools/kube/kube.ts';
import { endPod, inPod, labelNodes, makeClaim, startPod, useStage } from './fixture.ts';

const stage = useStage('upgrade');
const { checkout } = stage.kube.paths;
const TAG = 'before';
const tree = join(checkout, '.cluster/before');
const BEFORE: Release = { ...DEFAULT_RELEASE, tree, set: { 'images.driver.tag': TAG } };

/** Counts up in a file of the volume, each number synced; what goes wrong is kept outside of the volume. */
const COUNTING = `
  trap 'exit 0' TERM INT
  n=0
  while :; do
    n=$((n + 1))
    { echo $n >> /data/numbers && sync -d /data/numbers && cat /data/numbers > /dev/null; } 2>> /tmp/errors || echo "at $n" >> /tmp/errors
    echo $n > /tmp/counted
    usleep 20000
  done`;

async function run(words: readonly [string, ...string[]], timeoutMs: number): Promise<void> {
  await runCommand(words, { cwd: checkout, signal: stage.kube.signal, timeoutMs });
}

async function dropBefore(): Promise<void> {
  await run(['git', 'worktree', 'prune'], 30_000);
  await rm(tree, { recursive: true, force: true });
  await run(['git', 'worktree', 'prune'], 30_000);
  for (const end of ['tar', 'made-from'])
    await rm(join(checkout, `.cluster/images/syncthing-csi-${TAG}.${end}`), { force: true });
}

/** The image of the release before, on every node. */
async function buildBefore(): Promise<void> {
  const commit = (await readFile(join(checkout, 'test/upgrade/from'), 'utf8')).trim();
  await dropBefore();
  await run(['git', 'worktree', 'add', '--quiet', '--detach', tree, commit], 60_000);
  const image = ['tools/images/main.ts', 'driver', '--tree', tree, '--tag', TAG];
  await run([process.execPath, ...image], 400_000);
  await run([process.execPath, 'tools/cluster/main.ts', 'images'], 200_000);
}

async function counted(pod: string): Promise<number> {
  return Number(await shell(stage.kube, 'cat /tmp/counted', inPod(stage, pod)));
}

/** The pod counts on by itself, and never saw an error. */
async function expectCounting(pod: string): Promise<void> {
  const since = await counted(pod);
  const ask = async () => ((await counted(pod)) > since ? true : undefined);
  await waitUntil(ask, { signal: stage.kube.signal, timeoutMs: 20_000, what: `${pod} to count on` });
  expect(await shell(stage.kube, 'cat /tmp/errors', inPod(stage, pod))).toBe('');
}

/** Every number that the pod counted, on another node. */
async function expectAllOf(pod: string, claim: string, node: string): Promise<void> {
  const before = await counted(pod);
  await endPod(stage, pod);
  await startPod(stage, `${claim}-reader`, { node, claim });
  const last = `tail -n 1 /data/numbers; awk '$0 != NR { print "line " NR ": " $0 }' /data/numbers`;
  const said = await shell(stage.kube, last, inPod(stage, `${claim}-reader`));
  expect(said).toMatch(/^\d+$/);
  expect(Number(said)).toBeGreaterThanOrEqual(before);
  await endPod(stage, `${claim}-reader`);
}

async function driverImages(): Promise<ReadonlySet<string>> {
  const path = '{range .items[*]}{.spec.containers[?(@.name=="node")].image}{"\\n"}{end}';
  const words = ['-n', DEFAULT_RELEASE.namespace, 'get', 'pods', '-o', `jsonpath=${path}`];
  return new Set((await kubectl(stage.kube, words)).split('\n').filter((line) => line !== ''));
}

async function restart(workload: string): Promise<void> {
  const inDriver = ['-n', DEFAULT_RELEASE.namespace, 'rollout'];
  await kubectl(stage.kube, [...inDriver, 'restart', workload]);
  await kubectl(stage.kube, [...inDriver, 'status', workload, '--timeout=180s'], 200_000);
}

beforeAll(async () => {
  await labelNodes(stage.kube, ['node1', 'node2']);
  await buildBefore();
}, 600_000);
afterAll(async () => {
  await deploy(stage.kube, DEFAULT_RELEASE);
  await dropBefore();
}, 300_000);

describe('pods that write', () => {
  it('see nothing of a restart of every process of the driver', async () => {
    await makeClaim(stage, 'long');
    await startPod(stage, 'long', { node: 'node1', claim: 'long', script: COUNTING });
    await restart('daemonset/syncthing-csi-node');
    await restart('deployment/syncthing-csi-controller');
    await expectCounting('long');
  });

  it('see nothing of a way back by one release', async () => {
    await deploy(stage.kube, BEFORE);
    expect(await driverImages()).toEqual(new Set([`local.test/syncthing-csi:${TAG}`]));
    await expectCounting('long');
  });

  it('see nothing of the upgrade, also those that began under the release before', async () => {
    await makeClaim(stage, 'older');
    await startPod(stage, 'older', { node: 'node2', claim: 'older', script: COUNTING });
    await deploy(stage.kube, DEFAULT_RELEASE);
    expect(await driverImages()).toEqual(new Set(['local.test/syncthing-csi:dev']));
    await expectCounting('long');
    await expectCounting('older');
  });

  it('hand all of it to their next pods', async () => {
    await expectAllOf('long', 'long', 'node3');
    await expectAllOf('older', 'older', 'node1');
  });
});
