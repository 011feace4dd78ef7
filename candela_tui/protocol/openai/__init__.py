"""OpenAI's chat completions, translated to the Messages API and back."""

from candela_tui.protocol.openai.completion import chat_completion as chat_completion
from candela_tui.protocol.openai.errors import InvalidChat as InvalidChat
from candela_tui.protocol.openai.errors import chat_error as chat_error
from candela_tui.protocol.openai.errors import invalid_chat as invalid_chat
from candela_tui.protocol.openai.models import models_for_both as models_for_both
from candela_tui.protocol.openai.request import ChatRequest as ChatRequest
from candela_tui.protocol.openai.request import to_messages as to_messages
from candela_tui.protocol.openai.stream import ChatDocument as ChatDocument
from candela_tui.protocol.openai.stream import ChatStream as ChatStream
