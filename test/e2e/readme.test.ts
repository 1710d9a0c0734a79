/** The README's ways to install, word for word: with the names that a user puts in, and then its own claim. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CTR } from '../../tools/cluster/image-import.ts';
import { DEFAULT_RELEASE, deploy, helm, undeploy } from '../../tools/deploy/deploy.ts';
import { runCommand } from '../../tools/host/run-command.ts';
import { waitUntil } from '../../tools/host/wait-until.ts';
import { kubectl, remove, shell } from '../../tools/kube/kube.ts';
import { listVolumes } from '../../tools/kube/volumes.ts';
import { claimRef, waitForGone } from '../../tools/kube/wait-for.ts';
import { forOlderProvider, openWorkspace, type Workspace } from '../../tools/terraform/workspace.ts';
import { endPod, inPod, labelNodes, NODES, startPod, useStage } from './fixture.ts';
import { onNode } from './node-files.ts';

const stage = useStage('readme');
const { kube } = stage;
const { checkout, bin, kubeconfig } = kube.paths;
const readme = readFileSync(join(checkout, 'README.md'), 'utf8');
const REGISTRY = 'local.test';
const VALUES = join(checkout, 'values.yaml');
const MANIFESTS = join(checkout, 'dist/syncthing-csi.yaml');

/** Code of one language under one heading. */
function blocks(heading: string, language: string): readonly string[] {
  const section = readme.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  const fences = section.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 'gs'));
  return [...fences].map(([, code = '']) =>
    code.replaceAll('YOUR-REGISTRY', REGISTRY).replaceAll('node n1 n2', 'node node1 node2'),
  );
}

const [withHelm = '', withTerraform = '', withKubectl = ''] = blocks('Install', 'sh');
const [module = ''] = blocks('Install', 'hcl');
const [claim = ''] = blocks('Use', 'yaml');

/**
 * As somebody types it in the checkout; the image is on the nodes already, under the name that it was to be pushed by,
 * and Terraform runs elsewhere, where it finds its providers.
 */
async function type(commands: string): Promise<string> {
  const typed = commands
    .split('\n')
    .filter((line) => !/^(docker|terraform) /.test(line))
    .join('\n');
  const env = { KUBECONFIG: kubeconfig, PATH: [bin, process.env['PATH']].join(delimiter) };
  const command = ['bash', '-euc', typed] as const;
  return await runCommand(command, { cwd: checkout, env, signal: kube.signal, timeoutMs: 400_000 });
}

/** What the chart asks for, as the README has it installed. */
async function images(): Promise<readonly string[]> {
  const words = [
    'template',
    'syncthing-csi',
    'deploy/chart',
    '--set',
    `images.driver.repository=${REGISTRY}/syncthing-csi`,
  ];
  const text = await helm(kube, words, 60_000);
  return [...new Set([...text.matchAll(/image: "?([^"\s]+)/g)].map(([, image = '']) => image))];
}

/** On every node, what was built here gets the names of what is published; gives back the names. */
async function publish(): Promise<readonly string[]> {
  const names = await images();
  for (const name of names) {
    const [, program = ''] = /([^/]+):[^:]+$/.exec(name) ?? [];
    const built = `${REGISTRY}/${program}:dev`;
    await Promise.all(NODES.map((node) => onNode(kube, node, [...CTR, 'tag', '--force', built, name])));
  }
  return names;
}

/** The README's claim: written on one node, read on another, and away again. */
async function useClaim(): Promise<void> {
  const file = join(checkout, '.cluster/readme-claim.yaml');
  writeFileSync(file, claim);
  await kubectl(kube, ['-n', stage.namespace, 'apply', '-f', file]);
  rmSync(file);
  await startPod(stage, 'writer', { node: 'node1', claim: 'photos' });
  await shell(kube, 'echo seen > /data/photo; sync', inPod(stage, 'writer'));
  await endPod(stage, 'writer');
  await startPod(stage, 'reader', { node: 'node3', claim: 'photos' });
  expect(await shell(kube, 'cat /data/photo', inPod(stage, 'reader'))).toBe('seen');
  await endPod(stage, 'reader');
  await remove(kube, claimRef(stage.namespace, 'photos'));
  await waitForGone(kube, claimRef(stage.namespace, 'photos'));
  const gone = async () => ((await listVolumes(kube)).length === 0 ? true : undefined);
  await waitUntil(gone, { signal: kube.signal, timeoutMs: 120_000, what: 'the volume to go' });
}

let names: readonly string[] = [];
let workspace: Workspace;

beforeAll(async () => {
  await undeploy(kube, DEFAULT_RELEASE);
  names = await publish();
  workspace = openWorkspace({ checkout, bin, architecture: process.arch, signal: kube.signal });
});
afterAll(async () => {
  workspace?.[Symbol.dispose]();
  rmSync(VALUES, { force: true });
  await deploy(kube, DEFAULT_RELEASE);
  for (const node of NODES) await onNode(kube, node, [...CTR, 'rm', ...names]);
});

/** Each way labels its nodes itself. */
beforeEach(async () => {
  await labelNodes(kube, []);
});

describe('the README installs', () => {
  it('with helm, and its test passes and leaves nothing', async () => {
    expect(await type(withHelm)).toMatch(/Phase:\s+Succeeded/);
    const { namespace } = DEFAULT_RELEASE;
    expect(await kubectl(kube, ['-n', namespace, 'get', 'pvc,job', '-o', 'name'])).toBe('');
    await useClaim();
    await undeploy(kube, DEFAULT_RELEASE);
  });

  it('with terraform', async () => {
    const source = /source = "git::[^"]*\/\/(deploy\/terraform)"/;
    const cluster = 'config_path = "~/.kube/config"';
    for (const part of [source, cluster]) expect(module).toMatch(part);
    const here = module
      .replace(source, 'source = "../$1"')
      .replace(cluster, () => `config_path = "${kubeconfig}"`);
    const root = workspace.root('readme', forOlderProvider(here));
    await workspace.tofu(root, ['init', '-no-color']);
    await workspace.tofu(root, ['apply', '-auto-approve', '-no-color'], 400_000);
    await type(withTerraform);
    await useClaim();
    await workspace.tofu(root, ['destroy', '-auto-approve', '-no-color'], 400_000);
  });

  it('with kubectl alone', async () => {
    await type(withKubectl);
    await useClaim();
    const selector = ['-l', 'app.kubernetes.io/name=syncthing-csi', '--ignore-not-found'];
    await kubectl(kube, ['delete', '-f', MANIFESTS, ...selector], 120_000);
  });
});
