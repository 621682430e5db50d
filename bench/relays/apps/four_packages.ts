/** A Deno program that has what the relay is built on, and does nothing with it. */

import { createClient } from "@supabase/supabase-js";
import { createRemoteJWKSet, jwtVerify } from "jose";
import OpenAI from "openai";
import { z } from "zod";

const used = [createClient, createRemoteJWKSet, jwtVerify, OpenAI, z.object];

Deno.serve({
  hostname: "127.0.0.1",
  port: Number(Deno.env.get("PORT")),
  onListen() {},
}, () => new Response(`ready, with ${used.length}`));
