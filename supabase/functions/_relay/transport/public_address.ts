/** Which addresses belong to the public internet. */

type Range = { base: bigint; bits: number };

/**
 * Ranges that IANA's registry does not call globally reachable, and one public address that only a cloud's guests
 * reach.
 */
const CLOSED_V4 = ranges(32, [
  ["0.0.0.0", 8], // this network
  ["10.0.0.0", 8], // private
  ["100.64.0.0", 10], // carrier-grade NAT
  ["127.0.0.0", 8], // loopback
  ["168.63.129.16", 32], // Azure's host, from inside its machines
  ["169.254.0.0", 16], // link-local, cloud metadata
  ["172.16.0.0", 12], // private
  ["192.0.0.0", 24], // protocol assignments
  ["192.0.2.0", 24], // documentation
  ["192.88.99.0", 24], // relays from IPv6, withdrawn
  ["192.168.0.0", 16], // private
  ["198.18.0.0", 15], // benchmarks
  ["198.51.100.0", 24], // documentation
  ["203.0.113.0", 24], // documentation
  ["224.0.0.0", 4], // multicast
  ["240.0.0.0", 4], // reserved, broadcast
]);

/** All other IPv6 addresses are loopback, local, multicast, mapped IPv4 or not assigned. */
const OPEN_V6 = ranges(128, [["2000::", 3]]);

/** Ranges within it that are not public; those that embed an IPv4 address are refused, whatever that address is. */
const CLOSED_V6 = ranges(128, [
  ["2001::", 23], // protocol assignments: Teredo, benchmarks, ORCHID
  ["2001:db8::", 32], // documentation
  ["2002::", 16], // 6to4
  ["3fff::", 20], // documentation
]);

/** Whether the text is an IPv4 or IPv6 address that any machine on the internet could reach. */
export function isPublicAddress(address: string): boolean {
  if (address.includes(":")) {
    const value = parseV6(address);
    return value !== null && within(value, 128, OPEN_V6) &&
      !within(value, 128, CLOSED_V6);
  }
  const value = parseV4(address);
  return value !== null && !within(value, 32, CLOSED_V4);
}

function ranges(width: number, list: [string, number][]): Range[] {
  return list.map(([address, bits]) => ({ base: (width === 32 ? parseV4(address) : parseV6(address))!, bits }));
}

function within(value: bigint, width: number, list: Range[]): boolean {
  return list.some(({ base, bits }) => {
    const shift = BigInt(width - bits);
    return value >> shift === base >> shift;
  });
}

function parseV4(address: string): bigint | null {
  if (!/^\d{1,3}(?:\.\d{1,3}){3}$/.test(address)) return null;
  const parts = address.split(".").map(Number);
  if (parts.some((part) => part > 255)) return null;
  return parts.reduce((value, part) => value << 8n | BigInt(part), 0n);
}

/** The URL parser gives an IPv6 address one spelling: groups without leading zeros, no dotted part, at most one gap. */
function parseV6(address: string): bigint | null {
  const url = `http://[${address}]/`;
  if (!/^[0-9a-f:.]+$/i.test(address) || !URL.canParse(url)) return null;
  const [head, tail] = new URL(url).hostname.slice(1, -1).split("::");
  const left = groups(head);
  const right = groups(tail ?? "");
  const gap: string[] = Array(8 - left.length - right.length).fill("0");
  return [...left, ...gap, ...right].reduce((value, group) => value << 16n | BigInt(`0x${group}`), 0n);
}

function groups(text: string): string[] {
  return text === "" ? [] : text.split(":");
}
