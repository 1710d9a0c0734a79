/** Any view of one volume on four nodes, the likely and the absurd: what no honest history gives is among them too. */
import fc from 'fast-check';
import type { FolderReport, SyncthingReplica, SyncthingReplicaStatus } from '../../src/desired/replica.ts';
import type { Base, Holder, SyncthingVolumeStatus } from '../../src/desired/volume.ts';
import type { VolumeView } from '../../src/handoff/view.ts';
import {
  at,
  clusterNode,
  EMPTY_BASE,
  folder,
  grantTo,
  node,
  peer,
  readerOn,
  replica,
  storeOf,
  view,
  volume,
  VOLUME,
  VOLUME_ID,
} from './volume-view.ts';

const NODES = ['n1', 'n2', 'n3', 'n4'] as const;
const anyNode = fc.constantFrom(...NODES);
const anyStore = fc.constantFrom('', '', '', '-old');
const small = fc.nat(3);

const anyHolder: fc.Arbitrary<Holder> = fc
  .record({ node: anyNode, old: anyStore, sequence: fc.constantFrom(9, 10, 10, 11) })
  .map(({ node: name, old, sequence }) => ({ node: name, storeId: storeOf(name) + old, sequence }));
const anyHolders = fc.uniqueArray(anyHolder, { selector: (each) => each.node, minLength: 1, maxLength: 4 });

const anyBase: fc.Arbitrary<Base> = fc.oneof(
  fc.constant(EMPTY_BASE),
  fc.record({
    kind: fc.constantFrom('handoff' as const, 'failover' as const),
    epoch: fc.constantFrom(1, 2),
    session: fc.constantFrom(0, 1),
    holders: anyHolders,
  }),
);

const anyProof = fc.record({
  epoch: fc.constantFrom(2, 3),
  session: fc.constantFrom(1, 2),
  sequence: fc.constantFrom(9, 10, 11),
  scanStartedAt: fc.constantFrom(at(-5000), at(-9000)),
  holders: anyHolders,
});

function maybe<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(arbitrary, { nil: undefined });
}

const anyStatus: fc.Arbitrary<Partial<SyncthingVolumeStatus>> = fc
  .record({
    grant: maybe(anyNode),
    base: anyBase,
    proven: maybe(anyProof),
    leaving: maybe(anyNode),
    readers: fc.subarray([...NODES]),
    published: fc.subarray([...NODES], { maxLength: 2 }),
    isRead: fc.boolean(),
    stale: fc.uniqueArray(fc.record({ node: anyNode, old: anyStore }), {
      selector: (each) => each.node,
      maxLength: 2,
    }),
  })
  .map(({ grant, base, proven, leaving, stale, readers, published, isRead }) => ({
    epoch: 3,
    base,
    published: published.map((name) => ({ node: name, since: at(-1000) })),
    stale: stale.map(({ node: name, old }) => ({ node: name, storeId: storeOf(name) + old, epoch: 2 })),
    ...(grant !== undefined && { grant: grantTo(grant, 3) }),
    ...(grant === undefined && isRead && { readers: readers.map((name) => readerOn(name)) }),
    ...(grant !== undefined && proven !== undefined && { proven }),
    ...(leaving !== undefined &&
      leaving !== grant && { leaving: { node: leaving, storeId: storeOf(leaving) } }),
  }));

const anyFolder: fc.Arbitrary<FolderReport> = fc
  .record({
    state: fc.constantFrom('idle', 'idle', 'syncing'),
    sequence: fc.constantFrom(9, 10, 10, 11),
    needItems: fc.constantFrom(0, 0, 0, 1),
    receiveOnlyItems: fc.constantFrom(0, 0, 0, 1),
    errors: fc.constantFrom(0, 0, 0, 1),
    scanned: fc.constantFrom(true, true, true, false),
    peers: fc.subarray([...NODES]),
    knownSequence: fc.constantFrom(10, 11, 11),
    remoteNeedEmpty: fc.constantFrom(true, true, false),
  })
  .map(({ peers, knownSequence, remoteNeedEmpty, ...given }) =>
    folder([], { ...given, peers: peers.map((name) => peer(name, { knownSequence, remoteNeedEmpty })) }),
  );

const anyWriter = fc
  .record({
    epoch: fc.constantFrom(2, 3, 3),
    phase: fc.constantFrom(
      'attached' as const,
      'flushing' as const,
      'released' as const,
      'untouched' as const,
    ),
    since: fc.constantFrom(at(-1000), at(-60_000)),
    afterUnmount: fc.boolean(),
    hasScan: fc.boolean(),
  })
  .map(({ afterUnmount, hasScan, ...given }) => ({
    ...given,
    session: 1,
    switched: true,
    ...(hasScan && {
      scan: { epoch: given.epoch, session: 1, sequence: 10, startedAt: at(-5000), afterUnmount },
    }),
  }));

