/** What requests of a listener are judged from beside themselves, where a configuration has it. */
import {
  type AnyListenerConfig,
  type Config,
  isSqlListener,
  type ListenerConfig,
  sqlListenersOf,
} from '../config/schema.ts';
import type { Policy } from '../policy/policy.ts';
import { type Pin, type PinKind, type PinsStore, StoreUnavailable } from '../state/store.ts';
import type { Ground } from './ground.ts';
import type { RequestPremises } from './request-explanation.ts';

/** Null: there is no such listener, or it takes SQL. `groundOf` gives what SQL of a listener is read by. */
export function requestPremisesOf(
  name: string,
  config: Pick<Config, 'listeners'>,
  policy: Policy,
  groundOf: (listener: ListenerConfig) => Promise<Ground>,
): (Omit<RequestPremises, 'listener'> & { readonly listener: AnyListenerConfig }) | null {
  const listener = config.listeners.find((one) => one.name === name);
  if (listener === undefined || isSqlListener(listener)) return null;
  const own = listener.protocol === 'mcp' ? listener.sql : undefined;
  const behind = sqlListenersOf(config).find((one) => one.listener.name === own?.listener)?.listener;
  const sql =
    own === undefined || behind === undefined
      ? null
      : {
          arguments: own.arguments,
          known: own.known,
          listener: own.listener,
          ground: () => groundOf(behind),
        };
  return { policy, listener, sql, pinOf: async () => null };
}

/** What a store knows of definitions that a listener's server offers; null while it cannot be asked. */
export function pinsIn(
  pins: Pick<PinsStore, 'list'>,
  listener: string,
): (kind: PinKind, name: string) => Promise<Pin | 'none' | null> {
  return async (kind, name) => {
    try {
      const known = await pins.list(listener);
      return known.find((pin) => pin.kind === kind && pin.name === name) ?? 'none';
    } catch (error) {
      if (error instanceof StoreUnavailable) return null;
      throw error;
    }
  };
}
