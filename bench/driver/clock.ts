/** Compares the driver's clock with the provider's. */

import { now } from "../stamp.ts";

const EXCHANGES = 200;

/** How many milliseconds the provider's clock is ahead; half of `roundTripMs` is how wrong that can be. */
export async function compareClocks(providerPort: number): Promise<{ aheadMs: number; roundTripMs: number }> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: providerPort });
  connection.setNoDelay(true);
  const request = new TextEncoder().encode("GET /clock HTTP/1.1\r\n\r\n");
  const buffer = new Uint8Array(1024);
  const decoder = new TextDecoder();
  let best = { aheadMs: NaN, roundTripMs: Infinity };
  for (let exchange = 0; exchange < EXCHANGES; exchange++) {
    const sentAt = now();
    await connection.write(request);
    const length = await connection.read(buffer);
    const receivedAt = now();
    const text = decoder.decode(buffer.subarray(0, length ?? 0));
    const said = Number(text.split("\r\n\r\n")[1]);
    const roundTripMs = receivedAt - sentAt;
    // The fastest exchange is the one with the least else in between.
    if (roundTripMs < best.roundTripMs) {
      best = { aheadMs: said - (sentAt + receivedAt) / 2, roundTripMs };
    }
  }
  connection.close();
  return best;
}
