import type { NodeView } from '../../src/desired/node-view.ts';
import type { HelperReports, Helpers } from '../../src/node/helpers.ts';

const NOTHING = { changed: 0, failed: [], more: false };

const NO_NEWS: HelperReports = {
  introducer: { ...NOTHING, fenced: [] },
  resharer: { ...NOTHING, applied: [], unscanned: [] },
  deleter: { ...NOTHING, removed: [], tombstonesDone: [], orphans: [] },
  nodewatcher: { ...NOTHING, labelled: true, capacity: { totalBytes: 1, freeBytes: 1 } },
};

/** Helpers that answer what the test says, of the view that they were given; nothing new unless told. */
export function helpersThatSay(
  reportOf: (view: NodeView) => Partial<HelperReports> | Promise<Partial<HelperReports>>,
): Helpers {
  return {
    run: async (name, view) => {
      const reports: HelperReports = { ...NO_NEWS, ...(await reportOf(view)) };
      return reports[name];
    },
  };
}
