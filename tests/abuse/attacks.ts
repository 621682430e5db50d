/** The attacks: each is what one user does, at the default limits. */

import {
  MAX_CONTEXT_CHARACTERS,
  MAX_MESSAGE_UNITS,
  MAX_READ_UNITS,
} from "../../supabase/functions/_relay/protocol/limits.ts";
import {
  type Attack,
  type Attacker,
  conversation,
  ended,
  get,
  headOf,
  insist,
  message,
  raw,
  refused,
} from "./attack.ts";
import { REQUEST_ATTACKS } from "./attacks_on_requests.ts";
import { PROVIDERS } from "./hostile.ts";

const LINE = "lorem ipsum ";
const chars = (count: number) => LINE.repeat(Math.ceil(count / LINE.length)).slice(0, count);
const MEGABYTE = 1024 * 1024;

/** Three at once are the limit, five in a minute, too. One that finds no room comes again. */
const generations = ({ times, start }: Attacker, body: Record<string, unknown> = {}) =>
  times(3, () => insist(() => start({ prompt: "Begin", on_disconnect: "continue", ...body })));

/** So large a start may find no room at all next to others as large. */
const LARGE: Attack["struck"] = [[/calls of "slow"|status (429|503)/, 1]];

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** What an attacker does with a bot whose provider is this one. */
const withProvider = (name: string) => async (attacker: Attacker) => {
  await attacker.provider(name);
  await generations(attacker);
};

/** A path of so many messages, the first one first; gives the last. */
async function path(attacker: Attacker, conversationId: string, contents: string[]): Promise<string> {
  let last: string | null = null;
  for (const content of contents) last = await message(attacker, conversationId, content, last);
  return last!;
}

/** A generation at the length limit that another worker runs, as its beats have stored it. */
async function elsewhere({ operator, id }: Attacker): Promise<string> {
  const streamId = crypto.randomUUID();
  await operator(
    `with generation as (
       insert into relay.generations (stream_id, user_id, model, worker_id, lease_expires_at, text_units)
       values ($1, $2, 'm', 'another', now() + interval '10 minutes', $3::integer) returning stream_id
     )
     insert into relay.chunks (stream_id, start_at, end_at, content)
     select stream_id, at, at + 1048576, repeat('lorem ip', 131072)
     from generation, generate_series(0, $3::integer - 1, 1048576) as at`,
    ...[streamId, id, MAX_MESSAGE_UNITS],
  );
  return streamId;
}

