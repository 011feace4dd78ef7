"""Whether the model that Claude Code is set to has a family that exists."""

from collections.abc import Sequence
from difflib import get_close_matches

from candela_tui.doctor.check_result import CheckResult, Topic
from candela_tui.doctor.client_settings import ClientEnvironment, file_that_sets, settings_files
from candela_tui.doctor.context import DoctorContext
from candela_tui.protocol.clouds.regions import families
from candela_tui.protocol.model_ids import model_name

TOPIC = Topic("client.model", "Model of Claude Code")
_VARIABLE, _KEY = "ANTHROPIC_MODEL", "model"
_SIMILAR = 0.75
_CONSEQUENCE = "Claude Code started here asks for a model that does not exist"


def check_client_model(context: DoctorContext) -> Sequence[CheckResult]:
    """Find a misspelt family, such as sonet. Which versions exist is for the provider to say. Blocks."""
    files = settings_files(context)
    given = ClientEnvironment(context.environ, files).get(_VARIABLE)
    if given is not None:
        model, name, where = given.value, _VARIABLE, given.where
    elif (file := file_that_sets(_KEY, files)) is not None:
        model, name, where = str(file.document[_KEY]), _KEY, str(file.path)
    else:
        return [TOPIC.ok("none is set, so Claude Code chooses")]
    base = model_name(model).base
    family = next((word for word in base.removeprefix("claude-").split("-") if word.isalpha()), "")
    known = families()
    near = next(iter(get_close_matches(family, known, 1, _SIMILAR)), None)
    if family in known or near is None:
        return [TOPIC.ok(f"{model} ({name} in {where})")]
    meant = base.replace(family, near)
    words = f"{model}: there is no such model; did you mean {meant}?"
    return [TOPIC.bad(words, f"Correct {name} in {where}.", _CONSEQUENCE)]
