/** What a question names: one or more ends, reached directly, or a Service. */
import type { Protocol } from '../model/protocol.ts';
import type { Service } from '../model/service.ts';
import type { End } from './place.ts';

export type Target = EndsTarget | ServiceTarget;

export interface EndsTarget {
  readonly kind: 'ends';
  /** As it is printed: `shop/web`, `deploy/shop/web`. */
  readonly name: string;
  /** More than one for a workload whose pods have several label sets. */
  readonly ends: readonly End[];
}

/** Who answers depends on the port and on who asks: `endpoints.ts` says. */
export interface ServiceTarget {
  readonly kind: 'service';
  /** `svc/shop/api` */
  readonly name: string;
  readonly service: Service;
}

export interface PortQuestion {
  /** A number, or the name of a Service's or container's port. */
  readonly port: number | string;
  /** null: as declared under that name, else TCP. */
  readonly protocol: Protocol | null;
}
