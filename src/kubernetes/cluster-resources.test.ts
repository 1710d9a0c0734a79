import { describe, expect, test } from 'vitest';
import { parseClusterNode, parsePersistentVolume, parsePod } from './cluster-resources.ts';
import { isKubernetesError } from './errors.ts';
import { labelsOf, labelValue } from './labels.ts';
import { linesOf, parseWatchLine } from './watch-stream.ts';

const metadata = { name: 'x', namespace: 'default', uid: 'u', resourceVersion: '1', labels: { a: 'b' } };

describe('objects of Kubernetes itself', () => {
  test.each([
    [{ metadata }, { ready: false, outOfService: false }],
    [
      { metadata, status: { conditions: [{ type: 'Ready', status: 'True' }] } },
      { ready: true, outOfService: false },
    ],
    [{ metadata, status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } }, { ready: false }],
    [
      { metadata, spec: { taints: [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' }] } },
      { outOfService: true },
    ],
    [
      { metadata, spec: { taints: [{ key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' }] } },
      { outOfService: false },
    ],
  ])('a node %j', (raw, expected) => {
    expect(parseClusterNode(raw)).toMatchObject({ name: 'x', uid: 'u', labels: { a: 'b' }, ...expected });
  });

  test('a pod names its claims, those of ephemeral volumes included', () => {
    const spec = {
      nodeName: 'n1',
      volumes: [
        { name: 'a', persistentVolumeClaim: { claimName: 'data' } },
        { name: 'scratch', ephemeral: { volumeClaimTemplate: {} } },
        { name: 'c', emptyDir: {} },
      ],
    };
    expect(parsePod({ metadata, spec, status: { phase: 'Running' } })).toMatchObject({
      node: 'n1',
      finished: false,
      claims: ['data', 'x-scratch'],
    });
    expect(parsePod({ metadata, spec: {}, status: { phase: 'Failed' } })).toMatchObject({
      finished: true,
      claims: [],
    });
  });

  test('a volume names driver, handle and claim', () => {
    const spec = {
      csi: { driver: 'd', volumeHandle: 'h', fsType: 'x' },
      claimRef: { namespace: 'n', name: 'c', uid: 'u2', kind: 'K' },
    };
    const volume = parsePersistentVolume({ metadata, spec });
    expect(volume).toMatchObject({
      csi: { driver: 'd', volumeHandle: 'h' },
      claim: { namespace: 'n', name: 'c', uid: 'u2' },
      reclaimPolicy: 'Retain',
    });
    expect(parsePersistentVolume({ metadata, spec: { nfs: {} } }).csi).toBeUndefined();
  });

  test('what is none is refused with its name and field, without its content', () => {
    try {
      parsePod({ metadata: { ...metadata, uid: 7 }, spec: { password: 'hunter2', volumes: 'hunter2' } });
      expect.unreachable();
    } catch (error) {
      if (!isKubernetesError(error, 'unexpected')) throw error;
      expect(error.message).toMatch(/Pod x.*metadata\.uid.*spec\.volumes/);
      expect(error.message).not.toContain('hunter2');
    }
  });
});

describe('labels', () => {
  test('fit, however long the name', () => {
    const long = 'n'.repeat(80);
    expect(labelValue('n1')).toBe('n1');
    expect(labelValue(long)).toMatch(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])$/);
    expect(labelValue(`${long}a`)).not.toBe(labelValue(`${long}b`));
    expect(labelsOf('d', { volume: 'v', node: 'n' })).toEqual({
      'syncthing-csi.io/driver': 'd',
      'syncthing-csi.io/volume': 'v',
      'syncthing-csi.io/node': 'n',
    });
  });
});

describe('a watch', () => {
  test('is read in lines, wherever the network cuts it', async () => {
    const bytes = new TextEncoder().encode('{"ü":1}\n{"b":"→"}\n\n{"rest');
    async function* chunked(size: number) {
      for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
    }
    for (let size = 1; size <= bytes.length; size += 1) {
      const lines: string[] = [];
      for await (const line of linesOf(chunked(size))) lines.push(line);
      expect(lines).toEqual(['{"ü":1}', '{"b":"→"}']);
    }
  });

  test.each([
    'no json',
    '{}',
    '{"type":"ADDED","object":{}}',
    '{"type":"NEW","object":{"metadata":{"resourceVersion":"1"}}}',
  ])('refuses %s', (line) => {
    expect(() => parseWatchLine('watch pods', line)).toThrow(/^watch pods/);
  });
});
