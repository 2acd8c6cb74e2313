import { type Loaded, parseConfig } from '../../config/load.ts';
import { LIMIT_MS, WCS_TIMEOUT_MS } from './script.ts';

/** The demo's configuration as an operator would write it, for an app that asks who calls, on two replicas. */
export const demoYaml = (upstreams: readonly string[]): string => `\
listen: 127.0.0.1:0        # any free port
admin: 127.0.0.1:0
wcs: { requestTimeout: ${WCS_TIMEOUT_MS}ms }
apps:
  - name: demo
    path: /demo
    upstreams: [${upstreams.map(url => JSON.stringify(url)).join(', ')}]
    limit: ${LIMIT_MS}ms          # four fifths of what WCS waits
    attemptLimit: 800ms    # leaves time to try the other replica
    # This app bears these hooks twice, so that a late one may be sent a second time, to the other replica.
    idempotent: [connect, publishStream, playStream, stopStream, unPublishStream, "*StatusEvent", StreamKeepAliveEvent]
    hedge: { max: 100ms, budget: 10% }
    retry: { budget: 10% }
    breaker: { window: 2s, openFor: 1s, maxOpenFor: 2s }   # short, as the demo's outages last for seconds
    hooks:
      # Decisions: the last verdict on the same caller, or 503 at once. Nobody is let in whom the app has not let in.
      connect: { fallback: [cached, unavailable], key: [appKey, custom.token] }
      publishStream: { fallback: [cached, unavailable], key: [appKey, name, custom.token] }
      playStream: { fallback: [cached, unavailable], key: [appKey, name, custom.token] }
      # What has happened already, and what nobody can refuse: WCS goes on.
      "*Event": { fallback: [echo] }
      stopStream: { fallback: [echo] }
      unPublishStream: { fallback: [echo] }
log: { level: info }
`;

/** The same, checked and ready to run. */
export const demoConfig = (upstreams: readonly string[]): Loaded =>
  parseConfig(demoYaml(upstreams), { file: 'the demo configuration', env: {} });
