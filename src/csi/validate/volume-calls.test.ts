import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arrived, csi, writer } from '../../../test/builders/csi-request.ts';
import { parseControllerPublishVolume, parseControllerUnpublishVolume } from './controller-publish-volume.ts';
import { parseDeleteVolume } from './delete-volume.ts';
import { parseListVolumes } from './list-volumes.ts';
import { parseNodeGetVolumeStats } from './node-get-volume-stats.ts';
import { parseNodePublishVolume, parseNodeUnpublishVolume } from './node-publish-volume.ts';
import { parseNodeStageVolume, parseNodeUnstageVolume } from './node-stage-volume.ts';
import { parseValidateVolumeCapabilities } from './validate-volume-capabilities.ts';

const volumeId = 'v-abcdefghijklmnop-0123456789ab';
/** As csi-sanity makes them up. */
const foreignId = 'fake-vol-id-1234';
const stagingTargetPath = '/var/lib/kubelet/plugins/kubernetes.io/csi/x/globalmount';
const targetPath = '/var/lib/kubelet/pods/uid/volumes/kubernetes.io~csi/pv/mount';
const { service: controller } = csi.Controller;
const { service: node } = csi.Node;

/** What a call is given beside the id, and what it says to the request; all fields that are wanted are there. */
const calls: Readonly<Record<string, (request: object) => unknown>> = {
  DeleteVolume: (request) => parseDeleteVolume(arrived(controller.DeleteVolume, request)),
  ValidateVolumeCapabilities: (request) =>
    parseValidateVolumeCapabilities(
      arrived(controller.ValidateVolumeCapabilities, { volumeCapabilities: [writer], ...request }),
    ),
  ControllerPublishVolume: (request) =>
    parseControllerPublishVolume(
      arrived(controller.ControllerPublishVolume, { nodeId: 'n1', volumeCapability: writer, ...request }),
    ),
  ControllerUnpublishVolume: (request) =>
    parseControllerUnpublishVolume(arrived(controller.ControllerUnpublishVolume, request)),
  NodeStageVolume: (request) =>
    parseNodeStageVolume(
      arrived(node.NodeStageVolume, { stagingTargetPath, volumeCapability: writer, ...request }),
    ),
  NodeUnstageVolume: (request) =>
    parseNodeUnstageVolume(arrived(node.NodeUnstageVolume, { stagingTargetPath, ...request })),
  NodePublishVolume: (request) =>
    parseNodePublishVolume(
      arrived(node.NodePublishVolume, {
        stagingTargetPath,
        targetPath,
        volumeCapability: writer,
        ...request,
      }),
    ),
  NodeUnpublishVolume: (request) =>
    parseNodeUnpublishVolume(arrived(node.NodeUnpublishVolume, { targetPath, ...request })),
  NodeGetVolumeStats: (request) =>
    parseNodeGetVolumeStats(arrived(node.NodeGetVolumeStats, { volumePath: targetPath, ...request })),
};

function call(name: string, request: object): unknown {
  return calls[name]?.({ volumeId, ...request });
}

describe.for(Object.keys(calls))('%s', (name) => {
  test('takes an id of this driver', () => {
    expect(JSON.stringify(call(name, {}))).toContain(volumeId);
  });

  test('refuses a missing id', () => {
    expect(() => call(name, { volumeId: '' })).toThrow('volume_id: is missing');
  });

  test.for(['../../etc', 'a/b', '..', `${volumeId}/..`, 'a\\b', `${volumeId}\u0000`, 'x'.repeat(129)])(
    'refuses the id %j',
    (id) => {
      expect(() => call(name, { volumeId: id })).toThrow(
        expect.objectContaining({ kind: 'invalid-argument' }),
      );
    },
  );
});

describe('an id that this driver does not give', () => {
  test.for(['DeleteVolume', 'ControllerUnpublishVolume', 'NodeUnstageVolume', 'NodeUnpublishVolume'])(
    'is no obstacle to %s',
    (name) => {
      expect(JSON.stringify(call(name, { volumeId: foreignId }))).toContain(
        `"kind":"foreign","volumeId":"${foreignId}"`,
      );
    },
  );

  test.for([
    'ValidateVolumeCapabilities',
    'ControllerPublishVolume',
    'NodeStageVolume',
    'NodePublishVolume',
    'NodeGetVolumeStats',
  ])('is not found by %s', (name) => {
    expect(() => call(name, { volumeId: foreignId })).toThrow(expect.objectContaining({ kind: 'not-found' }));
  });

  test.for([
    ['NodeStageVolume', { stagingTargetPath: '' }, 'staging_target_path'],
    ['NodeStageVolume', { volumeCapability: null }, 'volume_capability'],
    ['NodePublishVolume', { targetPath: '' }, 'target_path'],
    ['NodePublishVolume', { volumeCapability: null, stagingTargetPath: '' }, 'volume_capability'],
    ['NodeUnstageVolume', { stagingTargetPath: '' }, 'staging_target_path'],
    ['NodeUnpublishVolume', { targetPath: '' }, 'target_path'],
    ['NodeGetVolumeStats', { volumePath: '' }, 'volume_path'],
    ['ControllerPublishVolume', { nodeId: '' }, 'node_id'],
    ['ValidateVolumeCapabilities', { volumeCapabilities: [] }, 'volume_capabilities'],
  ] as const)('does not hide from %s that %j lacks something', ([name, request, field]) => {
    const refusal = { kind: 'invalid-argument', message: expect.stringContaining(`${field}: is missing`) };
    expect(() => call(name, { volumeId: foreignId, ...request })).toThrow(expect.objectContaining(refusal));
  });
});

