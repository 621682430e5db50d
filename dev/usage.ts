import type { Stack } from "./stack.ts";

/** What a person needs to know about a stack that has just started. */
export function usage(stack: Stack): string {
  const { url, publishable_key, demo } = stack;
  const credentials = JSON.stringify({ email: demo.email, password: demo.password });
  const request = JSON.stringify({ prompt: "Tell me a story about the sea", conversation_id: demo.conversation_id });
  return `
The relay is ready at ${url}

  functions        ${stack.functions_url}
  publishable key  ${publishable_key}
  secret key       ${stack.secret_key}
  provider         ${stack.provider_url}
  demo user        ${demo.email}, password ${demo.password}

Sign in, then stream a story:

TOKEN=$(curl -s '${url}/auth/v1/token?grant_type=password' \\
  -H 'apikey: ${publishable_key}' -H 'content-type: application/json' \\
  -d '${credentials}' | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')

curl -N ${stack.functions_url}/stream \\
  -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' \\
  -d '${request}'

Ctrl-C ends it.
`;
}
