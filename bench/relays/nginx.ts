/** nginx as people put it in front of a provider: one worker process that hands on, without buffers. */

import { COMPLETION, post } from "./http.ts";
import { startProgram } from "./program.ts";
import { type Relay, Unavailable } from "./relay.ts";

export const nginx: Relay = {
  name: "nginx",
  title: "nginx `proxy_pass`",
  async start(world) {
    const program = await find();
    if (!program) throw new Unavailable("nginx: it is not installed");
    const folder = await Deno.makeTempDir({ prefix: "relay-bench-nginx-" });
    const running = await startProgram(world, (port) => {
      const path = `${folder}/nginx.conf`;
      Deno.writeTextFileSync(path, configuration(port, world.providerPort, folder));
      return { command: [program, "-c", path, "-e", `${folder}/error.log`] };
    }, (port, plan) => post(port, `/${plan}/v1/chat/completions`, COMPLETION));
    return {
      ...running,
      async stop() {
        await running.stop();
        await Deno.remove(folder, { recursive: true });
      },
    };
  },
};

/** Debian keeps it where a user's PATH does not lead. */
async function find(): Promise<string | null> {
  for (const program of ["nginx", "/usr/sbin/nginx"]) {
    try {
      const { success } = await new Deno.Command(program, { args: ["-v"], stdin: "null", stderr: "null" }).output();
      if (success) return program;
    } catch {
      // Not here.
    }
  }
  return null;
}

function configuration(port: number, provider: number, folder: string): string {
  return `
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  upstream provider {
    server 127.0.0.1:${provider};
    keepalive 256;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://provider;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }
  }
}
`;
}
