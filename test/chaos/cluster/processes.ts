/** Processes of the nodes, seen from the host, which all of them share. */
import { readdirSync, readFileSync } from 'node:fs';
import { machineCgroup } from '../../../tools/cluster/cgroups.ts';
import { endProcess, readPidIdentity, type PidIdentity } from '../../../tools/host/pid-identity.ts';

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return otherwise;
  }
}

function isNamed(argument: string | undefined, word: string): boolean {
  return argument === word || argument?.endsWith(`/${word}`) === true;
}

/** True where the words are arguments of the command line, one after the other. */
export function names(commandLine: string, words: readonly string[]): boolean {
  const given = commandLine.split('\0');
  return given.some((_, at) => words.every((word, index) => isNamed(given[at + index], word)));
}

export interface Wanted {
  /** Of the node's containers alone. Undefined: on any node. */
  readonly node?: string;
  /** Arguments in a row, or the ends of paths among them. */
  readonly words: readonly string[];
}

/** Processes of containers whose command line has these words. */
export function findProcesses({ node, words }: Wanted): readonly PidIdentity[] {
  const branch = node === undefined ? '/stcsi/' : `${machineCgroup(node)}/`;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      const commandLine = readOr(`/proc/${pid}/cmdline`, '');
      if (!names(commandLine, words)) return [];
      if (!readOr(`/proc/${pid}/cgroup`, '').includes(branch)) return [];
      return readPidIdentity(Number(pid)) ?? [];
    });
}

/** SIGKILL to all of them; true where there was one. */
export async function killProcesses(wanted: Wanted): Promise<boolean> {
  const found = findProcesses(wanted);
  await Promise.all(found.map(async (identity) => await endProcess(identity, 0)));
  return found.length > 0;
}
