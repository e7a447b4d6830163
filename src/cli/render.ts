/** policyctl render: the ruleset that the policies in files become on one node. Reads no cluster, changes nothing. */
import { compile } from '../compile/compile.ts';
import { didYouMean, nearNames } from '../manifest/near.ts';
import type { Pod, PodKey, Snapshot } from '../model/cluster.ts';
import { Failure } from '../model/failure.ts';
import { quoted } from '../model/printable.ts';
import { plan } from '../nft/plan.ts';
import { toText } from '../nft/text.ts';
import { usableRanges } from '../policy/quarantine.ts';
import { complete } from '../world/complete.ts';
import { spokenFamilies } from '../world/families.ts';
import type { Decodings } from '../world/gather.ts';
import { EXIT } from './exit.ts';
import { type FilesOptions, readFilesInput } from './files-input.ts';
import type { Terminal } from './terminal.ts';

export interface RenderOptions extends FilesOptions {
  readonly node: string;
  readonly output: 'text' | 'json';
}

/** Prints what `nft -f` or `nft -j -f` takes; notes say what the files do not tell and was assumed. */
export async function renderCommand(options: RenderOptions, terminal: Terminal): Promise<number> {
  if ((options.filename ?? []).length === 0) {
    throw new Failure('USAGE', 'render needs manifests', { hint: 'give them with -f FILE, -f DIR or -f -' });
  }
  const { decoded, ignored, notes: unread } = await readFilesInput(options, terminal);
  for (const text of [...ignored, ...unread]) terminal.err(`note: ${text}\n`);
  const { snapshot, notes } = place(decoded, options.node);
  for (const text of notes) terminal.err(`note: ${text}\n`);
  const podRanges = usableRanges(snapshot, options.node);
  const { ruleset } = compile(snapshot, { node: options.node, podRanges });
  if (options.output === 'text') terminal.out(toText(ruleset));
  else {
    const nftables = plan(ruleset, null).batches.flatMap((batch) => batch.commands);
    terminal.out(`${JSON.stringify({ nftables }, null, 1)}\n`);
  }
  return EXIT.ok;
}

/** Pods in files seldom say where they run: those that do not are taken to run here. */
function place(
  decoded: Decodings,
  node: string,
): { readonly snapshot: Snapshot; readonly notes: readonly string[] } {
  const { nodes, namespaces, networkpolicies: policies, services } = decoded.objects;
  if (nodes.size > 0 && !nodes.has(node)) {
    throw new Failure('NAME_UNKNOWN', `no node ${quoted(node)} in the files`, {
      hint: didYouMean(nearNames(node, nodes.keys())) ?? `there are ${[...nodes.keys()].sort().join(', ')}`,
    });
  }
  const notes: string[] = [];
  const pods = new Map<PodKey, Pod>();
  let placed = 0;
  for (const [key, pod] of decoded.objects.pods) {
    if (pod.node === null) placed++;
    pods.set(key, pod.node === null ? { ...pod, node } : pod);
  }
  const families = spokenFamilies({ pods, policies }, services.values(), []);
  const completed = complete({ namespaces, nodes, pods, policies }, families);
  if (placed > 0) notes.push(`${count(placed)} without spec.nodeName: taken to run on ${node}`);
  for (const key of [...completed.standIns].sort()) {
    const addresses = completed.snapshot.pods.get(key)?.addresses ?? [];
    notes.push(`${key} has no address: ${addresses.join(' and ')} stands in for it`);
  }
  const ranges = nodes.get(node)?.podCidrs ?? [];
  if (ranges.length === 0) {
    notes.push(`no spec.podCIDRs of ${node}: addresses without a known pod are never quarantined`);
  }
  return { snapshot: completed.snapshot, notes };
}

function count(pods: number): string {
  return pods === 1 ? '1 pod' : `${pods} pods`;
}
