import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createVolumeRequest, writer } from '../../../test/builders/csi-request.ts';
import type { CreateVolumeRequest } from '../gen/csi/v1/CreateVolumeRequest.ts';
import { CsiError } from '../errors.ts';
import { accessModes } from './capability.ts';
import { capacityFits, parseCapacity } from './capacity.ts';
import { parseCreateVolume } from './create-volume.ts';

const gib = 1024 ** 3;
type Mode = (typeof accessModes)[number];

function capability(mode: Mode) {
  return { mount: {}, accessMode: { mode } };
}

describe('a good request', () => {
  test('becomes what is wanted, with defaults', () => {
    expect(parseCreateVolume(createVolumeRequest())).toEqual({
      name: 'pvc-1',
      capacity: { bytes: gib, atLeast: gib, atMost: Number.MAX_SAFE_INTEGER },
      accessModes: ['SINGLE_NODE_WRITER'],
      parameters: {},
      access: 'exclusive',
      failover: 'manual',
      onDelete: 'delete',
    });
  });

  test('says all that a StorageClass and csi-provisioner can say', () => {
    const parameters = {
      replicas: '3',
      access: 'eventual',
      onDelete: 'archive',
      'csi.storage.k8s.io/pvc/name': 'data',
      'csi.storage.k8s.io/pvc/namespace': 'web',
      'csi.storage.k8s.io/pv/name': 'pvc-1',
    };
    expect(parseCreateVolume(createVolumeRequest({ parameters }))).toMatchObject({
      replicas: 3,
      access: 'eventual',
      onDelete: 'archive',
      claim: { namespace: 'web', name: 'data' },
      persistentVolumeName: 'pvc-1',
      parameters,
    });
  });

  test.for(accessModes)('may ask for %s, with access: eventual', (mode) => {
    const request = createVolumeRequest({
      volumeCapabilities: [capability(mode)],
      parameters: { access: 'eventual' },
    });
    expect(parseCreateVolume(request).accessModes).toEqual([mode]);
  });

  test('may ask for several modes; each is kept once', () => {
    const modes = ['SINGLE_NODE_WRITER', 'MULTI_NODE_READER_ONLY', 'SINGLE_NODE_WRITER'] as const;
    const request = createVolumeRequest({ volumeCapabilities: modes.map(capability) });
    expect(parseCreateVolume(request).accessModes).toEqual(['MULTI_NODE_READER_ONLY', 'SINGLE_NODE_WRITER']);
  });

  test.for([
    { what: 'a file system', mount: { fsType: 'ext4' } },
    { what: 'read-only mounts', mount: { mountFlags: ['ro'] } },
    { what: 'a name of 128 bytes', name: 'x'.repeat(128) },
    { what: 'a name in any script', name: 'данные/..\t"' },
  ])('may have $what', ({ mount = {}, name = 'pvc-1' }) => {
    const request = createVolumeRequest({ name, volumeCapabilities: [{ ...writer, mount }] });
    expect(parseCreateVolume(request).name).toBe(name);
  });
});

interface Refused {
  readonly what: string;
  readonly request: CreateVolumeRequest;
  readonly message: string;
  readonly kind?: string;
}

