import * as z from 'zod/mini';
import type {
  BrowseEntry,
  Completion,
  Connection,
  FileEntry,
  FileVersion,
  FolderState,
  FolderStatus,
} from './client.ts';

/** Go writes an empty list as `null`. */
function listOf<T>(item: z.ZodMiniType<T>): z.ZodMiniType<readonly T[]> {
  return z.pipe(
    z.nullish(z.array(item)),
    z.transform((list): readonly T[] => list ?? []),
  );
}

/** A count that older versions leave out when it is zero or does not apply. */
const count = z._default(z.number(), 0);
const text = z._default(z.string(), '');
/** Go writes empty bytes as `null`. */
const maybeText = z.pipe(
  z.nullish(z.string()),
  z.transform((found): string => found ?? ''),
);

export const systemStatusSchema = z.object({
  myID: z.string(),
  startTime: z.string(),
  uptime: z.number(),
});
export const versionSchema = z.object({ version: z.string() });
export const restartRequiredSchema = z.object({ requiresRestart: z.boolean() });

export const systemErrorsSchema = z.object({
  errors: listOf(z.object({ when: z.string(), message: z.string() })),
});

export const connectionsSchema = z.object({
  connections: z.record(
    z.string(),
    z.object({ connected: z.boolean(), paused: z.boolean(), address: text, clientVersion: text }),
  ) satisfies z.ZodMiniType<Record<string, Connection>>,
});

export const pendingFoldersSchema = z.record(
  z.string(),
  z.object({ offeredBy: z.record(z.string(), z.unknown()) }),
);

export const folderStatisticsSchema = z.record(z.string(), z.object({ lastScan: z.string() }));

export const eventsSchema = listOf(
  z.object({ id: z.number(), type: z.string(), time: z.string(), data: z.unknown() }),
);

const FOLDER_STATES: ReadonlySet<string> = new Set<FolderState>([
  'idle',
  'scanning',
  'scan-waiting',
  'sync-waiting',
  'sync-preparing',
  'syncing',
  'cleaning',
  'clean-waiting',
  'starting',
  'error',
]);

function isFolderState(word: string): word is FolderState {
  return FOLDER_STATES.has(word);
}

/** The daemon's word for a folder's state as one of ours, see {@link FolderState}. */
export function folderState(word: string): FolderState {
  if (word === '') {
    return 'not-running';
  }
  return isFolderState(word) ? word : 'unknown';
}

const rawFolderStatus = z.object({
  state: z.string(),
  error: text,
  watchError: text,
  errors: count,
  sequence: count,
  needTotalItems: count,
  needDeletes: count,
  needBytes: count,
  receiveOnlyTotalItems: count,
  globalTotalItems: count,
  globalBytes: count,
  localTotalItems: count,
  localBytes: count,
  remoteSequence: z.nullish(z.record(z.string(), z.number())),
});

export const folderStatusSchema = z.pipe(
  rawFolderStatus,
  z.transform(({ state, error, watchError, remoteSequence, ...counts }): FolderStatus => ({
    ...counts,
    state: folderState(state),
    ...(error === '' ? {} : { error }),
    ...(watchError === '' ? {} : { watchError }),
    ...(remoteSequence && { remoteSequence }),
  })),
);

export const completionSchema = z.object({
  sequence: z.number(),
  needItems: z.number(),
  needDeletes: z.number(),
  needBytes: z.number(),
  globalItems: z.number(),
  globalBytes: z.number(),
  remoteState: z.catch(z.enum(['valid', 'notSharing', 'paused', 'unknown']), 'unknown'),
}) satisfies z.ZodMiniType<Completion>;

const named = z.pipe(
  z.object({ name: z.string() }),
  z.transform((entry): string => entry.name),
);
export const filesSchema = z.object({ files: listOf(named) });
export const needSchema = z.object({
  progress: listOf(named),
  queued: listOf(named),
  rest: listOf(named),
});
export const folderErrorsSchema = z.object({
  errors: listOf(z.object({ path: z.string(), error: z.string() })),
});

const fileVersionSchema = z.pipe(
  z.object({
    name: z.string(),
    type: z._default(z.string(), ''),
    deleted: z.boolean(),
    invalid: z.boolean(),
    sequence: z.number(),
    size: z.number(),
    modified: text,
    modifiedBy: text,
    blocksHash: maybeText,
    version: listOf(z.string()),
    localFlags: count,
  }),
  z.transform(({ type, ...entry }): FileVersion => ({
    ...entry,
    isDirectory: type === 'FILE_INFO_TYPE_DIRECTORY',
  })),
);

/** An index entry that is missing comes as one with empty name and no version. */
function present(entry: FileVersion): FileVersion | undefined {
  return entry.name === '' ? undefined : entry;
}

export const fileEntrySchema = z.pipe(
  z.object({
    local: fileVersionSchema,
    global: fileVersionSchema,
    availability: listOf(z.object({ id: z.string() })),
  }),
  z.transform((raw): FileEntry => {
    const local = present(raw.local);
    const global = present(raw.global);
    return {
      ...(local === undefined ? {} : { local }),
      ...(global === undefined ? {} : { global }),
      availability: raw.availability.map((device) => device.id),
    };
  }),
);

const BROWSE_TYPES = {
  FILE_INFO_TYPE_FILE: 'file',
  FILE_INFO_TYPE_DIRECTORY: 'directory',
  FILE_INFO_TYPE_SYMLINK: 'symlink',
  FILE_INFO_TYPE_SYMLINK_FILE: 'symlink',
  FILE_INFO_TYPE_SYMLINK_DIRECTORY: 'symlink',
} as const;

const browseType = z.pipe(
  z.enum([
    'FILE_INFO_TYPE_FILE',
    'FILE_INFO_TYPE_DIRECTORY',
    'FILE_INFO_TYPE_SYMLINK',
    'FILE_INFO_TYPE_SYMLINK_FILE',
    'FILE_INFO_TYPE_SYMLINK_DIRECTORY',
  ]),
  z.transform((word): BrowseEntry['type'] => BROWSE_TYPES[word]),
);

const browseEntry: z.ZodMiniType<BrowseEntry> = z.object({
  name: z.string(),
  type: browseType,
  size: z.number(),
  modTime: z.string(),
  children: z.lazy(() => listOf(browseEntry)),
});
export const browseSchema = listOf(browseEntry);
