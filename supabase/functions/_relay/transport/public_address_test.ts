import assert from "node:assert/strict";
import { isPublicAddress } from "./public_address.ts";

/** Takes addresses with spaces between them. */
function check(expected: boolean, addresses: string): void {
  for (const address of addresses.trim().split(/\s+/)) assert.equal(isPublicAddress(address), expected, address);
}

Deno.test("addresses that machines on the internet have are public", () => {
  check(true, "1.1.1.1 8.8.8.8 104.18.6.192 223.255.255.255 2606:4700::6812:6c0 2001:4860:4860::8888");
  check(true, "2a00:1450:4001:82a:0:0:0:200a 2620:FE::FE 2000::");
});

/** The address before each closed range, its first and last, and the one after; "-": there is none. */
const CLOSED_V4 = `
  - 0.0.0.0 0.255.255.255 1.0.0.0
  9.255.255.255 10.0.0.0 10.255.255.255 11.0.0.0
  100.63.255.255 100.64.0.0 100.127.255.255 100.128.0.0
  126.255.255.255 127.0.0.0 127.255.255.255 128.0.0.0
  168.63.129.15 168.63.129.16 168.63.129.16 168.63.129.17
  169.253.255.255 169.254.0.0 169.254.255.255 169.255.0.0
  172.15.255.255 172.16.0.0 172.31.255.255 172.32.0.0
  191.255.255.255 192.0.0.0 192.0.0.255 192.0.1.0
  192.0.1.255 192.0.2.0 192.0.2.255 192.0.3.0
  192.88.98.255 192.88.99.0 192.88.99.255 192.88.100.0
  192.167.255.255 192.168.0.0 192.168.255.255 192.169.0.0
  198.17.255.255 198.18.0.0 198.19.255.255 198.20.0.0
  198.51.99.255 198.51.100.0 198.51.100.255 198.51.101.0
  203.0.112.255 203.0.113.0 203.0.113.255 203.0.114.0
  223.255.255.255 224.0.0.0 239.255.255.255 -
  - 240.0.0.0 255.255.255.255 -`;

Deno.test("each closed IPv4 range is closed from its first address to its last, and no further", () => {
  for (const line of CLOSED_V4.trim().split("\n")) {
    const [before, first, last, after] = line.trim().split(" ");
    check(false, `${first} ${last}`);
    for (const open of [before, after]) if (open !== "-") check(true, open);
  }
});

Deno.test("the addresses where clouds keep their machines' credentials are not public", () => {
  check(false, "169.254.169.254 169.254.170.2 100.100.100.200 192.0.0.192 168.63.129.16 fd00:ec2::254");
});

Deno.test("each closed IPv6 range is closed from its first address to its last, and no further", () => {
  check(false, "2001:: 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:2::1 2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff");
  check(false, "2001:db8::1 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff 2002:: 2002:7f00:1:: 3fff::");
  check(false, "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff 3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff");
  check(true, "2001:200:: 2001:db7:ffff:ffff:ffff:ffff:ffff:ffff 2001:db9:: 2003:: 3fff:1000::");
  check(true, "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
});

Deno.test("no IPv6 address outside 2000::/3 is public, whatever IPv4 address it carries", () => {
  check(false, ":: ::1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::ffff:808:808 64:ff9b::8.8.8.8 64:ff9b:1::a00:1");
  check(false, "100::1 1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 4000:: 5f00::1 fc00::1 fdff:ffff::1 fe80::1 febf::1");
  check(false, "fec0::1 ff02::1 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
});

Deno.test("what is no address is not public", () => {
  check(false, "example.com 1.1.1 1.1.1.1.1 1.1.1.256 0x1.1.1.1 16843009 : 2606:4700 2606:4700:::1");
  check(false, "2606:4700::1%eth0 [2606:4700::1] 2606:4700::1]/@[::1 2606:4700::g");
  for (const address of ["", "1.1.1.1 "]) assert.equal(isPublicAddress(address), false);
});
