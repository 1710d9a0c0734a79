/** The live table of a volume's copies. */
import type { SyncthingReplica } from '../../src/desired/replica.ts';
import { isClean } from '../../src/handoff/copy.ts';
import type { CopyObservation } from './observations.ts';

/** One row a copy: the writer counts as in sync, since what it has is what there is. */
export function copiesOf(replicas: readonly SyncthingReplica[]): readonly CopyObservation[] {
  return replicas
    .map((replica) => {
      const folder = replica.status?.folder;
      const writes = replica.spec.grant?.node === replica.spec.node;
      return {
        node: replica.spec.node,
        role: writes ? `${replica.spec.role}, writer` : replica.spec.role,
        needBytes: folder?.needBytes ?? 0,
        inSync: writes || isClean(folder),
      };
    })
    .toSorted((a, b) => (a.node < b.node ? -1 : 1));
}

/** The table as lines, with a heading. */
export function tableOf(copies: readonly CopyObservation[]): readonly string[] {
  const rows = copies.map((copy) => [
    copy.node,
    copy.role,
    copy.inSync ? 'yes' : 'no',
    String(copy.needBytes),
  ]);
  return [['NODE', 'ROLE', 'IN SYNC', 'BYTES NEEDED'], ...rows].map((row) =>
    row.map((cell, column) => cell.padEnd([10, 16, 9, 12][column] ?? 0)).join(''),
  );
}

/** Shows the table: redrawn in place on a terminal, printed again only when it changed elsewhere. */
export function createTable(out: {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}): (copies: readonly CopyObservation[]) => void {
  let last = '';
  let drawn = 0;
  return (copies) => {
    const lines = tableOf(copies);
    const text = `${lines.join('\n')}\n`;
    if (text === last) return;
    if (out.isTTY === true && drawn > 0) out.write(`\u001b[${drawn}A\u001b[J`);
    out.write(text);
    last = text;
    drawn = lines.length;
  };
}
