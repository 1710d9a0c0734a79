import fs from 'node:fs';
import path from 'node:path';

/** Where a program under test is: in PROGRAMS_DIR, else where `make programs` puts it. */
export function program(name: string): string {
  const directory = path.resolve(process.env['PROGRAMS_DIR'] ?? '.cluster/bin');
  const file = path.join(directory, name);
  if (!fs.existsSync(file))
    throw new Error(`no ${name} in ${directory}: run \`make programs\` or set PROGRAMS_DIR`);
  return file;
}
