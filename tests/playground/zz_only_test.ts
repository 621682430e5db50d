import { start, stop } from "/work/wt/pagetext/tests/playground/setup.ts";
import { testMessages } from "/work/wt/pagetext/tests/playground/messages.ts";
Deno.test.beforeAll(start);
Deno.test.afterAll(stop);
testMessages();
