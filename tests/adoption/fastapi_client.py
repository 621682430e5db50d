"""
A client of the FastAPI relay, written from that relay's README: it knows nothing of this one. It stores what its user
says through the Data API, asks, reads the lines of the stream, and looks for the answer among the messages.

Takes one JSON object on stdin, prints one on stdout.
"""

import json
import sys
import uuid

import httpx

given = json.load(sys.stdin)
http = httpx.Client(headers={"Authorization": f"Bearer {given['token']}"})
rest = f"{given['supabase_url']}/rest/v1/messages"
apikey = {"apikey": given["apikey"]}


def store(content):
    row = {
        "conversation_id": given["conversation_id"],
        "user_id": given["user_id"],
        "content": content,
        "is_user_author": True,
    }
    http.post(rest, json=row, headers=apikey).raise_for_status()


def stored():
    query = {"select": "*", "conversation_id": f"eq.{given['conversation_id']}", "order": "id"}
    response = http.get(rest, params=query, headers=apikey)
    response.raise_for_status()
    return response.json()


def stream(body, on_token=lambda: None):
    seen = {"text": "", "last": None, "data": None}
    event, data = "message", []
    body = {"conversation_id": given["conversation_id"], **body, **given["extra"]}
    with http.stream("POST", f"{given['base']}/v1/stream", json=body) as response:
        if response.status_code != 200:
            response.read()
            raise RuntimeError(f"status {response.status_code}: {response.text}")
        for line in response.iter_lines():
            if line.startswith("event: "):
                event = line[7:]
            elif line.startswith("data: "):
                data.append(line[6:])
            elif line == "":
                if event == "token":
                    seen["text"] += "\n".join(data)
                    on_token()
                elif event in ("done", "error"):
                    seen["last"], seen["data"] = event, json.loads("\n".join(data))
                event, data = "message", []
    return seen


def ask():
    """The README's own request: integers, null for what is left out, an empty stream_id."""
    store("A story")
    return stream({"bot_id": given["bot_id"], "prompt": "A story", "system": None, "stream_id": ""})


def ask_with_messages(first):
    """A newer client sends the context itself, and fields of its own."""
    store("And then?")
    messages = [
        {"role": "system", "content": "Be brief"},
        {"role": "user", "content": "A story", "name": None},
        {"role": "assistant", "content": first["text"]},
        {"role": "user", "content": "And then?"},
    ]
    own = {"is_alternative": False, "alternative_id": None, "mode": "chat"}
    return stream({"bot_id": None, "prompt": None, "messages": messages, "stream_id": str(uuid.uuid4()), **own})


def stop():
    store("For how long?")
    stream_id = f"client-{uuid.uuid4()}"
    answers = []

    def cancel():
        response = http.post(f"{given['base']}/v1/streams/{stream_id}/cancel")
        answers.append(response.status_code)

    body = {"bot_id": given["endless_bot_id"], "prompt": "For how long?", "stream_id": stream_id}
    return {**stream(body, cancel), "cancelled": answers}


first = ask()
second = ask_with_messages(first)
third = stop()
health = http.get(f"{given['base']}/healthz").json() if given["has_health"] else None
print(json.dumps({"streams": [first, second, third], "messages": stored(), "health": health}))
