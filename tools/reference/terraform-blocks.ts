/** Variables and outputs of a Terraform module as tables, from files as `fmt` leaves them. */
import { table } from './table.ts';

export interface TerraformBlock {
  readonly name: string;
  readonly description: string;
  /** As it stands in the file, in one line; empty for an output. */
  readonly type: string;
  /** Undefined where it has to be given, and for an output. */
  readonly default?: string;
}

/** The blocks of one kind, in the order of the file. */
export function terraformBlocks(text: string, kind: 'variable' | 'output'): readonly TerraformBlock[] {
  const blocks = [...text.matchAll(new RegExp(`^${kind} "([a-z_]+)" \\{\n([\\s\\S]*?)^\\}$`, 'gm'))];
  return blocks.map(([, name = '', body = '']) => {
    const given = attribute(body, 'default');
    return {
      name,
      description: JSON.parse(attribute(body, 'description') ?? '""') as string,
      type: attribute(body, 'type') ?? '',
      ...(given !== undefined && { default: given }),
    };
  });
}

/** An attribute of the block itself: two blanks before its name, and up to the line that closes what it opens. */
function attribute(body: string, name: string): string | undefined {
  const lines = body.split('\n');
  const start = lines.findIndex((line) => new RegExp(`^  ${name} +=`).test(line));
  if (start === -1) return undefined;
  const value: string[] = [];
  for (const line of lines.slice(start)) {
    value.push(line);
    if (isClosed(value.join('\n'))) break;
  }
  return value
    .join(' ')
    .replace(/^ *\w+ += /, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

/** Whether every bracket outside of texts is closed. */
function isClosed(text: string): boolean {
  const bare = text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '');
  const count = (pattern: RegExp): number => bare.match(pattern)?.length ?? 0;
  return count(/[([{]/g) === count(/[)\]}]/g);
}

export function variablesTable(text: string): string {
  const rows = terraformBlocks(text, 'variable').map((block) => [
    `\`${block.name}\``,
    `\`${block.type}\``,
    block.default === undefined ? 'to be given' : `\`${block.default}\``,
    block.description,
  ]);
  return table(['input', 'type', 'default', 'meaning'], rows);
}

export function outputsTable(text: string): string {
  const rows = terraformBlocks(text, 'output').map((block) => [`\`${block.name}\``, block.description]);
  return table(['output', 'meaning'], rows);
}
