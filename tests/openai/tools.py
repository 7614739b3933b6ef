"""The official client asks for calls of functions: python tools.py BASE_URL MODEL. The model says `<tool_call>` around
{"name": "add", "arguments": {"a": 2, "b": 40}} whenever it may. Ends with 0 if all holds."""
import json
import sys

import openai

base, model = sys.argv[1:]
client = openai.OpenAI(base_url=base, api_key="none", max_retries=0)
number = {"type": "integer"}
schema = {"type": "object", "properties": {"a": number, "b": number}, "required": ["a", "b"], "additionalProperties": False}
add = {"name": "add", "description": "Adds two numbers.", "parameters": schema}
ask = {
    "model": model, "messages": [{"role": "user", "content": "2 + 40 = "}], "max_tokens": 300, "seed": 1, "temperature": 0,
    "tools": [{"type": "function", "function": add}],
}

# The model chooses to call, and the client finds what it expects.
choice = client.chat.completions.create(**ask).choices[0]
assert choice.finish_reason == "tool_calls" and choice.message.content is None, choice
(call,) = choice.message.tool_calls
assert call.type == "function" and call.function.name == "add" and json.loads(call.function.arguments) == {"a": 2, "b": 40}

# Piece by piece it is the same.
name, arguments, text, reason, ids = "", "", "", None, set()
for chunk in client.chat.completions.create(**ask, stream=True):
    for choice in chunk.choices:
        text += choice.delta.content or ""
        reason = choice.finish_reason or reason
        for piece in choice.delta.tool_calls or []:
            ids.add(piece.id)
            name += piece.function.name or ""
            arguments += piece.function.arguments or ""
assert (name, json.loads(arguments), text, reason, len(ids)) == ("add", {"a": 2, "b": 40}, "", "tool_calls", 1)
with client.chat.completions.stream(**ask) as stream:
    final = stream.get_final_completion().choices[0]
    assert final.message.tool_calls[0].function.name == "add"

# It is told what came of the call, by a turn of its own; without functions the same model just goes on.
said = [
    *ask["messages"],
    {"role": "assistant", "content": None, "tool_calls": [call.model_dump()]},
    {"role": "tool", "tool_call_id": call.id, "content": "42"},
]
again = client.chat.completions.create(**ask | {"messages": said, "tool_choice": "none"}).choices[0]
assert again.finish_reason in ("stop", "length") and again.message.tool_calls is None
assert again.message.content.startswith("<tool_call>"), "it says what it says, and nobody takes it for a call"

# One that has to be called is.
other = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {"q": {"enum": ["a", "b"]}},
         "required": ["q"], "additionalProperties": False}}}
both = ask | {"tools": ask["tools"] + [other], "parallel_tool_calls": False}
named = client.chat.completions.create(**both, tool_choice={"type": "function", "function": {"name": "look"}}).choices[0]
(call,) = named.message.tool_calls
assert call.function.name == "look" and json.loads(call.function.arguments)["q"] in ("a", "b"), named
forced = client.chat.completions.create(**both, tool_choice="required").choices[0]
assert len(forced.message.tool_calls) == 1


def refused(**changes):
    try:
        client.chat.completions.create(**ask | changes)
    except openai.BadRequestError as error:
        return error.param
    raise AssertionError(f"{changes} was not refused")


assert refused(tools=[{"type": "web_search"}]) == "tools[0].type"
assert refused(tool_choice={"type": "function", "function": {"name": "nobody"}}) is None
assert refused(tools=[], tool_choice="required") == "tool_choice"
assert refused(messages=[{"role": "assistant", "content": "x"}]) == "messages"

# Responses: the same calls as items, and what came of them as input.
flat = {"model": model, "input": "2 + 40 = ", "max_output_tokens": 300, "temperature": 0,
        "tools": [{"type": "function", "strict": True, **add}]}
made = client.responses.create(**flat, extra_body={"seed": 1})
(item,) = made.output
assert item.type == "function_call" and item.name == "add" and json.loads(item.arguments) == {"a": 2, "b": 40}, made
assert made.status == "completed" and made.tools[0].name == "add"
events = list(client.responses.create(**flat, stream=True, extra_body={"seed": 1}))
assert [event.sequence_number for event in events] == list(range(len(events)))
assert [event.arguments for event in events if event.type == "response.function_call_arguments.done"] == [item.arguments]
known = events[-1].response.id
assert [event.sequence_number for event in client.responses.retrieve(known, stream=True, starting_after=2)] == list(range(3, len(events)))
goes_on = client.responses.create(**flat | {"input": [{"type": "function_call_output", "call_id": item.call_id, "output": "42"}]},
                                  previous_response_id=made.id, tool_choice="none", extra_body={"seed": 1})
assert goes_on.output[0].type == "message"
print("all holds")
