/** The four types of hook that WCS's documentation tells apart. */
export type HookKind = 'connect' | 'direct' | 'incoming' | 'notification';

/**
 * Whether WCS acts on the answer: `always`, only if the session's `restClientConfig` says so (`by-policy`),
 * or `never`, because what the hook tells has happened already.
 */
export type Decides = 'always' | 'by-policy' | 'never';

/** One REST hook of WCS: what it is and how it may be treated. */
export interface Hook {
  readonly name: string;
  readonly kind: HookKind;
  readonly decides: Decides;
  /** False for a name that the catalogue does not list. */
  readonly known: boolean;
  /** Top-level body fields that are new at each call or connection and so never tell who calls. */
  readonly volatile: readonly string[];
  /** True if the rest of the body tells who asks for what, so a verdict can be kept without a configured key. */
  readonly keyed: boolean;
  /** True if the same bytes, sent twice, are two calls that both mean something. */
  readonly equalCallsAreGenuine: boolean;
  /** False if the back-end, told twice, would do or count something twice. */
  readonly repeatable: boolean;
  /** True if it only ends or reports something, so that nobody is harmed by a stranger who may do it. */
  readonly harmless: boolean;
  /** The page of WCS's documentation (or the other origin) that describes it. */
  readonly source: string;
}

const DOCS = 'https://docs.flashphoner.com/static';
const TYPES = `${DOCS}/WCS52/REST_Hooks/Four_types_of_REST_methods`;
const CONNECT = `${TYPES}/Type_1_-_the_connect_method/`;
const DIRECT = `${TYPES}/Type_2_-_the_direct_invoke`;
const EVENT = `${TYPES}/Type_3_-_the_event/`;
const INCOMING = `${TYPES}/Type_4_-_the_incoming_call/`;
const DATA = `${DOCS}/WCS52/REST_Hooks/Data_exchange_-_OnDataEvent/`;
const METHODS = `${DOCS}/ru/WCS53/REST_Hooks/REST_Methods`;
const SPRING = 'https://github.com/hugheba/wcs-springboot (names only)';

// A connection has no session yet: its session id is a fresh address and port, its node id changes with a restart.
const CONNECTION_IDS = ['nodeId', 'sessionId'];
const STREAM_IDS = ['mediaSessionId', 'sdp', 'createDate', 'status', 'info'];
const PLAY_IDS = [...CONNECTION_IDS, ...STREAM_IDS];
const CALL_IDS = ['callId', 'parentCallId', 'mediaSessionId', 'sdp', 'sipSDP', 'sipMessageRaw', 'status', 'info'];
const MESSAGE_IDS = ['id', 'status'];
const DATA_IDS = ['operationId', 'status'];

type Traits = Partial<Pick<Hook, 'decides' | 'volatile' | 'source'>> & {
  readonly keyed?: true;
  readonly genuine?: true;
  readonly once?: true;
  readonly harmless?: true;
};

const hook = (name: string, kind: HookKind, traits: Required<Pick<Hook, 'decides' | 'source'>> & Traits): Hook => ({
  name,
  kind,
  decides: traits.decides,
  known: true,
  volatile: traits.volatile ?? [],
  keyed: traits.keyed ?? false,
  equalCallsAreGenuine: traits.genuine ?? false,
  repeatable: !traits.once,
  harmless: traits.harmless ?? kind === 'notification',
  source: traits.source,
});

const direct = (name: string, traits: Traits): Hook =>
  hook(name, 'direct', { decides: 'by-policy', source: DIRECT, ...traits });
const incoming = (name: string, traits: Traits): Hook =>
  hook(name, 'incoming', { decides: 'by-policy', source: INCOMING, ...traits });
/** Equal ones are genuine: a stream that is muted, unmuted and muted again says the same twice, and the last word counts. */
const notification = (name: string, traits: Traits): Hook =>
  hook(name, 'notification', { decides: 'never', source: EVENT, genuine: true, ...traits });

