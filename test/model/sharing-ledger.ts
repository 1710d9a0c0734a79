/** What a session beside others has left behind with proof, and what has to become of it (docs/handoff.md, rule 37). */
import type { OrderAction } from '../../src/controller/plan-volume.ts';
import type { Holder, SyncthingVolumeStatus, Writer } from '../../src/desired/volume.ts';
import type { DiskWriting } from '../../src/handoff/disk-state.ts';
import { isConflictName } from '../../src/desired/shared-status.ts';
import { flushedTo } from '../../src/handoff/shared-flush.ts';
import { isAlive, type VolumeView } from '../../src/handoff/view.ts';
import { count } from './counts.ts';
import type { Disk } from './disk.ts';
import { needsOf } from './global-entry.ts';
import type { ModelNode } from './model-node.ts';
import type { Ended } from './sharing-facts.ts';
import { violation } from './violation.ts';
import { SETTINGS, type World } from './world.ts';

function wordKey(node: string, session: number): string {
  return `${node}/${session}`;
}

/** The controller's words that a scan is held, with those that it believed. */
export function noteWords({ sharing }: World, view: VolumeView, orders: readonly OrderAction[]): void {
  if (view.volume.spec.access !== 'eventual') return;
  for (const action of orders) {
    const proven = action.kind === 'update' ? action.spec.proven : undefined;
    if (action.kind !== 'update' || proven === undefined) continue;
    const stores = flushedTo(view, action.replica).map(({ status }) => status?.storeId ?? '');
    sharing.words.set(wordKey(action.spec.node, proven.session), new Set(stores));
  }
}

/** state.json says that the session has ended. */
export function noteSharedEnd(
  { ledger, sharing, counts }: World,
  { name: node, disk }: ModelNode,
  end: DiskWriting,
) {
  const stores = sharing.words.get(wordKey(node, end.session)) ?? new Set<string>();
  count(counts, stores.size > 0 ? 'sharing: ended with proof' : 'sharing: ended with its own copy');
  // What another node's pod wrote is that one's to end.
  const own = new Set(
    ledger.writes.filter(({ storeId }) => storeId === disk.storeId).map((write) => write.content),
  );
  const files = [...(disk.tree ?? [])].filter(([, file]) => !file.isDirectory);
  for (const [name, { content }] of files) {
    const before = sharing.ended.get(content)?.witnesses;
    if (before === undefined && (!own.has(content) || sharing.overwritten.has(content))) continue;
    const witnesses = new Set([...(before ?? []), ...stores, disk.storeId]);
    sharing.ended.set(content, { name, content, witnesses });
  }
}

/** Before a pod changes the file under this name. */
export function noteOverwritten({ sharing, isShared }: World, { disk }: ModelNode, name: string): void {
  const content = disk.tree?.get(name)?.content ?? 0;
  if (!isShared || content === 0) return;
  sharing.overwritten.add(content);
  sharing.ended.delete(content);
}

/** It is where its pod put it, until the end of its session: the end of the old name may arrive alone before. */
export function noteRenamed({ sharing, isShared }: World, content: number): void {
  if (isShared) sharing.ended.delete(content);
}

/** Under its name, as a conflict copy, among what was replaced, or in an archive. */
function has({ tree, kept, archives }: Disk, content: number): boolean {
  const files = [...(tree?.values() ?? []), ...kept.map(({ file }) => file)];
  const archived = [...archives.values()].flatMap((archive) => [...archive.values()]);
  return [...files, ...archived].some((file) => file.content === content);
}

function isDeleted({ api: { volume } }: World): boolean {
  return volume === undefined || volume.spec.deletion !== undefined;
}

/** What a session left with proof is on some disk, whoever is lost after that. */
export function nothingIsLost(world: World): void {
  if (isDeleted(world)) return;
  for (const { name, content } of world.sharing.ended.values())
    if (!world.nodes.some(({ disk }) => has(disk, content)))
      throw violation('what a session left is somewhere', `${name}=${content} is on no disk`);
}

/**
 * A disk may be destroyed where, by what the volume was told, another one has all that ended on it: that a claim was
 * wrong is what is looked for. A disk that left has nothing any more.
 */
export function mayGo(world: World, node: ModelNode): boolean {
  const { ledger, nodes, sharing } = world;
  const isThere = (storeId: string): boolean =>
    !ledger.left.has(storeId) && nodes.some((other) => other !== node && other.disk.storeId === storeId);
  return [...sharing.ended.values()].every(({ content, witnesses }) => {
    if (!witnesses.has(node.disk.storeId) && !has(node.disk, content)) return true;
    return [...witnesses].some(isThere);
  });
}

