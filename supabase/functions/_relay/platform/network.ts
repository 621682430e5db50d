/** Opens connections. */

/** One TCP connection, or TLS over one. */
export interface Connection {
  /** Rejects once the connection is closed, also where the read began before. */
  read(buffer: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  close(): void;
}

/** The runtime's calls, which tests can replace. */
export interface Network {
  /** The address is an IP address, or a name that nothing checks. */
  connect(address: string, port: number): Promise<Connection>;
  /** Takes the connection over; rejects unless its certificate is the host's. */
  startTls(connection: Connection, host: string): Promise<Connection>;
}

/** Certificates are checked as `fetch` checks them, DENO_CERT and DENO_TLS_CA_STORE included; `caCerts` adds to them. */
export function createNetwork(caCerts: string[] = []): Network {
  return {
    async connect(hostname, port) {
      // Without a signal: Deno 2.1 reads none, and 2.9 leaves a socket open where the abort meets the connection.
      const connection = await Deno.connect({ hostname, port });
      // A request is one write, and its last segment must not wait for an acknowledgement.
      connection.setNoDelay(true);
      // A provider whose machine is gone sends nothing: the kernel probes it, and closes the connection, which the
      // runtime would not.
      connection.setKeepAlive(true);
      return connection;
    },
    async startTls(connection, hostname) {
      const options = { hostname, caCerts, alpnProtocols: ["http/1.1"] };
      const tls = await Deno.startTls(connection as Deno.TcpConn, options);
      try {
        await tls.handshake();
      } catch (error) {
        tls.close();
        throw error;
      }
      return tls;
    },
  };
}
