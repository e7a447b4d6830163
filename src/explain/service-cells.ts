/** Who reaches what through Services: their ClusterIPs, and their NodePorts on every node. */
import { type Address, familyOf } from '../model/address.ts';
import type { Protocol } from '../model/protocol.ts';
import type { Service, ServicePort } from '../model/service.ts';
import { answering, endpointsOf } from '../world/endpoints.ts';
import { type End, endName } from '../world/place.ts';
import type { World } from '../world/world.ts';
import { type AskedCell, type Cell, matrixEnds, UNCHECKED } from './matrix.ts';
import type { MatrixScope } from './matrix-ports.ts';
import { type Route, routeAllowed } from './route.ts';
import { clusterIpRoutes, type Door, nodePortRoutes } from './service-routes.ts';

/** A cell for each client, address and port that leads to endpoints; none where nothing can be said of policies. */
export function askServiceCells(world: World, scope: MatrixScope): readonly AskedCell[] {
  const clients = matrixEnds(world, scope);
  const services = servicesOf(world, scope);
  return clients.flatMap((client) => services.flatMap((service) => cellsOfService(world, client, service)));
}

/** `80/TCP of svc/shop/api (no endpoint)`: what has no column, and why. */
export function undialledServices(world: World, scope: MatrixScope): readonly string[] {
  return servicesOf(world, scope).flatMap((service): readonly string[] => {
    if (service.clusterAddresses.length === 0) return [`${nameOf(service)} (no ClusterIP)`];
    return service.ports.flatMap((port) => {
      const why = whyUndialled(world, service, port);
      return why === null ? [] : [`${port.port}/${port.protocol} of ${nameOf(service)} (${why})`];
    });
  });
}

function whyUndialled(world: World, service: Service, port: ServicePort): string | null {
  const endpoints = answering(endpointsOf(world, service, port));
  if (endpoints.length === 0) return service.selector === null ? 'no selector' : 'no endpoint';
  // Whether anything answers there nobody here can know: silence would be held against the policies.
  return endpoints.some(({ end }) => isStranger(world, end)) ? 'an endpoint outside of the lab' : null;
}

function isStranger({ snapshot, internet }: World, end: End): boolean {
  if (end.kind !== 'address' || internet.includes(end.address)) return false;
  return ![...snapshot.nodes.values()].some(({ addresses }) => addresses.includes(end.address));
}

function servicesOf(world: World, scope: MatrixScope): readonly Service[] {
  return [...world.services.values()]
    .filter(({ namespace }) => scope.namespace === null || namespace === scope.namespace)
    .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

function nameOf({ namespace, name }: Service): string {
  return `svc/${namespace}/${name}`;
}

interface Dialled {
  /** `svc/shop/api`, or `svc/shop/api at node-b` for its NodePort there. */
  readonly name: string;
  readonly address: Address;
  readonly port: number;
  readonly protocol: Protocol;
}

function cellsOfService(world: World, client: End, service: Service): readonly AskedCell[] {
  return service.ports.flatMap((port): readonly AskedCell[] => {
    if (whyUndialled(world, service, port) !== null) return [];
    const { protocol, nodePort } = port;
    const door = (address: Address): Door => ({ service, port, family: familyOf(address) });
    // There is no way to a ClusterIP from outside.
    const addresses = client.kind === 'internet' ? [] : service.clusterAddresses;
    const direct = addresses.flatMap((address) =>
      cellOf(world, client, clusterIpRoutes(world, client, door(address)), {
        name: nameOf(service),
        address,
        port: port.port,
        protocol,
      }),
    );
    if (nodePort === null) return direct;
    const families = new Set(service.clusterAddresses.map(familyOf));
    const entered = [...world.snapshot.nodes.values()].flatMap((node) =>
      node.addresses
        .filter((address) => families.has(familyOf(address)))
        .flatMap((address) =>
          cellOf(world, client, nodePortRoutes(world, client, node, door(address)), {
            name: `${nameOf(service)} at ${node.name}`,
            address,
            port: nodePort,
            protocol,
          }),
        ),
    );
    return [...direct, ...entered];
  });
}

function cellOf(
  world: World,
  source: End,
  routes: readonly Route[],
  { name, address, port, protocol }: Dialled,
): readonly AskedCell[] {
  if (routes.length === 0) return [];
  const admitted = routes.filter((route) => routeAllowed(world, route)).length;
  const verb = admitted === 1 ? 'is' : 'are';
  const meaning: Pick<Cell, 'policies' | 'why'> =
    admitted === 0 || admitted === routes.length
      ? { policies: admitted === 0 ? 'denied' : 'allowed', why: null }
      : {
          policies: 'unknown',
          why: `which endpoint is chosen: ${admitted} of ${routes.length} ${verb} allowed`,
        };
  const cell: Cell = {
    source: endName(source),
    destination: name,
    protocol,
    port,
    declared: true,
    family: familyOf(address),
    ...meaning,
    ...UNCHECKED,
  };
  return [{ source, dialled: address, routes, cell }];
}
