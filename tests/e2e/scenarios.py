"""What the stand-in provider answers in each scenario: from what it is asked, so that any order of requests works."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from tests.standin import (
    CLOSE,
    Answer,
    ReceivedRequest,
    error,
    message,
    text,
    thinking,
    tool_use,
    usage,
    whole_message,
)

Respond = Callable[[ReceivedRequest], Answer | None]

TITLE = "Say hi to the reef"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One conversation: what the user asks, and a fresh provider's side of it."""

    name: str
    prompt: str
    provider_side: Callable[[], Respond]
    result: str
    is_error: bool = False


def is_messages(request: ReceivedRequest) -> bool:
    return request.method == "POST" and request.path.endswith("/v1/messages")


def is_title(request: ReceivedRequest) -> bool:
    """Whether the client asks for a title of its session."""
    return is_messages(request) and not request.json.get("tools") and "output_config" in request.json


def agent_of(request: ReceivedRequest) -> str | None:
    return request.header("x-claude-code-agent-id")


def answers_so_far(request: ReceivedRequest) -> int:
    """How many answers of the model the conversation holds."""
    return sum(entry["role"] == "assistant" for entry in request.json["messages"])


def speak(request: ReceivedRequest, *blocks: Any, **more: Any) -> Answer:
    """Answer in the form that was asked for, by the model that was asked for."""
    make = message if request.json.get("stream") else whole_message
    return make(*blocks, model=request.json["model"], **more)


def titled(inner: Respond) -> Respond:
    """Answer requests for a title; leave the rest of the messages to ``inner``."""

    def respond(request: ReceivedRequest) -> Answer | None:
        if not is_messages(request):
            return None
        if is_title(request):
            return speak(request, text(f'{{"title": "{TITLE}"}}'), usage=usage(220), output_tokens=11)
        return inner(request)

    return respond


def plain() -> Respond:
    return titled(lambda request: speak(request, text("Hi", " from", " the reef: äöü 🐠")))


def bash_tool() -> Respond:
    def respond(request: ReceivedRequest) -> Answer:
        if answers_so_far(request) == 0:
            call = tool_use("Bash", {"command": "echo coral-$((40+2))", "description": "Print a word"})
            return speak(request, text("I'll run it."), call, usage=usage(9, write_5m=18_000), output_tokens=61)
        said = "coral-42" in request.body.decode()
        words = "The word is coral-42." if said else "The tool did not run."
        return speak(request, text(words), usage=usage(7, read=18_000, write_5m=300), output_tokens=12)

    return titled(respond)


def sub_agent() -> Respond:
    def respond(request: ReceivedRequest) -> Answer:
        if agent_of(request):
            return speak(request, text("Three files."), usage=usage(40, write_5m=9_000), output_tokens=33)
        if answers_so_far(request) == 0:
            call = tool_use(
                "Agent",
                {
                    "description": "Count files",
                    "prompt": "Count the files here.",
                    "subagent_type": "general-purpose",
                    "run_in_background": False,
                },
            )
            return speak(request, call, usage=usage(11, write_5m=20_000), output_tokens=80)
        return speak(request, text("There are three files."), usage=usage(5, read=20_000), output_tokens=9)

    return titled(respond)


def with_thinking() -> Respond:
    blocks = (thinking("Let me think: ", "a reef is ", "an ecosystem."), text("A reef is an ecosystem."))
    return titled(lambda request: speak(request, *blocks, usage=usage(14, write_1h=5_000), output_tokens=140))


def mislabelled() -> Respond:
    """Answers without a type and in a coding that does not exist, with counts in other spellings of JSON: the client
    reads them all."""

    def respond(request: ReceivedRequest) -> Answer:
        counts = {**usage(), "input_tokens": 1000.0}
        answer = speak(request, text("Read all the same."), usage=counts, output_tokens=200.0)
        if not request.json.get("stream"):
            return answer
        headers = [(name, value) for name, value in answer.headers if name != "Content-Type"]
        return answer.but(headers=(*headers, ("Content-Encoding", "utf-8")))

    return titled(respond)


def cut_then_well() -> Respond:
    cuts = 0

    def respond(request: ReceivedRequest) -> Answer:
        nonlocal cuts
        if request.json.get("stream") and cuts == 0:
            cuts += 1
            return speak(request, text("This will bre", CLOSE, "ak"), usage=usage(15, read=1_000))
        return speak(request, text("Whole again."), usage=usage(15, read=1_000), output_tokens=20)

    return titled(respond)


def overloaded_then_well() -> Respond:
    refused = 0

    def respond(request: ReceivedRequest) -> Answer:
        nonlocal refused
        if refused == 0:
            refused += 1
            return error(529, "Overloaded", headers=[("retry-after", "0")])
        return speak(request, text("Back again."), usage=usage(8, read=500), output_tokens=6)

    return titled(respond)


def bad_request() -> Respond:
    return titled(lambda request: error(400, "messages: the reef has no such field"))


def whole_day(*, thinking_comes_back: bool | None = True) -> Respond:
    """Thinking, a tool, a sub-agent and an answer: what a mapping has to keep. The clouds get none of the client's
    header fields: a sub-agent is known by its task. ``thinking_comes_back``: None takes either."""

    def respond(request: ReceivedRequest) -> Answer:
        if "Count the files here." in str(request.json["messages"][:2]):
            return speak(request, text("Three files."), usage=usage(40, write_5m=9_000), output_tokens=33)
        so_far = answers_so_far(request)
        if so_far == 0:
            call = tool_use("Bash", {"command": "echo coral-$((40+2))", "description": "Print a word"})
            blocks = (thinking("Let me think: ", "a word."), text("I'll run it: äöü 🐠"), call)
            return speak(request, *blocks, usage=usage(9, write_5m=18_000), output_tokens=61)
        if so_far == 1:
            said = request.body.decode()
            ran = "coral-42" in said and thinking_comes_back in (None, "c2lnbmF0dXJl" in said)
            call = tool_use(
                "Agent",
                {
                    "description": "Count files",
                    "prompt": "Count the files here." if ran else "The tool did not run.",
                    "subagent_type": "general-purpose",
                    "run_in_background": False,
                },
            )
            return speak(request, call, usage=usage(11, read=18_000), output_tokens=80)
        counted = "Three files." in request.body.decode()
        return speak(request, text("Coral, and three files." if counted else "Lost."), usage=usage(5, read=20_000))

    return titled(respond)


WHOLE_DAY = Scenario("day", "run echo, then count the files with an agent", whole_day, "Coral, and three files.")
DAY_WITH_OR_WITHOUT_THINKING_BACK = replace(WHOLE_DAY, provider_side=partial(whole_day, thinking_comes_back=None))
"""For clients that send thinking back or not."""

SCENARIOS = (
    Scenario("plain", "say hi", plain, "Hi from the reef: äöü 🐠"),
    Scenario("tool", "run echo", bash_tool, "The word is coral-42."),
    Scenario("agent", "count the files with an agent", sub_agent, "There are three files."),
    Scenario("thinking", "what is a reef?", with_thinking, "A reef is an ecosystem."),
    Scenario("mislabelled", "say something plain", mislabelled, "Read all the same."),
    Scenario("cut", "say something whole", cut_then_well, "Whole again."),
    Scenario("overloaded", "say something", overloaded_then_well, "Back again."),
    Scenario("refused", "say anything", bad_request, "the reef has no such field", is_error=True),
)
