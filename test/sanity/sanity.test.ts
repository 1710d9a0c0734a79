import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runInside, runningMachine } from '../../tools/cluster/machine.ts';
import { openWithNodes } from '../../tools/kube/kube.ts';
import {
  ATTACH,
  controllerSocket,
  installInstance,
  nodeSocket,
  removeInstance,
  SANITY_DRIVER,
  SANITY_NODE,
} from './instance.ts';
import { parseReport, type Outcome } from './report.ts';

/** csi-sanity 5.6.0 has to pass at least these many; raise it as capabilities are added. */
const PASSED_AT_LEAST = ATTACH ? 49 : 41;

const checkout = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const abort = new AbortController();
const kube = openWithNodes(checkout, abort.signal);
/** Not under pods/: the kubelet clears away what it does not know there. */
const WORK = '/var/lib/kubelet/plugins/csi-sanity';
/** Where the kubelet stages volumes of this driver. */
const STAGING = `/var/lib/kubelet/plugins/kubernetes.io/csi/${SANITY_DRIVER}/csi-sanity`;

beforeAll(async () => {
  await removeInstance(kube);
  await installInstance(kube);
});

afterAll(async () => {
  await removeInstance(kube);
  abort.abort();
});

/** Runs the whole suite inside the node, nothing skipped or focused; what it says of each spec is in its report. */
async function runSanity(): Promise<{ readonly outcomes: readonly Outcome[]; readonly printed: string }> {
  const machine = runningMachine(kube.paths, SANITY_NODE);
  const flags = [
    `--csi.endpoint=unix://${nodeSocket()}`,
    `--csi.controllerendpoint=unix://${await controllerSocket(kube)}`,
    `--csi.mountdir=${WORK}/target`,
    `--csi.stagingdir=${STAGING}/globalmount`,
    '--csi.testvolumesize=1073741824',
    `--ginkgo.json-report=${WORK}/report.json`,
    '--ginkgo.no-color',
  ];
  const script = `rm -rf ${WORK} ${STAGING}; mkdir -p ${WORK} ${STAGING}; cd ${WORK}; csi-sanity ${flags.join(' ')} > out.txt 2>&1; echo; exit 0`;
  await runInside(machine, ['sh', '-c', script], abort.signal, 800_000);
  const printed = await runInside(machine, ['tail', '-c', '20000', `${WORK}/out.txt`], abort.signal);
  const report = await runInside(machine, ['cat', `${WORK}/report.json`], abort.signal);
  await runInside(machine, ['rm', '-rf', '--one-file-system', WORK, STAGING], abort.signal);
  return { outcomes: parseReport(report), printed };
}

it('csi-sanity passes, and says of each skip which capability is not announced', async () => {
  const { outcomes, printed } = await runSanity();
  const of = (state: Outcome['state']) => outcomes.filter((outcome) => outcome.state === state);
  const lines = [
    `csi-sanity: ${of('passed').length} passed, ${of('failed').length} failed, ${of('skipped').length} skipped, ${of('pending').length} pending`,
    ...of('skipped').map((outcome) => `  skipped: ${outcome.name}: ${outcome.message}`),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  expect(
    of('failed').map((outcome) => `${outcome.name}: ${outcome.message}`),
    printed,
  ).toEqual([]);
  expect(of('passed').length).toBeGreaterThanOrEqual(PASSED_AT_LEAST);
});
