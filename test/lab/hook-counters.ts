/**
 * Packets on their way through a lab's nodes, counted before policyd's hook and after it. What is offered and
 * not delivered was dropped in between: exact on a machine of any speed, where sockets can only be late.
 */
import type { InsideLab } from './inside-lab.ts';

const POLICYD_PRIORITY = -5;

export interface Counted {
  /** Packets that a node forwards. */
  readonly offered: number;
  /** Those of them that policyd lets pass. */
  readonly delivered: number;
}

/** From before `act` until after it, summed over the nodes: of each match, in nft's words. */
export async function countedDuring(
  { sh }: InsideLab,
  nodes: readonly string[],
  matches: readonly string[],
  act: () => Promise<void>,
): Promise<readonly Counted[]> {
  const chain = (name: string, priority: number): string => {
    const rules = matches.map((match, index) => `${match} counter name ${name}${index};`);
    return `chain ${name} { type filter hook forward priority ${priority}; ${rules.join(' ')} };`;
  };
  const table = [
    ...matches.map((_, index) => `counter offered${index} { }; counter delivered${index} { };`),
    chain('offered', POLICYD_PRIORITY - 1),
    chain('delivered', POLICYD_PRIORITY + 1),
  ].join(' ');
  for (const node of nodes) await sh(`ip netns exec ${node} nft 'table inet counted { ${table} }'`);
  try {
    await act();
    const lists = nodes.map((node) => `ip netns exec ${node} nft list counters table inet counted`);
    const text = await sh(lists.join('; '));
    const sum = (counter: string): number =>
      [...text.matchAll(new RegExp(`counter ${counter} \\{\\s+packets (\\d+)`, 'g'))]
        .map(([, packets]) => Number(packets))
        .reduce((total, each) => total + each, 0);
    return matches.map((_, index) => ({
      offered: sum(`offered${index}`),
      delivered: sum(`delivered${index}`),
    }));
  } finally {
    for (const node of nodes) await sh(`ip netns exec ${node} nft delete table inet counted`);
  }
}
