import assert from "node:assert/strict";
import { skip } from "../../../../testkit/skipped.ts";
import { makeNetwork } from "../testing/network.ts";
import { makeRandom, type Random, splitRandomly } from "../testing/split.ts";
import { createTransport } from "./transport.ts";

/** Node's own parser, asked in a process of its own: one answer a line as Base64, then the end of the connection. */
const ORACLE = `
const { HTTPParser } = require("_http_common");
const results = require("fs").readFileSync(0, "latin1").trim().split("\\n").map((line) => {
  const parser = new HTTPParser();
  parser.initialize(HTTPParser.RESPONSE, {});
  const body = [];
  let status = null;
  let isWhole = false;
  parser[HTTPParser.kOnHeaders | 0] = () => {};
  parser[HTTPParser.kOnHeadersComplete | 0] = (major, minor, headers, method, url, code) => {
    status = code;
    return 0;
  };
  parser[HTTPParser.kOnBody | 0] = (buffer) => {
    if (!isWhole) body.push(Buffer.from(buffer));
  };
  parser[HTTPParser.kOnMessageComplete | 0] = () => {
    if (status >= 200) isWhole = true;
  };
  const error = parser.execute(Buffer.from(line, "base64"));
  const end = error instanceof Error ? error : parser.finish();
  const code = end instanceof Error ? end.code : null;
  return { status, isWhole, code, body: Buffer.concat(body).toString("latin1") };
});
process.stdout.write(JSON.stringify(results));
`;

interface Result {
  status: number;
  isWhole: boolean;
  code: string | null;
  body: string;
}

function askNode(answers: string[]): Result[] {
  const input = answers.map((answer) => btoa(answer)).join("\n");
  const file = Deno.makeTempFileSync();
  try {
    Deno.writeTextFileSync(file, input);
    const { success, stdout } = new Deno.Command("sh", { args: ["-c", `node -e '${ORACLE}' < "${file}"`] })
      .outputSync();
    assert.ok(success, "Node does not know its own parser");
    return JSON.parse(new TextDecoder().decode(stdout));
  } finally {
    Deno.removeSync(file);
  }
}

/** Reads an answer whose bytes come in these parts; null: it is refused. */
async function read(parts: string[], request: string | null = ""): Promise<[number, string] | null> {
  const clock = { now: () => 0, after: () => () => {} };
  const transport = createTransport(() => ["192.0.2.1"], clock, makeNetwork(parts));
  try {
    const answer = await transport.post(new URL("http://a.test"), {}, request, new AbortController().signal);
    let text = "";
    for (let read = await answer.next(); read !== undefined; read = await answer.next()) {
      text += String.fromCharCode(...read);
    }
    return [answer.status, text];
  } catch {
    return null;
  }
}

const NAMES = [..."Content-Length content-length Transfer-Encoding Connection X-A Keep-Alive Date".split(" "), "X A"];
const VALUES = ["5", "05", "0", "chunked", "Chunked", "gzip", "close", "keep-alive", "", "a b", "\t5 ", "-1"];
const ENDS = [...Array(7).fill("\r\n"), "\n", "\r", "\r\n "];
const STARTS = ["1.1 200 OK", "1.1 200 ", "1.1 200", "1.0 200 OK", "1.1 404 No", "1.1 204 A"];
const LAST_CHUNKS = [
  ...Array(3).fill("0\r\n\r\n"),
  ...["0;a\r\nX-A: b\r\n\r\n", "0\r\nX A: b\r\n\r\n", "00\r\n\r\n", "0\r\n"],
];
const SIZES = ["5", "05", "5;a=b", '5;a="b;c"', "5 ", "6", "4", "0005", "5;", "g", "1", "A"];
const ODD = ["\0", "\r", "\n", " ", ":", ";", "\x7f", "\x80", "\xff", "0", "\t"];

function makeAnswer(random: Random): string {
  const one = (list: string[]) => list[random(list.length)];
  const isChunked = random(2) === 0;
  let text = (random(8) === 0 ? "HTTP/1.1 103 Early\r\nLink: a\r\n\r\n" : "") + `HTTP/${one(STARTS)}${one(ENDS)}`;
  if (isChunked && random(8) > 0) text += "Transfer-Encoding: chunked\r\n";
  for (let count = random(4); count > 0; count--) {
    text += `${one(NAMES)}${one([": ", ":", ":  "])}${one(VALUES)}${one(ENDS)}`;
  }
  text += "\r\n";
  if (!isChunked) text += "Hello, world".slice(0, random(13));
  else {
    for (let count = random(5); count > 0; count--) text += `${one(SIZES)}${one(ENDS)}Hello${one(ENDS)}`;
    text += one(LAST_CHUNKS);
  }
  for (let count = random(3); count > 0; count--) {
    const at = random(text.length + 1);
    text = text.slice(0, at) + (random(2) === 0 ? one(ODD) : "") + text.slice(at + random(2));
  }
  return text;
}

/** Node takes no length twice, not even an equal one, and no extension without a name. */
const STRICTER = ["HPE_UNEXPECTED_CONTENT_LENGTH", "HPE_STRICT"];

/** A tab may end a value [RFC 9110, 5.5], but Node takes it for a part of that. */
const MISREAD = /\t[\t ]*\r\n/;

/** Asked through the shell, because Deno may spawn itself for `node`. */
function hasNode(): boolean {
  try {
    return new Deno.Command("sh", { args: ["-c", "command -v node"], stdout: "null" }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

const NAME = "answers made by chance are read as Node's parser reads them, or refused";

if (hasNode()) Deno.test(NAME, fuzz);
else skip(`${NAME}: Node is not installed`);

async function fuzz() {
  const random = makeRandom(1);
  const count = 5_000;
  const answers = Array.from({ length: count }, () => makeAnswer(random));
  const expected = askNode(answers);
  let wholes = 0;
  for (const [index, answer] of answers.entries()) {
    const whole = await read([answer]);
    const cut = await read(splitRandomly(answer, random));
    assert.deepEqual(cut, whole, JSON.stringify(answer));
    // A GET, which has no body.
    assert.deepEqual(await read([answer], null), whole, JSON.stringify(answer));
    if (whole === null) continue;
    wholes++;
    const { status, isWhole, code, body }: Result = expected[index];
    if (!isWhole && STRICTER.includes(code ?? "") || MISREAD.test(answer)) continue;
    assert.deepEqual([status, isWhole, body], [whole[0], true, whole[1]], `${JSON.stringify(answer)} ${code}`);
  }
  assert.ok(wholes > count / 20, `Only ${wholes} of ${count} were read`);
}
