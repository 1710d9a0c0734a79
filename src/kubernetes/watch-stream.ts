import * as z from 'zod/mini';
import type { WatchEvent, WatchEventType } from './client.ts';
import { KubernetesError } from './errors.ts';
import { watchError } from './status-error.ts';

const TYPES: Readonly<Record<string, WatchEventType>> = {
  ADDED: 'added',
  MODIFIED: 'modified',
  DELETED: 'deleted',
  BOOKMARK: 'bookmark',
};

const eventSchema = z.object({ type: z.string(), object: z.unknown() });
const versionSchema = z.object({ metadata: z.object({ resourceVersion: z.string() }) });

/** One line of a watch. An ERROR event is thrown (`gone` for a version too old). */
export function parseWatchLine(what: string, line: string): WatchEvent {
  const event = eventSchema.safeParse(parse(what, line));
  if (!event.success) throw new KubernetesError('unexpected', `${what}: an event that is none`);
  if (event.data.type === 'ERROR') throw watchError(what, event.data.object);
  const type = TYPES[event.data.type];
  const version = versionSchema.safeParse(event.data.object);
  if (type === undefined || !version.success)
    throw new KubernetesError('unexpected', `${what}: an event of type ${event.data.type} that is none`);
  return { type, resourceVersion: version.data.metadata.resourceVersion, object: event.data.object };
}

function parse(what: string, line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new KubernetesError('unexpected', `${what}: a line that is not JSON`, { cause: error });
  }
}

/** Cuts a stream of bytes into lines; a character may be cut in two by the network. */
export async function* linesOf(chunks: AsyncIterable<unknown>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    if (!(chunk instanceof Uint8Array)) continue;
    const pieces = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = pieces.pop() ?? '';
    for (const piece of pieces) if (piece !== '') yield piece;
  }
}
