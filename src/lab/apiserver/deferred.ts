/** Calls back after the turn in which something was pushed, in order, until stopped. */
export function deferred<Item>(callback: (item: Item) => void): {
  readonly push: (item: Item) => void;
  readonly stop: () => void;
} {
  let stopped = false;
  let queue: Item[] = [];
  const flush = (): void => {
    const items = queue;
    queue = [];
    for (const item of items) if (!stopped) callback(item);
  };
  return {
    push: (item) => {
      queue.push(item);
      if (queue.length === 1) queueMicrotask(flush);
    },
    stop: () => {
      stopped = true;
    },
  };
}