describe('a path', () => {
  test.for(['relative/path', '/a/../b', '/a/./b', '/a//b', '/a/', '/', '/a\0b'])('%j is refused', (path) => {
    const staged = () => call('NodeStageVolume', { stagingTargetPath: path });
    expect(staged).toThrow(expect.objectContaining({ kind: 'invalid-argument' }));
    const published = () => call('NodeUnpublishVolume', { targetPath: path });
    expect(published).toThrow(expect.objectContaining({ kind: 'invalid-argument' }));
  });

  test('of volume stats may be anything, it is only looked for', () => {
    expect(call('NodeGetVolumeStats', { volumePath: 'some/path' })).toEqual({
      volumeId,
      volumePath: 'some/path',
    });
  });

  test('that was not staged is a step left out', () => {
    const published = () => call('NodePublishVolume', { stagingTargetPath: '' });
    expect(published).toThrow(expect.objectContaining({ kind: 'failed-precondition' }));
  });
});

describe('NodePublishVolume', () => {
  test.for([
    { request: {}, readOnly: false },
    { request: { readonly: true }, readOnly: true },
  ])('of $request is read-only: $readOnly', ({ request, readOnly }) => {
    expect(call('NodePublishVolume', request)).toMatchObject({ readOnly });
  });

  test.for([
    { ...writer, mount: { mountFlags: ['ro'] } },
    { ...writer, accessMode: { mode: 'MULTI_NODE_READER_ONLY' } },
  ])(
    'by %j goes to a pod that says readOnly alone: the runtime would make it writable',
    (volumeCapability) => {
      expect(call('NodePublishVolume', { volumeCapability, readonly: true })).toMatchObject({
        readOnly: true,
      });
      expect(() => call('NodePublishVolume', { volumeCapability })).toThrow(
        /^readonly: is false.*readOnly: true/,
      );
    },
  );

  test('tells the pod where the kubelet does', () => {
    const volumeContext = { 'csi.storage.k8s.io/pod.uid': 'uid-1' };
    expect(call('NodePublishVolume', { volumeContext })).toMatchObject({ podUid: 'uid-1' });
  });

  test('refuses an inline volume', () => {
    const volumeContext = { 'csi.storage.k8s.io/ephemeral': 'true' };
    expect(() => call('NodePublishVolume', { volumeContext, volumeId: 'csi-0a1b' })).toThrow(
      'inline volumes are not offered',
    );
  });
});

describe('ValidateVolumeCapabilities', () => {
  test('says what is not supported without calling it an error', () => {
    const block = { block: {}, accessMode: { mode: 'SINGLE_NODE_WRITER' } };
    expect(call('ValidateVolumeCapabilities', { volumeCapabilities: [writer, block] })).toMatchObject({
      unsupported: expect.stringContaining('volume_capabilities[1]: raw block volumes are not supported'),
    });
    expect(call('ValidateVolumeCapabilities', {})).toEqual({
      volumeId,
      capabilities: [{ mode: 'SINGLE_NODE_WRITER', readOnly: false }],
    });
  });
});

describe('ListVolumes', () => {
  function list(request: object) {
    return parseListVolumes(arrived(controller.ListVolumes, request));
  }

  test('lists all, or so many after a volume', () => {
    expect(list({})).toEqual({});
    expect(list({ maxEntries: 2, startingToken: volumeId })).toEqual({ maxEntries: 2, after: volumeId });
  });

  test('refuses a negative number, and aborts on a token that it did not give', () => {
    expect(() => list({ maxEntries: -1 })).toThrow(expect.objectContaining({ kind: 'invalid-argument' }));
    expect(() => list({ startingToken: 'invalid-token' })).toThrow(
      expect.objectContaining({ kind: 'aborted' }),
    );
  });
});

test('no id that is let into a path leads anywhere else', () => {
  fc.assert(
    fc.property(fc.string(), (id) => {
      try {
        const parsed = parseNodeGetVolumeStats({ volumeId: id, volumePath: 'x', stagingTargetPath: '' });
        expect(parsed.volumeId).toMatch(/^v-[a-z2-7]{16}-[0-9a-f]{12}$/);
      } catch (error) {
        expect(error).toMatchObject({ name: 'CsiError' });
      }
    }),
  );
});
