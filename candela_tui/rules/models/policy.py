"""What [rules.models] says of a model: the one that is meant, and whether it is allowed."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from candela_tui.config import BelowBudget, ModelRules
from candela_tui.protocol.model_ids import matches_model, same_model, without_client_suffix
from candela_tui.protocol.rule_action import RuleAction
from candela_tui.providers.identity import RouteName

NAME = "rules.models"

_EVERY_ROUTE = "*"


@dataclass(frozen=True, slots=True)
class Denial:
    """Why a model may not be used."""

    key: Literal["allow", "deny"]
    pattern: str | None
    """The pattern of ``deny`` that matches the model; None: no pattern of ``allow`` does."""

    @property
    def words(self) -> str:
        """The reason, to follow a colon."""
        if self.pattern is None:
            return f"no pattern in [{NAME}] allow of config.toml matches it"
        return f'the pattern "{self.pattern}" in [{NAME}] deny of config.toml denies it'


class ModelPolicy:
    """Reads the section of the settings."""

    def __init__(self, settings: ModelRules) -> None:
        self._aliases = {name.lower(): models for name, models in settings.aliases.items()}
        self._names = tuple(settings.aliases)
        self._by_agent = {agent.casefold(): model for agent, model in settings.by_agent.items()}
        self.marks = sorted(settings.below_budget, key=lambda mark: -mark.past)
        """The marks of budgets past which models are replaced, the highest first."""
        self._allow = settings.allow
        self._deny = settings.deny

    @property
    def asks_agents(self) -> bool:
        """Whether it matters which agent makes a request."""
        return bool(self._by_agent)

    @property
    def changes_lists(self) -> bool:
        """Whether lists of models show more or less than the provider's."""
        return bool(self._aliases or self._allow or self._deny)

    def aliases(self, route: RouteName) -> dict[str, str]:
        """Return the models that the aliases of a route mean, by alias."""
        found = {name: self.meant(name, route) for name in self._names}
        return {name: model for name, model in found.items() if model != name}

    def meant(self, model: str, route: RouteName) -> str:
        """Return the model that a name means on a route: the name itself unless it is an alias."""
        models = self._aliases.get(without_client_suffix(model.strip()).lower())
        if models is None:
            return model
        return models.get(route) or models.get(_EVERY_ROUTE) or model

    def chosen(self, asked: str, route: RouteName, agent: str | None) -> tuple[str, str]:
        """Return the model that a request is sent for, and why. ``agent`` is the type of the sub-agent that asks."""
        of_agent = self._by_agent.get(agent.casefold()) if agent is not None else None
        model = self.meant(asked, route)
        if of_agent is not None:
            meant = self.meant(of_agent, route)
            if not same_model(meant, model):
                return meant, f"for {agent}"
        return model, "which is its alias"

    def below(self, model: str, mark: BelowBudget, route: RouteName) -> tuple[str, str] | None:
        """Return the model that takes the place of a model past a mark of a budget, and why; None if none does."""
        found = next((cheap for pattern, cheap in mark.models.items() if matches_model(pattern, model)), None)
        meant = self.meant(found, route) if found is not None else None
        if meant is None or same_model(meant, model):
            return None
        budget = f'the budget "{mark.budget}"' if mark.budget else "a budget"
        return meant, f"because {budget} is past {mark.past:.0%}"

    def denial(self, model: str) -> Denial | None:
        """Return why a model may not be used, or None if it may."""
        denying = _first_match(self._deny, model)
        if denying is not None:
            return Denial("deny", denying)
        return Denial("allow", None) if self._allow and _first_match(self._allow, model) is None else None


def refused(asked: str, model: str, denial: Denial, *, dry_run: bool) -> RuleAction:
    """Return what is recorded of a refusal."""
    named = model if asked == model else f"{asked}, which means {model},"
    why = f"is denied by {denial.pattern}" if denial.pattern is not None else "is not among those that are allowed"
    return RuleAction(NAME, "refuse", dry_run, f"{named} {why}")


def refusal_words(asked: str, model: str, denial: Denial) -> str:
    """Return the words of the refusal of a request, for the user."""
    named = model if asked == model else f"{asked}, which means {model}"
    return (
        f"candela refuses {named}: {denial.words}. Choose another model, or change the key"
        f" (`candela config set {NAME}.{denial.key} '[]'` allows all)."
    )


def replaced(asked: str, model: str, because: str, changed: Iterable[str] = (), *, dry_run: bool) -> RuleAction:
    """Return what is recorded of a model in place of another; ``changed`` is what else was changed in the request."""
    return RuleAction(NAME, "model", dry_run, "; ".join((f"{model} in place of {asked}, {because}", *changed)))


def _first_match(patterns: Iterable[str], model: str) -> str | None:
    return next((each for each in patterns if matches_model(each, model)), None)
