import * as z from 'zod/mini';
import { folderState, folderStatusSchema } from './answer-schema.ts';
import type { FolderState, FolderStatus, RawEvent } from './client.ts';

/** The events that matter to us, in Syncthing's names. */
export type FolderEvent =
  | {
      readonly kind: 'LocalIndexUpdated';
      readonly folderId: string;
      readonly sequence: number;
      /** What the index took anew, in Syncthing's root: found by a scan, pulled, or gone; a thousand at most. */
      readonly names: readonly string[];
    }
  | {
      readonly kind: 'RemoteIndexUpdated';
      readonly folderId: string;
      readonly deviceId: string;
      readonly sequence: number;
    }
  | {
      readonly kind: 'FolderCompletion';
      readonly folderId: string;
      readonly deviceId: string;
      readonly needItems: number;
      readonly needDeletes: number;
    }
  | { readonly kind: 'FolderSummary'; readonly folderId: string; readonly status: FolderStatus }
  | {
      readonly kind: 'StateChanged';
      readonly folderId: string;
      readonly from: FolderState;
      readonly to: FolderState;
    }
  | { readonly kind: 'FolderErrors'; readonly folderId: string; readonly errors: number };

export type DeviceEvent = {
  readonly kind: 'DeviceConnected' | 'DeviceDisconnected' | 'ClusterConfigReceived';
  readonly deviceId: string;
};

export type KnownEvent = FolderEvent | DeviceEvent | { readonly kind: 'ConfigSaved' };
export type EventType = KnownEvent['kind'];

const folder = z.string();
const device = z.string();
const sequence = z.number();
const state = z.pipe(z.string(), z.transform(folderState));
const errors = z.pipe(
  z.nullish(z.array(z.unknown())),
  z.transform((list): number => list?.length ?? 0),
);

/** Go writes an empty list as null. */
const names = z.pipe(
  z.nullish(z.array(z.string())),
  z.transform((list): readonly string[] => list ?? []),
);

type Parser = (data: unknown) => KnownEvent | undefined;

/** A parser from the shape of an event's data and what to make of it. */
function parser<T>(schema: z.ZodMiniType<T>, event: (data: T) => KnownEvent): Parser {
  return (data) => {
    const parsed = z.safeParse(schema, data);
    return parsed.success ? event(parsed.data) : undefined;
  };
}

const PARSERS: Readonly<Record<EventType, Parser>> = {
  LocalIndexUpdated: parser(z.object({ folder, sequence, filenames: names }), (data) => ({
    kind: 'LocalIndexUpdated',
    folderId: data.folder,
    sequence: data.sequence,
    names: data.filenames,
  })),
  RemoteIndexUpdated: parser(z.object({ folder, device, sequence }), (data) => ({
    kind: 'RemoteIndexUpdated',
    folderId: data.folder,
    deviceId: data.device,
    sequence: data.sequence,
  })),
  FolderCompletion: parser(
    z.object({ folder, device, needItems: z.number(), needDeletes: z.number() }),
    (data) => ({
      kind: 'FolderCompletion',
      folderId: data.folder,
      deviceId: data.device,
      needItems: data.needItems,
      needDeletes: data.needDeletes,
    }),
  ),
  FolderSummary: parser(z.object({ folder, summary: folderStatusSchema }), (data) => ({
    kind: 'FolderSummary',
    folderId: data.folder,
    status: data.summary,
  })),
  StateChanged: parser(z.object({ folder, from: state, to: state }), (data) => ({
    kind: 'StateChanged',
    folderId: data.folder,
    from: data.from,
    to: data.to,
  })),
  FolderErrors: parser(z.object({ folder, errors }), (data) => ({
    kind: 'FolderErrors',
    folderId: data.folder,
    errors: data.errors,
  })),
  DeviceConnected: parser(z.object({ id: device }), ({ id }) => ({
    kind: 'DeviceConnected',
    deviceId: id,
  })),
  DeviceDisconnected: parser(z.object({ id: device }), ({ id }) => ({
    kind: 'DeviceDisconnected',
    deviceId: id,
  })),
  ClusterConfigReceived: parser(z.object({ device }), (data) => ({
    kind: 'ClusterConfigReceived',
    deviceId: data.device,
  })),
  // Its data is the whole configuration, API key included: not looked at.
  ConfigSaved: () => ({ kind: 'ConfigSaved' }),
};

function isEventType(type: string): type is EventType {
  return Object.hasOwn(PARSERS, type);
}

/** `ignored` for a type that is not ours, `unreadable` for one of ours with data that we do not understand. */
export function parseEvent(raw: RawEvent): KnownEvent | 'ignored' | 'unreadable' {
  return isEventType(raw.type) ? (PARSERS[raw.type](raw.data) ?? 'unreadable') : 'ignored';
}
