/** `scrub.json` of each volume: how far its scrub has come, so that a restart goes on where it was. */
import type { ScrubRecord } from '../desired/scrub.ts';
import { scrubRecord } from '../desired/scrub-schema.ts';
import { readIfPresent, writeDurably } from '../runtime/durable-file.ts';
import type { HostLayout } from './host-layout.ts';

export interface ScrubRecords {
  /** Undefined where there is none, or one that cannot be read: then the copy is scrubbed from its beginning. */
  read(folderId: string): Promise<ScrubRecord | undefined>;
  /** On the disk when it returns; the volume's directory has to exist. */
  write(folderId: string, record: ScrubRecord): Promise<void>;
}

export function createScrubRecords(layout: HostLayout): ScrubRecords {
  return {
    async read(folderId) {
      const text = await readIfPresent(layout.volume(folderId).scrubFile);
      return text === undefined ? undefined : parse(text);
    },
    async write(folderId, record) {
      await writeDurably(layout.volume(folderId).scrubFile, `${JSON.stringify(record, undefined, 2)}\n`);
    },
  };
}

function parse(text: string): ScrubRecord | undefined {
  try {
    return scrubRecord.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
