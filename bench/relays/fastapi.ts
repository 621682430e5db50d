/** The kind of relay that this project replaces: FastAPI on uvicorn, with httpx towards the provider. */

import { pythonPackages } from "./fetched.ts";
import { post } from "./http.ts";
import { startProgram } from "./program.ts";
import type { Relay } from "./relay.ts";

const APPS = new URL("./apps", import.meta.url).pathname;
const PACKAGES = ["fastapi==0.165.0", "uvicorn[standard]==0.54.0", "httpx==0.28.1"];

export const fastapi: Relay = {
  name: "fastapi",
  title: "FastAPI + httpx relay",
  async start(world) {
    const folder = await pythonPackages(world, "FastAPI", PACKAGES);
    return await startProgram(
      world,
      (port) => ({
        command: [
          `${folder}/bin/python`,
          ...["-m", "uvicorn", "fastapi_relay:app", "--app-dir", APPS],
          ...["--host", "127.0.0.1", "--port", String(port)],
          ...["--no-access-log", "--log-level", "warning"],
        ],
        env: { PROVIDER: `http://127.0.0.1:${world.providerPort}`, PYTHONDONTWRITEBYTECODE: "1" },
      }),
      (port, plan) => post(port, `/${plan}/stream`, { prompt: "Tell me a story." }),
    );
  },
};
