/** Users whose tokens a project's Auth would have signed, made in the database itself. */

import { SignJWT } from "jose";
import type { Sql } from "postgres";

/** Somebody who streams. */
export interface Person {
  id: string;
  token: string;
  bot: string;
}

/** One user for each stream, as in life: the count of somebody's generations stays short. */
export function createPeople(
  sql: Sql,
  key: CryptoKey,
  issuer: string,
): (count: number, provider: string) => Promise<Person[]> {
  const users: { id: string; token: string }[] = [];
  const bots = new Map<string, string[]>();

  async function token(id: string): Promise<string> {
    return await new SignJWT({
      role: "authenticated",
      email: `${id}@bench.example`,
    }).setProtectedHeader({ alg: "ES256", kid: "bench", typ: "JWT" })
      .setSubject(id).setAudience("authenticated").setIssuer(issuer)
      .setIssuedAt().setExpirationTime("6h").sign(key);
  }
  async function addUsers(count: number): Promise<void> {
    const ids = Array.from({ length: count }, () => crypto.randomUUID());
    await sql`
      insert into auth.users (id, email)
      select id::uuid, id || '@bench.example'
      from json_array_elements_text(${JSON.stringify(ids)}::text::json) as id`;
    users.push(...await Promise.all(ids.map(async (id) => ({ id, token: await token(id) }))));
  }
  async function addBots(provider: string, from: number): Promise<string[]> {
    const ids = users.slice(from).map(({ id }) => id);
    const rows = await sql`
      insert into public.bots (user_id, name, access_path, access_key, model)
      select id::uuid, 'Bench', ${provider}::text, 'sk-bench', 'gpt-4o-mini'
      from json_array_elements_text(${JSON.stringify(ids)}::text::json) as id
      returning id, user_id`;
    const byUser = new Map(rows.map(({ id, user_id }) => [user_id, id]));
    return ids.map((id) => byUser.get(id));
  }

  return async (count, provider) => {
    if (users.length < count) await addUsers(count - users.length);
    const known = bots.get(provider) ?? [];
    bots.set(provider, known);
    if (known.length < count) {
      known.push(...await addBots(provider, known.length));
    }
    return users.slice(0, count).map((user, place) => ({ ...user, bot: known[place] }));
  };
}