/** Every hook that is documented or seen in public code, with the spellings that differ between versions of WCS. */
export const CATALOGUE: readonly Hook[] = [
  hook('connect', 'connect', { decides: 'always', source: CONNECT, volatile: CONNECTION_IDS, keyed: true }),

  direct('publishStream', { volatile: STREAM_IDS, keyed: true }),
  direct('playStream', { volatile: STREAM_IDS, keyed: true }),
  direct('pauseStream', { volatile: STREAM_IDS, harmless: true, source: METHODS }),
  direct('stopStream', { volatile: STREAM_IDS, harmless: true }),
  direct('unPublishStream', { volatile: STREAM_IDS, harmless: true }),
  direct('snapshot', { volatile: STREAM_IDS, keyed: true, source: METHODS }),
  direct('playHLS', { decides: 'always', volatile: PLAY_IDS, keyed: true, genuine: true, source: METHODS }),
  direct('playRTSP', { decides: 'always', volatile: PLAY_IDS, keyed: true, genuine: true, source: METHODS }),

  direct('call', { volatile: CALL_IDS, keyed: true, once: true }),
  direct('answer', { volatile: CALL_IDS, keyed: true }),
  direct('hold', { volatile: CALL_IDS, genuine: true, once: true }),
  direct('unhold', { volatile: CALL_IDS, genuine: true, once: true }),
  direct('hangup', { volatile: CALL_IDS, harmless: true }),
  direct('transfer', { volatile: CALL_IDS, keyed: true, once: true }),
  direct('sendDtmf', { volatile: CALL_IDS, genuine: true, once: true }),
  direct('sendDTMF', { volatile: CALL_IDS, genuine: true, once: true }),

  direct('sendMessage', { volatile: MESSAGE_IDS, once: true }),
  direct('sendIMDN', { volatile: MESSAGE_IDS, once: true }),
  direct('subscribe', {}),
  direct('sendXcapRequest', { once: true }),
  // The same name serves both directions: from the client, and from the back-end's own /rest-api/data/send.
  direct('OnDataEvent', { volatile: DATA_IDS, once: true, source: DATA }),
  direct('submitBugReport', { once: true, harmless: true }),
  direct('sendBugReport', { once: true, harmless: true }),
  direct('pushLogs', { once: true, harmless: true, source: METHODS }),
  direct('sessionDebug', { harmless: true, source: METHODS }),

  incoming('OnCallEvent', { volatile: CALL_IDS, keyed: true }),
  incoming('OnMessageEvent', { volatile: MESSAGE_IDS, once: true }),
  incoming('OnTransferEvent', { volatile: CALL_IDS }),

  notification('ConnectionStatusEvent', { volatile: ['status', 'info', 'authToken'] }),
  notification('RegistrationStatusEvent', { volatile: ['status', 'info'] }),
  notification('CallStatusEvent', { volatile: [...CALL_IDS, 'sipStatus'] }),
  notification('TransferStatusEvent', { volatile: CALL_IDS }),
  notification('StreamStatusEvent', { volatile: STREAM_IDS }),
  // A notification with teeth: an error status ends the stream where restOnError is FAIL.
  notification('StreamKeepAliveEvent', { decides: 'by-policy', volatile: STREAM_IDS }),
  notification('DataStatusEvent', { volatile: DATA_IDS, source: DATA }),
  notification('MessageStatusEvent', { volatile: MESSAGE_IDS }),
  notification('SubscriptionStatusEvent', { volatile: ['status', 'info'] }),
  notification('XcapStatusEvent', { volatile: ['status', 'info'] }),
  notification('RecordingStatusEvent', { volatile: ['status', 'info'] }),
  notification('BugReportStatusEvent', { volatile: ['status', 'info'] }),
  notification('SessionDebugStatusEvent', { volatile: ['status', 'info'], source: METHODS }),
  notification('ErrorEvent', { volatile: ['status', 'info'] }),
  notification('ErrorStatusEvent', { volatile: ['status', 'info'], source: SPRING }),
  notification('availableStream', { source: SPRING }),
  notification('StreamsStatEvent', { source: SPRING }),
  notification('StreamTranscodingGroupEvent', { source: SPRING }),
];

const byName: ReadonlyMap<string, Hook> = new Map(CATALOGUE.map(entry => [entry.name, entry]));

const isNotification = (name: string): boolean => name.endsWith('Event') && !name.startsWith('On');

/**
 * The catalogue's entry for a hook name, which is case-sensitive. WCS may gain hooks at any time, so an unknown name
 * gets an entry too: `…Event` not beginning with `On` is a notification, everything else decides, the safe side.
 */
export const findHook = (name: string): Hook => {
  const found = byName.get(name);
  if (found) return found;
  const source = 'not in the catalogue: classified by its name';
  const guess = isNotification(name) ? notification(name, { source }) : direct(name, { source });
  return { ...guess, known: false };
};

/** True for a hook that a session may be kept from until the back-end has admitted it; unknown names are held as well. */
export const needsVerifying = ({ kind, decides, harmless }: Hook): boolean =>
  (kind === 'direct' || kind === 'incoming') && decides === 'by-policy' && !harmless;
