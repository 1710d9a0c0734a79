/** The version of `state.json`, by which a driver knows whether an older or a newer one may have written it. */
import * as z from 'zod/mini';
import { diskState } from '../desired/disk-state-schema.ts';
import type { DiskState } from '../handoff/disk-state.ts';
import { NodeError } from './errors.ts';

/** Lower ones are read as they are: what was added since is absent in them. */
const KNOWN_VERSION = 2;

const versioned = z.object({ version: z.int().check(z.positive()) });

/**
 * The lowest under which an older driver does no harm, so that as much as can be goes back with it. 2 has a right to
 * write beside others (handoff rule 37): whoever passes over that makes the folder a receiver's under the pods that
 * write, and counts their sessions from the first again. A right to read says nothing of what is in the copy, and of
 * `earlier` archives the directories stay.
 */
function versionOf({ writing }: DiskState): number {
  return writing === undefined ? 1 : 2;
}

export function writtenState(state: DiskState): string {
  return `${JSON.stringify({ version: versionOf(state), ...state }, undefined, 2)}\n`;
}

/** Throws NodeError: of a newer version nothing is read, since what it added may be what keeps the copy's files. */
export function parseState(file: string, text: string): DiskState {
  const written = readable(file, (): unknown => JSON.parse(text));
  const { version } = readable(file, () => versioned.parse(written));
  if (version > KNOWN_VERSION) {
    throw new NodeError(
      'newer-state',
      `${file} was written by a newer version of the driver (it is of version ${version}, and this driver knows ${KNOWN_VERSION}): ` +
        'install that one again; until then this copy stays as it is, see docs/troubleshooting.md',
    );
  }
  return readable(file, () => diskState.parse(written));
}

function readable<T>(file: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    const message = `${file} cannot be read as a volume's state; see docs/troubleshooting.md`;
    throw new NodeError('corrupt-state', message, { cause });
  }
}
