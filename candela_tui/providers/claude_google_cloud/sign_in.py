"""Sign in to Google Cloud, for Claude on Google Cloud. Vertex AI shares the sign-in."""

import os

from candela_tui.credentials.google.sign_in import GoogleSignIn
from candela_tui.credentials.sign_in.interface import Finding, Method, SignIn, SignInContext
from candela_tui.credentials.state import Standing
from candela_tui.providers.claude_google_cloud.endpoint import NO_WORKSPACE, configured_place
from candela_tui.providers.claude_google_cloud.place import WorkspacePlace
from candela_tui.providers.identity import Provider


class WorkspaceSignIn:
    """The sign-in, for users who may be signed in to Google already."""

    def __init__(self, google: GoogleSignIn) -> None:
        self._google = google

    def sign_in(self) -> SignIn:
        """Return the sign-in in the form that all providers offer."""
        google = self._google
        forms = WorkspacePlace().forms
        return SignIn(Provider.CLAUDE_GOOGLE_CLOUD, self.find, self.methods, google.who, google.forget, forms=forms)

    async def find(self, context: SignInContext) -> list[Finding]:
        """Find existing Google credentials. Without a workspace none can be used: most users of Google have none."""
        settings = context.settings.claude_google_cloud
        if settings.base_url is not None or configured_place(settings).workspace is not None:
            return await self._google.find(context)
        begun = settings.project is not None or bool(os.environ.get("ANTHROPIC_GOOGLE_CLOUD_PROJECT"))
        return [Finding("workspace", NO_WORKSPACE, False, Standing.NONE)] if begun else []

    async def methods(self, context: SignInContext) -> list[Method]:
        """Return the sign-in methods of Google, after the credentials that are there already."""
        found = next((one for one in await self._google.find(context) if one.usable), None)
        about = f"{found.source}: asks only for the project and workspace" if found is not None else ""
        methods = await self._google.methods(context)
        if found is None:
            return methods
        title, asks = "Google credentials found here", WorkspacePlace.options
        return [Method("found", title, about, self._google.use_found, asks=asks, stores=False), *methods]


SIGN_IN = WorkspaceSignIn(GoogleSignIn(Provider.CLAUDE_GOOGLE_CLOUD, WorkspacePlace())).sign_in()
