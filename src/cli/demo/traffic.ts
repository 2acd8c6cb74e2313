import { hash } from 'node:crypto';

/**
 * Who calls: a regular has been seen before, a newcomer comes for the first time, and both have the right to;
 * an intruder has not.
 */
export type Standing = 'regular' | 'newcomer' | 'intruder';

/** One hook as the simulated WCS sends it. */
export interface Hook {
  readonly name: string;
  /** One JSON object on one line, as WCS writes it. */
  readonly body: string;
  readonly sessionId: string;
  readonly standing: Standing;
}

/** What the traffic depends on. */
export interface Load {
  readonly seconds: number;
  /** Hooks a second. */
  readonly rate: number;
  /** The WCS node's own name, new at each start of WCS. */
  readonly nodeId: string;
}

/** The name of a WCS that has just been started. */
export const newNodeId = (): string => `${crypto.randomUUID().replaceAll('-', '')}@192.168.1.101`;

/** How the tokens of those begin who may not come in; the simulated back-end goes by it. */
export const INTRUDER_TOKEN = 'stolen-';

const STEP_GAP_SECONDS = 0.2;
const EVERY_NEWCOMER = 5;
const EVERY_INTRUDER = 20;

const SDP = [
  'v=0',
  'o=- 4611731400430051336 2 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'a=group:BUNDLE 0 1',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111 8 0',
  'c=IN IP4 0.0.0.0',
  'a=mid:0',
  'a=sendrecv',
  'a=rtcp-mux',
  'a=rtpmap:111 opus/48000/2',
  'a=rtpmap:8 PCMA/8000',
  'm=video 9 UDP/TLS/RTP/SAVPF 96 102',
  'c=IN IP4 0.0.0.0',
  'a=mid:1',
  'a=sendrecv',
  'a=rtcp-mux',
  'a=rtpmap:96 VP8/90000',
  'a=rtpmap:102 H264/90000',
  'a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f',
  '',
].join('\r\n');

/** A session of one caller, who publishes a stream and watches another. */
interface Session {
  readonly nodeId: string;
  readonly sessionId: string;
  readonly token: string;
  readonly standing: Standing;
  readonly published: Stream;
  readonly played: Stream;
}

interface Stream {
  readonly mediaSessionId: string;
  readonly name: string;
  readonly published: boolean;
}

type Fields = Readonly<Record<string, unknown>>;
type Step = readonly [name: string, fields: (session: Session) => Fields];

const CONNECTION = {
  useWsTunnel: false,
  useWsTunnelPacketization2: false,
  useBase64BinaryEncoding: false,
  mediaProviders: ['WebRTC', 'MSE'],
  clientVersion: '2.0',
  clientOSVersion: '5.0 (X11)',
  clientBrowserVersion: 'Mozilla/5.0 (X11; Linux x86_64)',
  keepAlive: false,
  origin: 'https://example.org',
};
const MEDIA = {
  width: 0,
  height: 0,
  bitrate: 0,
  minBitrate: 0,
  maxBitrate: 0,
  quality: 0,
  mediaProvider: 'WebRTC',
};

const streamEnd = (of: Stream, status: string): Fields => ({
  ...of,
  hasVideo: true,
  hasAudio: true,
  status,
  record: false,
});
const stream = (of: Stream, status: string, more: Fields = {}): Fields => ({
  ...streamEnd(of, status),
  ...more,
  ...MEDIA,
});
const custom = ({ token }: Session): Fields => ({ custom: { token } });
const streamEvent =
  (which: 'published' | 'played', status: string, more?: Fields) =>
  (session: Session): Fields =>
    stream(session[which], status, more);

const connect: Step = ['connect', session => ({ ...CONNECTION, ...custom(session) })];