function anyReplica(name: string): fc.Arbitrary<SyncthingReplica | undefined> {
  const status: fc.Arbitrary<Partial<SyncthingReplicaStatus> | null> = fc.oneof(
    { weight: 1, arbitrary: fc.constant(null) },
    {
      weight: 6,
      arbitrary: fc
        .record({
          old: anyStore,
          folder: maybe(anyFolder),
          writer: maybe(anyWriter),
          removed: fc.constantFrom(false, false, false, true),
          generation: fc.constantFrom(0, 1),
          reader: maybe(
            fc.record({
              since: fc.constantFrom(at(-70_000), at(-60_000), at(-60_000), at(-50_000)),
              phase: fc.constantFrom('reading' as const, 'ended' as const),
            }),
          ),
          rejoin: maybe(
            fc.record({
              epoch: fc.constantFrom(1, 2),
              step: fc.constantFrom('archived' as const, 'done' as const),
            }),
          ),
        })
        .map(({ old, folder: report, writer, reader, rejoin, removed, generation }) => ({
          storeId: storeOf(name) + old,
          removed,
          generation,
          highestEpoch: 3,
          ...(report !== undefined && { folder: report }),
          ...(writer !== undefined && { writer }),
          ...(reader !== undefined && { reader }),
          ...(rejoin !== undefined && { rejoin }),
        })),
    },
  );
  const made = fc
    .record({
      role: fc.constantFrom('data' as const, 'data' as const, 'client' as const),
      peers: fc.subarray([...NODES]),
      status,
    })
    .map((given) =>
      replica(name, given.peers, { spec: { role: given.role, epoch: 3 }, status: given.status }),
    );
  return fc.option(made, { nil: undefined, freq: 4 });
}

const anyNodes = fc.tuple(
  ...NODES.map((name) =>
    fc
      .record({
        old: anyStore,
        isSilent: fc.constantFrom(false, false, true),
        fenced: fc.subarray([...NODES], { maxLength: 2 }),
        asks: fc.constantFrom<readonly ('read' | 'write')[]>(
          [],
          [],
          [],
          ['write'],
          ['read'],
          ['write', 'read'],
        ),
        outOfService: fc.constantFrom(false, false, false, true),
        isExpelled: fc.constantFrom(false, false, false, false, true),
        isPlaced: fc.boolean(),
      })
      .map((given) => ({ name, ...given })),
  ),
);

export interface AnyWorld {
  readonly view: VolumeView;
  readonly placed: ReadonlySet<string>;
}

export const anyVolumeWorld: fc.Arbitrary<AnyWorld> = fc
  .record({
    status: anyStatus,
    nodes: anyNodes,
    replicas: fc.tuple(...NODES.map(anyReplica)),
    wantedCopies: maybe(small.map((count) => count + 1)),
    isDeleted: fc.constantFrom(false, false, false, true),
    importer: fc.option(anyNode, { nil: undefined, freq: 2 }),
    attach: fc.boolean(),
  })
  .map(({ status, nodes, replicas, wantedCopies, isDeleted, importer, attach }) => {
    const { base } = status;
    const wanted = {
      volume: VOLUME,
      volumeId: VOLUME_ID,
      since: at(-500),
      base: { epoch: base?.epoch ?? 0, session: base?.session ?? 0 },
    };
    const spec = {
      ...(wantedCopies !== undefined && { replicas: wantedCopies }),
      ...(isDeleted && { deletion: { requestedAt: at(0) } }),
      ...(importer !== undefined && { source: { node: importer, directory: 'photos' } }),
    };
    const seen = view({
      volume: volume({ spec, status }),
      replicas: replicas.filter((each) => each !== undefined),
      nodes: nodes.map(({ name, old, isSilent, fenced, asks, isExpelled }) => {
        const made = node(name, {
          storeId: storeOf(name) + old,
          heartbeat: at(isSilent ? -600_000 : -1000),
          fenced,
          wanted: asks.map((purpose) => ({ ...wanted, ...(purpose === 'read' && { reads: true }) })),
        });
        return isExpelled ? { ...made, spec: { ...made.spec, expelled: true } } : made;
      }),
      clusterNodes: nodes.map(({ name, outOfService }) => clusterNode(name, { outOfService })),
    });
    return {
      view: { ...seen, settings: { ...seen.settings, attach } },
      placed: new Set(nodes.filter(({ isPlaced }) => isPlaced).map(({ name }) => name)),
    };
  });
