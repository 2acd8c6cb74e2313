/** A listener on `::` tells IPv4 peers as `::ffff:10.0.0.5`. */
const MAPPED = /^::ffff:(?=\d+\.)/i;
const ZONE = /%.*$/;

const GROUPS = 8;
const NETWORK_GROUPS = 4;

const groupsOf = (text: string): readonly string[] =>
  text === '' ? [] : text.split(':').map(group => Number.parseInt(group, 16).toString(16));

/** The /64 of an IPv6 address, spelt in one way. */
const networkOf = (address: string): string => {
  const [head = '', tail = ''] = address.split('::');
  const [left, right] = [groupsOf(head), groupsOf(tail)];
  const zeros = Array.from({ length: Math.max(0, GROUPS - left.length - right.length) }, () => '0');
  return `${[...left, ...zeros, ...right].slice(0, NETWORK_GROUPS).join(':')}::/64`;
};

/** An address as it is written elsewhere: IPv4 without what a listener on `::` puts before it, IPv6 without its zone. */
export const plainAddress = (address: string): string => address.replace(MAPPED, '').replace(ZONE, '');

/**
 * Whom an address stands for where clients are counted: one of IPv4 for itself, one of IPv6 for its /64, within which
 * whoever has one address may have any (RFC 6177 §2).
 */
export const clientOf = (address: string): string => {
  const plain = plainAddress(address);
  return plain.includes(':') ? networkOf(plain) : plain;
};