/** What WCS tells the back-end in the course of one session, in this order. */
const STEPS: readonly Step[] = [
  connect,
  ['ConnectionStatusEvent', session => ({ ...CONNECTION, status: 'ESTABLISHED', authToken: session.sessionId })],
  ['publishStream', session => ({ ...stream(session.published, 'PENDING', { sdp: SDP }), ...custom(session) })],
  ['StreamStatusEvent', streamEvent('published', 'PUBLISHING', { audioCodec: 'opus', videoCodec: 'VP8' })],
  ['StreamKeepAliveEvent', streamEvent('published', 'PUBLISHING')],
  ['playStream', session => ({ ...stream(session.played, 'PENDING', { sdp: SDP }), ...custom(session) })],
  ['StreamStatusEvent', streamEvent('played', 'PLAYING')],
  ['StreamKeepAliveEvent', streamEvent('played', 'PLAYING')],
  ['stopStream', session => streamEnd(session.played, 'STOPPED')],
  ['StreamStatusEvent', streamEvent('played', 'STOPPED', { info: 'Stopped by user' })],
  ['unPublishStream', session => streamEnd(session.published, 'UNPUBLISHED')],
  ['StreamStatusEvent', streamEvent('published', 'UNPUBLISHED', { info: 'Stopped by user' })],
  ['ConnectionStatusEvent', () => ({ status: 'DISCONNECTED' })],
];

const modulo = (value: number, by: number): number => ((value % by) + by) % by;

const uuid = (seed: string): string => {
  const hex = hash('sha256', seed, 'hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
};

const standingOf = (session: number): Standing => {
  if (modulo(session, EVERY_INTRUDER) === 7) return 'intruder';
  return modulo(session, EVERY_NEWCOMER) === 3 ? 'newcomer' : 'regular';
};

/** So many that each has come in about twice before the back-ends first misbehave. */
const regulars = ({ seconds, rate }: Load): number => Math.max(4, Math.round(seconds * rate * 0.005));

const callerOf = (session: number, standing: Standing, load: Load): { name: string; token: string } => {
  if (standing === 'newcomer') return { name: `newcomer${session}`, token: `guest-${session}` };
  const name = `${standing}${modulo(session, standing === 'intruder' ? EVERY_INTRUDER : regulars(load))}`;
  return { name, token: `${standing === 'intruder' ? INTRUDER_TOKEN : 'member-'}${name}` };
};

const address = (name: string): string => {
  const [a, b, c] = hash('sha256', name, 'buffer');
  return `10.${a}.${b}.${c}`;
};

const openSession = (session: number, step: number, load: Load): Session => {
  const standing = standingOf(session);
  const { name, token } = callerOf(session, standing, load);
  const { nodeId } = load;
  // Who tries again comes over a new connection.
  const connection = session * STEPS.length + (standing === 'intruder' ? step : 0);
  return {
    nodeId,
    sessionId: `/${address(name)}:${20_000 + modulo(connection, 40_000)}/192.168.1.101:8443`,
    token,
    standing,
    published: { mediaSessionId: uuid(`${nodeId}/${session}/publish`), name: `studio-${name}`, published: true },
    played: { mediaSessionId: uuid(`${nodeId}/${session}/play`), name: 'town-hall', published: false },
  };
};

/**
 * The `tick`-th hook of a load, counted from 0. Many sessions run at once: a new one begins every 13 ticks and goes on
 * one step about every 200 ms, whatever its hooks are answered. Sessions that are under way at tick 0 came in before.
 * An intruder does nothing but try to connect.
 */
export const hookAt = (tick: number, load: Load): Hook => {
  const step = tick % STEPS.length;
  const apart = Math.round((load.rate * STEP_GAP_SECONDS) / STEPS.length);
  const session = openSession(Math.floor(tick / STEPS.length) - step * apart, step, load);
  const [name, fields] = session.standing === 'intruder' ? connect : (STEPS[step] ?? connect);
  const { nodeId, sessionId, standing } = session;
  const body = JSON.stringify({ nodeId, appKey: 'demoApp', sessionId, ...fields(session) });
  return { name, body, sessionId, standing };
};
