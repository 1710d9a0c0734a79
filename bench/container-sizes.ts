/** From the processes of a node to what each container of the driver has. */

/** MiB of each container at one moment; `controller` where it is not on that node is 0. */
export interface Look {
  readonly node: number;
  readonly helpers: number;
  readonly syncthing: number;
  readonly controller: number;
}

interface ProcessSize {
  readonly kib: number;
  readonly command: string;
}

function parseSizes(printed: string): readonly ProcessSize[] {
  return printed.split('\n').flatMap((line) => {
    const found = /^(\d+) (.+)$/.exec(line);
    return found?.[1] === undefined || found[2] === undefined
      ? []
      : [{ kib: Number(found[1]), command: found[2] }];
  });
}

/** What `node` starts beside itself, in its container. */
const HELPERS = ['introducer', 'resharer', 'deleter', 'nodewatcher', 'scrubber'];

/** Of the image's programs: a helper has a bundle of its own, the others are begun by main.js. */
function runs({ command }: ProcessSize, programs: readonly string[]): boolean {
  return programs.some((name) => new RegExp(`/app/(${name}\\.js|main\\.js ${name})( |$)`).test(command));
}

function sum(sizes: readonly ProcessSize[]): number {
  return sizes.reduce((total, process) => total + process.kib, 0) / 1024;
}

/** Of lines `<PSS in KiB> <command line>`. */
export function containerSizes(printed: string): Look {
  const found = parseSizes(printed);
  const of = (subcommand: string): number => sum(found.filter((process) => runs(process, [subcommand])));
  return {
    node: of('node'),
    helpers: sum(found.filter((process) => runs(process, HELPERS))),
    syncthing: sum(found.filter((process) => process.command.includes('syncthing serve'))),
    controller: of('controller'),
  };
}
