"""The official client against a server: python client.py BASE_URL MODEL. Ends with 0 if all holds."""
import json
import sys

import openai

base, model = sys.argv[1:]
client = openai.OpenAI(base_url=base, api_key="none", max_retries=0)

assert [known.id for known in client.models.list()] == [model]
assert client.models.retrieve(model).owned_by == "theoremata"

ask = {"model": model, "messages": [{"role": "user", "content": "1 + 1 = "}], "max_tokens": 12, "seed": 7}
one = client.chat.completions.create(**ask)
text = one.choices[0].message.content
assert one.object == "chat.completion" and one.choices[0].message.role == "assistant"
assert one.choices[0].finish_reason in ("stop", "length")
assert one.usage.total_tokens == one.usage.prompt_tokens + one.usage.completion_tokens and one.usage.completion_tokens <= 12
# The same seed, the same answer; another one, another answer, for this model that draws at random.
assert client.chat.completions.create(**ask).choices[0].message.content == text
assert client.chat.completions.create(**ask | {"seed": 8}).choices[0].message.content != text

# Piece by piece it is the same, and the cost stands at the end.
pieces, usage, reason = [], None, None
for chunk in client.chat.completions.create(**ask, stream=True, stream_options={"include_usage": True}):
    if chunk.choices:
        pieces.append(chunk.choices[0].delta.content or "")
        reason = chunk.choices[0].finish_reason or reason
    usage = chunk.usage or usage
assert "".join(pieces) == text, (pieces, text)
assert reason == one.choices[0].finish_reason and usage == one.usage

# Several answers to one question, each with its place.
several = client.chat.completions.create(**ask, n=3)
assert [choice.index for choice in several.choices] == [0, 1, 2]
assert len({choice.message.content for choice in several.choices}) > 1
streamed = {0: "", 1: "", 2: ""}
for chunk in client.chat.completions.create(**ask, n=3, stream=True):
    for choice in chunk.choices:
        streamed[choice.index] += choice.delta.content or ""
assert streamed == {choice.index: choice.message.content for choice in several.choices}

# The log-probability of each token that was drawn.
told = client.chat.completions.create(**ask, logprobs=True).choices[0].logprobs.content
assert all(token.logprob <= 0 for token in told) and 0 < len(told) <= 12
assert "".join(bytes(token.bytes).decode(errors="replace") for token in told)[:1] == text[:1]

# A schema, and a text that ends the answer.
schema = {"type": "object", "properties": {"sum": {"enum": [1, 2, 3]}}, "required": ["sum"], "additionalProperties": False}
shaped = client.chat.completions.create(
    **ask | {"max_tokens": 200},
    response_format={"type": "json_schema", "json_schema": {"name": "sum", "strict": True, "schema": schema}},
)
assert json.loads(shaped.choices[0].message.content)["sum"] in (1, 2, 3)
letter = next((sign for sign in text[1:] if sign.isascii() and sign.isprintable()), None)
if letter:
    assert letter not in client.chat.completions.create(**ask, stop=[letter]).choices[0].message.content

# Plain texts.
plain = client.completions.create(model=model, prompt="1 + 1 = ", max_tokens=5, temperature=0, logprobs=1)
assert plain.object == "text_completion" and plain.choices[0].logprobs.token_logprobs
again = "".join(chunk.choices[0].text for chunk in client.completions.create(
    model=model, prompt="1 + 1 = ", max_tokens=5, temperature=0, stream=True))
assert again == plain.choices[0].text


def refused(kind, **changes):
    try:
        client.chat.completions.create(**ask | changes)
    except kind as error:
        return error
    raise AssertionError(f"{changes} was not refused as {kind}")


assert refused(openai.NotFoundError, model="gpt-none").code == "model_not_found"
assert refused(openai.BadRequestError, max_tokens=10**9).code == "context_length_exceeded"
assert refused(openai.BadRequestError, messages=[]).param == "messages"
assert refused(openai.BadRequestError, tools=[{"type": "web_search"}]).param == "tools[0].type"
assert refused(openai.BadRequestError, temperature=-1)
assert refused(openai.BadRequestError, logprobs=True, top_logprobs=3).param == "top_logprobs"

# Responses: made, asked for again, piece by piece, in the background, and one that goes on from another.
made = client.responses.create(model=model, input="1 + 1 = ", max_output_tokens=12, extra_body={"seed": 7})
assert made.status == "incomplete" and made.incomplete_details.reason == "max_output_tokens"
assert made.output_text == text and made.usage.output_tokens == one.usage.completion_tokens, (made.output_text, text)
assert client.responses.retrieve(made.id).output_text == text
events = list(client.responses.create(model=model, input="1 + 1 = ", max_output_tokens=12, stream=True, extra_body={"seed": 7}))
assert [event.sequence_number for event in events] == list(range(len(events)))
assert (events[0].type, events[-1].type) == ("response.created", "response.incomplete")
assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == text
known = events[-1].response.id
assert [event.sequence_number for event in client.responses.retrieve(known, stream=True, starting_after=3)] == list(range(4, len(events)))
behind = client.responses.create(model=model, input="2", background=True, max_output_tokens=4)
assert behind.status in ("queued", "in_progress", "completed", "incomplete")
while behind.status in ("queued", "in_progress"):
    behind = client.responses.retrieve(behind.id)
assert client.responses.cancel(behind.id).status == behind.status, "what has ended stays as it is"
try:
    client.responses.create(model=model, input="and?", previous_response_id="resp_none", max_output_tokens=4)
    raise AssertionError("there is no such response")
except openai.NotFoundError as error:
    assert error.param == "response_id"

# Whoever goes away ends the work: the answer would be longer than the patience of this script.
for chunk in client.chat.completions.create(**ask | {"max_tokens": 400}, stream=True):
    break
print("all holds")
