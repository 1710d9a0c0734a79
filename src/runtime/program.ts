import path from 'node:path';
import type { HelperCommand } from './subprocess.ts';

export const programNames = [
  'controller',
  'node',
  'introducer',
  'resharer',
  'deleter',
  'nodewatcher',
  'scrubber',
  'syncthing-config',
  'crds',
  'import',
  'uninstall-check',
] as const;

export type ProgramName = (typeof programNames)[number];

/** A small heap, and bytecode alone: right for a process that runs for a second and plans a little. */
export const helperNodeFlags: readonly string[] = ['--max-semi-space-size=1', '--lite-mode'];

/**
 * The file of a program as seen from src/main.ts or, bundled, from a file beside it in dist/: the sources run unbuilt,
 * the image holds one bundle a program.
 */
export function programFile(mainFile: string, name: ProgramName): string {
  const directory = path.dirname(mainFile);
  return mainFile.endsWith('.ts')
    ? path.join(directory, name, 'main.ts')
    : path.join(directory, `${name}.js`);
}

export interface HelperCommandOptions {
  /** process.execPath. */
  readonly node: string;
  /** import.meta.filename of the program that asks: src/<program>/main.ts or dist/<program>.js. */
  readonly callerFile: string;
  readonly name: ProgramName;
  readonly nodeFlags?: readonly string[];
}

/**
 * How one program starts another, from the sources as from the bundle. From the sources without flags: in lite mode
 * there is no WebAssembly, with which Node reads TypeScript.
 */
export function helperCommand({ node, callerFile, name, nodeFlags }: HelperCommandOptions): HelperCommand {
  if (!callerFile.endsWith('.ts')) {
    return [node, ...(nodeFlags ?? helperNodeFlags), programFile(callerFile, name)];
  }
  const mainFile = path.join(path.dirname(callerFile), '..', 'main.ts');
  return [node, ...(nodeFlags ?? []), mainFile, name];
}
