/** What people expect of a chart: an upgrade, a way back, and definitions that are up to date (its own test: readme.test.ts). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_RELEASE, deploy, helm } from '../../tools/deploy/deploy.ts';
import { kubectl } from '../../tools/kube/kube.ts';
import { labelNodes, useStage } from './fixture.ts';

const stage = useStage('helm');
const { name, namespace } = DEFAULT_RELEASE;

async function inDriver(...words: readonly string[]): Promise<string> {
  return await kubectl(stage.kube, ['-n', namespace, ...words], 200_000);
}

async function logLevel(): Promise<string> {
  const level = `{.spec.template.spec.containers[?(@.name=="node")].env[?(@.name=="LOG_LEVEL")].value}`;
  return await inDriver('get', 'daemonset', 'syncthing-csi-node', '-o', `jsonpath=${level}`);
}

beforeAll(async () => {
  await labelNodes(stage.kube, ['node1', 'node2']);
});
afterAll(async () => {
  await deploy(stage.kube, DEFAULT_RELEASE);
});

describe('helm', () => {
  it('upgrade: the definitions grow with it, and the rights for that are gone', async () => {
    const crd = 'syncthingnodes.syncthing-csi.io';
    const schema = '/spec/versions/0/schema/openAPIV3Schema/properties/status/properties/unfit';
    const patch = JSON.stringify([{ op: 'remove', path: schema }]);
    await kubectl(stage.kube, ['patch', 'crd', crd, '--type=json', '-p', patch]);
    const words = ['upgrade', name, 'deploy/chart', '-n', namespace, '--reuse-values', '--wait'];
    await helm(stage.kube, [...words, '--set', 'logLevel=debug', '--timeout', '240s'], 250_000);
    const found = await kubectl(stage.kube, ['get', 'crd', crd, '-o', 'json']);
    expect(found).toContain('"unfit":');
    expect(await kubectl(stage.kube, ['get', 'clusterrole', '-o', 'name'])).not.toContain(
      'syncthing-csi-crds',
    );
    expect(await logLevel()).toBe('debug');
  });

  it('rollback: the release before is back', async () => {
    await helm(stage.kube, ['rollback', name, '-n', namespace, '--wait', '--timeout', '240s'], 250_000);
    expect(await logLevel()).toBe('info');
  });
});
