/** From the release named in test/upgrade/from to this one and back, under pods that write; also when both only restart. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SyncthingVolume } from '../../src/desired/volume.ts';
import { DEFAULT_RELEASE, deploy, type Release } from '../../tools/deploy/deploy.ts';
import { runCommand } from '../../tools/host/run-command.ts';
import { waitUntil } from '../../tools/host/wait-until.ts';
import { kubectl, shell } from '../../tools/kube/kube.ts';
import {
  endPod,
  inPod,
  labelNodes,
  makeClaim,
  setModes,
  startPod,
  untilVolume,
  useStage,
} from './fixture.ts';
import { useSharedClass } from './shared-class.ts';

const stage = useStage('upgrade');
const makeSharedClaim = useSharedClass(stage);
const { checkout } = stage.kube.paths;
const TAG = 'before';
const tree = join(checkout, '.cluster/before');
const BEFORE: Release = { ...DEFAULT_RELEASE, tree, set: { 'images.driver.tag': TAG } };

/** Does it over and over, counting; what goes wrong is kept outside of the volume. */
function counting(once: string): string {
  return `
  trap 'exit 0' TERM INT
  n=0
  while :; do
    n=$((n + 1))
    { ${once}; } 2>> /tmp/errors || echo "at $n" >> /tmp/errors
    echo $n > /tmp/counted
    usleep 20000
  done`;
}

/** Each number is appended and synced. */
function writing(file: string): string {
  return counting(`echo $n >> ${file} && sync -d ${file} && cat ${file} > /dev/null`);
}

const WRITING = writing('/data/numbers');
const READING = counting('grep -qx text /data/file');
/** Of the pods beside each other; of readers, the two of one volume. */
const TOGETHER = ['node1', 'node3'] as const;
const ALL = ['long', ...TOGETHER.flatMap((node) => [`shares-${node}`, `reads-${node}`])];

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

async function startSharing(): Promise<void> {
  await makeSharedClaim('shared');
  for (const node of TOGETHER)
    await startPod(stage, `shares-${node}`, { node, claim: 'shared', script: writing(`/data/${node}`) });
}

async function startReading(): Promise<void> {
  await makeClaim(stage, 'read', { accessModes: ['ReadWriteOnce', 'ReadOnlyMany'] });
  await startPod(stage, 'first', { node: 'node1', claim: 'read' });
  await shell(stage.kube, 'echo text > /data/file; sync', inPod(stage, 'first'));
  await endPod(stage, 'first');
  await setModes(stage, 'read', ['ReadOnlyMany', 'ReadWriteOnce']);
  for (const node of TOGETHER)
    await startPod(stage, `reads-${node}`, { node, claim: 'read', readOnly: true, script: READING });
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
    await startPod(stage, 'long', { node: 'node1', claim: 'long', script: WRITING });
    await startSharing();
    await startReading();
    await restart('daemonset/syncthing-csi-node');
    await restart('deployment/syncthing-csi-controller');
    for (const pod of ALL) await expectCounting(pod);
  });

  it('see nothing of a way back by one release', async () => {
    await deploy(stage.kube, BEFORE);
    expect(await driverImages()).toEqual(new Set([`local.test/syncthing-csi:${TAG}`]));
    for (const pod of ALL) await expectCounting(pod);
  });

  it('see nothing of the upgrade, also those that began under the release before', async () => {
    await makeClaim(stage, 'older');
    await startPod(stage, 'older', { node: 'node2', claim: 'older', script: WRITING });
    await deploy(stage.kube, DEFAULT_RELEASE);
    expect(await driverImages()).toEqual(new Set(['local.test/syncthing-csi:dev']));
    for (const pod of ALL) await expectCounting(pod);
    await expectCounting('older');
  });

  it('hand all of it to their next pods', async () => {
    await expectAllOf('long', 'long', 'node3');
    await expectAllOf('older', 'older', 'node1');
    for (const node of TOGETHER) await endPod(stage, `reads-${node}`);
  });

  it('that wrote beside each other leave all of it to the next', async () => {
    const before = await Promise.all(TOGETHER.map((node) => counted(`shares-${node}`)));
    for (const node of TOGETHER) await endPod(stage, `shares-${node}`);
    const nobody = ({ status }: SyncthingVolume) => status.writers.length === 0;
    await untilVolume(stage, { claim: 'shared', what: 'the sessions to end' }, nobody);
    await startPod(stage, 'after', { node: 'node2', claim: 'shared' });
    for (const [index, node] of TOGETHER.entries()) {
      const last = await shell(stage.kube, `tail -n 1 /data/${node}`, inPod(stage, 'after'));
      expect(Number(last)).toBeGreaterThanOrEqual(before[index] ?? Infinity);
    }
  });
});
