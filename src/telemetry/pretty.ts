/** In a file of its own, loaded only for people: a service never pays for it. */
import { PinoPretty } from 'pino-pretty';

/** One readable line an event, written synchronously to standard error; `hidden` fields are left out. */
export function prettyStream(color: boolean, hidden: readonly string[]): NodeJS.WritableStream {
  return PinoPretty({
    destination: 2,
    sync: true,
    colorize: color,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: hidden.join(','),
    singleLine: true,
  });
}