/** A writer goes when it has ended, or its node is lost; one who comes has what ended on each data node that answers. */
export function tellWriters(world: World, before: SyncthingVolumeStatus, after: SyncthingVolumeStatus): void {
  const isIn = ({ node, since }: Writer, { writers }: SyncthingVolumeStatus): boolean =>
    writers.some((other) => other.node === node && other.since === since);
  for (const writer of before.writers) if (!isIn(writer, after)) tellGone(world, writer);
  for (const writer of after.writers) {
    // A right of a disk that was replaced meanwhile is nobody's.
    const node = world.nodes.find(
      ({ name, disk }) => name === writer.node && disk.storeId === writer.storeId,
    );
    if (node !== undefined && !isIn(writer, before))
      tellNew(world, node, { since: writer.since, holders: after.base.holders });
  }
  if (after.writers.length > 1) count(world.counts, 'sharing: several writers');
}

function tellGone(world: World, { node: name, storeId, since }: Writer): void {
  const node = world.nodes.find((each) => each.name === name && each.disk.storeId === storeId);
  const writing = node?.disk.state?.writing;
  const isOpen = writing?.phase === 'writing' && writing.since === since;
  count(world.counts, isOpen ? 'sharing: writer lost' : 'sharing: writer ended');
  if (isOpen && !isDeleted(world) && !world.ledger.lostNodes.has(name))
    throw violation('a writer is one until it has ended', name);
}

function tellNew(
  world: World,
  node: ModelNode,
  { since, holders }: { readonly since: string; readonly holders: readonly Holder[] },
): void {
  const { writing } = node.disk.state ?? {};
  // By a report that is older than its end, too.
  const isBack = writing?.since === since;
  count(world.counts, isBack ? 'sharing: writer is one again' : 'sharing: writer given');
  if (isBack) return;
  // By what was known when it was decided.
  const decided = { ...world, now: Date.parse(since) };
  startsFromAll(decided, node, holders);
  seesWhatEnded(decided, node);
}

/** Whoever comes was compared with a copy that had all once, or is one by now. */
function startsFromAll({ controller, now }: World, node: ModelNode, holders: readonly Holder[]): void {
  const view = { nodes: controller.cache.nodes, now, settings: SETTINGS };
  const isSafe = holders.some(
    ({ node: name, storeId }) => storeId === node.disk.storeId || isAlive(view, name),
  );
  if (holders.length > 0 && !isSafe)
    throw violation('nobody begins without one that had all', `${node.name}, and nobody answers`);
}

/** By what the controller knows of who answers; a copy of what lost a conflict may be still on its way. */
function seesWhatEnded(world: World, node: ModelNode): void {
  for (const ended of world.sharing.ended.values()) {
    const { content, name } = ended;
    const [up] = world.nodes.filter((other) => other !== node && offers(world, other, ended));
    if (up === undefined || [...(node.disk.tree?.values() ?? [])].some((file) => file.content === content))
      continue;
    if (isKeptBeside(world, content)) continue;
    throw violation('who comes sees what ended', `${node.name} lacks ${name}=${content} of ${up.name}`);
  }
}

/** A holder that answers and has it under its name, where it is not about to lose a conflict. */
function offers(world: World, node: ModelNode, { name, content, witnesses }: Ended): boolean {
  const { disk } = node;
  if (!witnesses.has(disk.storeId) || !isAnsweringHolder(world, node)) return false;
  return disk.tree?.get(name)?.content === content && !needsOf(disk).includes(name);
}

function isAnsweringHolder({ api, controller, now }: World, { name, disk }: ModelNode): boolean {
  const holders = api.volume?.status.base.holders ?? [];
  const { nodes, replicas } = controller.cache;
  const isThere = holders.some(({ storeId }) => storeId === disk.storeId);
  return (
    isThere &&
    isAlive({ nodes, now, settings: SETTINGS }, name) &&
    isSound(replicas.get(name)?.status?.folder)
  );
}

function isSound(folder: { readonly scanned: boolean; readonly errors: number } | undefined): boolean {
  return folder?.scanned === true && folder.errors === 0;
}

function isKeptBeside({ nodes }: World, content: number): boolean {
  return nodes.some(({ disk }) =>
    [...(disk.tree ?? [])].some(([name, file]) => file.content === content && isConflictName(name)),
  );
}

/** When all is quiet, each copy has it: under its name, or beside it. */
export function allIsThere(world: World): void {
  for (const { name, content } of world.sharing.ended.values()) {
    const lacking = world.nodes.filter(
      ({ name: node, disk }) =>
        world.api.replicas.has(node) &&
        ![...(disk.tree?.values() ?? [])].some((file) => file.content === content),
    );
    const isArchived = world.nodes.some(({ disk }) =>
      [...disk.archives.values()].some((archive) =>
        [...archive.values()].some((file) => file.content === content),
      ),
    );
    if (lacking.length > 0 && !isArchived)
      throw violation(
        'what a session left is on every copy',
        `${name}=${content} is not on ${lacking.map((node) => node.name).join()}`,
      );
  }
}
