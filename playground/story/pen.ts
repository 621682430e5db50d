/**
 * Has the open story written on: starts, watches and stops one generation at a time.
 *
 * `stage` is the state machine, and only this module writes it: idle → starting (the relay is asked) → thinking (it has
 * answered) → writing (text has come) → idle. From each of them `reconnecting` and `stopping` may be passed through.
 * Text that nobody could store yet, and words that nobody has taken yet, stay on the page when the stage is idle again.
 */

import { batch, computed, signal } from "@preact/signals";
import type {
  Callbacks,
  Generation,
  RelayClient,
  RelayClientError,
  Result,
  StartRequest,
} from "../../client/client.ts";
import { type Failure, failureOf, UNSTORED } from "../words/failures.ts";
import type { Pen, PenTools, Stage } from "./pen_types.ts";
import { forget, isStale, remember, running } from "./running.ts";

/** Writes nothing until it is told to. */
export function createPen(relay: RelayClient, tools: PenTools): Pen {
  const stage = signal<Stage>("idle");
  const writing = computed(() => stage.value !== "idle");
  const place = signal<string | null | undefined>(undefined);
  const prompt = signal<string | null>(null);
  const text = signal("");
  const reasoning = signal("");
  const failure = signal<Failure | null>(null);
  const news = signal("");
  const draft = signal("");
  const thoughts = new Map<string, string>();
  let generation: Generation | null = null;
  let again = () => {};

  function clear() {
    batch(() => {
      stage.value = "idle";
      place.value = undefined;
      prompt.value = failure.value = null;
      text.value = reasoning.value = "";
    });
    generation = null;
  }

  /** Reads a generation to its end; `request` is null where the relay has taken it long ago. */
  function read(storyId: string, request: StartRequest | null, open: (callbacks: Callbacks) => Generation) {
    batch(() => {
      clear();
      news.value = "";
      stage.value = "starting";
      prompt.value = request?.prompt ?? null;
      place.value = request ? placeOf(request) : undefined;
      tools.begin();
    });
    const mine = open({
      async onStart({ stream_id, parent_id }) {
        if (stage.value !== "stopping") stage.value = "thinking";
        remember(storyId, { streamId: stream_id, request: null, at: Date.now() });
        await tools.reload();
        if (generation !== mine) return;
        batch(() => {
          place.value = parent_id;
          prompt.value = null;
        });
      },
      onToken(token) {
        text.value += token;
        if (stage.value !== "stopping") stage.value = "writing";
      },
      onReasoning(thought) {
        reasoning.value += thought;
        if (stage.value === "reconnecting") stage.value = "thinking";
      },
      onRetry() {
        if (stage.value !== "stopping") stage.value = "reconnecting";
      },
    });
    generation = mine;
    mine.done.then((result) => {
      // Whoever has left the story does not follow it to its end.
      if (generation === mine) return end(storyId, request, mine, result);
    });
  }

  async function end(
    storyId: string,
    request: StartRequest | null,
    mine: Generation,
    { error, messageId, text: written, outcome }: Result,
  ) {
    const { start } = mine;
    const isOpen = error?.code === "unreachable" ||
      (error?.retryable === true && start === null && request !== null);
    // The same stream_id is asked again, for the relay may have taken it: nothing is said or paid for twice.
    if (!isOpen) forget(storyId);
    if (messageId && reasoning.value) thoughts.set(messageId, reasoning.value);
    const before = answersTo(request).length;
    const loaded = await tools.reload(messageId ?? undefined);
    if (generation !== mine) return;

    const isUnstored = !error && !messageId && written !== "";
    batch(() => {
      if (loaded && !isUnstored && !isOpen) clear();
      stage.value = "idle";
      generation = null;
      if (isUnstored) failure.value = UNSTORED;
      if (!error) {
        news.value = outcome === "completed" ? "Finished." : "Stopped.";
        return;
      }
      // What ran when the browser last looked has ended, and been deleted since.
      if (error.code === "stream_not_found" && !request) return clear();
      failure.value = failureOf(error, Date.now());
      if (isOpen) again = pen.join;
      else {
        const retold = messageId ?? start?.parent_id ?? request?.reroll_of ??
          storedPrompt(request, before);
        if (retold) again = () => pen.retell(retold);
        else if (request?.prompt !== undefined) {
          giveBack(request.prompt);
          again = () => sayDraft(request.parent_id ?? null);
        }
      }
    });
  }

  /** A refusal may come after the user's words were stored: they shall not stand there twice. */
  function storedPrompt(request: StartRequest | null, before: number) {
    const answers = answersTo(request);
    const last = answers.at(-1);
    return answers.length > before && last?.content === request?.prompt ? last?.id : undefined;
  }

  function answersTo(request: StartRequest | null) {
    return request?.prompt === undefined ? [] : tools.tree.value.childrenOf(request.parent_id ?? null);
  }

  function placeOf(request: StartRequest): string | null | undefined {
    if (request.prompt !== undefined) return request.parent_id;
    const message = tools.tree.value.get(request.reroll_of);
    return message?.is_user_author ? message.id : message?.parent_id;
  }

  function giveBack(said: string) {
    draft.value = [said, draft.value].filter((part) => part.trim()).join("\n\n");
  }

  function sayDraft(parentId: string | null) {
    const said = draft.value;
    draft.value = "";
    pen.say(said, parentId);
  }

  function start(request: StartRequest) {
    const storyId = tools.storyId.value;
    if (storyId === null || writing.value) return;
    const streamId = crypto.getRandomValues(new Uint32Array(4)).join("-");
    remember(storyId, {
      streamId,
      request: { ...request, conversation_id: storyId, stream_id: streamId, on_disconnect: "continue" },
      at: Date.now(),
    });
    pen.join();
  }

  const pen: Pen = {
    stage,
    writing,
    place,
    prompt,
    text,
    reasoning,
    thoughts,
    failure,
    news,
    draft,
    say: (said, parentId) => start({ prompt: said, parent_id: parentId }),
    retell: (messageId) => start({ reroll_of: messageId }),
    retry() {
      failure.value = null;
      again();
    },
    async stop() {
      if (!generation || stage.value === "stopping") return;
      stage.value = "stopping";
      try {
        await generation.cancel();
      } catch (error) {
        batch(() => {
          stage.value = "writing";
          failure.value = failureOf(error as RelayClientError, Date.now());
          again = () => void pen.stop();
        });
      }
    },
    dismiss() {
      if (writing.value || !failure.value) return;
      if (prompt.value) giveBack(prompt.value);
      if (tools.storyId.value) forget(tools.storyId.value);
      clear();
    },
    join() {
      const storyId = tools.storyId.value;
      const record = storyId === null ? null : running(storyId);
      if (storyId === null || !record || writing.value) return;
      const { streamId, request } = record;
      if (isStale(record)) {
        forget(storyId);
        if (request?.prompt) giveBack(request.prompt);
        return;
      }
      read(
        storyId,
        request,
        (callbacks) => request ? relay.start(request, callbacks) : relay.resume(streamId, callbacks),
      );
    },
    leave() {
      const left = generation;
      clear();
      news.value = "";
      left?.detach();
    },
  };
  return pen;
}