const refused: readonly Refused[] = [
  { what: 'no name', request: { name: '' }, message: 'name: is missing' },
  { what: 'a name of 129 bytes', request: { name: 'ü'.repeat(64) + 'x' }, message: 'name: has 129 bytes' },
  { what: 'a control character', request: { name: 'a\u0007b' }, message: 'name: holds a control character' },
  {
    what: 'a C1 control character',
    request: { name: 'a\u0085b' },
    message: 'name: holds a control character',
  },
  { what: 'no capability', request: { volumeCapabilities: [] }, message: 'volume_capabilities: is missing' },
  {
    what: 'no access mode',
    request: { volumeCapabilities: [{ mount: {} }] },
    message: 'volume_capabilities[0].access_mode: is missing',
  },
  {
    what: 'an unknown access mode',
    request: { volumeCapabilities: [writer, { mount: {}, accessMode: { mode: 99 as never } }] },
    message: 'volume_capabilities[1].access_mode: 99 is not an access mode',
  },
  {
    what: 'no access type',
    request: { volumeCapabilities: [{ accessMode: { mode: 'SINGLE_NODE_WRITER' } }] },
    message: 'access_type: is missing',
  },
  {
    what: 'a block volume',
    request: { volumeCapabilities: [{ block: {}, accessMode: { mode: 'SINGLE_NODE_WRITER' } }] },
    message: 'raw block volumes are not supported: a volume is a directory',
  },
  {
    what: 'a mount flag that a bind mount does not take, without its value',
    request: { volumeCapabilities: [{ ...writer, mount: { mountFlags: ['ro', 'password=hunter2'] } }] },
    message: 'mount_flags: "password" is not supported',
  },
  {
    what: 'a mount group',
    request: { volumeCapabilities: [{ ...writer, mount: { volumeMountGroup: '1000' } }] },
    message: 'volume_mount_group: is not supported',
  },
  {
    what: 'ReadWriteMany on an exclusive class',
    request: { volumeCapabilities: [capability('MULTI_NODE_MULTI_WRITER')] },
    message: 'ReadWriteMany is not offered with access: exclusive',
  },
  {
    what: 'one writer of several nodes on an exclusive class',
    request: { volumeCapabilities: [writer, capability('MULTI_NODE_SINGLE_WRITER')] },
    message: 'MULTI_NODE_SINGLE_WRITER is not offered',
  },
  {
    what: 'a misspelt parameter',
    request: { parameters: { replica: '2' } },
    message:
      'parameters["replica"]: is not a parameter of this driver; known are access, failover, onDelete, replicas',
  },
  {
    what: 'metadata nobody sends',
    request: { parameters: { 'csi.storage.k8s.io/pod/name': 'x' } },
    message: 'parameters["csi.storage.k8s.io/pod/name"]',
  },
  {
    what: 'an unknown access',
    request: { parameters: { access: 'both' } },
    message: '"both" is not one of exclusive, eventual',
  },
  {
    what: 'an unknown onDelete',
    request: { parameters: { onDelete: 'keep' } },
    message: 'not one of delete, archive',
  },
  {
    what: 'a parameter to change later',
    request: { mutableParameters: { replicas: '2' } },
    message: 'mutable_parameters: "replicas"',
  },
  {
    what: 'a source',
    request: { volumeContentSource: { snapshot: { snapshotId: 's' } } },
    message: 'volume_content_source: volumes cannot be made from',
  },
  {
    what: 'a topology',
    request: { accessibilityRequirements: { requisite: [{ segments: { zone: 'a' } }] } },
    message: 'accessibility_requirements: this driver announces no topology',
  },
  { what: 'a range of nothing', request: { capacityRange: {} }, message: 'a volume needs a size above 0' },
  {
    what: 'a negative size',
    request: { capacityRange: { requiredBytes: '-1' } },
    message: 'required_bytes: is negative',
  },
  {
    what: 'a limit below what is required',
    request: { capacityRange: { requiredBytes: '2', limitBytes: '1' } },
    message: 'limit_bytes (1) is below required_bytes (2)',
    kind: 'out-of-range',
  },
  {
    what: 'a size that no disk has',
    request: { capacityRange: { requiredBytes: '9007199254740993' } },
    message: '9007199254740993 bytes are more than any volume can have',
    kind: 'out-of-range',
  },
];

test.for(refused)('$what is refused: $message', ({ request, message, kind = 'invalid-argument' }) => {
  const parse = () => parseCreateVolume(createVolumeRequest(request));
  expect(parse).toThrow(CsiError);
  expect(parse).toThrow(expect.objectContaining({ kind, message: expect.stringContaining(message) }));
  expect(parse).not.toThrow('hunter2');
});

test.for(['0', '-1', '1.5', '2x', '', ' 2', '1e3', '99999'])('replicas "%s" is refused', (replicas) => {
  const parse = () => parseCreateVolume(createVolumeRequest({ parameters: { replicas } }));
  expect(parse).toThrow('is not a whole number above 0');
});

describe('capacity', () => {
  test.for([
    { range: null, bytes: gib },
    { range: { requiredBytes: '5', limitBytes: '0' }, bytes: 5 },
    { range: { requiredBytes: '0', limitBytes: '7' }, bytes: 7 },
    { range: { requiredBytes: '0', limitBytes: String(9 * gib) }, bytes: gib },
  ])('of $range is $bytes bytes', ({ range, bytes }) => {
    expect(parseCapacity(range).bytes).toBe(bytes);
  });

  test('a new volume always fits the request it was made for', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (required, limit) => {
        fc.pre(required + limit > 0 && (limit === 0 || limit >= required));
        const capacity = parseCapacity({ requiredBytes: String(required), limitBytes: String(limit) });
        expect(capacityFits(capacity, capacity.bytes)).toBe(true);
        expect(capacityFits(capacity, required - 1)).toBe(false);
        if (limit > 0) expect(capacityFits(capacity, limit + 1)).toBe(false);
      }),
    );
  });
});
