"""A relay as people write it with FastAPI: one `token` event for each delta."""

import json
import os
import ssl

import httpx
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

PROVIDER = os.environ["PROVIDER"]
app = FastAPI()
certificates = ssl.create_default_context(cafile=os.environ["DENO_CERT"])
limits = httpx.Limits(max_connections=None)
client = httpx.AsyncClient(timeout=None, limits=limits, verify=certificates, trust_env=False)


class Prompt(BaseModel):
    prompt: str


@app.post("/{plan}/stream")
async def stream(plan: str, body: Prompt):
    messages = [{"role": "user", "content": body.prompt}]
    request = {"model": "gpt-4o-mini", "stream": True, "messages": messages}

    async def events():
        url = f"{PROVIDER}/{plan}/v1/chat/completions"
        async with client.stream("POST", url, json=request) as upstream:
            async for line in upstream.aiter_lines():
                if not line.startswith("data: "):
                    continue
                if line == "data: [DONE]":
                    break
                choices = json.loads(line[6:])["choices"]
                text = choices and choices[0]["delta"].get("content")
                if text:
                    yield f"event: token\ndata: {json.dumps(text)}\n\n"
        yield "event: done\ndata: {}\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")
