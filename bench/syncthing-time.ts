/** The processor time that a node's Syncthing takes: what turns of a second share between those that are compared. */
import { runInside, runningMachine } from '../tools/cluster/machine.ts';
import type { Kube } from '../tools/kube/kube.ts';

/** Prints utime and stime of every thread group that is Syncthing's, in hundredths of a second. */
const TIMES_SCRIPT = `for p in /proc/[0-9]*; do
  case "$(tr '\\0' ' ' < $p/cmdline 2>/dev/null)" in
    *'syncthing serve'*) sed 's/.*) //' $p/stat 2>/dev/null | cut -d ' ' -f 12,13;;
  esac
done; true`;

/** Seconds since its start, of all its processes. */
export async function syncthingSeconds({ paths, signal }: Kube, node: string): Promise<number> {
  const printed = await runInside(runningMachine(paths, node), ['sh', '-c', TIMES_SCRIPT], signal);
  const ticks = printed.split(/\s+/).filter((word) => word !== '');
  if (ticks.length === 0) throw new Error(`no Syncthing runs on ${node}`);
  return ticks.reduce((sum, each) => sum + Number(each), 0) / 100;
}
