/** What the node does for a volume in the background, from the plan's word for it to the work (src/handoff/local.ts). */
import type { DiskState } from '../handoff/disk-state.ts';
import { sessionOf, type LocalAction } from '../handoff/local.ts';
import { isShared } from '../handoff/writing.ts';
import { absorbChanges, announceDirectories } from './absorb-changes.ts';
import { archiveTree } from './archive-tree.ts';
import type { NodeContext } from './context.ts';
import { dropSockets } from './drop-sockets.ts';
import { dropVersions } from './drop-versions.ts';
import { NodeError } from './errors.ts';
import { finishRejoin } from './finish-rejoin.ts';
import { makeFirstData } from './first-data.ts';
import { importDirectory } from './import-directory.ts';
import type { Job } from './jobs.ts';
import { makeTreePlain } from './make-tree-plain.ts';
import { recheckFolder } from './recheck-folder.ts';
import { scanFolder, type ScanRequest } from './scan.ts';
import { scanShared } from './scan-shared.ts';
import { takeBack } from './take-back.ts';

/** What runs in the background writes state.json itself when it is done. */
type BackgroundAction = Extract<
  LocalAction,
  {
    kind:
      | 'scan'
      | 'import'
      | 'archive-tree'
      | 'finish-rejoin'
      | 'absorb'
      | 'announce'
      | 'drop-versions'
      | 'take-back'
      | 'recheck'
      | 'scan-shared';
  }
>;

/** Jobs that are told more than the folder. */
const WITH_ARGUMENTS: ReadonlySet<LocalAction['kind']> = new Set([
  'scan',
  'absorb',
  'drop-versions',
  'take-back',
  'recheck',
]);

export function isBackground(action: LocalAction): action is BackgroundAction {
  return WITH_ARGUMENTS.has(action.kind) || JOBS[action.kind] !== undefined;
}

function scanJob(
  ctx: NodeContext,
  state: DiskState,
  { afterUnmount }: Extract<LocalAction, { kind: 'scan' }>,
): Omit<Job, 'folderId'> | undefined {
  const session = sessionOf(state);
  if (session === undefined) return undefined;
  const { folderId } = state;
  const beside = isShared(ctx.volumes.record(folderId).order?.spec);
  const request = { folderId, ...session, afterUnmount, isShared: beside };
  return { name: 'scan', work: (signal) => scanInto(ctx, request, signal) };
}

/** The work that an action of planLocal asks for, where it is one that runs in the background. */
export function jobOf(
  ctx: NodeContext,
  state: DiskState,
  action: LocalAction,
): Omit<Job, 'folderId'> | undefined {
  const { folderId } = state;
  if (action.kind === 'scan') return scanJob(ctx, state, action);
  if (action.kind === 'absorb') {
    const { kind: _, ...options } = action;
    return {
      name: 'look at local changes',
      work: (signal) => absorbChanges(ctx, { folderId, ...options }, signal),
    };
  }
  if (action.kind === 'drop-versions') {
    const { base } = action;
    return {
      name: 'removal of older versions',
      work: (signal) => dropVersions(ctx, { folderId, base }, signal),
    };
  }
  if (action.kind === 'take-back') {
    const { epoch, proven } = action;
    return {
      name: 'return of deleted files',
      work: (signal) => takeBack(ctx, { folderId, epoch, proven }, signal),
    };
  }
  if (action.kind === 'recheck') {
    const { isUnscanned } = action;
    return {
      name: 'another look at the folder',
      work: (signal) => recheckFolder(ctx, { folderId, isUnscanned }, signal),
    };
  }
  const job = JOBS[action.kind];
  return job === undefined
    ? undefined
    : { name: job.name, work: (signal) => job.work(ctx, folderId, signal) };
}

interface NamedWork {
  readonly name: string;
  readonly work: (ctx: NodeContext, folderId: string, signal: AbortSignal) => Promise<void>;
}

const JOBS: Readonly<Partial<Record<LocalAction['kind'], NamedWork>>> = {
  import: { name: 'import of a directory', work: importDirectory },
  'archive-tree': { name: 'archive of a stale copy', work: archiveTree },
  'finish-rejoin': { name: 'rejoin of a stale copy', work: finishRejoin },
  announce: { name: 'announcement of directories', work: announceDirectories },
  'scan-shared': { name: 'scan before peers go', work: scanShared },
};

/**
 * A first writer that died between its state.json and its `data/` ends a session without one: what it hands off has to
 * have the directory all the same, or no node could ever mount the volume (handoff rule 10).
 */
async function completeFirstSession(ctx: NodeContext, folderId: string): Promise<void> {
  await ctx.mutex.run(folderId, async () => {
    const { order } = ctx.volumes.record(folderId);
    if (order?.spec.base.kind !== 'empty' || order.spec.removal !== undefined) return;
    await makeFirstData(ctx, folderId, order.spec.importFrom);
  });
}

/** A scan that proves nothing is a failure, which is repeated after a while and told to the person who can help. */
async function scanInto(ctx: NodeContext, request: ScanRequest, signal: AbortSignal): Promise<void> {
  const record = ctx.volumes.record(request.folderId);
  const { unpublished } = record;
  await completeFirstSession(ctx, request.folderId);
  if (request.afterUnmount && !(await preparedForOthers(ctx, request, signal))) return;
  const scan = await scanFolder(ctx, request, signal);
  if (request.afterUnmount && record.unpublished !== unpublished) return;
  record.scan = scan;
  if (scan.proves) return;
  const [first] = await ctx.syncthing.folderErrors(request.folderId, { signal, perPage: 1 });
  const detail =
    first === undefined
      ? 'the folder changed its type meanwhile, has changes made behind its back, or others have files otherwise'
      : `${first.path}: ${first.error}`;
  throw new NodeError('inconsistent', `it proves nothing on ${ctx.node}: ${detail}`);
}

/** False: a pod came back, and with it another session. */
async function preparedForOthers(
  ctx: NodeContext,
  request: ScanRequest,
  signal: AbortSignal,
): Promise<boolean> {
  return request.isShared ? dropSockets(ctx, request, signal) : makeTreePlain(ctx, request, signal);
}
