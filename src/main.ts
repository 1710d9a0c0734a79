import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { programFile, programNames } from './runtime/program.ts';

/** `syncthing-csi <program>`: picks the program and loads nothing else, so that each costs only what it uses. */
const [, , name] = process.argv;
const program = programNames.find((candidate) => candidate === name);
if (program === undefined) {
  process.stderr.write(`usage: ${path.basename(import.meta.filename)} ${programNames.join('|')}\n`);
  process.exitCode = 64;
} else {
  const loaded: unknown = await import(pathToFileURL(programFile(import.meta.filename, program)).href);
  await start(loaded);
}

/** A bundle runs when it is loaded; a source file exports what runs. */
async function start(loaded: unknown): Promise<void> {
  if (typeof loaded !== 'object' || loaded === null || !('main' in loaded)) return;
  if (typeof loaded.main === 'function') await loaded.main(process.env);
}
