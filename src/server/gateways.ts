import type { Config } from '../config/types.ts';
import { after } from '../core/clock.ts';
import { createGateway, type Gateway, type GatewayParts } from '../gateway/gateway.ts';
import { createGuard, type Guard } from './guard.ts';
import { createTrust, type Trust } from './trust.ts';

/** An attempt may outlive its call by its grace, never its limit; a little more lets its end be told. */
const AFTER_LIMIT_MS = 1000;

/** What a reload leaves as it is: it belongs to what is open. */
const FIXED = ['listen', 'admin', 'tls', 'proxyProtocol', 'limits', 'cache', 'events', 'log', 'traces'] as const;

/** The gateway in force, and those that a reload has replaced while their last calls may still be out. */
export class Gateways {
  readonly #parts: Omit<GatewayParts, 'config'>;
  #config: Config;
  #guard: Guard;
  #trust: Trust;
  #current: Gateway;
  /** Replaced ones, and what stops the timer that will close them. */
  readonly #retired = new Map<Gateway, () => void>();

  constructor(config: Config, parts: Omit<GatewayParts, 'config'>) {
    this.#parts = parts;
    this.#config = config;
    this.#guard = createGuard(config);
    this.#trust = createTrust(config.trustedProxies);
    this.#current = createGateway({ ...parts, config });
  }

  /** The configuration in force. */
  get config(): Config {
    return this.#config;
  }

  get guard(): Guard {
    return this.#guard;
  }

  get trust(): Trust {
    return this.#trust;
  }

  get current(): Gateway {
    return this.#current;
  }

  /**
   * Puts another configuration in force; calls that are out end under the old one. Gives the names of the keys that
   * would have changed and stay as they are.
   */
  replace(config: Config): string[] {
    const old = { gateway: this.#current, config: this.#config };
    const changed = FIXED.filter(key => JSON.stringify(config[key]) !== JSON.stringify(old.config[key]));
    const kept = Object.fromEntries(FIXED.map(key => [key, old.config[key]])) as Pick<Config, (typeof FIXED)[number]>;
    const inForce = { ...config, ...kept };
    // Nothing of it is in force unless all of it can be.
    const [guard, gateway] = [createGuard(inForce), createGateway({ ...this.#parts, config: inForce })];
    this.#guard = guard;
    this.#trust = createTrust(inForce.trustedProxies);
    this.#current = gateway;
    this.#config = inForce;
    this.#retire(old.gateway, old.config);
    return changed;
  }

  /** Closes all of them, whatever is out. */
  close(): void {
    for (const [gateway, stop] of this.#retired) {
      stop();
      gateway.close();
    }
    this.#current.close();
  }

  #retire(gateway: Gateway, config: Config): void {
    gateway.replace();
    const longest = Math.max(...gateway.hooks().map(hook => hook.limitMs), config.wcs.requestTimeout);
    const stop = after(longest + AFTER_LIMIT_MS, () => {
      this.#retired.delete(gateway);
      gateway.close();
    });
    this.#retired.set(gateway, stop);
  }
}
