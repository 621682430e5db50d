/** Builds generations for tests: what was asked, and what was admitted. */

import type { Admission } from "../database/begin.ts";
import type { Job } from "../generation/job.ts";
import type { StreamRequest } from "../protocol/requests.ts";

/** An admission of a prompt in a new conversation. */
export function makeAdmission(overrides: Partial<Admission> = {}): Admission {
  return {
    fence: "fence-1",
    conversation_id: "conversation-1",
    bot_id: "bot-1",
    user_message_id: "message-of-user",
    parent_id: "message-of-user",
    access_key: "sk-secret",
    access_path: "https://provider.test/v1",
    model: "model-1",
    temperature: 0.7,
    system_prompt: "Tell a secret story",
    params: {},
    context: [{ role: "user", content: "A secret prompt" }],
    rate: { limit: 5, remaining: 4, reset_s: 60 },
    ...overrides,
  };
}

/** What a test may want otherwise of a job. */
export type JobOverrides = Partial<Omit<Job, "admission" | "request">> & {
  admission?: Partial<Admission>;
  request?: Partial<StreamRequest>;
};

/** A job whose request came at 2026-01-01T00:00:00Z, when the manual clock starts. */
export function makeJob(overrides: JobOverrides = {}): Job {
  return {
    streamId: "stream-1",
    userId: "user-1",
    baseUrl: new URL("https://provider.test/v1"),
    requestId: "request-1",
    startedAt: Date.UTC(2026, 0, 1),
    ...overrides,
    admission: makeAdmission(overrides.admission),
    request: { prompt: "A secret prompt", on_disconnect: "stop", ...overrides.request },
  };
}

/** The fields that every log line about that job has. */
export const JOB_FIELDS = {
  request_id: "request-1",
  user_id: "user-1",
  bot_id: "bot-1",
  conversation_id: "conversation-1",
  stream_id: "stream-1",
  model: "model-1",
};
