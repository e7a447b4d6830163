/** Adds to an explanation what the kernels on the way do with each flow. */
import type { EndReport, Explanation, FlowReport } from '../explain/explanation.ts';
import { kernelReport, nodesOnTheWay, notChecked } from '../explain/kernel.ts';
import type { KernelReport } from '../explain/kernel-report.ts';
import { withKernel } from '../explain/with-kernel.ts';
import { type Address, type Family, familyOf } from '../model/address.ts';
import { podKey } from '../model/cluster.ts';
import { parseAddress } from '../net/address.ts';
import { nodesOfRange } from '../policy/quarantine.ts';
import type { World } from '../world/world.ts';
import type { KernelSource } from './kernel-source.ts';
import { KernelViews } from './kernel-views.ts';

export async function checkKernel(
  explanation: Explanation,
  world: World,
  source: KernelSource,
): Promise<Explanation> {
  const views = new KernelViews(source, world);
  const flows: FlowReport[] = [];
  for (const flow of explanation.flows) {
    flows.push({ ...flow, kernel: await checkFlow(flow, world, views) });
  }
  return withKernel(explanation, flows);
}

async function checkFlow(flow: FlowReport, world: World, views: KernelViews): Promise<KernelReport> {
  if (flow.reason === 'ALLOWED_SELF') return notChecked('a pod reaches itself without passing the hook');
  if (flow.reason === 'ALLOWED_NODE_LOCAL') {
    return notChecked('traffic with the own node does not pass the forward hook');
  }
  const nodes = nodesOnTheWay([enforcingNode(flow.source, world), enforcingNode(flow.destination, world)]);
  if (nodes.length === 0) return notChecked('no pod with a node on either end');
  const reports: KernelReport[] = [];
  for (const family of flow.families) {
    const [from, to] = [addressOf(flow.source, family, world), addressOf(flow.destination, family, world)];
    if (from === null || to === null) {
      const blind = from === null ? flow.source : flow.destination;
      return notChecked(`${blind.name} has no known address`);
    }
    reports.push(
      kernelReport(
        {
          source: from,
          destination: to,
          transport: { kind: 'ports', protocol: flow.protocol ?? 'TCP', port: flow.examplePort },
        },
        await views.of(nodes),
        flow.verdict,
      ),
    );
  }
  return reports.find(({ state }) => state !== 'agrees') ?? reports[0] ?? notChecked(null);
}

/** The node whose policyd judges this end: a pod's, if the pod has a network of its own; that of a pod range. */
function enforcingNode(end: EndReport, world: World): string | null {
  if (end.kind === 'address') {
    const address = parseAddress(end.name);
    return address === null ? null : (nodesOfRange(world.snapshot, address)[0]?.name ?? null);
  }
  if (end.kind !== 'pod') return null;
  const slash = end.name.indexOf('/');
  const pod = world.snapshot.pods.get(podKey(end.name.slice(0, slash), end.name.slice(slash + 1)));
  return pod === undefined || pod.hostNetwork ? null : pod.node;
}

function addressOf(end: EndReport, family: Family, world: World): Address | null {
  const texts = end.kind === 'internet' ? world.internet : end.addresses;
  return (
    texts.flatMap((text) => parseAddress(text) ?? []).find((address) => familyOf(address) === family) ?? null
  );
}
