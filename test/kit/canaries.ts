import { randomBytes } from 'node:crypto';

/** Names of fields whose values are secrets, written down apart from what the product knows of them. */
const SECRET_FIELDS = [
  ...['sipPassword', 'authToken', 'token', 'password', 'restPassword', 'userPwd', 'SECRET', 'client_secret'],
  ...['access_token', 'refreshToken', 'apiKey', 'api_key', 'X-Api-Key', 'streamKey', 'private-key', 'key', 'pin'],
  ...['otp', 'passphrase', 'passcode', 'credentials', 'Authorization', 'Cookie', 'jwt', 'aclAuth', 'signature'],
  ...['ticket', 'pw', 'sig', 'accessCode'],
] as const;

/** What a hash in hex or a text in base64 looks like. */
const WORD = /[A-Za-z0-9+/]{16,}={0,2}/g;

/** Makes markers that no program would write by itself, and finds them again. */
export class Canaries {
  /** Letters and digits, so that no way of quoting or encoding changes it. */
  readonly #mark = `Cny${randomBytes(6).toString('hex')}x`;
  /** Texts in which a marker cannot be seen any more: hashes and base64. */
  readonly #derived = new Set<string>();
  planted = 0;
  greps = 0;
  bytes = 0;

  next(): string {
    return `${this.#mark}${(++this.planted).toString(36)}z`;
  }

  /** Lets `text` count as a canary too. */
  also(text: string): string {
    this.#derived.add(text);
    this.planted++;
    return text;
  }

  /** The canaries in `text`, each with what stands around it. */
  find(text: string): string[] {
    this.greps++;
    this.bytes += text.length;
    const at = text.indexOf(this.#mark);
    const derived = [...text.matchAll(WORD)].filter(([word]) => this.#derived.has(word)).map(({ index }) => index);
    return [...(at < 0 ? [] : [at]), ...derived].map(place => text.slice(Math.max(0, place - 150), place + 60));
  }

  /** Texts with a secret inside, as they stand in names, addresses, custom fields and logs of clients. */
  #texts(): Readonly<Record<string, string>> {
    const c = () => this.next();
    return {
      aclAuth: `stream?aclAuth=${c()}`,
      aclAuthNext: `stream1?x=1&aclAuth=${c()}&y=2`,
      escaped: `https://h/?next=https%3A%2F%2Fh%2F%3Ftoken%3D${c()}%26y%3D1`,
      camera: `rtsp://admin:${c()}@10.0.0.1:554/cam?channel=1`,
      odd: `rtsp://admin:a/b?${c()}#@${c()}@10.0.0.1/cam`,
      sip: `sip:1000:${c()}@sip.example.org`,
      rtmp: `rtmp://h/live?password=${c()}`,
      json: JSON.stringify({ token: c(), deep: { sipPassword: c(), list: [{ secret: c() }] } }),
      jsonBehindSpace: ` \n${JSON.stringify({ token: c() })}`,
      jsonInJson: JSON.stringify({ payload: JSON.stringify({ authToken: c() }) }),
      jsonInText: `10:00:01 send {"sipLogin":"1","sipPassword":"${c()}","x":"${'y'.repeat(20)}"} ok`,
      jsonInTextEscaped: `10:00:01 send "{\\"token\\":\\"${c()} ${c()}\\"}" ok`,
      brokenJson: `{"token":"${c()}`,
      quotes: `password='${c()} ${c()}'`,
      header: `GET / HTTP/1.1\r\nAuthorization: Custom ${c()} ${c()}\r\nCookie: a=${c()}; b=${c()}\r\n\r\n`,
      bearer: `sent Bearer ${c()} to h`,
      digest: `REGISTER sip:h SIP/2.0\r\nAuthorization: Digest username="1", nonce="2", response="${c()}"\r\n`,
      digestAlone: `Digest username="1", response="${c()}"`,
      jwt: `eyJhbGciOiJIUzI1NiJ9.${c()}.${c()}`,
      sdp: `v=0\r\na=ice-ufrag:x\r\na=ice-pwd:${c()}\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${c()}\r\n`,
      words: `password: ${c()} ${c()}`,
      ticket: `https://h/?ticket=${c()}&pw=${c()}&sig=${c()}&accessCode=${c()}`,
      log: `login ok, token: ${c()}, apiKey => ${c()} and secret = ${c()}`,
    };
  }

  #fields(): Record<string, unknown> {
    return Object.fromEntries(SECRET_FIELDS.map(name => [name, this.next()]));
  }

  /** `body` with a canary in every place where a secret may be, whether or not WCS would ever put it there. */
  plant(body: object): object {
    const texts = this.#texts();
    return {
      ...body,
      ...this.#fields(),
      sipMessageRaw: texts.digest,
      sdp: texts.sdp,
      uri: texts.camera,
      name: texts.aclAuth,
      custom: {
        ...this.#fields(),
        texts,
        list: Object.values(texts),
        parameters: [{ name: 'token', value: this.next() }],
        nested: { secret: { value: this.next(), list: [this.next()] } },
        number: { password: 1, [`https://u:${this.next()}@h/`]: 1 },
        credentials: [this.next()],
        text: JSON.stringify(this.#fields()),
      },
    };
  }
}