export const ATTACKS: Attack[] = [
  {
    name: "Ten watchers of a message at the length limit, on another worker",
    kind: "reads",
    struck: [[/status 200/, 1], [/characters read/, MAX_READ_UNITS]],
    async run(attacker) {
      const streamId = await elsewhere(attacker);
      await attacker.times(10, () => get(attacker, streamId));
    },
  },
  {
    name: "Ten replays at once of a message at the length limit, again and again",
    kind: "reads",
    struck: [[/status 200/, 1], [/characters read/, MAX_READ_UNITS]],
    async run(attacker) {
      const { streamId } = await ended(attacker, MAX_MESSAGE_UNITS);
      await attacker.flood(10, () => get(attacker, streamId));
    },
  },
  {
    name: "Replays from offsets far behind the end, by GET and HEAD",
    kind: "reads",
    struck: [[/status 200/, 4]],
    async run(attacker) {
      const { streamId } = await ended(attacker, MEGABYTE);
      await attacker.flood(
        5,
        (index) =>
          index % 2 ? get(attacker, streamId, 999_999_999) : attacker.ask(`/stream/${streamId}`, { method: "HEAD" }),
      );
    },
  },
  {
    name: "Ten readers that take a byte now and then",
    kind: "reads",
    struck: [[/requests begun/, 10], [/bytes read/, 10]],
    async run(attacker) {
      const { streamId } = await ended(attacker, MAX_MESSAGE_UNITS);
      await attacker.times(10, async () => {
        const connection = await raw(attacker, headOf(attacker, "GET", `/stream/${streamId}`, "\r\n"));
        while (await connection.read(new Uint8Array(1)) !== null) {
          attacker.count("bytes read");
          await sleep(100);
        }
      });
    },
  },
  {
    name: "A ring of parents, and 40 starts that walk it",
    kind: "starts",
    struck: [[/refused by 42501/, 1], [/refused by messages_come_after_their_parent/, 1], [/status 404/, 1]],
    async run(attacker) {
      const id = await conversation(attacker);
      const first = await message(attacker, id, "a");
      const second = await message(attacker, id, "b", first);
      // As long as a client may change a parent; and at once, which foreign keys that are deferred would allow.
      await refused(attacker, "update messages set parent_id = $1 where id = $2", second, first);
      const [a, b] = [crypto.randomUUID(), crypto.randomUUID()];
      await refused(
        attacker,
        "insert into messages (id, user_id, conversation_id, content, parent_id) values ($1, $3, $4, 'a', $2), ($2, $3, $4, 'b', $1)",
        ...[a, b, attacker.id, id],
      );
      await attacker.flood(40, () => attacker.start({ prompt: "x", conversation_id: id, parent_id: a }));
    },
  },
  {
    name: "40 starts at once on a path that is too long",
    kind: "starts",
    struck: [[/status 413/, 1]],
    async run(attacker) {
      const id = await conversation(attacker);
      const quarter = chars(MAX_CONTEXT_CHARACTERS / 4);
      const last = await path(attacker, id, [quarter, quarter, quarter, quarter, "over"]);
      await attacker.flood(40, () => attacker.start({ prompt: "x", conversation_id: id, parent_id: last }));
    },
  },
  {
    name: "40 starts at once past the rate limit",
    kind: "starts",
    struck: [[/status 200/, 1], [/status (429|503)/, 10]],
    run: (attacker) => attacker.flood(40, () => attacker.start({ prompt: "x" })),
  },
  {
    name: "40 starts at once for a conversation that does not exist",
    kind: "starts",
    struck: [[/status 404/, 10], [/status (429|503)/, 10]],
    run: (attacker) => attacker.flood(40, () => attacker.start({ prompt: "x", conversation_id: crypto.randomUUID() })),
  },
  {
    name: "40 starts at once whose clients leave before the answer",
    kind: "starts",
    struck: [[/requests begun/, 40]],
    run: (attacker) =>
      attacker.flood(40, async () => {
        const body = JSON.stringify({ prompt: "x" });
        const more = `content-length: ${body.length}\r\n\r\n${body}`;
        (await raw(attacker, headOf(attacker, "POST", "/stream", more))).close();
        await sleep(50);
      }),
  },
  {
    name: "40 cancels at once, of one stream and of none",
    kind: "starts",
    struck: [[/status 20[02]/, 1], [/status 404/, 1]],
    async run(attacker) {
      await attacker.provider("slow");
      const stream_id = crypto.randomUUID();
      const started = generations(attacker, { stream_id });
      await attacker.flood(
        40,
        (index) => attacker.ask(`/cancel/${index % 2 ? stream_id : crypto.randomUUID()}`, { method: "POST" }),
      );
      await started;
    },
  },
  {
    name: "A stored path at the limit, started three times",
    kind: "sizes",
    struck: LARGE,
    async run(attacker) {
      await attacker.provider("slow");
      const id = await conversation(attacker);
      // Of characters that take three bytes each, and as many in JSON's escapes.
      const parts = Array.from({ length: 4 }, () => "\u20ac".repeat(MAX_CONTEXT_CHARACTERS / 4 - 10));
      await generations(attacker, { conversation_id: id, parent_id: await path(attacker, id, parts) });
    },
  },
  {
    name: "A context of 4 MB in the request, started three times",
    kind: "sizes",
    struck: LARGE,
    async run(attacker) {
      await attacker.provider("slow");
      const messages = Array.from(
        { length: 500 },
        (_, index) => ({ role: index % 2 ? "assistant" : "user", content: chars(7_900) }),
      );
      await generations(attacker, { prompt: undefined, messages: [...messages, { role: "user", content: "Begin" }] });
    },
  },
  {
    name: "A rerolled message at the end of 9,000",
    kind: "sizes",
    struck: [[/calls of "kind"/, 1]],
    async run(attacker) {
      const id = await conversation(attacker);
      await attacker.operator(
        `insert into messages (id, user_id, conversation_id, content, parent_id, is_user_author)
         select md5($2 || n)::uuid, $1, $2::uuid, 'word', case when n > 1 then md5($2 || (n - 1))::uuid end, n % 2 = 1
         from generate_series(1, 9000) as n`,
        ...[attacker.id, id],
      );
      const [{ last }] = await attacker.operator("select md5($1 || 9000)::uuid::text as last", id);
      await attacker.flood(3, () => attacker.start({ reroll_of: last }));
    },
  },
  {
    name: "10,000 bots and shares, and starts that name none",
    kind: "sizes",
    struck: [[/status (200|503)/, 1], [/status (429|503)/, 1]],
    async run(attacker) {
      const { id, bot_id } = attacker;
      await attacker.sql("insert into bots (user_id, name) select $1, 'x' from generate_series(1, 10000)", id);
      await attacker.operator("insert into bot_shares select $1, id from auth.users on conflict do nothing", bot_id);
      await attacker.flood(3, () => attacker.start({ prompt: "x" }));
    },
  },
  {
    name: "Conversations that are deleted while they run",
    kind: "sizes",
    struck: [[/calls of "slow"/, 1], [/conversations deleted/, 1]],
    async run(attacker) {
      await attacker.provider("slow");
      const deletes = async () => {
        const id = await conversation(attacker);
        const running = insist(() => attacker.start({ prompt: "x", conversation_id: id }));
        await sleep(200);
        await attacker.sql("delete from conversations where id = $1", id);
        attacker.count("conversations deleted");
        await running;
      };
      await attacker.flood(3, deletes);
    },
  },
  ...Object.keys(PROVIDERS).filter((name) => !/^(kind|moved|silent|slow|echo.*)$/.test(name)).map((name): Attack => ({
    name: `Three answers of a provider's "${name}"`,
    kind: ["long", "choices", "reasoning", "tiny", "tools", "nested", "lines"].includes(name) ? "providers" : "streams",
    struck: [[/^calls of/, 1], [/^bytes of/, 1]],
    run: withProvider(name),
  })),
  ...REQUEST_ATTACKS,
];
