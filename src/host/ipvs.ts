/** Whether Services are forwarded by IPVS in this network namespace, as kube-proxy does in its mode of that name. */
import { read } from './proc-files.ts';

export interface IpvsUse {
  /** Virtual services that the kernel forwards. */
  readonly services: number;
  /** The link on which kube-proxy puts their addresses. */
  readonly link: boolean;
}

const LINK = 'kube-ipvs0';

export function ipvsUse(proc: string = '/proc'): IpvsUse {
  const services = (read(`${proc}/net/ip_vs`) ?? '')
    .split('\n')
    .filter((line) => /^(?:TCP|UDP|SCTP|FWM) /.test(line));
  const links = (read(`${proc}/net/dev`) ?? '').split('\n').map((line) => line.split(':', 1)[0]?.trim());
  return { services: services.length, link: links.includes(LINK) };
}
