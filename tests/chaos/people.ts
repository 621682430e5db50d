/** Users with a bot each, made in the database itself: signing up hashes a password, which takes longer than a story. */

import { SignJWT } from "jose";
import type { Sql } from "postgres";

/** Somebody who may stream. */
export interface Person {
  id: string;
  token: string;
}

/** Makes a user whose one bot calls this provider; the token is what the stack's auth would give. */
export async function makePerson(sql: Sql, jwtSecret: string, accessPath: string): Promise<Person> {
  const id = crypto.randomUUID();
  await sql`insert into auth.users (id, email) values (${id}, ${`${id}@chaos.example`})`;
  await sql`
    insert into public.bots (user_id, name, access_path, access_key, model)
    values (${id}, 'Chaos', ${accessPath}, 'sk-chaos', 'numbered')`;
  const token = await new SignJWT({ role: "authenticated" }).setProtectedHeader(
    { alg: "HS256", typ: "JWT" },
  ).setSubject(id).setAudience("authenticated").setIssuedAt().setExpirationTime(
    "2h",
  ).sign(new TextEncoder().encode(jwtSecret));
  return { id, token };
}
