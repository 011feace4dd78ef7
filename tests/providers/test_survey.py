"""Which of the providers with credentials the user uses."""

from candela_tui.credentials.sign_in.interface import Finding
from candela_tui.credentials.state import Standing
from candela_tui.providers.identity import Provider
from candela_tui.providers.registry import sign_in_to
from candela_tui.providers.survey import Survey, in_use

KEYS = Finding("AWS_ACCESS_KEY_ID", "access key", True, Standing.FOUND)


def test_credentials_of_another_provider_do_not_show_that_one_is_used() -> None:
    surveys = [Survey(sign_in_to(provider), (KEYS,)) for provider in (Provider.BEDROCK, Provider.MANTLE)]
    surveys.append(Survey(sign_in_to(Provider.VERTEX), ()))
    assert [one.provider for one in in_use(surveys, Provider.ANTHROPIC)] == [Provider.BEDROCK]
    assert [one.provider for one in in_use(surveys, Provider.MANTLE)] == [Provider.BEDROCK, Provider.MANTLE]
