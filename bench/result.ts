/** What a benchmark found: rows of a table, each with the goal it is held against, where there is one. */

export interface ResultRow {
  readonly what: string;
  readonly values: Readonly<Record<string, string>>;
  readonly goal?: string;
  /** Absent where the figure is only reported. */
  readonly met?: boolean;
}

export interface ResultTable {
  readonly title: string;
  readonly note?: string;
  readonly rows: readonly ResultRow[];
}

export interface Provenance {
  readonly commit: string;
  readonly date: string;
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
}

function tableText(table: ResultTable): string {
  const columns = [...new Set(table.rows.flatMap((row) => Object.keys(row.values)))];
  const head = ['', ...columns, 'goal', 'met'];
  const lines = table.rows.map((row) => {
    const met = row.met === undefined ? '' : row.met ? 'yes' : '**no**';
    return [row.what, ...columns.map((column) => row.values[column] ?? ''), row.goal ?? 'reported', met];
  });
  const rows = [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`);
  const note = table.note === undefined ? [] : ['', table.note];
  return [`## ${table.title}`, '', ...rows, ...note, ''].join('\n');
}

/** bench/RESULTS.md: written from the tables alone. */
export function resultsText(provenance: Provenance, tables: readonly ResultTable[]): string {
  const versions = Object.entries(provenance.versions).map(([name, version]) => `${name} ${version}`);
  const head = [
    '# Benchmarks',
    '',
    'Written by `make bench`. Seconds and MiB, unless said otherwise; what is compared was measured in the same run.',
    '',
    `- commit ${provenance.commit}, ${provenance.date}`,
    `- ${provenance.machine}`,
    `- ${versions.join(', ')}`,
    '',
  ];
  return [...head, ...tables.map(tableText)].join('\n');
}
