/** Where the lab tells what it is doing, one short line at a time; never where COMMAND writes its results. */
export interface Progress {
  step(message: string): void;
  warn(message: string): void;
}

/** Lines on standard error. `quiet` keeps the warnings. */
export function stderrProgress(stream: NodeJS.WritableStream, quiet: boolean): Progress {
  return {
    step: (message) => {
      if (!quiet) stream.write(`lab: ${message}\n`);
    },
    warn: (message) => {
      stream.write(`lab: warning: ${message}\n`);
    },
  };
}
